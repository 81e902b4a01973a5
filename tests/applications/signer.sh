# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A row of the kind "program that signs a file and ends": sourced at the end of it. Each signature is
# verified by a program that knows nothing of the provider.
#   keys               which are tried (row_keys)
#   sign KEY           signs with KEY.pem and KEY.crt
#   verified KEY       whether what it left is signed with this key
#   ignores_failures   a program that leaves a file without a signature, and ends with 0
#   approvals          repeatable: once people have approved, the same command signs; waiting: it signs
#                      a time, so it has to wait for them; empty: not tried
#   approvals_key      the type of the key for that (rsa2048)

# shellcheck source=tests/applications/row.sh
. "$(dirname "${BASH_SOURCE[0]}")/row.sh"
authority
keys=${keys-www rsa ordinary ordinary_rsa}
# shellcheck disable=SC2086
row_keys $keys
with_pin
printf 'A document.\n' >document
! declare -F prepare >/dev/null || prepare
for key in $keys; do
    succeeds sign "$key"
    OPENSSL_CONF=/dev/null succeeds verified "$key"
done
if [[ " $keys " == *' www '* ]]; then
    turn block www
    if sign www >said.txt 2>&1; then
        [ -n "${ignores_failures-}" ] && ! verified www >/dev/null 2>&1 || fail 'it signs with a key that is blocked'
    fi
    grep -q "key is blocked: .*'www'" "$failures" || fail "not in the log: $(cat "$failures")"
    what=$(logged said.txt)
    ! is_debian_12 || [ "$what" = "$logs" ] ||
        fail "it prints $what of a failure, and the table says $logs: $(cat said.txt)"
    turn unblock www
fi

# ---- With approvals ------------------------------------------------------------------------------

board_reference() { # TIMEOUT
    rm -rf approvals
    mkdir -m 700 approvals
    succeeds ska pkey -in "$(uri board)?approvals-dir=$work/approvals&approvals-timeout=$1" -out board.pem
    chmod 644 board.pem
}
has_request() {
    compgen -G 'approvals/*.request.json' >/dev/null
}
alice_approves() {
    local request
    request=$(basename approvals/*.request.json .request.json)
    succeeds skatool approve --dir approvals --approver alice.pem --yes "$request"
}
if [ -n "${approvals-}" ]; then
    server_policy "$(rule 1 alice)" >board.json
    guarded_key board "${approvals_key-rsa2048}" board.json
fi
case ${approvals-} in
repeatable)
    board_reference 0
    ! sign board >said.txt 2>&1 || fail 'it signs without approvals'
    alice_approves
    succeeds sign board
    ;;
waiting)
    board_reference 60
    sign board >said.txt 2>&1 &
    signs=$!
    within 20 "nobody is asked: $(cat said.txt)" has_request
    alice_approves
    wait "$signs" || fail "it does not sign: $(cat said.txt)"
    ;;
esac
[ -z "${approvals-}" ] || OPENSSL_CONF=/dev/null succeeds verified board
! declare -F further >/dev/null || further
pass
