# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Other releases of Debian, in roots made by debootstrap: what tests/in-root and tests/debian share.
# Sourced by them, with what the caller was called with as arguments.
#
# All happens in mount and process namespaces of their own: nothing of this machine is mounted in a root,
# nothing stays mounted, and no process is left, however it ends. Roots are below build-root, or where
# --roots says.

script=tests/$(basename "$0")
fail() {
    printf '%s\n' "${@/#/$script: }" >&2
    exit 1
}
# Where it is the machine's fault and not the project's.
cannot() {
    printf '%s\n' "${@/#/$script: }" >&2
    exit 77
}

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
roots=$tree/build-root
mirror=http://deb.debian.org/debian
keep=
arguments=("$@")
while [ $# -gt 0 ]; do
    case $1 in
    --mirror)
        mirror=${2:?--mirror takes a URL}
        shift
        ;;
    --roots)
        roots=$(realpath -m -- "${2:?--roots takes a directory}")
        shift
        ;;
    --keep) keep=yes ;;
    --help | -h)
        usage
        exit 0
        ;;
    -*)
        usage >&2
        exit 1
        ;;
    *) break ;;
    esac
    shift
done
suite=${1-}
[[ $suite =~ ^[a-z][a-z0-9-]*$ ]] || {
    usage >&2
    exit 1
}
shift
[ "${1-}" != -- ] || shift

log=$roots/$suite.log

# in_namespaces ROOT...: goes on in namespaces of its own; the roots are removed at the end unless --keep
# was given.
in_namespaces() {
    [ -z "${SKA_IN_NAMESPACES-}" ] || return 0
    [ "$(id -u)" -eq 0 ] || cannot 'debootstrap and chroot take root'
    "$tree/tools/packages" root
    command -v debootstrap >/dev/null || cannot 'there is no debootstrap: install it'
    unshare --mount --pid --fork true 2>/dev/null ||
        cannot 'no namespaces can be made here (a container without CAP_SYS_ADMIN?)'
    mkdir -p "$roots"
    made=("$@")
    remove_roots() {
        [ -n "$keep" ] || rm -rf --one-file-system -- "${made[@]}"
    }
    trap remove_roots EXIT
    trap 'exit 1' INT TERM HUP
    # Not exec: this process is the one that cleans up.
    local status=0
    SKA_IN_NAMESPACES=yes unshare --mount --pid --fork --kill-child --mount-proc \
        "$0" "${arguments[@]}" || status=$?
    exit "$status"
}

logged() {
    "$@" >"$log" 2>&1 </dev/null || {
        tail -n 20 "$log" >&2
        return 1
    }
}
quietly() { # WHAT COMMAND...
    local what=$1
    shift
    logged "$@" || fail "$what failed; see $log"
}

# make_root ROOT [OF]: a new root of this release unless it is there, and its file systems; OF: a copy of
# another one, which is not mounted yet.
make_root() {
    local root=$1
    if [ ! -e "$root/made" ] && [ -n "${2-}" ]; then
        rm -rf --one-file-system -- "$root"
        quietly "copying $2" cp -a "$2" "$root"
    elif [ ! -e "$root/made" ]; then
        rm -rf --one-file-system -- "$root"
        logged debootstrap --variant=minbase "$suite" "$root" "$mirror" ||
            cannot "debootstrap of $suite from $mirror failed; see $log" \
                '(is the mirror reached, has it this release?)'
        printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
        touch "$root/made"
    fi
}
mount_root() { # ROOT
    mount -t proc proc "$1/proc"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$1/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
}

# in_root ROOT COMMAND...
in_root() {
    local root=$1
    shift
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        ${http_proxy+http_proxy="$http_proxy"} ${CI+CI="$CI"} chroot "$root" "$@"
}
