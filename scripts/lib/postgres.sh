# shellcheck shell=bash
# A private, throw-away Postgres cluster, for the scripts that need one. To be sourced, after apt.sh.
#
#   postgres_start [SETTING=VALUE …]   makes and starts it; the settings go to its postgresql.conf.
#                                      Sets POSTGRES_URL (loopback TCP) and POSTGRES_DIR (its files, its
#                                      log and its unix socket; the port is the same).
#   postgres_stop                      stops and removes it; says nothing, may be called at any time.

readonly POSTGRES_OLDEST=14
POSTGRES_DIR=
POSTGRES_PID=

postgres_fail() {
    printf '%s\n' "$@" >&2
    return 1
}

# The major version of the server in directory $1; nothing where there is no complete one.
postgres_version() {
    [[ -x $1/postgres && -x $1/initdb ]] || return 0
    "$1/postgres" --version 2>/dev/null | sed -nE 's/^[^0-9]*([0-9]+).*/\1/p'
}

# The directory of the newest server binaries. Those on the PATH come last: they may be wrappers of the others.
postgres_bin() {
    local dir version best='' newest=$((POSTGRES_OLDEST - 1))
    for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        "$(pg_config --bindir 2>/dev/null || true)" \
        "$(dirname "$(command -v postgres || true)")"; do
        version=$(postgres_version "$dir")
        if ((${version:-0} > newest)); then
            newest=$version best=$dir
        fi
    done
    printf '%s' "$best"
}

# Runs a command as the user who owns the cluster, because Postgres refuses to run as root; in a directory that every
# user may enter.
postgres_as_owner() (
    cd /
    if ((EUID != 0)); then
        exec "$@"
    elif command -v setpriv >/dev/null; then
        exec setpriv --reuid "$POSTGRES_OWNER" --regid "$(id -g "$POSTGRES_OWNER")" --clear-groups "$@"
    elif command -v runuser >/dev/null; then
        exec runuser -u "$POSTGRES_OWNER" -- "$@"
    else
        # shellcheck disable=SC2016 # the inner shell expands it
        exec su -s /bin/sh -c 'exec "$@"' -- "$POSTGRES_OWNER" sh "$@"
    fi
)

postgres_owner() {
    local user
    if ((EUID != 0)); then
        id -un
        return
    fi
    for user in postgres nobody; do
        if id "$user" >/dev/null 2>&1; then
            echo "$user"
            return
        fi
    done
    postgres_fail 'Postgres refuses to run as root, and there is neither a user postgres nor nobody.'
}

# Below the range from which systems take the ports of outgoing connections.
postgres_port() {
    echo $((20000 + RANDOM % 12000))
}

# True once the server takes connections, false when it has ended instead.
postgres_ready() {
    until [[ $(sed -n 8p "$POSTGRES_DIR/data/postmaster.pid" 2>/dev/null) == ready* ]]; do
        kill -0 "$POSTGRES_PID" 2>/dev/null || return 1
        sleep 0.02
    done
}

# Starts the cluster on a free port: another one is tried when the port turns out to be taken. It gets a process group
# of its own, so that Ctrl-C does not reach it while the tests still use it.
postgres_listen() {
    local port attempt
    for ((attempt = 0; attempt < 20; attempt++)); do
        port=$(postgres_port)
        set -m
        postgres_as_owner "$POSTGRES_BIN/postgres" -D "$POSTGRES_DIR/data" -p "$port" >"$POSTGRES_DIR/log" 2>&1 </dev/null &
        POSTGRES_PID=$!
        set +m
        if postgres_ready; then
            # shellcheck disable=SC2034 # for the caller
            POSTGRES_URL=postgres://postgres@127.0.0.1:$port/postgres
            return
        fi
        grep -q 'could not create any TCP/IP sockets' "$POSTGRES_DIR/log" || break
    done
    postgres_fail 'The private Postgres cluster does not start:' "$(<"$POSTGRES_DIR/log")"
}

postgres_start() {
    local base=${TMPDIR:-/tmp} output
    POSTGRES_BIN=$(postgres_bin)
    if [[ -z $POSTGRES_BIN ]] && apt_install 'Postgres server' postgresql; then
        POSTGRES_BIN=$(postgres_bin)
    fi
    if [[ -z $POSTGRES_BIN ]]; then
        postgres_fail "Postgres $POSTGRES_OLDEST or newer is needed (the server: postgres and initdb), and none was found." \
            'Install it: apt-get install postgresql (Debian, Ubuntu), dnf install postgresql-server (Fedora), brew install postgresql@17 (macOS).'
        return
    fi
    POSTGRES_OWNER=$(postgres_owner) || return

    # The owner must be able to reach the unix socket, whose path has at most 103 bytes.
    if ((${#base} > 60)) || ! postgres_as_owner test -x "$base"; then
        base=/tmp
    fi
    POSTGRES_DIR=$(mktemp -d "${base%/}/portero-postgres.XXXXXX") || return
    if ((EUID == 0)); then
        chown "$POSTGRES_OWNER" "$POSTGRES_DIR"
    fi
    if ! output=$(postgres_as_owner "$POSTGRES_BIN/initdb" --pgdata="$POSTGRES_DIR/data" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C --no-sync --no-instructions 2>&1 </dev/null); then
        postgres_fail 'The private Postgres cluster cannot be made:' "$output"
        return
    fi
    printf '%s\n' "listen_addresses = '127.0.0.1'" "unix_socket_directories = '$POSTGRES_DIR'" 'max_connections = 300' "$@" \
        >>"$POSTGRES_DIR/data/postgresql.conf"
    postgres_listen
}

postgres_stop() {
    local server
    if [[ -n $POSTGRES_PID ]]; then
        # By the server's own process id, because `su` gives it another group; until it has written that, by the group.
        server=$(head -n 1 "$POSTGRES_DIR/data/postmaster.pid" 2>/dev/null) || server=-$POSTGRES_PID
        kill -0 "$POSTGRES_PID" 2>/dev/null && kill -QUIT -- "$server" 2>/dev/null || true
        wait "$POSTGRES_PID" 2>/dev/null || true
        POSTGRES_PID=
    fi
    if [[ -n $POSTGRES_DIR ]]; then
        rm -rf "$POSTGRES_DIR"
        POSTGRES_DIR=
    fi
}
