# The same sources give the same program: versions are locked, the time is the epoch, and all paths are those of the build stage. For the same image, byte for byte, name
# the base images by their digests (--build-arg RUST_IMAGE=rust@sha256:… --build-arg BASE_IMAGE=debian@sha256:…), and have the layers dated by the
# commit: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) docker buildx build --output type=image,rewrite-timestamp=true …
#
# RUST_VERSION equals `rust-version` of Cargo.toml, where the toolchain is pinned.
ARG RUST_VERSION=1.95
ARG RUST_IMAGE=rust:${RUST_VERSION}-slim-bookworm
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${RUST_IMAGE} AS build
WORKDIR /src
# The epoch is the time that stands in the program, for what is written in C and says when it was compiled.
ENV SOURCE_DATE_EPOCH=0

# Dependencies first, under an empty crate: a layer that only a change of Cargo.toml or Cargo.lock rebuilds.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
 && echo '//! Stub.' > src/lib.rs \
 && printf '//! Stub.\nfn main() {}\n' > src/main.rs \
 && cargo build --profile dist --locked

COPY migrations migrations
COPY openapi openapi
COPY src src
# Cargo compares modification times, and checked-out files are older than the stubs it has just built.
RUN touch src/lib.rs src/main.rs \
 && cargo build --profile dist --locked

FROM ${BASE_IMAGE}
RUN install --directory --owner=10001 --group=10001 /data
# The roots trusted in outgoing TLS: JWKS, Entitlement Server, Sentry.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/target/dist/portero /usr/local/bin/

USER 10001:10001
WORKDIR /data
VOLUME /data
ENV PORTERO_LISTEN=0.0.0.0:8080 \
    DATABASE_URL=sqlite:/data/portero.db
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["portero", "healthcheck"]
ENTRYPOINT ["portero"]
CMD ["serve"]
