#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The simulator of the broker with a thousand requests that wait and a hundred clients at once; killed
# while all of them wait, and back again.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/servers.sh"
[ -x "$binary_dir/simulator/skatsb" ] || skip "built without SKA_TSB"
command -v curl >/dev/null || skip "no curl"
export no_proxy='*'
# It uses libcrypto, and our provider is none of its business.
curl() {
    OPENSSL_CONF=/dev/null command curl "$@"
}
requests=1000
[ -z "$preload" ] || requests=200

broker() {
    printf '%s\n' "token = $token" "pin-source = file:$work/pin" 'execution-delay = 0' >tsb.cnf
    start tsb.log "$binary_dir/simulator/skatsb" --listen 127.0.0.1:0 --database tsb.db --config tsb.cnf
    within 60 "skatsb does not listen: $(cat tsb.log)" grep -q 'listening on' tsb.log
    url=$(sed -n 's/.*listening on //p' tsb.log)
}
post() { # PATH BODY
    curl -sS --max-time 60 -H 'Content-Type: application/json' --data-binary "$2" "$url$1"
}
# together STATUS COUNT PATH [BODY]: so many calls, a hundred at a time, all with this status; the
# answers are the lines of answers.txt.
together() {
    local i
    for ((i = 0; i < $2; i++)); do
        [ "$i" -eq 0 ] || echo next
        printf 'url = "%s%s"\noutput = "out/%s"\nwrite-out = "%%{http_code}\\n"\nsilent\n' "$url" "$3" "$i"
        [ -z "${4-}" ] || printf 'header = "Content-Type: application/json"\ndata = "%s"\n' "${4//\"/\\\"}"
    done >calls.curl
    rm -rf out && mkdir out
    curl --parallel --parallel-immediate --parallel-max 100 --max-time 300 -K calls.curl >statuses.txt 2>errors.txt ||
        fail "$3: $(sort statuses.txt | uniq -c) $(head -5 errors.txt)"
    [ "$(sort statuses.txt | uniq -c | xargs)" = "$2 $1" ] || fail "$3: $(sort statuses.txt | uniq -c | xargs)"
    for ((i = 0; i < $2; i++)); do
        cat "out/$i"
        echo
    done >answers.txt
}
count() { # STATUS
    post /v1/filteredRequests "{\"requestStatusList\":[\"$1\"]}" | grep -o '"id"' | wc -l
}

approver alice
public=$(plain pkey -in alice.pem -pubout -outform DER | plain base64 -A)
rule='{"tokens":[{"name":"T","timelock":0,"timeout":600,"groups":[{"name":"G","quorum":1,"approvals":[{"type":"public_key","name":"alice","value":"'$public'"}]}]}]}'
attributes='"attributes":{"decrypt":false,"sign":true,"unwrap":false}'
p256='"algorithm":"EC","curveOid":"1.2.840.10045.3.1.7"'
broker
post /v1/key "{\"label\":\"seal\",$p256,$attributes,\"policy\":{\"ruleUse\":$rule}}" >key.json
sed -E 's/.*"publicKey":"([^"]*)".*/\1/' key.json | plain base64 -d -A | plain pkey -pubin -inform DER -out seal.pub.pem
post /v1/key "{\"label\":\"empty\",$p256,$attributes,\"policy\":{\"ruleUse\":null}}" >key.json

printf 'A document.\n' >document
payload=$(plain base64 -A -in document)
body='{"signRequest":{"payload":"'$payload'","signKeyName":"seal","signatureAlgorithm":"SHA256_WITH_ECDSA"}}'
together 201 $requests /v1/sign "$body"
sed -E 's/.*"signRequestId":"([^"]*)".*/\1/' answers.txt >ids.txt
[ "$(sort -u ids.txt | wc -l)" -eq $requests ] || fail "not $requests requests"
[ "$(count PENDING)" -eq $requests ] || fail "$(count PENDING) wait"
id=$(sed -n 1p ids.txt)

# A hundred look, and a hundred sign at once, while all of that waits.
together 200 300 "/v1/request/$id"
[ "$(grep -c '"status":"PENDING"' answers.txt)" -eq 300 ] || fail "$(sort answers.txt | uniq -c)"
together 200 300 /v1/synchronousSign "${body/seal/empty}"
[ "$(sort -u answers.txt | wc -l)" -eq 300 ] || fail "signatures that are not"
together 201 100 /v1/sign "${body/seal/empty}"
all_executed() {
    [ "$(count EXECUTED)" -eq 100 ]
}
within 60 "$(count EXECUTED) of 100 are executed" all_executed

# Killed while a hundred hand in more: what has been answered is there afterwards.
(together 201 $requests /v1/sign "$body") >/dev/null 2>&1 &
within 60 "nothing comes" eval "[ \"\$(count PENDING)\" -gt $((requests + 20)) ]"
stop "$server" KILL
wait $! || true
broker
there=$(count PENDING)
[ "$there" -ge $((requests + $(grep -c '^201$' statuses.txt || true))) ] || fail "$there are left"
grep -q '"status":"PENDING"' < <(curl -sS "$url/v1/request/$id") || fail "request $id is lost"

# Alice answers some, and these end.
time=$(date -u +%Y-%m-%dT%H:%M:%SZ)
proof=$(printf %s "$time" | plain dgst -sha256 -sign alice.pem | plain base64 -A)
for id in $(sed -n 1,10p ids.txt); do
    post /v1/filteredSignApprovalTask "{\"timestamp\":\"$time\",\"timestampSignature\":\"$proof\",
        \"timestampDigestAlgorithm\":\"SHA-256\",\"approverPublicKey\":\"$public\",\"requestId\":\"$id\"}" >task.json
    challenge=$(sed -E 's/.*"approvalToBeSigned":"([^"]*)".*/\1/' task.json)
    signature=$(plain base64 -d -A <<<"$challenge" | plain dgst -sha256 -sign alice.pem | plain base64 -A)
    post /v1/approval "{\"id\":\"$(sed -E 's/.*"id":"([^"]*)".*/\1/' task.json)\",\"approvalToBeSigned\":\"$challenge\",
        \"signature\":\"$signature\",\"approvalDigestAlgorithm\":\"SHA-256\",\"approverPublicKey\":\"$public\"}"
done
executed() {
    curl -sS "$url/v1/request/$1" >status.json && grep -q EXECUTED status.json
}
for id in $(sed -n 1,10p ids.txt); do
    within 60 "request $id is not executed" executed "$id"
    sed -E 's/.*"result":"([^"]*)".*/\1/' status.json | plain base64 -d -A >signature
    plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null
done
[ "$(count PENDING)" -eq $((there - 10)) ] || fail "$(count PENDING) wait"
stop "$server"
[ "$ended_with" -eq 0 ] || fail "ended with $ended_with: $(cat tsb.log)"
pass
