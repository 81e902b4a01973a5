#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Many requests a day: which of them wait for whom, what each is about, and what becomes of those
# that nobody is to answer any more.
. "$(dirname "$0")/lib.sh"
board
directory=$work/approvals
mkdir -m 700 "$directory"
configure "approvals-dir = $directory"
key seal p256
key other p256
sign() { # KEY DOCUMENT [SIGOPT...]
    local key=$1 document=$2 option options=()
    shift 2
    for option in "$@"; do options+=(-sigopt "$option"); done
    ska dgst -sha256 -sign "$(uri "$key")" "${options[@]}" -out "$document.sig" "$document"
}
# asked KEY DOCUMENT [SIGOPT...]: the id of the request that it makes.
asked() {
    ls "$directory" >before.txt
    refused 'approvals pending' sign "$@"
    ls "$directory" | comm -13 before.txt - | sed -n 's/\.request\.json$//p'
}
listed() { # COUNT PATTERN...: that many requests, and a line for each pattern
    [ "$(wc -l <stdout.txt)" -eq $(($1 == 0 ? 0 : $1 + 1)) ] || fail "not $1 requests: $(cat stdout.txt)"
    shift
    [ $# -eq 0 ] || shows "$@"
}
open() { # ID...: these are there, and no others
    [ "$(ls "$directory" | sed -n 's/\.request\.json$//p')" = "$(printf '%s\n' "$@" | sort)" ] ||
        fail "not these: $* but $(ls "$directory")"
}

printf 'An invoice.\n' >invoice.txt
printf 'A contract.\n' >contract.txt
printf 'A letter.\n' >letter.txt
invoice=$(asked seal invoice.txt 'ska-description:Invoice 4711')
contract=$(asked seal contract.txt)
letter=$(asked other letter.txt)

# ---- Which requests ------------------------------------------------------------------------------

me=$(id -un)
succeeds skatool requests
listed 3 "^${invoice:0:16} +sign +seal +0 of 2 +- +- +$me +no +no end +Invoice 4711\$" \
    "^${contract:0:16} .* -\$" "^${letter:0:16} +sign +other "
succeeds skatool requests --key other
listed 1 "^${letter:0:16} "
for who in "$me" "$(id -u)" openssl "$(uname -n)"; do
    succeeds skatool requests --requester "$who"
    listed 3
done
for who in nobody 4711 open; do
    succeeds skatool requests --requester "$who"
    listed 0
done
touch -d '2 hours ago' "$directory/$contract.request.json"
touch -d '3 days ago' "$directory/$letter.request.json"
succeeds skatool requests --older 90m
listed 2 "^${contract:0:16} " "^${letter:0:16} "
succeeds skatool requests --newer 1d
listed 2 "^${invoice:0:16} " "^${contract:0:16} "
succeeds skatool requests --older 5400s --newer 24h
listed 1 "^${contract:0:16} "
for age in '' 7 d 1w -1d 1.5h 1hh; do
    refused 'an age is a number' skatool requests --older "$age"
done

# Four digits are enough, three are not; a copy under another id is no request, and is named.
ends 2 skatool status "${invoice:0:4}" --dir "$directory"
refused "no request id" skatool status --dir "$directory" "${invoice:0:3}"
refused "looks like the id of a request: add --dir" skatool approve --approver alice.pem --yes "${invoice:0:16}"
copy=$(printf '%064d' 0)
sed "s/$invoice/$copy/" "$directory/$invoice.request.json" >"$directory/$copy.request.json"
succeeds skatool requests
listed 3
says "$copy.request.json: its id is not that of what it asks for: it is a copy"
rm "$directory/$copy.request.json"

# All of it, for machines.
succeeds skatool approve --dir "$directory" --approver alice.pem --yes "$invoice"
succeeds skatool reject --dir "$directory" --approver bob.pem --yes --reason 'Not ours' "$invoice"
succeeds skatool requests --newer 1h --json
for part in "\"requestId\":.*\"$invoice\"" '"operation":.*"SIGN"' '"label":.*"seal"' \
    '"algorithm":.*"SHA256"' "\"value\":.*\"$(sha256sum invoice.txt | cut -c1-64)\"" \
    '"description":.*"Invoice 4711"' "\"uid\":.*$(id -u)" '"program":.*"openssl"' '"arrived":.*Z"' \
    '"state":.*"open"' '"waits":.*false' '"approver":.*"bob"' '"reason":.*"Not ours"' \
    '"quorum":.*2' '"missing":.*"carol"' '"possible":.*true' '"usable":.*"always"'; do
    shows "$part"
done
! grep -q '"missing":.*bob' stdout.txt || fail "$(cat stdout.txt)"

# In local time and in UTC, wherever people read it.
TZ='XST-5:30' ends 2 skatool status --dir "$directory" "$invoice"
policy "${limited:-$(rule 2 alice bob carol | sed 's/"timeout":0/"timeout":7200/')}" >limited.json
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
configure "approvals-dir = $directory" 'timestamp-key = clock'
key limited p256 limited.json
timed=$(asked limited letter.txt)
TZ='XST-5:30' succeeds skatool requests --key limited
shows '20[0-9]{2}-[0-9-]+ [0-9:]{8} XST \((20[0-9-]+ )?[0-9:]{8} UTC\)'
if has_terminal; then
    # Nothing is wider than the terminal, and no word is lost.
    ours "$programs/skatool_terminal" -- "$binary_dir/tools/skatool" requests >typed.txt
    tr -d '\r' <typed.txt >stdout.txt
    ! grep -E '^.{81}' stdout.txt || fail "too wide"
    shows "^${invoice:0:16}  sign seal, 1 of 2\$" 'approved by alice' "refused by bob \('Not ours'\)" \
        'somebody waits: no' '\| Invoice 4711' 'usable until: no end'
fi

# ---- Who waits -----------------------------------------------------------------------------------

printf 'A waiting one.\n' >waiting.txt
sign seal waiting.txt ska-approvals-timeout:600 >waiting.out 2>waiting.err &
waiter=$!
for _ in $(seq 300); do
    skatool requests 2>/dev/null | grep -qE "^[0-9a-f]+ .* $me +yes " && break
    sleep 0.1
done
succeeds skatool requests
waiting=$(sed -nE "s/^([0-9a-f]+) .* $me +yes .*/\1/p" stdout.txt)
[ "${#waiting}" -eq 16 ] || fail "nobody waits: $(cat stdout.txt)"
listed 5

# Withdrawn: who waits is told, at once, and it does not come back.
succeeds skatool approve --dir "$directory" --approver alice.pem --yes "$waiting"
succeeds skatool withdraw "$waiting"
says 'Withdrew the request' '1 had approved \(alice\)' 'stay good for ever'
status=0
wait "$waiter" || status=$?
[ "$status" -ne 0 ] && grep -q 'the request was withdrawn' waiting.err || fail "$(cat waiting.err)"
[ ! -s waiting.txt.sig ] || fail "signed what was withdrawn"
open "$invoice" "$contract" "$letter" "$timed"
! ls "$directory" | grep -q "^$waiting" || fail "$(ls "$directory")"
refused 'no open request|done already' skatool withdraw "$waiting"

# By nobody else, whatever the mode.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$work" "$directory" && chmod 666 "$directory/$invoice.request.json"
    cp "$directory/$invoice.request.json" kept.json
    if setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$directory/$invoice.request.json"; then
        refused 'only the user who has made the request, or root' \
            setpriv --reuid 65534 --regid 65534 --clear-groups env OPENSSL_CONF=/dev/null \
            "$binary_dir/tools/skatool" withdraw --dir "$directory" "$invoice"
        same kept.json "$directory/$invoice.request.json"
        # What cannot be read is no reason to say that there is nothing.
        chmod 600 "$directory"/*.request.json
        ends 4 setpriv --reuid 65534 --regid 65534 --clear-groups env OPENSSL_CONF=/dev/null \
            "$binary_dir/tools/skatool" requests --dir "$directory"
        says '4 requests .*cannot be read by this user' '3770'
        ! grep -q 'no open requests' stderr.txt || fail "$(cat stderr.txt)"
        chmod 640 "$directory"/*.request.json
    fi
    chmod 700 "$directory"
fi

# ---- Clearing away -------------------------------------------------------------------------------

# Hopeless: Carol refuses too, and it waits for nobody any more.
succeeds skatool reject --dir "$directory" --approver carol.pem --yes "$invoice"
succeeds skatool requests --key seal
listed 2 "^${invoice:0:16} .* hopeless +Invoice"
succeeds skatool requests --key seal --json
shows '"state":.*"hopeless"' '"possible":.*false'
succeeds skatool requests --approver alice.pub.pem --key seal
listed 1 "^${contract:0:16} "
# Enough have approved this one: it can be used, and stays.
succeeds skatool approve --dir "$directory" --approver alice.pem --yes "$contract"
succeeds skatool approve --dir "$directory" --approver bob.pem --yes "$contract"
succeeds skatool requests --approver carol.pub.pem --key seal
listed 0
refused 'use --yes to remove 3 requests' setsid -w "$binary_dir/tools/skatool" requests --clean
refused 'goes with neither' skatool requests --clean --json
refused 'goes with --clean only' skatool requests --yes
if has_terminal; then
    ours "$programs/skatool_terminal" 'Type yes or no:' no -- "$binary_dir/tools/skatool" requests \
        --clean >typed.txt && fail "cleaned"
    grep -q 'nothing was removed' typed.txt && grep -q 'too many have refused; 1 approved' typed.txt ||
        fail "$(cat typed.txt)"
fi
open "$invoice" "$contract" "$letter" "$timed"
succeeds skatool requests --clean --yes --key seal
says "Withdrew the request ${invoice:0:16}"
open "$contract" "$letter" "$timed"
quietly sign seal contract.txt
open "$letter" "$timed"
[ -d "$directory/done" ]
succeeds skatool requests --clean --yes
open
succeeds skatool requests --clean
says 'nothing of yours'
[ "$(ls "$directory/done" | wc -l)" -eq 1 ] || fail "evidence is gone"
pass
