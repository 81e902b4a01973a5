#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A broker that does not tell the truth, or not all of it: what it says to have done of a key is
# compared with what it tells of the key, what it does not tell is not taken for a no, and what it
# repeats of tokens, API keys and passwords is shown to nobody.
. "$(dirname "$0")/lib.sh"
# The server reads files until it ends.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
. "$(dirname "$0")/servers.sh"
[ -x "$programs/tsb_form" ] || skip "built without SKA_TSB"
b64() {
    plain base64 -A
}

approver seal
approver alice
approver bob
printf 'A document.\n' >document
mkdir -m 700 state
id=5b0e1c1e-2d3f-4a5b-9c6d-7e8f90a1b2c3

rule_of() { # NAME
    printf '{"tokens":[{"name":"T","timelock":0,"timeout":0,"groups":[{"name":"G","quorum":1,"approvals":[{"type":"public_key","name":"%s","value":"%s"}]}]}]}' \
        "$1" "$(plain pkey -in "$1.pem" -pubout -outform DER | b64)"
}
alices=$(rule_of alice)
bobs=$(rule_of bob)
# attributes USE-RULE KEY-STATUS: what is told of the key; KEY-STATUS is a member, or nothing.
attributes() {
    printf '{"xml":"","json":{"label":"seal","publicKey":"%s","attributes":{"sign":true},"policy":{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":%s,"ruleModify":%s%s}},"xmlSignature":""}' \
        "$(plain pkey -in seal.pem -pubout -outform DER | b64)" "$1" "$alices" "$alices" "$alices" "$2"
}
blocked=',"keyStatus":{"blocked":true}'
unblocked=',"keyStatus":{"blocked":false}'
# status STATE: of the request
status() {
    printf '{"id":"%s","status":"%s","approvedBy":[],"notYetApprovedBy":[],"rejectedBy":[],"result":null}' "$id" "$1"
}
# broker ATTRIBUTES STATE [PATH JSON]...: a server that tells this of the key and of the request.
broker() {
    local told=$1 state=$2
    shift 2
    [ -z "${server-}" ] || stop "$server"
    start_plain broker.txt "$programs/tsb_form" serve asked.txt "$@" \
        /v1/key/attributes "$told" "/v1/request/$id" "$(status "$state")" \
        /v1/block "{\"blockKeyRequestId\":\"$id\"}" /v1/unblock "{\"unblockKeyRequestId\":\"$id\"}" \
        /v1/modify "{\"modifyKeyRequestId\":\"$id\"}" /v1/sign "{\"signRequestId\":\"$id\"}"
    within 30 'no server' grep -q . broker.txt
    url=http://127.0.0.1:$(sed -n 1p broker.txt)
    configure "tsb-url = $url" "state-dir = $work/state" "audit-log = $work/log" "${settings[@]}"
    sed -i -E '/^(pkcs11-module|token|pin-source) = /d' openssl.cnf
}
settings=()

# ---- What it says to have done -------------------------------------------------------------------

# says_done OPERATION OPTION...: a request for it, which the broker says to have had executed.
says_done() {
    local operation=$1
    shift
    succeeds skatool request --key ska:object=seal --operation "$operation" "$@"
}
broker "$(attributes "$alices" "$unblocked")" EXECUTED
says_done block
ends 3 skatool execute "$id"
says 'says that it is done, but the key is not blocked'
grep -q '"detail":"failed: executed according to the broker' log || fail "not in the log: $(cat log)"
# It is not remembered, so that the key can be blocked after all.
succeeds skatool requests
says 'state-dir remembers no open requests'
says_done unblock
succeeds skatool execute "$id"
shows "^key 'seal' is unblocked, according to the broker"
grep -q "\"detail\":\"done, according to the broker, $id\"" log || fail "not in the log: $(cat log)"

# What it still tells as open it has not withdrawn, whatever it answers.
broker "$(attributes "$alices" "$unblocked")" PENDING
says_done block
ends 3 skatool withdraw "$id"
says "request $id is not withdrawn: its status is PENDING"
! grep -q '"event":"withdrawn"' log || fail "not withdrawn: $(cat log)"
[ -n "$(find state -name 'broker-*')" ] || fail 'forgotten'
rm -f state/broker-*

broker "$(attributes "$alices" "$blocked")" EXECUTED
says_done unblock
ends 3 skatool execute "$id"
says 'says that it is done, but the key is blocked'
says_done block
succeeds skatool execute "$id"
shows "^key 'seal' is blocked, according to the broker"

broker "$(attributes "$alices" '')" EXECUTED
for operation in block unblock; do
    says_done "$operation"
    ends 3 skatool execute "$id"
    says 'does not say whether the key is blocked'
done
succeeds skatool show --key ska:object=seal
shows 'blocked +not known' 'SAM-approved +not known'
succeeds skatool show --key ska:object=seal --json
! grep -q '"blocked"' stdout.txt || fail "tells: $(cat stdout.txt)"

printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":%s,"ruleModify":%s}' \
    "$bobs" "$alices" "$alices" "$alices" >policy.json
broker "$(attributes "$alices" "$unblocked")" EXECUTED
says_done modify --policy policy.json
ends 3 skatool execute "$id"
says 'the use rule of the key is not the one that was asked for'
broker "$(attributes "$bobs" "$unblocked")" EXECUTED
says_done modify --policy policy.json
succeeds skatool execute "$id"
shows "^key 'seal' has new rules, according to the broker"
# The same where it is done at once, with approvals that are there.
broker "$(attributes "$alices" "$unblocked")" EXECUTED
for operation in block modify; do
    policy=()
    [ "$operation" = block ] || policy=(--policy policy.json)
    rm -f request.json
    succeeds skatool request --key ska:object=seal --operation "$operation" "${policy[@]}" -o request.json
    succeeds skatool approve --approver alice.pem --yes request.json
    ends 3 skatool execute --key ska:object=seal request.json
    says 'the broker says that it is done, but'
done
# A new key has the rules that it was to have.
for told in "$(attributes "$bobs" "$unblocked")" "$(attributes "$alices" "$blocked")" \
    "$(attributes "$alices" "$unblocked" | sed 's/"policy":.*}}/"policy":null}/')"; do
    broker "$(attributes "$alices" "$unblocked")" PENDING /v1/key "$told"
    printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":%s,"ruleModify":%s}' \
        "$alices" "$alices" "$alices" "$alices" >key.json
    ends 3 skatool keygen --key ska:object=seal --algorithm EC --policy key.json
    says 'the broker says that it is done, but'
done

# Where it was given a name, it may not put in whomever it likes, nor leave it at the name.
plain req -x509 -key bob.pem -subj /CN=bob -days 30 -out bob.crt
plain req -x509 -key bob.pem -subj /O=Example/CN=carol -days 30 -out carol.crt
plain req -x509 -key bob.pem -subj /CN=Dave/emailAddress=dave -days 30 -out dave.crt
named='{"tokens":[{"name":"T","timelock":0,"timeout":0,"groups":[{"name":"G","quorum":1,"approvals":[{"type":"onboarded_approver_certificate","name":"carol"}]}]}]}'
approval() { # NAME CERTIFICATE
    printf '{"type":"certificate","name":"%s","value":"%s"}' "$1" "$(plain x509 -in "$2.crt" -outform DER | b64)"
}
listed() { # NAME CERTIFICATE
    printf '{"tokens":[{"name":"T","timelock":0,"timeout":0,"groups":[{"name":"G","quorum":1,"approvals":[%s]}]}]}' \
        "$(approval "$@")"
}
printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":%s,"ruleModify":%s}' \
    "$named" "$alices" "$alices" "$alices" >key.json
for told in bob '' carol "$named"; do
    [ "$told" = "$named" ] || told=$(listed "$told" bob)
    broker "$(attributes "$told" "$unblocked")" PENDING /v1/key "$(attributes "$told" "$unblocked")"
    ends 3 skatool keygen --key ska:object=seal --algorithm EC --policy key.json
    says 'the broker says that it is done, but the use rule of the key is (not the one that was asked|not given)'
done
# Whose certificate it says that carol's is the owner sees.
broker "$(attributes "$(listed carol carol)" "$unblocked")" PENDING /v1/key "$(attributes "$(listed carol carol)" "$unblocked")"
succeeds skatool keygen --key ska:object=seal --algorithm EC --policy key.json
shows "'?carol'?, certificate of CN=carol,O=Example, issued by"
says "only the broker says which certificates belong to the names in the policy"
# One key may not stand for two, by whatever certificates.
both() { # APPROVALS
    printf '{"tokens":[{"name":"T","timelock":0,"timeout":0,"groups":[{"name":"G","quorum":2,"approvals":[%s]}]}]}' "$1"
}
printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":%s,"ruleModify":%s}' \
    "$(both '{"type":"onboarded_approver_certificate","name":"carol"},{"type":"onboarded_approver_certificate","name":"dave"}')" \
    "$alices" "$alices" "$alices" >key.json
told=$(attributes "$(both "$(approval carol carol),$(approval dave dave)")" "$unblocked")
broker "$told" PENDING /v1/key "$told"
ends 3 skatool keygen --key ska:object=seal --algorithm EC --policy key.json
says 'the use rule of the key is not one that can be relied on: .*approvals\[1\] .* has the same key as approvals\[0\]'
plain req -x509 -key alice.pem -subj /CN=Dave/emailAddress=dave -days 30 -out dave.crt
told=$(attributes "$(both "$(approval carol carol),$(approval dave dave)")" "$unblocked")
broker "$told" PENDING /v1/key "$told"
succeeds skatool keygen --key ska:object=seal --algorithm EC --policy key.json

# ---- What time it is -----------------------------------------------------------------------------

# told SECONDS: check-config with a broker whose clock is so many ahead of ours.
told() {
    broker "$(attributes "$alices" "$unblocked")" PENDING \
        /v1/versionInfo $'200 OK\nDate: '"$(date -u -d "$1 seconds" '+%a, %d %b %Y %H:%M:%S GMT')"$'\n{"Version":"2.2.0"}'
    skatool check-config >stdout.txt 2>stderr.txt || true
}
told 0
shows "^ok +clock +the broker's and this computer's agree"
told 400
shows "^warning +clock +the broker's clock is [34][0-9][0-9] seconds ahead of this computer's: .*for time limits$"
told 4000
shows "^warning +clock +the broker's clock is [34][0-9]{3} seconds ahead of .* agree with this one are refused"
told -400
shows "^warning +clock +the broker's clock is [34][0-9][0-9] seconds behind .* agree with this one are refused"
broker "$(attributes "$alices" "$unblocked")" PENDING /v1/versionInfo '{"Version":"2.2.0"}'
skatool check-config >stdout.txt 2>stderr.txt || true
shows '^- +clock +the broker does not say what time it is'

# ---- What has become of a request ----------------------------------------------------------------

# One that was remembered and has ended is told of, by its id, before people are asked anew.
settings=('approvals-timeout = 0')
handed_in() {
    grep -c '^POST /v1/sign ' asked.txt || true
}
for end in FAILED EXPIRED CANCELLED; do
    broker "$(attributes "$alices" "$unblocked")" PENDING
    refused "request $id .* at the broker" ska dgst -sha256 -sign ska:object=seal document
    # The same broker, as it were.
    old=$url
    broker "$(attributes "$alices" "$unblocked")" "$end"
    sed -i "s#$old#$url#" state/broker-*
    before=$(handed_in)
    refused "request $id \([0-9a-f]{16}\) at the broker: it .*(again|anew).*" ska dgst -sha256 -sign ska:object=seal document
    [ "$end" != FAILED ] || says "refused, according to the broker"
    ! grep -q 'refused by the HSM' stderr.txt || fail "the HSM's word? $(cat stderr.txt)"
    [ "$(handed_in)" -eq "$before" ] || fail "$end: somebody was asked anew without a word"
    [ -z "$(find state -name 'broker-*')" ] || fail "$end: still remembered"
done
# Nobody is asked for a key that is blocked.
broker "$(attributes "$alices" "$blocked")" PENDING
before=$(handed_in)
refused "the broker says, unconfirmed, that 'seal' cannot sign" ska dgst -sha256 -sign ska:object=seal document
refused "the broker says, unconfirmed, that 'seal' cannot sign" skatool request --key ska:object=seal document
[ "$(handed_in)" -eq "$before" ] || fail 'somebody was asked'
[ "$(grep '"event":"refused"' log | grep -c '"detail":"the key is blocked; nobody was asked"')" -eq 2 ] ||
    fail "not in the log, once each: $(tail -n 3 log)"

# ---- What it refuses -----------------------------------------------------------------------------

# An answer of the broker's is no failure of the broker, unless it tells of one.
for case in '403 450 3 access refused by the server: .*its licence does not cover' \
    '403 451 3 access refused by the server: .*its licence does not cover' \
    '400 415 2 refused, according to the broker: .*signed by a signer' \
    '400 600 2 refused, according to the broker: ' '400 603 2 refused, according to the broker: ' \
    '400 610 2 refused, according to the broker: ' '404 653 2 refused, according to the broker: ' \
    '501 101 2 refused, according to the broker: ' '401 631 3 access refused by the server: ' \
    '400 607 1 ' '500 2 3 server does not answer as it should: ' \
    '500 500 3 server does not answer as it should: ' '500 701 3 HSM failure: ' \
    '400 0 3 server does not answer as it should: '; do
    read -r http code expected words <<<"$case"
    broker "$(printf '%s Refused\n{"errorCode":%s,"reason":"no","message":"not so"}' "$http" "$code")" PENDING
    ends "$expected" skatool show --key ska:object=seal
    says "$words.*\($http/$code: not so\)\$"
done

# ---- What it repeats -----------------------------------------------------------------------------

token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJlLW9mLW1pbmU
api_key=f2c9a1d07be84c65
password=s3cret
printf '%s\n' "$token" >jwt
printf '%s\n' "$api_key" >keys
printf '%s\n' "$password" >password
chmod 600 jwt keys password
settings=("tsb-token-source = file:$work/jwt" "tsb-api-key-source = file:$work/keys"
    "tsb-key-password-source = file:$work/password" "log = $work/messages")
# untold COMMAND...: fails, and shows no credential anywhere.
untold() {
    rm -f messages debug
    ! SKA_DEBUG=$work/debug "$@" >stdout.txt 2>stderr.txt || fail "succeeds: $*"
    [ -s stdout.txt ] || [ -s stderr.txt ] || fail "says nothing: $*"
    for secret in "$token" "$api_key" "$password" "${token:0:30}" "${token: -20}"; do
        for file in stdout.txt stderr.txt messages debug log; do
            [ ! -e "$file" ] || ! grep -qF -- "$secret" "$file" || fail "$file shows it: $(cat "$file")"
        done
    done
}
sign=(ska dgst -sha256 -sign ska:object=seal document)
for words in "no $api_key here" "Bearer $token" "${token:0:40}... is none" "password $password" \
    "$api_key$token$password"; do
    for status in '401 Unauthorized' '400 Bad Request' '500 Internal Server Error'; do
        refusal=$(printf '%s\n{"errorCode":631,"reason":"%s","message":"%s"}' "$status" "$words" "$words")
        broker "$refusal" PENDING
        untold "${sign[@]}"
        untold skatool show --key ska:object=seal
        untold skatool check-config
    done
done
told=$(attributes "$alices" "$unblocked")
broker "${told/\"label\":\"seal\"/\"label\":\"$api_key\"}" PENDING
untold "${sign[@]}"
broker "${told/\"public_key\"/\"$token\"}" PENDING /v1/sign "{\"signRequestId\":\"$token\"}"
untold "${sign[@]}"
broker "$told" PENDING /v1/sign "{\"signRequestId\":\"$api_key $token\"}"
untold "${sign[@]}"
# Under its own name, too.
broker "$told" PENDING /v1/versionInfo "{\"Version\":\"$api_key $token\"}"
untold skatool check-config
pass
