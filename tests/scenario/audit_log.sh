#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The audit log: what a signature leaves in it, that nothing is signed when it cannot be written, and
# that skatool audit finds what was changed, at its line.
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/servers.sh"
board
printf 'A document.\n' >document
key seal p256
log=$work/audit.log
mkdir approvals

# audited STATUS [PATTERN]... -- ARGUMENT...: skatool audit, without any configuration.
audited() {
    local expected=$1 status=0 patterns=() pattern
    shift
    while [ "$1" != -- ]; do
        patterns+=("$1")
        shift
    done
    OPENSSL_CONF=/dev/null "$binary_dir/tools/skatool" audit "${@:2}" >stdout.txt 2>stderr.txt ||
        status=$?
    for pattern in "${patterns[@]}"; do
        grep -qE -- "$pattern" stdout.txt stderr.txt || status="$status, without $pattern"
    done
    [ "$status" = "$expected" ] || {
        cat stdout.txt stderr.txt >&2
        fail "status $status, should be $expected: audit ${*:2}"
    }
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80[\x8b-\x8f\xaa-\xae]' \
        stdout.txt stderr.txt || fail "audit shows control characters"
}
events() { # FILE
    grep -oE '"event":"[a-z-]+"' "$1" | cut -d'"' -f4 | tr '\n' ' '
}
head_of() { # FILE: by other means than ours
    tail -n 1 "$1" | sha256sum | cut -d' ' -f1
}

# ---- A signature ---------------------------------------------------------------------------------

configure "approvals-dir = $work/approvals" "audit-log = $log"
sign=(ska dgst -sha256 -sign "$(uri seal)" -out signature document)
refused 'approvals pending' "${sign[@]}"
id=$(id_of_pending)
[ "$(stat -c %a "$log")" = 600 ] || fail "mode of the log"
for name in alice bob; do
    succeeds skatool approve --dir approvals --approver $name.pem --yes "$id"
done
takes 1 quietly "${sign[@]}"
[[ $(events "$log") =~ ^request\ .*approval\ .*approval\ .*intent\ decision\ evidence\ $ ]] ||
    fail "events: $(events "$log")"
grep -q "$id" "$log" || fail "the log does not name the request"
evidence=$(echo approvals/done/"$id".*)
grep -q "$(sha256sum "$evidence/SHA256SUMS" | cut -d' ' -f1)" < <(grep '"event":"evidence"' "$log") ||
    fail "the log does not know the evidence"
audited 0 'approval .*alice' 'approval .*bob' 'decision .*done' 'each tied to the one before' \
    "Head: $(head_of "$log")" -- "$log"
lines=$(wc -l <"$log")

# The chain by hand.
previous=$(printf '0%.0s' {1..64})
while IFS= read -r line; do
    grep -q "\"previous\":\"$previous\"" <<<"$line" || fail "not tied to the line before: $line"
    previous=$(printf '%s\n' "$line" | sha256sum | cut -d' ' -f1)
done <"$log"

# ---- A log that is full when the HSM has signed --------------------------------------------------

# The line of intent has room, that of the decision has not: nothing of what was signed is lost.
until_intent=$(tail -n 6 "$log" | head -n 4 | wc -c)
printf 'Signed, and not told.\n' >document
refused 'approvals pending' "${sign[@]}"
id=$(id_of_pending)
for name in alice bob; do
    succeeds skatool approve --dir approvals --approver $name.pem --yes "$id"
done
rm calls.log
limit=$(($(stat -c %s "$log") + until_intent + 150))
takes 1 refused 'audit-log .*cannot be written' ours prlimit "--fsize=$limit" -- openssl dgst \
    -sha256 -sign "$(uri seal)" -out signature document
[ -f "$(echo approvals/done/"$id".*/signature)" ] || fail "no evidence: $(ls -A approvals/done)"
takes 1 quietly "${sign[@]}"
audited 0 -- "$log"
lines=$(wc -l <"$log")

# ---- A log that cannot be written ----------------------------------------------------------------

printf 'Another document.\n' >document
chmod 620 "$log"
takes 0 refused 'chmod go-w' "${sign[@]}"
configure "audit-log = $work/nowhere/audit.log"
request seal request.json document
approve request.json alice bob
takes 0 refused 'audit-log.*nowhere: No such file' ska dgst -sha256 -sign "$(uri seal)" \
    -sigopt ska-approvals-file:request.json -out signature document
chmod 600 "$log"
[ "$(wc -l <"$log")" -eq "$lines" ] || fail "lines of what was not done"

# Half a line, as a crash leaves it, is cut off and told.
configure "audit-log = $log"
printf '{"sequence":' >>"$log"
audited 4 "line $((lines + 1)) is cut" -- "$log"
takes 1 quietly ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-approvals-file:request.json \
    -out signature document
audited 0 'repair .*half a line of 12 bytes' -- "$log"

# ---- What was handed in --------------------------------------------------------------------------

# since LINE: the events after it.
since() {
    tail -n +"$(($1 + 1))" "$log" >tail.log
    events tail.log
}
# logs EVENTS LINE: these have come since.
logs() {
    [ "$(since "$2")" = "$1 " ] || fail "events: $(since "$2"), should be: $1"
}
with_bundle() { # BUNDLE DOCUMENT [OPTION...]
    ska dgst -sha256 -sign "$(uri seal)" -sigopt "ska-approvals-file:$1" "${@:3}" \
        -out signature "$2"
}
before=$(wc -l <"$log")
takes 1 quietly with_bundle request.json document
logs 'request approval approval intent decision' "$before"
id=$(grep -oE '"requestId":\s*"[0-9a-f]{64}"' request.json | grep -oE '[0-9a-f]{64}')
[ "$(grep -c "$id" tail.log)" -eq 5 ] || fail "the log does not name the request of the bundle"
audited 0 'approval .*alice.* handed in' 'approval .*bob.* handed in' -- "$log"
# What a bundle says of itself is not what the log goes by: names, id, token.
forged=$(printf '1%.0s' {1..64})
sed -E -e 's/("name":\s*)"bob"/\1"the boss"/' -e "s/$id/$forged/" \
    -e 's/("token":\s*)"tok"/\1"other"/' request.json >lying.json
! cmp -s request.json lying.json || fail "no lie"
before=$(wc -l <"$log")
takes 1 quietly with_bundle lying.json document
logs 'request approval approval intent decision' "$before"
! grep -qE "boss|$forged|other" tail.log || fail "the log believes a bundle: $(cat tail.log)"
grep -q '"approver":"bob"' tail.log || fail "the log does not know bob"
before=$(wc -l <"$log")
takes 1 succeeds skatool execute --key "$(uri seal)" --force -o signature lying.json
logs 'request approval approval intent decision' "$before"
! grep -qE "boss|$forged|other" tail.log || fail "the log believes a bundle: $(cat tail.log)"
# With a directory beside, each approver has one line.
approver mallory
bundle request.json "$(token_of request.json >token.bin && approval alice token.bin)" \
    "$(approval alice token.bin)" "$(approval mallory token.bin)" >more.json
mkdir more
before=$(wc -l <"$log")
takes 0 refused 'mallory|not an approver' with_bundle more.json document \
    -sigopt "ska-approvals-dir:$work/more"
logs 'request approval approval-refused approval-refused' "$before"
# One that is not of this request, and one is missing.
printf 'Yet another document.\n' >other
request seal other.json other
token_of other.json >token.bin
bundle other.json "$(approval alice token.bin)" "$(approval bob document)" >wrong.json
before=$(wc -l <"$log")
takes 1 refused 'bob' with_bundle wrong.json other
logs 'request approval approval-refused intent decision' "$before"
# A change of the key.
before=$(wc -l <"$log")
succeeds skatool request --key "$(uri seal)" --operation block -o block.json
approve block.json alice carol
succeeds skatool execute --key "$(uri seal)" block.json
logs 'request approval approval intent decision' "$before"
# A key that needs nobody.
key free p256 empty.json
before=$(wc -l <"$log")
quietly ska dgst -sha256 -sign "$(uri free)" -out signature document
logs 'request intent decision' "$before"

# ---- Requests that are withdrawn -----------------------------------------------------------------

configure "audit-log = $log" "approvals-dir = $work/withdrawals"
mkdir withdrawals
key kept p256
asked() { # DOCUMENT: its request is in $id
    printf '%s\n' "$1" >document
    refused 'approvals pending' ska dgst -sha256 -sign "$(uri kept)" -out signature document
    id=$(basename withdrawals/*.request.json .request.json)
}
withdrawn() { # LINE DETAIL: the last one is of it
    local part
    tail -n 1 "$log" >last.json
    for part in "\"event\":\"withdrawn\",\"requestId\":\"$id\",\"operation\":\"SIGN\"" "\"detail\":\"$1\"" "\"uid\":$(id -u),"; do
        grep -qF "$part" last.json || fail "not withdrawn: $(cat last.json)"
    done
}
asked one
succeeds skatool withdraw --dir withdrawals "$id"
withdrawn 'with skatool withdraw'
asked two
succeeds skatool requests --clean --yes
withdrawn 'with skatool requests'
audited 0 'withdrawn .*with skatool requests' -- "$log"
# A signature that waits says so, too; it may have been withdrawn by somebody who may not write this log.
printf 'three\n' >document
ours openssl dgst -sha256 -sign "$(uri kept)" -sigopt ska-approvals-timeout:30 -out signature document \
    2>messages.txt &
within 10 'no request' compgen -G 'withdrawals/*.request.json'
id=$(basename withdrawals/*.request.json .request.json)
grep -v '^audit-log' openssl.cnf >unlogged.cnf
succeeds skatool withdraw --config unlogged.cnf "$id"
! wait -n || fail 'signed'
withdrawn 'noticed by a signature that waited, which ends'
# What cannot be logged is withdrawn all the same.
asked four
chmod 620 "$log"
succeeds skatool withdraw "$id"
says 'warning: the audit log does not say that the request was withdrawn: .*chmod go-w'
chmod 600 "$log"
[ -z "$(ls withdrawals)" ] || fail "still there: $(ls withdrawals)"

# ---- What is no file -----------------------------------------------------------------------------

mkfifo pipe
mkdir -p heads
for place in pipe /dev/zero; do
    audited 3 "skatool: .*: $place is not a regular file: write the log to one" -- "$place"
    audited 3 "skatool: .*: $place is not a regular file" -- "$log" "$place"
done
audited 3 'skatool: .*: heads is a directory, not an audit log' -- heads
gzip <"$log" >log.gz
audited 3 'skatool: .*: log.gz is compressed: decompress it first' -- log.gz
audited 3 'skatool: .*: log.gz is compressed' -- "$log" log.gz
# Nor is a file read for ever that has no lines.
truncate -s 1T endless
audited 4 'line 1 is longer than 16 MiB' -- endless
rm endless pipe

# ---- Changes are found ---------------------------------------------------------------------------

cp "$log" whole
lines=$(wc -l <whole)
head=$(head_of whole)
audited 0 "line $lines;? .*: 0|line $lines; lines after it: 0" -- whole --head "$head"
audited 0 'line 3; lines after it' -- whole --head "$(head -n 3 whole | head_of /dev/stdin)"
sed '4s/"uid":/"uid":1/' whole >changed
audited 4 'line 4 was changed' 'changed: line 4' -- changed
sed 4d whole >removed
audited 4 '1 line is missing before line 4 \(sequence number 4\)' -- removed
sed 1d whole >beheaded
audited 4 '1 line is missing before line 1 \(sequence number 1\)' -- beheaded
sed '2{p;p}' whole >inserted
audited 4 'line [23] does not belong there' -- inserted
sed '3{h;d};4G' whole >moved
audited 4 'line' WRONG -- moved
sed "5s/.*/$(printf 'x\033[31m\xe2\x80\xae')/" whole >rubbish
audited 4 'line 5' -- rubbish
head -n 4 whole >cut_end
audited 0 -- cut_end
audited 4 'after line 4, was cut off' -- cut_end --head "$head"
sed "${lines}s/\"uid\":/\"uid\":1/" whole >last
audited 0 -- last
audited 4 "no line has the hash" -- last --head "$head"
head -c -1 whole >open
audited 4 "line $lines is cut" -- open
: >empty
audited 0 '^0 lines: there is nothing in the log$' 'empty is empty' -- empty
audited 0 'The noted head is that of an empty log; lines after it: 0' -- empty --head "$(printf '0%.0s' {1..64})"
audited 4 'was cut off' -- empty --head "$head"
audited 4 'is not an audit log' -- document
# Somebody has named another file: what is in it is nobody's business.
plain genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out secret.pem 2>/dev/null
audited 4 'is not an audit log' -- secret.pem
! grep -qE '[A-Za-z0-9+/=]{20}' stdout.txt stderr.txt || fail "a private key is shown"
[ "$(wc -l <stdout.txt)" -le 8 ] || fail "too much is said: $(cat stdout.txt)"
audited 3 'No such file' -- missing
audited 1 '64 hexadecimal digits' -- whole --head 1234
audited 1 '64 hexadecimal digits' -- whole --head "${head}0"
audited 0 "The noted head is line $lines; lines after it: 0" -- whole --head "${head^^}"
audited 0 -- --json whole
{
    printf '{"lines":['
    number=0 separator=
    while IFS= read -r line; do
        printf '%s\n{"line":%s,"hash":"%s","entry":%s}' "$separator" $((++number)) \
            "$(printf '%s\n' "$line" | sha256sum | cut -d' ' -f1)" "$line"
        separator=,
    done
    printf '\n],\n"result":{"intact":true,"head":"%s"}}\n' "$head"
} <whole >expected.json
same expected.json stdout.txt
audited 4 '"intact":false' '"line":5,.*"fault":"line 4 was changed' -- --json changed

# ---- A log that is rotated -----------------------------------------------------------------------

sign_free() {
    ska dgst -sha256 -sign "$(uri free)" -out signature document
}
chmod 700 heads
configure "audit-log = $log" "state-dir = $work/heads"
rm "$log"
quietly sign_free
mv "$log" log.2
quietly sign_free
mv "$log" log.1
install -m 600 /dev/null "$log" # as logrotate's create does
quietly sign_free
[ "$(events "$log")" = 'continuation request intent decision ' ] || fail "$(cat "$log")"
[[ $(head -n 1 "$log") == *"\"previous\":\"$(head_of log.1)\""* ]] || fail "$(cat "$log")"
audited 0 '^11 lines, each tied to the one before' '^log.2$' '^log.1$' 'continuation .*ended with line 3' \
    "Head: $(head_of "$log")" -- log.2 log.1 "$log"
audited 0 'tied to line 7 of an older log' -- "$log"
audited 0 'The noted head is the last line of the log before this one; lines after it: 4' -- "$log" --head "$(head_of log.1)"
audited 0 'noted head is line 3; lines after it: 8' -- log.2 log.1 "$log" --head "$(head_of log.2)"
audited 0 '"intact":true' '"file":"log.2","line":1' '"file":"log.1","line":1' -- --json log.2 log.1 "$log"
python=$(command -v python3 || true)
[ -z "$python" ] || "$python" -m json.tool stdout.txt >/dev/null || fail "$(cat stdout.txt)"
audited 0 '"continuesLine":7' -- --json "$log"
audited 4 '4 lines are missing between log.2 and .*audit.log \(sequence numbers 4 to 7\)' \
    'skatool: .*audit.log: 4 lines' -- log.2 "$log"
for order in "log.1 log.2 $log" "$log log.1 log.2" "$log empty log.2 log.1"; do
    # shellcheck disable=SC2086
    audited 0 '^11 lines, each tied' "Head: $(head_of "$log")" -- $order
done
audited 4 '4 lines are missing between log.2 and .*audit.log ' -- "$log" log.2
audited 4 'log.1 does not continue log.1' -- log.1 log.2 log.1 "$log"
sed '2s/"uid":/"uid":1/' log.1 >changed
audited 4 'changed: line 2 was changed' -- log.2 changed "$log"
sed '$d' log.1 >cut_end
audited 4 '1 line is missing between cut_end and ' -- log.2 cut_end "$log"
audited 4 'document is not an audit log' -- cut_end document
audited 3 'No such file' -- log.2 missing

# What is recommended is the same everywhere.
cmp "$source_dir"/{debian/ska-provider.logrotate,examples/logrotate.conf}
for file in examples/logrotate.conf doc/seal.md provider/ska-provider.7; do
    for word in nocreate copytruncate; do
        grep -q "$word" "$source_dir/$file" || fail "$file does not name $word"
    done
done

# A log that was cut or exchanged stops signatures until it is moved away, and what is missing shows.
cp "$log" whole
head -n 3 whole >"$log"
takes 0 refused 'line 11, the last one that was written here .*move it away' sign_free
ends 4 skatool check-config
shows 'FAILED +audit-log .*line 11, the last one'
cp log.1 "$log"
takes 0 refused 'line 11, the last one' sign_free
[ "$(stat -c %W "$log")" = 0 ] || { # the time of its birth is known
    : >"$log"
    takes 0 refused 'line 11, the last one' sign_free
}
cp whole "$log"
sed -i '$s/"uid":/"uid":1/' "$log"
takes 0 refused 'line 11, the last one' sign_free
head -n 3 whole >"$log"
mv "$log" log.0
takes 1 quietly sign_free
audited 4 '1 line is missing between log.0 and .* \(sequence number 11\)' -- log.2 log.1 log.0 "$log"
audited 0 -- log.2 log.1 whole "$log"
pass
