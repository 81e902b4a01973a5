#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# SKA_DEBUG: a line for each call into the module, and nothing that is nobody's business.
. "$(dirname "$0")/lib.sh"
printf 'A document.\n' >document
board
key ordinary p256 none
key guarded p256 empty.json
sign() { # URI
    ska dgst -sha256 -sign "$1" -out signature document
}
lines() { # PATTERN COUNT [FILE]: so many lines of the log are that
    local count
    count=$(grep -cE -- "$1" "${3:-log}" || true)
    [ "$count" -eq "$2" ] || fail "$count lines with '$1', should be $2: $(cat "${3:-log}")"
}
time='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z [0-9]+/[0-9]+ module 1: '

# Without it nothing is written.
quietly sign "$(uri ordinary)"
[ ! -e log ] || fail 'a log that nobody asked for'

# Level 1: calls, answers, times.
SKA_DEBUG=log quietly sign "$(uri ordinary)"
plain dgst -sha256 -verify ordinary.pub.pem -signature signature document >/dev/null
[ "$(stat -c %a log)" = 600 ] || fail 'the log can be read by others'
lines "^${time}C_Sign: CKR_OK, [0-9]+\.[0-9]{6} s$" 1
lines "^${time}C_Login: CKR_OK, [0-9]+\.[0-9]{6} s$" 1
lines "^${time}C_Initialize by libp11: CKR_OK, " 1
[ "$(grep -cvE "^$time([A-Za-z_]+( by libp11)?: CKR_[A-Z_]+, [0-9.]+ s|/.*)$" log)" -eq 0 ] ||
    fail "a line of another form: $(cat log)"

# A second process goes on below; the vendor's calls and level 2, with numbers.
SKA_DEBUG=$work/log:2 quietly sign "$(uri guarded)"
lines "^${time}C_SKASign\(session [0-9]+, mechanism 0x[0-9A-F]+, key [0-9]+, token of [0-9]+ bytes, 0 approvals, gives 64\): CKR_OK, " 1
lines "^${time}C_CreateApprovalToken\(" 1
grep -qE "^${time}C_GetAttributeValue\(session [0-9]+, object [0-9]+, types 0x0 0x3 0x102\): CKR_OK" log ||
    fail "no types of attributes: $(cat log)"
lines "^${time}C_Login\(session [0-9]+, user, with a PIN\): CKR_OK" 1
lines "^${time}C_Sign: CKR_OK" 1

# What fails.
printf '%s\n' 0000 >wrong
chmod 600 wrong
SKA_DEBUG=wrong.log refused 'PIN' sign "$(uri ordinary)?pin-source=file:$work/wrong"
lines "^${time}C_Login: CKR_PIN_INCORRECT, " 1 wrong.log

# Nothing of PIN, data, labels and values is in any of them: no hexadecimal, no raw bytes.
digest=$(plain dgst -sha256 -r document | cut -d ' ' -f 1)
for text in "(^|[^0-9.])($pin|0000)([^0-9]|$)" ordinary guarded "${digest:0:12}" 'A document'; do
    ! grep -qiE -- "$text" <(cut -d ' ' -f 3- log wrong.log | grep -v 'module 1: /') ||
        fail "the log has '$text'"
done
! LC_ALL=C grep -q '[^ -~]' log || fail 'the log has bytes that are not printable'

# skatool writes it too.
SKA_DEBUG=$work/tool.log succeeds skatool list --key "ska:token=$token"
lines "^${time}C_FindObjectsInit: CKR_OK" "$(grep -c C_FindObjectsInit tool.log)" tool.log

# A module's path is anybody's.
softhsm=$(find /usr/lib -name libsofthsm2.so | head -n 1)
cp "$softhsm" "$work/$(printf 'odd\033[1m\nname.so')"
SKA_DEBUG=odd.log quietly sign "$(uri ordinary)?module-path=$work/odd%1b%5b1m%0aname.so"
lines '/odd\\x1B\[1m\\x0Aname\.so$' 1 odd.log
! LC_ALL=C grep -q '[^ -~]' odd.log || fail 'the log has bytes that are not printable'

# ---- Files that are not taken --------------------------------------------------------------------

ln -s "$work/elsewhere" link
mkfifo fifo
for place in link fifo . "$work/missing/log" log:3 log:0; do
    SKA_DEBUG=$place refused 'SKA_DEBUG: ' sign "$(uri ordinary)"
done
[ ! -e elsewhere ] || fail 'a link was followed'
: >named:x
SKA_DEBUG=named:x quietly sign "$(uri ordinary)"
lines C_Sign: 1 named:x
if [ "$(id -u)" -eq 0 ]; then
    : >foreign
    chown nobody foreign
    SKA_DEBUG=foreign refused 'SKA_DEBUG: foreign: belongs to somebody else' sign "$(uri ordinary)"
    [ ! -s foreign ] || fail "somebody else's file was written to"
fi

# ---- Whatever this project calls is logged -------------------------------------------------------

for call in $(grep -ohE '(calls|list)->C_[A-Za-z]+' "$source_dir"/provider/hsm/*.c | sed 's/.*->//' | sort -u); do
    grep -q "X(module, $call," "$source_dir/provider/hsm/call_log.c" || fail "$call is not logged"
done
for call in $(sed -n 's/.*FIND(calls->\([a-z_]*\),.*/\1/p' "$source_dir/provider/hsm/module.c"); do
    grep -qE "(X|VENDOR_CHANGE)\((X, )?module, $call," "$source_dir/provider/hsm/call_log.c" ||
        fail "the vendor's $call is not logged"
done
pass
