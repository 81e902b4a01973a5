#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The simulator of the broker answers published calls as the published answers have it, values aside,
# or says that it has no such call: tests/vectors/tsb, each with its source.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/servers.sh"
[ -x "$binary_dir/simulator/skatsb" ] || skip "built without SKA_TSB"
command -v curl >/dev/null || skip "no curl"
export no_proxy='*'
# It uses libcrypto, and our provider is none of its business.
curl() {
    OPENSSL_CONF=/dev/null command curl "$@"
}
vectors=$source_dir/tests/vectors/tsb

broker() {
    printf '%s\n' "token = $token" "pin-source = file:$work/pin" "$@" >tsb.cnf
    start tsb.log "$binary_dir/simulator/skatsb" --listen 127.0.0.1:0 --database tsb.db --config tsb.cnf
    within 60 "skatsb does not listen: $(cat tsb.log)" grep -q 'listening on' tsb.log
    url=$(sed -n 's/.*listening on //p' tsb.log)
}
call() { # METHOD PATH [BODY]
    curl -sS --max-time 60 -X "$1" -o answer.json -w '%{http_code}' \
        -H 'Content-Type: application/json' ${3:+--data-binary "$3"} "$url$2"
}
make() { # LABEL ALGORITHM-MEMBERS POLICY [PASSWORD [ATTRIBUTES]]
    local status
    status=$(call POST /v1/key "{\"label\":\"$1\",\"password\":\"${4-}\",$2,\"attributes\":{
        ${5-\"decrypt\":false,\"sign\":true,\"unwrap\":false},\"destroyable\":true},\"policy\":$3}")
    [ "$status" = 201 ] || fail "$1: $status $(cat answer.json)"
}
played=
# play VECTOR STATUS [SED-SCRIPT [PATH]]: for what only the publisher has there is something of ours.
play() {
    local file=$vectors/$1.json status method path body
    played+=" $1"
    method=$("$programs/skatsb_vectors" method "$file")
    path=${4-$("$programs/skatsb_vectors" path "$file")}
    body=$("$programs/skatsb_vectors" body "$file" | sed -E "${3-}")
    status=$(call "$method" "$path" "$body")
    [ "$status" = "$2" ] || fail "$1: $status, should be $2: $(cat answer.json)"
    "$programs/skatsb_vectors" fits "$file" answer.json ||
        fail "$1: the answer has not what was published: $(cat answer.json)"
}
member() { # NAME: a text in the last answer
    sed -E 's/.*"'"$1"'":"([^"]*)".*/\1/' answer.json
}

approver alice
rule=$(printf '{"tokens":[{"name":"T","timelock":0,"timeout":0,"groups":[{"name":"G","quorum":1,"approvals":[{"type":"public_key","name":"alice","value":"%s"}]}]}]}' \
    "$(plain pkey -in alice.pem -pubout -outform DER | plain base64 -A)")
policy="{\"ruleUse\":$rule,\"ruleBlock\":$rule,\"ruleUnblock\":$rule,\"ruleModify\":null}"
p256='"algorithm":"EC","curveOid":"1.2.840.10045.3.1.7"'
rsa='"algorithm":"RSA","keySize":2048'

# The service itself.
broker
play service-01-versionInfo-new 200
play service-02-versionInfo-old 200
play service-03-licenseInfo 200

# Keys. What was mocked or left out in a publication has the status of the API.
play canton-01-create-key-ed 201
play sync-03-create-key-rsa-response 201 's/<keyname>/an RSA key/'
make unwrapped-ec-key "${p256/1.2.840.10045.3.1.7/1.3.132.0.10}" null
play key-attributes-ec 200

# Signing at once.
make ec "$p256" null REPLACE
make pss "$rsa" null
play sync-01-synchronousSign-ecdsa 200 's/<keyname>/ec/'
signature=$(sed -E 's/.*"signature":"([^"]*)".*/\1/' answer.json)
play sync-02-verify 200 "s/<keyname>/ec/; s|\"signature\":\"[^\"]*\"|\"signature\":\"$signature\"|"
grep -q '"signatureValid":true' answer.json || fail "$(cat answer.json)"
play sync-04-synchronousSign-pss 200 's/<keyname>/pss/'
# No body was published with these.
body='{"signRequest":{"payload":"AAAA","signKeyName":"NOPE","signatureAlgorithm":"SHA256_WITH_RSA"}}'
[ "$(call POST /v1/synchronousSign "$body")" = 404 ] || fail "$(cat answer.json)"
"$programs/skatsb_vectors" fits "$vectors/error-01-404-key-not-existent.json" answer.json
grep -qF '{"errorCode":650,"reason":"res.error.key.not.existent","message":"Key with name NOPE not found"}' \
    answer.json || fail "$(cat answer.json)"
[ "$(call POST /v1/synchronousSign "${body/NOPE/attestation-key}")" = 500 ] || fail "$(cat answer.json)"
"$programs/skatsb_vectors" fits "$vectors/error-02-500-in-hsm.json" answer.json
grep -qF '{"errorCode":701,"reason":"res.error.in.hsm","message":"KEY_FUNCTION_NOT_PERMITTED"}' \
    answer.json || fail "$(cat answer.json)"
played+=' error-01-404-key-not-existent error-02-500-in-hsm'

# Requests.
make wallet-key '"algorithm":"ED"' "$policy" secret
play canton-02-sign-ed-raw 201 's/hash-base64/aGFzaA==/'
id=$(sed -E 's/.*"signRequestId":"([^"]*)".*/\1/' answer.json)
play canton-03-filteredRequests 200
play canton-05-request-short 200 '' "/v1/request/$id"
# A key that does everything, and one to be wrapped with it.
everything='"decrypt":true,"sign":true,"unwrap":true'
make rsa_authorization_app_signing "$rsa" "$policy" '' "$everything"
make tsb-demo-aes-extractable '"algorithm":"AES","keySize":256' null '' "$everything,\"extractable\":true"
for vector in multi-01-sign-metadata multi-05-block-request multi-06-unblock-request \
    multi-03-decrypt-request multi-04-certificate-selfsign-request; do
    play $vector 201
done
play multi-02-encrypt 200
play multi-07-wrap 200
play multi-08-unwrap-request 201
make sub.approver.securosys.com "$rsa" "$policy"
make CA.approver.securosys.com "$rsa" "$policy"
play cert-01-request-ska 201
play cert-02-selfsign-ska 201
make nobody "$p256" '{"ruleUse":null}'
[ "$(call POST /v1/sign "${body/NOPE/nobody}")" = 400 ] || fail "RSA with EC: $(cat answer.json)"
[ "$(call POST /v1/sign "$(sed 's/NOPE/nobody/; s/RSA/ECDSA/' <<<"$body")")" = 201 ] || fail "$(cat answer.json)"
executed=$(sed -E 's/.*"signRequestId":"([^"]*)".*/\1/' answer.json)
is_executed() {
    call GET "/v1/request/$executed" && grep -q EXECUTED answer.json
}
within 30 "not executed" is_executed
for vector in canton-04-request-executed status-01-csr-executed status-02-selfsign-executed \
    status-03-certificate-executed; do
    play $vector 200 '' "/v1/request/$executed"
done
stop "$server"
broker 'fault = air-gapped'
play airgapped-request-status 200 '' "/v1/request/$id"


# Secret keys.
make aes '"algorithm":"AES","keySize":256' null REPLACE '"decrypt":true,"sign":false,"unwrap":false'
[ "$(call POST /v1/encrypt '{"encryptRequest":{"payload":"RW5jcnlwdERlY3J5cHREZW1v","encryptKeyName":"aes",
    "keyPassword":"REPLACE","cipherAlgorithm":"AES_GCM","tagLength":128}}')" = 200 ] || fail "$(cat answer.json)"
play sync-06-decrypt 200 "s/<keyname>/aes/; s|(\"encryptedPayload\":)\"[^\"]*\"|\\1\"$(member encryptedPayload)\"|
    s|(\"initializationVector\":)\"[^\"]*\"|\\1\"$(member initializationVector)\"|"
grep -qF '{"payload":"RW5jcnlwdERlY3J5cHREZW1v"}' answer.json || fail "$(cat answer.json)"
make hmac '"algorithm":"HMACSHA256"' null
play sync-07-hmac 200 's/<keyname>/hmac/'

# What the HSM says to a wrapped key that is none; no body was published with it.
make wrapper '"algorithm":"AES","keySize":256' null '' "$everything"
[ "$(call POST /v1/synchronousUnwrap '{"unwrapKeyRequest":{"wrappedKey":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "label":"none","attributes":{"decrypt":true,"sign":true,"unwrap":true},"unwrapKeyName":"wrapper",
    "wrapMethod":"AES_WRAP"}}')" = 500 ] || fail "$(cat answer.json)"
"$programs/skatsb_vectors" fits "$vectors/error-03-500-unwrap.json" answer.json
grep -qF '{"errorCode":701,"reason":"res.error.in.hsm","message":"Error unwrapping key"}' answer.json ||
    fail "$(cat answer.json)"
played+=' error-03-500-unwrap'

# Keys that are derived.
play emvault-01-importedKey 201
play emvault-02-derivedKey 201
play emvault-03-synchronousSign-bip340 200
make ec_slip_10 "${p256/1.2.840.10045.3.1.7/1.3.132.0.10}" null '' \
    '"decrypt":true,"sign":true,"unwrap":true,"derive":true,"bip32":false,"slip10":true'
play sync-05-synchronousSign-derived 200

# Approvers whose keys the broker makes.
play approver-01-create 201
code=$(member oneTimeCode | sed 's/./"&",/g; s/,$//')
play approver-02-onboard 200 "s/\"oneTimeCode\":\[[^]]*\]/\"oneTimeCode\":[$code]/"
play approver-03-restore 200
play approver-04-restore-forgot 201
play status-04-approver-restore-executed 200 '' "/v1/request/$(member unwrapRequestId)"
grep -qxE '[0-9]{6}' < <(member result) || fail "$(cat answer.json)"

for file in "$vectors"/*.json; do
    name=$(basename "$file" .json)
    case " $played " in *" $name "*) ;; *) fail "$name is not played" ;; esac
done
pass
