# shellcheck shell=bash
# Cargo's tools, of one version each, built into a cache where they are missing. To be sourced.
#
#   $TOOLS                      the cache; its programs come last in the PATH.
#   cargo_tool NAME@VERSION     builds one.

TOOLS=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/portero-ci
PATH=$PATH:$TOOLS/bin

# Unoptimised, it is built much faster and is fast enough. The build directory lets an interrupted run go on.
cargo_tool() {
    cargo install --locked --debug --config profile.dev.debug=0 --root "$TOOLS" --target-dir "$TOOLS/build" "$1" &&
        rm -rf "$TOOLS/build"
}
