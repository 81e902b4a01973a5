#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a person at a terminal sees of a signature that waits: a line that is rewritten in place while
# it is in the foreground; in the background whole lines, only when there is something new.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/approvals_dir.sh
. "$source_dir/tests/scenario/approvals_dir.sh"
has_terminal || skip "no pseudo-terminals (is devpts mounted?)"
board
key seal p256
mkdir dir
printf 'the contract\n' >document
configure "approvals-dir = $work/dir" 'approvals-timeout = 3600'

cat >answer.sh <<END
#!/bin/sh
# answer.sh COMMAND NAME: to the request that stands in the directory
id=\$(basename dir/*.request.json .request.json)
"$binary_dir/tools/skatool" "\$1" --approver "\$2.pem" --yes --dir dir "\$id" >>answers.txt 2>&1
END
chmod +x answer.sh
signs="openssl dgst -sha256 -sign $(uri seal | sed 's/[;?&]/\\&/g') -out signature document"
# at_terminal STATUS PROMPT ANSWER... -- COMMAND: what a shell with job control does with it.
at_terminal() {
    local expected=$1 status=0 talk=()
    shift
    while [ "$1" != -- ]; do
        talk+=("$1" "$2")
        shift 2
    done
    ours "$programs/skatool_terminal" "${talk[@]}" -- bash --norc -mc "$2" >typed.txt 2>stderr.txt ||
        status=$?
    [ "$status" -eq "$expected" ] && [ ! -s stderr.txt ] || {
        cat -v typed.txt stderr.txt >&2
        fail "status $status, should be $expected: $2"
    }
}
shows() {
    grep -qE -- "$1" typed.txt || fail "the terminal does not show $1: $(cat -v typed.txt)"
}
# With the prompt that a shell would have there, and a moment in which nothing happens.
approve_alice='!sleep 2.5; ./answer.sh approve alice'
first='waiting for 2 of alice, bob and carol; 0 of 2'

# ---- Foreground ----------------------------------------------------------------------------------

at_terminal 0 "$first" "$approve_alice" 'waiting for bob or carol; 1 of 2; approved by alice' \
    '!./answer.sh approve bob' -- "$signs"
shows $'\r'"ska: $first; (1 h 00|59) min left; request [0-9a-f]*"$'\x1b\\[K'
shows $'\r\x1b\\[K'
[ "$(tail -c 4 typed.txt)" = $'\r\x1b[K' ] || fail "the line is left behind: $(cat -v typed.txt)"
[ "$(tr -cd '\n' <typed.txt | wc -c)" -eq 0 ] || fail "more than one line: $(cat -v typed.txt)"
# Above five minutes no seconds are counted.
! grep -qE '[0-9]:[0-9][0-9] left' typed.txt || fail "counts seconds: $(cat -v typed.txt)"
[ "$(tr -cd '\r' <typed.txt | wc -c)" -ge 4 ] || fail "not drawn anew: $(cat -v typed.txt)"

# Who is missing is seen on a narrow terminal, too, and the line stays one line.
at_terminal 0 'waiting' '@50' 'waiting for 2 of alice, bob and carol' '!./answer.sh approve alice' \
    'waiting for bob or carol' '!./answer.sh approve carol' -- "$signs"
! tr '\r' '\n' <typed.txt | sed 's/\x1b\[K//' | tail -n 2 | grep -E '^.{51}' || fail "too long"
# In the last minutes seconds count.
at_terminal 0 "$first; 0:5" '!./answer.sh approve alice' 'bob or carol' \
    '!./answer.sh approve bob' -- "${signs/-out/-sigopt ska-approvals-timeout:60 -out}"

# Who has rejected it is not missing, and the end says who is left.
at_terminal 1 "$first" '!./answer.sh reject bob' \
    'waiting for alice and carol; rejected by bob; 0 of 2' '!./answer.sh reject carol' -- "$signs"
shows 'rejected by approvers:.*0 of 2; rejected by bob, carol; left: alice'
! grep -qE 'missing' typed.txt || fail "whoever refused is said to be missing"
rm dir/*.json

# ---- Background ----------------------------------------------------------------------------------

printf 'another contract\n' >document
at_terminal 0 "$first" "$approve_alice" 'waiting for bob or carol; 1 of 2; approved by alice' \
    '!./answer.sh approve bob' -- "$signs & wait \$!"
! grep -qE $'\x1b|\r.' typed.txt || fail "draws where somebody else types: $(cat -v typed.txt)"
[ "$(grep -c '^ska: waiting for ' typed.txt)" -eq 2 ] || fail "not a line for each change: $(cat -v typed.txt)"
shows "^ska: $first; (1 h 00|59) min left; request [0-9a-f]{16}"$'\r?$'

# Where a terminal stops who writes from the background, nothing is said, and it is signed.
printf 'a third contract\n' >document
at_terminal 0 'started' '!until ls dir/*.request.json >/dev/null 2>&1; do sleep 0.1; done; sleep 1.5
    ./answer.sh approve alice; ./answer.sh approve bob' -- "stty tostop </dev/tty; $signs & echo started; wait \$!"
! grep -q '^ska:' typed.txt || fail "writes from the background: $(cat -v typed.txt)"
[ -s signature ] || fail "no signature"

# Without a terminal: only where progress = yes, which `waiting` tests.
printf 'a fourth contract\n' >document
aside quietly ska dgst -sha256 -sign "$(uri seal)" -out signature document
until compgen -G 'dir/*.request.json' >/dev/null; do sleep 0.05; done
./answer.sh approve alice
./answer.sh approve bob
wait "$aside" || fail "was not signed, or said something"
pass
