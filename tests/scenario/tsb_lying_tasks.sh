#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An approver at a broker that lies, by skatool: it lists one task and hands out another, repeats its
# pages, has always something new, asks again for what was rejected; and what it says of a key's rules
# is not the HSM's word. The tasks are a real broker's, changed on the way.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/broker.sh"
[ -x "$programs/tsb_lying_tasks" ] || skip "built without SKA_TSB"

ca authority
leaf server authority 'subjectAltName = IP:127.0.0.1'
board
approver mallory
broker 'execution-delay = 100'
p256='"algorithm":"EC","curveOid":"1.2.840.10045.3.1.7"'
for name in seal other; do
    create $name "$p256" "$(rest_policy "$(rest_rule 2 0 0 alice bob carol)")"
done
mkdir folder
printf 'We have a deal.\n' >folder/deal.txt
plain dgst -sha256 -binary folder/deal.txt >digest
# task KEY [ALGORITHM]: what a task of alice's for this document is, in KEY.json; $task is its id.
task() {
    ask 201 POST /v1/sign "{\"signRequest\":{\"payload\":\"$(b64 <digest)\",\"signKeyName\":\"$1\",
        \"signatureAlgorithm\":\"${2-NONE_WITH_ECDSA}\"}}"
    tasks alice All "\"requestId\":\"$(member signRequestId)\",\"detailLevel\":\"level3\""
    sed -E 's/^\{"tasks":\[(.*)\]\}$/\1/' answer.json >"$1.json"
    task=$(sed -E 's/^[^[]*"id":"([0-9a-f-]{36})".*/\1/' "$1.json")
    [ "${#task}" -eq 36 ] || fail "no task: $(cat answer.json)"
}
task other
other=$task
printf 'We have no deal.\n' | plain dgst -sha256 -binary >digest
task seal
mv seal.json no_deal.json
# The same document by other digests, with the line ends of mail, and as a message.
for digest in sha1 sha384 sha512; do
    plain dgst -$digest -binary folder/deal.txt >digest
    task seal
    mv seal.json $digest.json
done
printf 'We have a deal.\r\n' | plain dgst -sha256 -binary >digest
task seal
mv seal.json mail.json
cp folder/deal.txt digest
task seal SHA256_WITH_ECDSA
mv seal.json message.json
cp folder/deal.txt digest
task seal SHA384_WITH_ECDSA
mv seal.json message384.json
plain dgst -sha256 -binary folder/deal.txt >digest
task seal
# tells FILE TASK...: what the liar answers.
tells() {
    local file=$1 all
    shift
    all=$(printf '%s,' "$@")
    printf '{"tasks":[%s]}' "${all%,}" >"$file"
}
renamed() { # TASK ID: with another id
    sed -E "s/\"id\":\"[0-9a-f-]{36}\"/\"id\":\"$2\"/" "$1"
}
start_plain liar.txt "$programs/tsb_lying_tasks"
within 60 "does not listen" grep -q . liar.txt
at=(--tsb "http://127.0.0.1:$(head -n 1 liar.txt)")
calls() { # PATTERN: how many there were since the last time
    grep -cE -- "^POST $1|^PATCH $1" liar.log || true
}
heard() { # PATH COUNT
    [ "$(calls "$1")" -eq "$2" ] || fail "$1: $(calls "$1") calls, not $2: $(cat liar.log)"
}
OPENSSL_CONF=/dev/null

# ---- Another task than was listed ----------------------------------------------------------------

id=$task
tells list.json "$(cat seal.json)"
renamed other.json "$id" >lie.json
tells one.json "$(cat lie.json)"
: >liar.log
# Read again before it is signed, it is for another key.
ends 2 skatool approve --approver alice.pem "${at[@]}" --key seal --documents folder --yes
says "would be for key 'other', and not for 'seal'" '0 approved, 0 rejected, 1 left'
heard /v1/approval 0
# For the same key, too, the token that was looked at is the one that counts.
renamed no_deal.json "$id" >one.json.new
tells one.json "$(cat one.json.new)"
ends 4 skatool approve --approver alice.pem "${at[@]}" --key seal --documents folder --yes
says 'was replaced by another request' '0 approved'
heard /v1/approval 0
# By its id: the list says one thing, the task another.
tells list.json "$(cat lie.json)"
refused "would be for key 'other', and not for 'seal'" \
    skatool approve --approver alice.pem "${at[@]}" --key seal --document folder/deal.txt --yes "$id"
heard /v1/approval 0
# What stands under the id is another document; of another operation; nobody says of what.
tells list.json "$(cat one.json.new)"
ends 2 skatool approve --approver alice.pem "${at[@]}" --key seal --document folder/deal.txt --yes "$id"
says 'NOT the document|cannot be compared'
ends 2 skatool approve --approver alice.pem "${at[@]}" --key seal --operation block --yes "$id"
says 'would be to sign, and not to block'
refused 'can put anything under an id' skatool approve --approver alice.pem "${at[@]}" --key seal --yes "$id"
refused 'any key that you guard' skatool approve --approver alice.pem "${at[@]}" --documents folder --yes
heard /v1/approval 0
tells list.json "$(cat seal.json)"
tells one.json "$(cat seal.json)"
succeeds skatool approve --approver alice.pem "${at[@]}" --key seal --documents folder --yes
says "${id:0:16} is approved: document deal.txt, key seal" '1 approved'
heard /v1/approval 1

# By the broker's id of a request another task is handed out, or one of which it does not say that.
request=11111111-2222-4333-8444-555555555555
: >liar.log
refused "$request: the broker names task $id, and does not confirm" skatool reject --approver alice.pem "${at[@]}" --yes "$request"
for told in "$id" "$request"; do
    sed "s/\"requestStatus\":null/\"requestStatus\":{\"id\":\"$told\"}/" seal.json >of.json
    tells one.json "$(cat of.json)"
    [ "$told" = "$request" ] || refused "names task $id, which is of request $told" \
        skatool reject --approver alice.pem "${at[@]}" --yes "$request"
    heard /v1/task 0
done
succeeds skatool reject --approver alice.pem "${at[@]}" --yes "${request^^}"
heard /v1/task 1
rm -rf "$XDG_STATE_HOME"

# ---- Without an end ------------------------------------------------------------------------------

# The same page again and again is one page.
many=()
for i in {10..29}; do
    many+=("$(renamed other.json "00000000-0000-4000-8000-0000000000$i")")
done
tells list.json "${many[@]}"
: >liar.log
succeeds skatool requests --approver alice.pem "${at[@]}"
[ "$(wc -l <stdout.txt)" -eq 21 ] || fail "not twenty: $(cat stdout.txt)"
heard /v1/filteredAllApprovalTask 2
# Something new whenever it is asked: a run comes to its end, and says so. Each task is fetched once.
tells list.json "$(renamed other.json '00000000-0000-4000-8000-0000000@NEW@')"
: >liar.log
mkdir nothing
succeeds skatool approve --approver alice.pem "${at[@]}" --key other --documents nothing --yes
says 'More requests have arrived meanwhile than one run handles \(100\)' '0 approved, 0 rejected, 101 left'
[ "$(calls /v1/filteredAllApprovalTask)" -le 110 ] || fail "$(calls /v1/filteredAllApprovalTask) calls"
grep -q '"id":"' liar.log && fail "fetched what was listed"

# Nor does it hold anybody by being slow: what took a minute is not asked for in parts. To the client
# its two seconds are more than that, be it that libcurl gives up or that the answer is none.
echo @SLOW@ >list.json
: >liar.log
refused 'does not answer as it should' env LD_PRELOAD="$preload $programs/libhasty_clock.so" \
    "$binary_dir/tools/skatool" requests --approver alice.pem "${at[@]}"
curl -s "${at[1]}/after" || true # which comes after all others
heard /v1/filteredAllApprovalTask 1

# ---- What was rejected ---------------------------------------------------------------------------

tells list.json "$(cat seal.json)" "$(cat other.json)"
tells one.json "$(cat seal.json)"
rm -rf "$XDG_STATE_HOME"
: >liar.log
succeeds skatool reject --approver alice.pem "${at[@]}" --yes "$id"
heard /v1/task 1
succeeds skatool requests --approver alice.pem "${at[@]}"
says "still asks for what you have rejected .*: $id\\. You are not asked again"
[ "$(wc -l <stdout.txt)" -eq 2 ] && grep -q "^${other:0:8}" stdout.txt || fail "asks again: $(cat stdout.txt)"
succeeds skatool approve --approver alice.pem "${at[@]}" --key seal --documents folder --yes
says 'None of the open requests' 'still asks for what you have rejected'
heard /v1/approval 0
# The same id in upper case is the same; what cannot be shown cannot be approved.
sed -E 's/"signatureAlgorithm":"[^"]*"/"signatureAlgorithm":"UNHEARD"/; s/"requestBase64":"[^"]*"/"requestBase64":null/' seal.json >hidden.json
for form in seal hidden; do
    tells list.json "$(renamed $form.json "${id^^}")" "$(cat other.json)"
    succeeds skatool requests --approver alice.pem "${at[@]}"
    says "still asks for what you have rejected .*: $id\\. You are not asked again; .* rejects it once more"
    [ "$(wc -l <stdout.txt)" -eq 2 ] || fail "asks again: $(cat stdout.txt)"
    [ "$(grep -c 'skatool approve approves it' stderr.txt)" -eq "$([ $form = hidden ]; echo $?)" ] || fail "$(cat stderr.txt)"
done
tells list.json "$(cat seal.json)" "$(cat other.json)"
# Another approver's rejection is nobody else's.
succeeds skatool requests --approver bob.pem "${at[@]}"
[ "$(wc -l <stdout.txt)" -eq 3 ] || fail "not two: $(cat stdout.txt)"
# Under another id it is the same.
tells list.json "$(renamed seal.json 00000000-0000-4000-8000-000000000001)" "$(cat other.json)"
tells one.json "$(renamed seal.json 00000000-0000-4000-8000-000000000001)"
succeeds skatool approve --approver alice.pem "${at[@]}" --key seal --documents folder --yes
says 'is left: you have rejected the same before' '0 approved, 0 rejected, 1 left'
heard /v1/approval 0
# Nor is it approved unasked where it is not known what was rejected.
chmod g+w "$XDG_STATE_HOME/ska/history.jsonl"
succeeds skatool approve --approver alice.pem "${at[@]}" --key seal --documents folder --yes
says 'others may write to it' 'is left: what you have rejected before cannot be read' '0 approved, 0 rejected, 1 left'
heard /v1/approval 0
ends 2 skatool approve --approver alice.pem "${at[@]}" --key seal --document folder/deal.txt --yes \
    00000000-0000-4000-8000-000000000001
says 'folder/deal.txt is the document, but .*\(what you have rejected before cannot be read, .*history.jsonl: others may write to it: repair .*without --yes'
chmod g-w "$XDG_STATE_HOME/ska/history.jsonl"
# A line that cannot be read may be the rejection, half of it too, and however old it is.
history=$XDG_STATE_HOME/ska/history.jsonl
cp "$history" history.whole
unknown_at() { # LINE
    succeeds skatool approve --approver alice.pem "${at[@]}" --key seal --documents folder --yes
    says "is left: what you have rejected before cannot be read, .*history.jsonl: line $1.*: repair or remove this line .*, or answer at a terminal, without --yes" \
        '0 approved, 0 rejected, 1 left'
    ends 2 skatool approve --approver alice.pem "${at[@]}" --key seal --document folder/deal.txt --yes \
        00000000-0000-4000-8000-000000000001
    says "what you have rejected before cannot be read, .*history.jsonl: line $1.*: repair or remove this line .*without --yes it is shown"
    heard /v1/approval 0
}
head -c -40 history.whole >"$history"
unknown_at 1
sed 's/"answer"/"answ\x01r"/' history.whole >"$history"
unknown_at 1
for member in answer operation requestId approverSha256 payloadSha256; do
    sed "s/\"$member\"/\"damaged\"/" history.whole >"$history"
    unknown_at 1
done
sed 's/"refused"/"refuse"/' history.whole >"$history"
unknown_at 1
{ cat history.whole; printf '{"time":'; } >"$history"
unknown_at 2
# Who reads the page is told there, and may answer.
"$programs/skatool_terminal" 'Type yes or no: ' no -- "$binary_dir/tools/skatool" approve --approver alice.pem "${at[@]}" --key seal \
    00000000-0000-4000-8000-000000000001 >told.txt 2>&1 || true
tr -d '\r' <told.txt | tr -s ' \n' ' ' >words.txt
grep -q 'WARNING: what you have rejected before cannot be read, and may be asked again' words.txt ||
    fail "$(cat told.txt)"
# The line is removed, as the message says.
sed -i '$d' "$history"
succeeds skatool approve --approver alice.pem "${at[@]}" --key seal --documents folder --yes
says 'is left: you have rejected the same before' '0 approved, 0 rejected, 1 left'
cmp "$history" history.whole
# Something else by the id of what was rejected, approved, takes no rejection away.
tells list.json "$(renamed other.json "$id")"
tells one.json "$(renamed other.json "$id")"
succeeds skatool approve --approver alice.pem "${at[@]}" --key other --document folder/deal.txt --yes "$id"
heard /v1/approval 1
tells list.json "$(renamed seal.json 00000000-0000-4000-8000-000000000001)" "$(cat other.json)"
tells one.json "$(renamed seal.json 00000000-0000-4000-8000-000000000001)"
succeeds skatool approve --approver alice.pem "${at[@]}" --key seal --documents folder --yes
says 'is left: you have rejected the same before' '0 approved, 0 rejected, 1 left'
heard /v1/approval 1
# Nor in another form, where the file is at hand.
left_as_rejected() { # TASK...: renamed, each
    local form
    for form; do
        renamed "$form" 00000000-0000-4000-8000-000000000002 >again.json
        tells list.json "$(cat again.json)"
        tells one.json "$(cat again.json)"
        succeeds skatool approve --approver alice.pem "${at[@]}" --key seal --documents folder --yes
        says 'is left: you have rejected the same before' '0 approved, 0 rejected, 1 left'
        heard /v1/approval 1
    done
}
history=$XDG_STATE_HOME/ska/history.jsonl
cp "$history" history.before
left_as_rejected sha384.json sha512.json mail.json message.json message384.json
for form in mail message message384 sha1 sha512; do
    rm "$history"
    tells list.json "$(cat $form.json)"
    tells one.json "$(cat $form.json)"
    succeeds skatool reject --approver alice.pem "${at[@]}" --yes \
        "$(sed -E 's/^[^[]*"id":"([0-9a-f-]{36})".*/\1/' $form.json)"
    left_as_rejected seal.json sha384.json mail.json message.json
done
# Another document of the folder is another.
printf 'We have no deal.\n' >folder/no_deal.txt
tells list.json "$(cat no_deal.json)"
tells one.json "$(cat no_deal.json)"
succeeds skatool approve --approver alice.pem "${at[@]}" --key seal --documents folder --yes
says '1 approved, 0 rejected, 0 left'
heard /v1/approval 2
rm folder/no_deal.txt
cp history.before "$history"
tells list.json "$(cat seal.json)" "$(cat other.json)"
tells one.json "$(cat seal.json)"
# Who has thought better of it reads that first.
better=(skatool approve --approver alice.pem "${at[@]}" --key seal --document folder/deal.txt)
ends 2 "${better[@]}" --yes "$id"
says 'a person has to read .*WARNING: YOU have rejected the same before, at 20.*without --yes'
heard /v1/approval 2
if has_terminal; then
    succeeds "$programs/skatool_terminal" 'Type yes or no: ' yes -- "$binary_dir/tools/skatool" "${better[@]:1}" "$id"
    unfolded <stdout.txt | tr -s ' \n' ' ' >told.txt
    grep -q 'WARNING: YOU have rejected the same before, at 20' told.txt || fail "$(cat told.txt)"
    heard /v1/approval 3
fi
succeeds skatool requests --approver alice.pem "${at[@]}"
[ "$(wc -l <stdout.txt)" -eq 3 ] || fail "not two: $(cat stdout.txt)"
if has_terminal; then
    # Not in the same run either.
    rm -rf "$XDG_STATE_HOME"
    tells list.json "$(cat seal.json)"
    succeeds "$programs/skatool_terminal" 'q(uit): ' r 'Reject it?' y -- "$binary_dir/tools/skatool" \
        approve --approver alice.pem "${at[@]}"
    tr -d '\r' <stdout.txt | tr -s ' \n' ' ' >told.txt
    grep -q 'about to reject request.*That is final' told.txt || fail "does not say what: $(cat told.txt)"
    shows '0 approved, 1 rejected, 0 left'
fi
# What is not known is not said.
succeeds skatool requests --approver bob.pem "${at[@]}" --json
! grep -q '1970-' stdout.txt || fail "$(cat stdout.txt)"

# Of which key it is, nobody knows where the token cannot be read.
rm -rf "$XDG_STATE_HOME"
sed -E 's/"approvalToBeSigned":"[^"]*"/"approvalToBeSigned":"AAAA"/' seal.json >unread.json
tells list.json "$(cat unread.json)"
tells one.json "$(cat unread.json)"
refused "$id: its approval token cannot be read \(.*is left alone" skatool approve --approver alice.pem "${at[@]}" --key seal "$id"
refused "$id: its approval token cannot be read \(.*is left alone" skatool approve --approver alice.pem "${at[@]}" --operation block "$id"
succeeds skatool requests --approver alice.pem "${at[@]}" --key seal
says "the approval token of $id cannot be read" 'None of the open requests in .* matches'
! grep -q 'do not list this key' stderr.txt || fail "$(cat stderr.txt)"
succeeds skatool requests --approver alice.pem "${at[@]}"
[ "$(wc -l <stdout.txt)" -eq 2 ] || fail "$(cat stdout.txt)"
! grep -q 'cannot be read' stderr.txt || fail "$(cat stderr.txt)"

# ---- Whose word it is ----------------------------------------------------------------------------

OPENSSL_CONF=$work/openssl.cnf
configure_broker
succeeds skatool show --key 'ska:object=seal'
shows 'source +the broker; the HSM was not asked' 'SAM-approved +not known'
succeeds skatool show --key 'ska:object=seal' --json
shows '"toldByHsm":.*false'
! grep -q samApproved stdout.txt || fail "$(cat stdout.txt)"
succeeds skatool list
shows "BLOCKED, SAYS THE BROKER" '^seal .* SKA +no +\?$'
# The device knows the rules of now.
printf '{"ruleUse":%s}' "$(rule 1 bob mallory)" >new.json
configure
succeeds skatool request --key "$(uri seal)" --operation modify --policy new.json -o change.json
succeeds skatool inspect change.json
shows "The present rules, according to the HSM, which was asked:" "What changes, compared with what the HSM says"
told() { # OPTION... REQUEST: what alice is told, on one line; new rules at a broker are read by a person
    cp change.json told.json
    if [ -e "${*: -1}" ]; then
        succeeds skatool approve --approver alice.pem --yes "$@"
    else
        succeeds "$programs/skatool_terminal" 'Type yes or no: ' yes -- "$binary_dir/tools/skatool" approve \
            --approver alice.pem "$@"
    fi
    tr -d '\r' <stdout.txt | tr -s ' \n' ' ' >told.txt
}
tells_her() {
    local words
    for words in "$@"; do
        grep -qF -- "$words" told.txt || fail "not '$words': $(cat told.txt)"
    done
}
told told.json
tells_her 'The device that holds the keys was asked' 'now, the device says: 2 of'
# A broker says it, too, and has to be believed no more than the requester: of the same request, and of
# one that it has carried itself, with nobody's word but its own.
configure_broker
succeeds skatool inspect change.json
shows "The present rules, according to the broker, which was asked; nothing confirms it:" \
    "What changes, compared with what the broker says"
ask 201 POST /v1/modify "{\"modifyRequest\":{\"modifyKeyName\":\"seal\",\"policy\":{\"ruleUse\":$(rest_rule 1 0 0 bob mallory),
    \"ruleBlock\":null,\"ruleUnblock\":null,\"ruleModify\":null}}}"
for request in told.json "$(member modifyKeyRequestId)"; do
    [ -e "$request" ] || has_terminal || continue
    told "$request"
    tells_her 'A broker was asked what holds now. It is not the device' \
        'now, the broker says, unconfirmed: 2 of' \
        'Compared with what the broker says of now, which nobody has confirmed' \
        'WARNING: your key is NOT in it'
    ! grep -qE 'the device says|keys was asked|shows another key|1970-' told.txt ||
        fail "a broker is no device: $(cat told.txt)"
done
if has_terminal; then
    grep -q 'cannot be said: the requests do not all show' told.txt || fail "$(cat told.txt)"
    # A device that this computer can ask may have another key of that label.
    ask 201 POST /v1/modify "{\"modifyRequest\":{\"modifyKeyName\":\"seal\",\"policy\":{\"ruleUse\":$(rest_rule 1 0 0 bob alice),
        \"ruleBlock\":null,\"ruleUnblock\":null,\"ruleModify\":null}}}"
    configure
    told --tsb "$url" --tsb-ca authority.pem "$(member modifyKeyRequestId)"
    tells_her 'could not be asked' "does not name the public key"
    ! grep -q 'the device says' told.txt || fail "of which key? $(cat told.txt)"
fi
configure_broker
# By whose rule a request is counted.
ends 2 skatool status --key 'ska:object=seal' change.json
shows 'The rule is what the broker says; nothing here confirms it'
pass
