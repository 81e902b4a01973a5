#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A thousand open requests: listing them and opening the inbox is about reading the files, approving
# them all with one passphrase about signing. Compared is with what other programs need for that, here
# and now, since nothing else is known of the machine; of several times the shortest counts.
. "$(dirname "$0")/lib.sh"
board
directory=$work/approvals
mkdir -m 700 "$directory"
configure "approvals-dir = $directory"
key seal p256
printf 'x\n' >document
request seal template.json document
count=1000
[ -z "$preload" ] || count=50 # sanitizers make our programs slow, and not the others
"$programs/many_requests" template.json "$directory" $count

microseconds() { # COMMAND...
    local start=$EPOCHREALTIME
    "$@" >many.txt 2>many.err || fail "$*: $(cat many.err)"
    echo $((${EPOCHREALTIME/./} - ${start/./}))
}
shortest=
# within FACTOR REPEAT COMMAND... -- COMMAND...: the first takes at most FACTOR times the other, which
# is to be done REPEAT times.
within() {
    local factor=$1 repeat=$2 one=() round ours other least=0 most=0
    shift 2
    while [ "$1" != -- ]; do one+=("$1") && shift; done
    shift
    for round in 1 2 3 4 5; do
        other=$(microseconds "$@")
        ours=$(microseconds "${one[@]}")
        [ "$most" -ne 0 ] && [ "$other" -ge "$most" ] || most=$other
        [ "$least" -ne 0 ] && [ "$ours" -ge "$least" ] || least=$ours
        [ -z "$preload" ] || return 0
        [ $((least)) -gt $((most * repeat * factor)) ] || break
    done
    shortest="$least us, $repeat times $most us"
    echo "round $round: $shortest: ${one[*]:0:3}"
    [ $((least)) -le $((most * repeat * factor)) ] || fail "takes too long: $shortest: ${one[*]}"
}
read_all() {
    cat "$directory"/*.request.json
}

within 20 1 skatool requests -- read_all
[ "$(wc -l <many.txt)" -eq $((count + 1)) ] || fail "not all: $(tail -n 3 many.txt)"
within 20 1 skatool requests --json -- read_all
within 20 1 skatool requests --approver alice.pub.pem -- read_all
has_terminal || skip "no pseudo-terminals (is devpts mounted?)"
at_terminal() { # ANSWER: what is answered to every question
    ours "$programs/skatool_terminal" 'q(uit): ' "*$1" -- "$binary_dir/tools/skatool" approve \
        --approver alice.pem
}
within 20 1 at_terminal q -- read_all
grep -q "0 approved, 0 rejected, $count left" many.txt || fail "$(tail -n 3 many.txt)"

# As somebody would sign so many tokens without skatool; it says "approved" once for each.
token_of template.json >token
sign_ten() {
    local i
    for i in 1 2 3 4 5 6 7 8 9 10; do
        plain dgst -sha256 -sign alice.pem -out token.sig token
    done
}
approve_all() {
    rm -f "$directory"/*.approval.json
    at_terminal y
}
within 10 $((count / 10)) approve_all -- sign_ten
grep -q "$count approved, 0 rejected, 0 left" many.txt || fail "$(tail -n 3 many.txt)"
[ "$(ls "$directory" | grep -c '\.approval\.json$')" -eq $count ] || fail "not all are there"
succeeds skatool requests --approver alice.pub.pem
says 'None of the open requests in .* waits for this approver'
[ "$(wc -l <"$XDG_STATE_HOME/ska/history.jsonl")" -ge $count ] || fail "the history has not all"
pass
