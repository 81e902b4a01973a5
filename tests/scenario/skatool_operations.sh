#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Block, unblock, modify and time limits by skatool: what each person is shown, what the HSM takes,
# and what it refuses with which words. SAM mode has a scenario of its own.
. "$(dirname "$0")/lib.sh"
board
approver dave
approver risk
printf 'A document.\n' >document

# asked OPERATION FILE [OPTION...]: a request for the seal.
asked() {
    rm -f -- "$2"
    succeeds skatool request --key "$(uri seal)" --operation "$1" -o "$2" "${@:3}"
}
execute() { # FILE [OPTION...]
    skatool execute --key "$(uri seal)" "$@"
}
state() { # FILE
    skatool status --key "$(uri seal)" "$@"
}
# does WORDS FILE: executed, and these are the words.
does() {
    succeeds execute "$2"
    [ "$(sed -E 's/ \(request [0-9a-f]{16}\)$//' stdout.txt)" = "$1" ] && [ ! -s stderr.txt ] ||
        fail "$(cat stdout.txt stderr.txt)"
    ! grep -v ' (request [0-9a-f]*)$' stdout.txt || fail "by which request?"
}

printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":%s,"ruleModify":%s}' "$(rule 2 alice bob carol)" \
    "$(rule 1 risk)" "$(rule 2 alice bob carol)" "$(rule 2 alice bob risk)" >policy.json
key seal p256
request seal sign.json document
approve sign.json alice bob
cp sign.json signed.json
takes 1 quietly execute --force -o signature sign.json

# ---- Block and unblock ---------------------------------------------------------------------------

asked block block.json --description 'Carol lost her key'
ends 0 skatool inspect block.json
shows 'operation +block: stop this key from signing until it is unblocked' "key name +'seal'" \
    "who may block +'seal': 'board' 1 of 1: risk" 'not satisfied yet'
ends 2 state block.json
shows ', to block' 'risk'
says 'still needed: risk'
ends 2 execute block.json
says 'approvals missing.*still needed: risk'
refused 'alice.pem is not one of those who may approve this request: one person must approve: risk$' \
    skatool approve --approver alice.pem --yes block.json
refused 'has no document' skatool approve --approver risk.pem --document document --yes block.json
ends 0 skatool approve --approver risk.pem --yes block.json
shows 'that a key is BLOCKED' 'The key stops signing' 'blocked again' 'You approve as risk'
ends 0 state block.json
refused 'no signature' execute -o signature block.json
# An approval to sign blocks nothing: the request does not fit its token.
sed 's/"SIGN"/"BLOCK"/' signed.json >forged.json
ends 2 execute forged.json
says 'operation'
does "key 'seal' is blocked" block.json
ends 0 skatool list
shows 'seal .* SKA +yes'
ends 0 skatool show --key "$(uri seal)"
shows 'blocked +yes'

# Signing is refused with who can end that.
takes 1 refused "key is blocked: .*unblocking needs 2 of alice, bob and carol" execute -o signature signed.json
ends 2 state signed.json
shows 'The key is blocked'
says 'key is blocked'
# It is the configuration's fault that nothing signs, and monitoring hears of it.
blocked="key is blocked: 'seal' cannot sign until it is unblocked, whatever approvals there are"
blocked+=' .unblocking needs 2 of alice, bob and carol.'
ends 2 skatool check-config --key "$(uri seal)"
shows "FAILED +key +$blocked"
ends 2 skatool check-config --json --key "$(uri seal)"
shows '"worst":.*"failed"' "\"text\":.*\"$blocked"
# Nobody is asked to approve what cannot be signed.
succeeds skatool request --key "$(uri seal)" -o in_vain.json document
says "warning: key 'seal' is blocked: approvals are useless until it is unblocked"
mkdir -m 700 in_vain
takes 0 refused "key is blocked:.*unblocking needs 2 of alice, bob and carol" ska dgst -sha256 \
    -sign "$(uri seal)" -sigopt "ska-approvals-dir:$work/in_vain" -sigopt ska-approvals-timeout:60 \
    -out signature document
[ -z "$(ls in_vain)" ] || fail "a request for a blocked key stands in the directory"

asked unblock unblock.json
refused 'not one of those.*: 2 of these 3 must approve: alice, bob and carol$' \
    skatool approve --approver risk.pem --yes unblock.json
ends 0 skatool approve --approver alice.pem --yes unblock.json
shows 'that a key is UNBLOCKED' 'can sign again'
ends 2 execute unblock.json
says "approvals missing.*1 of 2"
ends 2 state unblock.json
shows ', to unblock' 'board +2 +1 ' 'The key is blocked'
approve unblock.json carol
ends 0 state unblock.json
does "key 'seal' is unblocked" unblock.json
quietly execute --force -o signature signed.json
key other p256
ends 2 skatool execute --key "$(uri other)" block.json
says 'approved for another key'

# ---- Modify --------------------------------------------------------------------------------------

modification() { # JSON
    printf '%s' "$1" >modify.json
    rm -f change.json
    asked modify change.json --policy modify.json
}
not_modified() { # PATTERN JSON
    printf '%s' "$2" >modify.json
    refused "$1" skatool request --key "$(uri seal)" --operation modify --policy modify.json \
        -o change.json
}
not_modified 'names no rule' '{}'
not_modified 'does not block a key' '{"keyStatus":{"blocked":true}}'
not_modified 'quorum' "{\"ruleUse\":$(rule 3 alice bob)}"
not_modified 'alice' "{\"ruleUse\":$(rule 1 alice alice)}"
refused 'missing argument: REQUEST' skatool execute --key "$(uri seal)"
refused 'missing argument: FILE-OR-DIRECTORY' skatool inspect
refused 'missing argument: DIRECTORY, where the evidence is' skatool inspect --of signature
refused '--policy FILE is missing' skatool request --key "$(uri seal)" --operation modify
refused 'for --operation modify' skatool request --key "$(uri seal)" --policy policy.json document
refused 'for --operation modify' skatool request --key "$(uri seal)" --operation block \
    --policy policy.json
refused 'has no input' skatool request --key "$(uri seal)" --operation modify \
    --policy policy.json document
refused 'for --operation sign' skatool request --key "$(uri seal)" --operation unblock --digest SHA256

# Carol goes, Dave comes, one is enough to unblock; block and modify stay.
modification "{\"ruleUse\":$(rule 2 alice bob dave),\"ruleUnblock\":$(rule 1 alice bob carol)}"
cp change.json fresh.json
ends 0 skatool inspect change.json
shows "who may use +from now on:" "2 of 3: alice, bob, dave" 'who may block +unchanged' \
    'NOT protected' "who may use +'seal': 'board' 2 of 3: alice, bob, carol" \
    "added: 'dave', key SHA-256 [0-9a-f]{64}" "removed: 'carol'" 'quorum LOWERED from 2 to 1' \
    '^    modify +unchanged'
# The old rules are only said: a liar cannot hide the new ones.
sed "s/\"carol\"/\"dave\"/" change.json >liar.json
ends 0 skatool inspect liar.json
shows "removed: 'dave'" "added: 'dave'"
sed -n '/^In the approval token/,/^Beside/p' stdout.txt >protected
grep -qE "these are +'alice', key SHA-256 $(plain pkey -pubin -in alice.pub.pem -outform DER |
    sha256sum | cut -d' ' -f1)" protected || fail "whose keys are they? $(cat protected)"
# Two approve: who may modify, not who may sign.
refused 'not one of those' skatool approve --approver carol.pem --yes change.json
ends 0 skatool approve --approver alice.pem --yes change.json
shows 'a CHANGE OF THE RULES' 'NEW, can approve from then on: dave' \
    'WARNING: can no longer approve: carol' 'WARNING: fewer approvals are enough: 1 instead of 2' \
    'You approve as alice'
ends 2 state change.json
ends 2 execute change.json
says 'approvals missing.*1 of 2'
ends 0 skatool show --key "$(uri seal)"
shows '2 of 3: alice, bob, carol'
approve change.json risk
ends 0 state change.json
request seal old.json document
approve old.json alice carol
does "key 'seal' has new rules: use, unblock" change.json
ends 0 skatool show --key "$(uri seal)"
shows "use +'seal': 'board' 2 of 3: alice, bob, dave" "unblock +.* 1 of 3: alice, bob, carol" \
    "block +.* 1 of 1: risk" "modify +.* 2 of 3: alice, bob, risk"

# An approval from before counts if its approver is still listed.
ends 2 state old.json
shows 'carol.*is not an approver|is not an approver'
says 'approvals missing'
refused 'not listed|approvals missing' execute -o signature old.json
refused '1 of 2' execute -o signature old.json
quietly execute --force -o signature sign.json
plain dgst -sha256 -verify seal.pub.pem -signature signature document >stdout.txt

# To nobody, to everybody, to one more way.
modification '{"ruleBlock":null,"ruleUnblock":{"tokens":[]}}'
ends 0 skatool inspect change.json
shows 'NO APPROVAL is needed any more' 'NOBODY can do this any more'
modification "{\"ruleUse\":$(rule 2 alice bob dave)}"
ends 0 skatool inspect change.json
shows '^    use +named, but the same as before'
other_way=$(rule 1 risk)
modification "{\"ruleUse\":$(rule 2 alice bob dave | sed 's/]}$//'),${other_way#*[}}"
ends 0 skatool inspect change.json
shows 'alternative ADDED: .*risk'

# What cannot be shown is approved by nobody, and not sent. These are whole containers, as a token
# may hold them; that there is no rule inside, only who decodes them sees. Bytes are \xNN until the end.
count_of() { # BYTES
    local bytes=${1//[^x]/}
    echo ${#bytes}
}
element() { # TYPE, BYTES that need no padding
    printf '%s\\x%02x\\x00%s' "$1" "$(count_of "$2")" "$2"
}
container() { # BYTES
    printf '\\x%02x\\x00\\x00\\x00%s' "$(count_of "$1")" "$1"
}
# hidden BYTES: change.json, with a token in which these stand where the new rules should.
hidden() {
    local payload token
    payload=$(container "$1")
    token=$(container "$(element '\x3b\x00' '\x04\x00\x00\x00')$(element '\x02\x10' \
        '\x73\x65\x61\x6c')$(element '\x58\x10' "$payload")")
    payload=$(printf '%b' "$payload" | plain base64 -A)
    token=$(printf '%b' "$token" | plain base64 -A)
    tr -d '\n\t' <fresh.json | sed -E "s|\"payload\": *\"[^\"]*\"|\"payload\":\"$payload\"|
        s|\"approvalToBeSigned\": *\"[^\"]*\"|\"approvalToBeSigned\":\"$token\"|" >change.json
}
no_rule=$(container "$(element '\x99\x10' '\x41\x42\x43\x44')")
for place in use:'\x4e\x10' modify:'\x51\x10'; do
    hidden "$(element "${place#*:}" "$no_rule")"
    ends 4 skatool inspect change.json
    shows 'not understood'
    refused "bad rule: the new ${place%:*} rule is not understood" \
        skatool approve --approver alice.pem --yes change.json
    untouched refused "bad rule: the new ${place%:*} rule is not understood" execute change.json
done
hidden ''
refused 'bad rule: .* names no rule' skatool approve --approver alice.pem --yes change.json
untouched refused 'bad rule: .* names no rule' execute change.json

# ---- Time ----------------------------------------------------------------------------------------

refused '--policy' skatool keygen --timestamp --key "$(uri clock)" --algorithm EC --policy none
refused 'RSA-PSS' skatool keygen --timestamp --key "$(uri clock)" --algorithm RSA-PSS
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
shows 'kind +timestamp'
ends 0 skatool list
shows 'clock .* timestamp '
ends 0 skatool show --key "$(uri clock)"
shows 'kind +timestamp'
refused "'clock' is a timestamp key: it signs the HSM's time.*skatool list" \
    skatool request --key "$(uri clock)" document
key ordinary p256 none
refused "'ordinary' is an ordinary key" skatool request --key "$(uri ordinary)" document

timed() { # TIMELOCK TIMEOUT: the policy of a key whose rules have these limits
    policy "$(rule 1 alice bob | sed "s/\"timelock\":0,\"timeout\":0/\"timelock\":$1,\"timeout\":$2/")"
}
# makes LABEL TIMELOCK TIMEOUT [PATTERN]...: a key, and what keygen warns of.
makes() {
    timed "$2" "$3" >timed.json
    succeeds skatool keygen --key "$(uri "$1")" --algorithm EC --policy timed.json
    says "${@:4}"
}
makes later 3600 600 'time limits: requests need timestamp-key'
! grep -q 'never expire' stderr.txt || fail "they do expire"
ends 0 skatool show --key "$(uri later)"
shows 'after 1 hour, for 10 minutes'
refused 'timestamp-key' skatool request --key "$(uri later)" -o later.json document
refused 'does not make timestamps' skatool request --key "$(uri later)" --timestamp-key seal \
    -o later.json document
refused 'not found' skatool request --key "$(uri later)" --timestamp-key nowhere \
    -o later.json document
request later later.json document --timestamp-key clock

configure 'timestamp-key = nowhere'
ends 3 skatool check-config
shows 'FAILED +timestamp-key .*not found'
configure 'timestamp-key = seal'
ends 1 skatool check-config
shows 'FAILED +timestamp-key .*does not make timestamps'
configure 'timestamp-key = clock'
ends 0 skatool check-config
shows "ok +timestamp-key +clock, the HSM's clock says 20"
makes forever 60 0 'never expire'
makes short 0 10
makes seconds 5 5
ends 0 skatool show --key "$(uri short)"
shows '^ +for 10 seconds'

# The simulator's clock stands at a second.
clock=0
reading= # a line of configuration
at() { # SECONDS since the epoch
    clock=$1
}
# timed_ends STATUS PATTERN COMMAND...: PATTERN on standard error; '' for anything.
timed_ends() {
    local expected=$1 pattern=$2 status=0
    shift 2
    printf 'call-log = %s\nclock = %s\n%s\n' "$work/calls.log" "$clock" "$reading" >skasim.cnf
    "$@" >stdout.txt 2>stderr.txt || status=$?
    [ "$status" -eq "$expected" ] || {
        cat stdout.txt stderr.txt >&2
        fail "status $status, should be $expected at $clock ($((clock - made)) s): $*"
    }
    [ -z "$pattern" ] || says "$pattern"
}
people() { # SECONDS
    date -d "@$1" '+%Y-%m-%d %H:%M:%S %Z'
}

made=1900000000
# window LABEL TIMELOCK TIMEOUT: the window of a request at each of its edges.
window() {
    local label=$1 opens=$((made + $2)) closes=$((made + $2 + $3)) second
    at "$made"
    timed_ends 0 '' skatool request --key "$(uri "$label")" --force -o "$label.json" document
    succeeds skatool approve --approver alice.pem --yes "$label.json"
    tr -s ' \n' ' ' <stdout.txt >words.txt
    mv words.txt stdout.txt
    if [ "$3" -gt 0 ]; then
        shows "only from $(people $opens) until $(people $closes)" "HSM's time .*$(people $made)"
    else
        shows "only from $(people $opens) on; and it" 'NEVER EXPIRES'
    fi
    ends 0 skatool inspect "$label.json"
    shows 'ok +HSM time: signed by the timestamp key given' "from $(people $opens)"
    for second in $((opens - 1)) "$opens" $((opens + 1)) $((closes - 1)) "$closes" $((closes + 1)); do
        [ "$second" -ge "$made" ] || continue
        at "$second"
        if [ "$second" -lt "$opens" ]; then
            timed_ends 2 "too early: .*cannot be used before $(people $opens)" \
                skatool execute --key "$(uri "$label")" --force -o signature "$label.json"
            timed_ends 2 "too early: .*before $(people $opens)" \
                skatool status --key "$(uri "$label")" "$label.json"
            shows 'not yet open' "It is $(people "$second") by the HSM's clock"
        elif [ "$3" -eq 0 ] || [ "$second" -lt "$closes" ]; then
            timed_ends 0 '' skatool execute --key "$(uri "$label")" --force -o signature "$label.json"
            timed_ends 0 '' skatool status --key "$(uri "$label")" "$label.json"
            shows " open" "It is $(people "$second") by the HSM's clock"
        else
            timed_ends 2 "expired.*$(people $closes)" \
                skatool execute --key "$(uri "$label")" --force -o signature "$label.json"
            timed_ends 2 "expired: .*expired at $(people $closes)" \
                skatool status --key "$(uri "$label")" "$label.json"
            shows ' closed' "It is $(people "$second") by the HSM's clock"
        fi
    done
}
window later 3600 600
window short 0 10
window seconds 5 5
window forever 60 0
at $((made - 1))
timed_ends 2 '.' skatool execute --key "$(uri short)" --force -o signature short.json

# An HSM that counts the timeout from the timestamp on, its last second included, decides by that,
# whatever the tool thinks of it.
reading='window = from-timestamp'
literally() { # LABEL STATUS SECONDS PATTERN
    at $((made + $3))
    timed_ends "$2" "$4" skatool execute --key "$(uri "$1")" --force -o signature "$1.json"
}
literally seconds 2 4 'too early'
literally seconds 0 5 ''
literally seconds 2 6 'expired.*perhaps the HSM counts the timeout from the timestamp'
literally short 0 9 ''
literally short 0 10 ''
literally short 2 11 expired
literally later 2 3600 expired
reading=

# Block, unblock and modify have windows too.
at "$made"
for operation in block unblock modify; do
    rm -f $operation.json
    # shellcheck disable=SC2046
    timed_ends 0 '' skatool request --key "$(uri short)" --operation $operation \
        $([ $operation != modify ] || echo --policy timed.json) -o $operation.json
    succeeds skatool approve --approver bob.pem --yes $operation.json
    ends 0 skatool inspect $operation.json
    shows 'ok +HSM time: signed' "usable +'seal': from $(people $made) until $(people $((made + 10)))"
done
at $((made + 10))
for operation in block unblock modify; do
    timed_ends 2 expired skatool execute --key "$(uri short)" $operation.json
done
at $((made + 9))
timed_ends 0 '' skatool execute --key "$(uri short)" block.json
timed_ends 0 '' skatool execute --key "$(uri short)" unblock.json
timed_ends 0 '' skatool execute --key "$(uri short)" modify.json

# Another time than the HSM's: the token does not fit its signature.
approver clockmaker
sed "s|\"timestampKey\":\([ \t]*\)\"[^\"]*\"|\"timestampKey\":\1\"$(
    plain pkey -pubin -in clockmaker.pub.pem -outform DER | plain base64 -A
)\"|" short.json >clock.json
ends 4 skatool inspect clock.json
shows 'WRONG +HSM time'
pass
