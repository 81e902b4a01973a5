# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the rows of the table in README.md share. A row is a script that says in variables what a
# program needs and does, and in functions how it is configured and started; its last line sources
# its kind (server.sh, client.sh, signer.sh, library.sh), which plays it:
#   title     as the table has it
#   packages  of Debian 12; commands: what has to be there, else the test is skipped
#   works     full, or "part: WHY", or "no: WHY"
#   needs     besides provider and reference
#   pin_of    whose PIN file it is: root (the default), early (root's with load = early; or the user's), user
#   user      who signs; root if nothing is said
#   logs      what its own log says of a failure: full text, reason or nothing
#   configuration()  what to copy, with the paths of the example: /etc/ska/www.crt, /etc/ska/www.pem

pin_of=${pin_of-root}
row_user=${user-root}

# Who needs which PIN, in words.
pin_needed() {
    case $pin_of in
    root) ;;
    early) printf '`load = early`, or a PIN file of `%s`' "$row_user" ;;
    user) printf 'a PIN file of `%s`' "$row_user" ;;
    esac
}
# The title's heading, as pages link to it.
anchor() {
    tr '[:upper:]' '[:lower:]' <<<"$title" | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}
describe_row() {
    local name pin_words words
    name=$(basename "$0" .sh)
    pin_words=$(pin_needed)
    words=$pin_words${pin_words:+${needs:+; }}${needs-}
    printf '| [%s](%s/%s.sh)%s | %s | %s | %s |\n' "$title" "$(basename "$(dirname "$0")")" "$name" \
        "$(! declare -F configuration >/dev/null || printf ' [↓](configurations.md#%s)' "$(anchor)")" \
        "$works" "${words:-nothing}" "${logs--}"
}
describe_configuration() {
    ! declare -F configuration >/dev/null ||
        printf '\n## %s\n\n%s\n' "$title" "$(configuration | sed 's/^\(.\)/    \1/')"
}
# For tests/applications/table and tests/in-root: nothing is played.
case ${SKA_DESCRIBE-} in
row) describe_row && exit ;;
configuration) describe_configuration && exit ;;
packages) printf '%s\n' "$packages" && exit ;;
esac

# Where something has to be mounted for the test: mounts=private; network=private besides: with a network
# of its own.
if [ -n "${mounts-}" ] && [ -z "${SKA_PRIVATE_MOUNTS-}" ] && [ "$(id -u)" -eq 0 ] &&
    unshare --mount --propagation unchanged true 2>/dev/null; then
    propagation=private
    unshare --mount true 2>/dev/null || propagation=unchanged # in a chroot
    SKA_PRIVATE_MOUNTS=yes exec unshare --mount --propagation $propagation ${network:+--net} "$0" "$@"
fi

shown_port=${port-443}
# shellcheck source=tests/applications/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -z "${mounts-}" ] || [ -n "${SKA_PRIVATE_MOUNTS-}" ] || skip 'nothing can be mounted here'
# shellcheck disable=SC2086
needs ${commands-}
# Who is no root is who signs.
user=
as_user=()
if [ "$(id -u)" -eq 0 ]; then
    user=$row_user
    id "$user" >/dev/null 2>&1 || skip "no user $user"
    as_user=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups --)
elif [ "$row_user" != root ]; then
    skip 'only root can try it: another user signs'
fi

# For sockets, whose paths must be short.
short=$(mktemp -d /tmp/ska-XXXXXX)
chmod 755 "$short"
at_end() {
    stop_all
    ! declare -F clean_up >/dev/null || clean_up
    rm -rf --one-file-system -- "$short"
    if [ -n "$copies" ] && [ "$passed" = yes ]; then
        rm -rf "$copies"
    fi
}

# placed KEY: a filter, which puts the paths and the port of this test into an example.
placed() {
    sed "s|/etc/ska/www\.|$work/$1.|g; s|/etc/ska/|$work/|g; s|\<$shown_port\>|$port|g"
}
# with_pin [LINE...]: the configuration, and a PIN file of whom it is for.
with_pin() {
    local lines=("log = $failures")
    [ "$pin_of" != early ] || lines+=('load = early')
    configure "${lines[@]}" "$@"
    chmod 644 openssl.cnf
    [ -z "$user" ] || chown root pin
    [ "$pin_of" != user ] || hand_over pin
    chmod 600 pin
}
# The log of failures belongs to whom the program starts as.
mkdir -m 1777 log
failures=$work/log/failures

# row_keys NAME...: ec, rsa, ed (SKA keys with an empty use rule), ordinary, ordinary_rsa, agent.
row_keys() {
    local name
    for name in "$@"; do
        case $name in
        www | ec) guarded_key "$name" p256 server.json ;;
        rsa) guarded_key rsa rsa2048 server.json ;;
        ed) guarded_key ed ed25519 server.json ;;
        ordinary) guarded_key ordinary p256 none ;;
        ordinary_rsa) guarded_key ordinary_rsa rsa2048 none ;;
        ordinary_ed) guarded_key ordinary_ed ed25519 none ;;
        agent) agent_key agent ;;
        *) fail "no such key: $name" ;;
        esac
        chmod 644 "$name.pem"
        cat "$name.crt" "$name.pem" >"$name.bundle.pem"
        cat "$name.pem" "$name.crt" >"$name.keyfirst.pem"
    done
}
# agent_key NAME: a key whose signatures an agent approves, if they are a handshake's.
agent_key() {
    [ -e machine.pem ] || approver machine
    server_policy "$(rule 1 machine)" >agent.json
    key "$1" p256 agent.json
    succeeds ska pkey -in "$(uri "$1")?agent=$short/agent.socket&payload=message" -out "$1.pem"
    certificate "$1" localhost
    hand_over tokens calls.log
}
# start_agent PAYLOAD [USER]: tls13-server, tls13-client, any. agent_starter: a user that may have anything
# signed besides, as it starts.
start_agent() {
    local allowed=(--allow "key=agent,payload=$1,uid=$(id -u ${2:-$user})")
    [ -z "${agent_starter-}" ] || allowed+=(--allow "key=agent,payload=any,uid=$(id -u "$agent_starter")")
    start agent.log "$binary_dir/tools/skatool" agent --socket "$short/agent.socket" \
        --approver machine.pem "${allowed[@]}"
    agent=$server
    within 10 "no agent: $(cat agent.log)" test -S "$short/agent.socket"
    chmod 666 "$short/agent.socket"
}

# The simulator is no HSM in the network: its files are in the chroot, too, under the same path.
into_chroot() { # DIRECTORY
    mkdir -p "$1$work" "$1$short"
    mount --bind "$work" "$1$work"
    mount --bind "$short" "$1$short"
}
# A network HSM's client has its configuration at a fixed place: for programs that clear their environment.
fixed_softhsm2_conf() {
    mkdir -p /etc/softhsm
    chmod 755 /etc/softhsm
    [ -e /etc/softhsm/softhsm2.conf ] || : >/etc/softhsm/softhsm2.conf
    mount --bind "$work/softhsm2.conf" /etc/softhsm/softhsm2.conf
}

# reached WHAT [S_CLIENT-OPTION...]: a handshake, soon.
reached() {
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        ! handshake "${@:2}" || return 0
        sleep 0.1
    done
    fail "no handshake $1: $(cat client.err; tail -n 20 server.log; cat "$failures" 2>/dev/null)"
}

# What the program's own logs have of a failure.
logged() { # FILE...
    if grep -qaE "key is blocked.*'?www'" "$@"; then
        echo full
    elif grep -qa 'key is blocked' "$@"; then
        echo reason
    else
        echo nothing
    fi
}
# Only Debian 12's version is what the table is about.
is_debian_12() {
    grep -q '^VERSION_ID="12"' /etc/os-release 2>/dev/null
}
