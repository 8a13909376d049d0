# RUST_VERSION equals `rust-version` of Cargo.toml, where the toolchain is pinned.
ARG RUST_VERSION=1.95

FROM rust:${RUST_VERSION}-slim-bookworm AS build
WORKDIR /src
ENV CARGO_PROFILE_RELEASE_STRIP=symbols

# Dependencies first, under an empty crate: a layer that only a change of Cargo.toml or Cargo.lock rebuilds.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
 && echo '//! Stub.' > src/lib.rs \
 && printf '//! Stub.\nfn main() {}\n' > src/main.rs \
 && cargo build --release --locked

COPY migrations migrations
COPY openapi openapi
COPY src src
# Cargo compares modification times, and checked-out files are older than the stubs it has just built.
RUN touch src/lib.rs src/main.rs \
 && cargo build --release --locked

FROM debian:bookworm-slim
RUN install --directory --owner=10001 --group=10001 /data
# The roots trusted in outgoing TLS: JWKS, Entitlement Server, Sentry.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/target/release/portero /usr/local/bin/

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
