# shellcheck shell=bash
# PgBouncer, for the tests of servers behind it. To be sourced, after apt.sh.
#
#   pgbouncer_find    sets and exports PORTERO_TEST_PGBOUNCER, a pgbouncer of version 1.21 or newer, unless it is set. Where
#                     there is none, it is installed by apt-get or, where the system's is older, built from the source
#                     package of Debian's present release, once, into a cache.

readonly PGBOUNCER_OLDEST=1.21

# Whether version $1 is new enough.
pgbouncer_is_new() {
    [[ -n $1 && $(printf '%s\n' "$PGBOUNCER_OLDEST" "$1" | sort -V | head -n 1) == "$PGBOUNCER_OLDEST" ]]
}

# The path of program $1, if it is new enough.
pgbouncer_usable() {
    local path
    path=$(PATH=$PATH:/usr/sbin command -v "$1") || return 0
    if pgbouncer_is_new "$("$path" --version 2>/dev/null | sed -nE '1s/^PgBouncer ([0-9.]+).*/\1/p')"; then
        printf '%s' "$path"
    fi
}

# Gets and builds the source package in directory $1, with a package list of its own: the system's are left alone.
pgbouncer_build() (
    set -e
    mkdir -p "$1/lists" "$1/cache"
    cd "$1"
    # shellcheck disable=SC2016 # apt-get expands it
    site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
    [[ -n $site ]]
    printf '%s\n' 'Types: deb-src' "URIs: $site" 'Suites: stable' 'Components: main' \
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' >stable.sources
    apt=(apt-get -qq -o "Dir::Etc::sourcelist=$1/stable.sources" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$1/lists"
        -o "Dir::Cache=$1/cache" -o APT::Sandbox::User=root)
    "${apt[@]}" update
    "${apt[@]}" source --download-only pgbouncer
    rm -rf source lists cache
    mkdir source
    tar -xzf pgbouncer_*.orig.tar.gz -C source --strip-components=1
    cd source
    ./configure --disable-dependency-tracking --without-cares --without-openssl --without-pam --without-systemd
    make -j2 pgbouncer
)

pgbouncer_find() {
    local found cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/portero-test/pgbouncer log
    [[ -z ${PORTERO_TEST_PGBOUNCER:-} ]] || return 0
    found=$(pgbouncer_usable pgbouncer)
    [[ -n $found ]] || found=$(pgbouncer_usable "$cache/source/pgbouncer")
    if [[ -z $found ]] && command -v apt-cache >/dev/null; then
        if pgbouncer_is_new "$(apt-cache policy pgbouncer | sed -nE 's/^ *Candidate: ([0-9.]+).*/\1/p')"; then
            apt_install PgBouncer pgbouncer && found=$(pgbouncer_usable pgbouncer)
        elif apt_install 'PgBouncer of version 1.21, and what it is built with' gcc make pkg-config libevent-dev; then
            log=$(pgbouncer_build "$cache" 2>&1) || printf '%s\n' "$log" >&2
            found=$(pgbouncer_usable "$cache/source/pgbouncer")
        fi
    fi
    if [[ -z $found ]]; then
        printf '%s\n' "PgBouncer $PGBOUNCER_OLDEST or newer is needed, and none was found. Install it, or name one in PORTERO_TEST_PGBOUNCER." >&2
        return 1
    fi
    export PORTERO_TEST_PGBOUNCER=$found
}
