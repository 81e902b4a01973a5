# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the examples share: sourced first. An example starts the real program, in a directory of its
# own, with the configuration that its page shows, in which only paths, ports and users are others.
# By hand: tests/applications/NAME/NAME.sh (SKA_BINARY_DIR as for scenarios).

# Who serves is not root, where root is there to say so; the token is theirs then.
user=
as_user=()
if [ "$(id -u)" -eq 0 ]; then
    user=www-data
    as_user=(setpriv "--reuid=$user" "--regid=$user" --clear-groups --)
    umask 022
fi
as_user() {
    ours "${as_user[@]}" "$@"
}

# Below a directory that is closed to that user the products are of no use: take copies elsewhere.
copies=
build=${SKA_BINARY_DIR:-$(dirname "${BASH_SOURCE[0]}")/../../build}
if ! "${as_user[@]}" test -r "$build/provider/ska.so"; then
    copies=$(mktemp -d)
    chmod 755 "$copies"
    mkdir "$copies/tests"
    for one in CMakeCache.txt provider/ska.so simulator/libskasim.so tools/skatool; do
        install -D "$build/$one" "$copies/$one"
    done
    cp "$build"/tests/libfake_dlclose.so "$copies/tests" 2>/dev/null || true
    cp "$build"/simulator/skatsb "$copies/simulator" 2>/dev/null || true
    export SKA_BINARY_DIR=$copies
fi

# shellcheck source=tests/scenario/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scenario/lib.sh"
# shellcheck source=tests/scenario/servers.sh
. "$source_dir/tests/scenario/servers.sh"
: >calls.log
# These programs leak by themselves.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0

at_end() {
    stop_all
    ! grep -E "$sanitizer_finding" "$work"/*.log >&2 || fail 'a sanitizer found something'
    if [ -n "$copies" ] && [ "$passed" = yes ]; then
        rm -rf "$copies"
    fi
}
# served_by NAME: a filter, which makes that user of the user NAME in an example.
served_by() {
    if [ -n "$user" ]; then
        sed "s/\<$1\>/$user/"
    else
        sed "/\<$1\>/d"
    fi
}
# hand_over PATH...: to that user.
hand_over() {
    [ -z "$user" ] || chown -R "$user:" "$@"
}

# needs PROGRAM...: what the packages of the group `applications` (tools/packages) bring.
needs() {
    local program
    PATH=$PATH:/usr/sbin:/sbin
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "no $program (tools/packages applications)"
    done
}

# server_policy RULE: a server's key, with this rule for its use; alice alone, whose task that is,
# blocks and unblocks it.
server_policy() {
    local officer
    officer=$(rule 1 alice)
    printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":%s,"ruleModify":{"tokens":[]}}\n' \
        "$1" "$officer" "$officer"
}
# The CA of all certificates here, the people of lib.sh, and server.json: the policy of a key that
# signs at once as long as it is not blocked.
authority() {
    board
    server_policy null >server.json
    plain req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key \
        -subj '/CN=Example CA' -days 30 -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign,cRLSign -out ca.crt 2>/dev/null
}
# certificate NAME SUBJECT: NAME.crt for the key NAME.pub.pem.
certificate() {
    printf 'subjectAltName = DNS:localhost\n' >extensions
    plain x509 -new -force_pubkey "$1.pub.pem" -subj "/CN=$2" -CA ca.crt -CAkey ca.key -days 10 \
        -extfile extensions -out "$1.crt"
}
# guarded_key NAME SPEC POLICY-FILE [SUBJECT]: a key of the token (`none` instead of a policy: an
# ordinary one), its certificate NAME.crt, and the reference NAME.pem that programs take for a key.
guarded_key() {
    key "$1" "$2" "$3"
    succeeds ska pkey -in "$(uri "$1")" -out "$1.pem"
    certificate "$1" "${4:-localhost}"
    hand_over tokens calls.log
}
# plain_key NAME: a key and a certificate of the plain openssl, for the other side.
plain_key() {
    approver "$1"
    certificate "$1" localhost
}
# turn block|unblock NAME: alice has it done. The last word is with the user that the files of the
# token belong to.
turn() {
    local uri
    uri="$(uri "$2")?pin-value=$pin"
    mkdir -p officer
    rm -f "officer/$1.json"
    hand_over officer
    succeeds as_user "$binary_dir/tools/skatool" request --key "$uri" --operation "$1" \
        -o "officer/$1.json"
    succeeds skatool approve --approver alice.pem --yes "officer/$1.json"
    hand_over officer
    succeeds as_user "$binary_dir/tools/skatool" execute --key "$uri" "officer/$1.json"
}

port=443
# example FILE: prints an example configuration with the paths of this test.
example() {
    sed "s|/etc/ska/|$work/|g; s|\<443\>|$port|g" "$source_dir/tests/applications/$1"
}

# handshake S_CLIENT-OPTION...: the plain openssl comes through a handshake with the server.
# Some servers hang up without a word when they have sent all: that comes after the handshake.
handshake() {
    plain s_client -connect "localhost:$port" -verify_return_error -CAfile ca.crt -brief "$@" \
        >client.out 2>client.err ||
        { grep -q '^Verification: OK' client.err && grep -q 'unexpected eof while reading' client.err; }
}
connects() {
    handshake "$@" || fail "no handshake ($*): $(cat client.err)"
}
# visit CURL-OPTION...: what the plain curl gets from the server.
visit() {
    OPENSSL_CONF=/dev/null curl -s --cacert ca.crt "$@" "https://localhost:$port/"
}
refuses() {
    ! handshake "$@" || fail "a handshake that should have failed ($*)"
}

