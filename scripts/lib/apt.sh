# shellcheck shell=bash
# Installing what is missing, where apt-get can. To be sourced.

# apt_install NAME PACKAGE…   says that NAME is missing and installs the packages. Their output matters only when they
# fail. False where it cannot be done.
apt_install() {
    local -a apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
    local name=$1 log
    shift
    command -v apt-get >/dev/null || return 1
    if ((EUID != 0)); then
        sudo -n true 2>/dev/null || return 1
        apt=(sudo -n "${apt[@]}")
    fi
    echo "No $name here: installing one with apt-get" >&2
    if ! log=$({ "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "$@"; } 2>&1 </dev/null); then
        printf '%s\n' "$log" >&2
        return 1
    fi
}
