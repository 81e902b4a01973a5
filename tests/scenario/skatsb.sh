#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The simulator of the broker, asked by curl, with approvals made by openssl dgst alone: over TLS with
# a CA of our own and client certificates; what is answered when something is wrong; killed while
# requests wait.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/broker.sh"

ca authority
ca stranger
leaf server authority 'subjectAltName = DNS:localhost, IP:127.0.0.1' 'extendedKeyUsage = serverAuth'
plain verify -x509_strict -purpose sslserver -verify_ip 127.0.0.1 -CAfile authority.pem server.pem >/dev/null ||
    fail "strict clients refuse the broker's certificate"
leaf client authority 'extendedKeyUsage = clientAuth'
leaf impostor stranger 'extendedKeyUsage = clientAuth'

approver alice
approver bob -algorithm RSA -pkeyopt rsa_keygen_bits:2048
approver carol -algorithm EC -pkeyopt ec_paramgen_curve:P-384
approver dave
approver erin -algorithm ED25519
plain req -x509 -key dave.pem -subj /CN=Dave -days 30 -out dave.crt
printf 'A document.\n' >document
plain dgst -sha256 -binary document >digest
p256='"algorithm":"EC","curveOid":"1.2.840.10045.3.1.7"'

# ---- By TLS, with client certificates ------------------------------------------------------------

broker "client-ca = $work/authority.pem" 'client-auth = need'
grep -q 'a simulator, which protects nothing' tsb.log || fail "does not say what it is"
case $url in https://127.0.0.1:*) ;; *) fail "listens on $url" ;; esac
ask 403 GET /v1/versionInfo
headers=(--cert impostor.pem --key impostor.key)
ask 403 GET /v1/versionInfo
headers=(--cert client.pem --key client.key)
ask 200 GET /v1/versionInfo
has '"Version":"'
ends 60 env OPENSSL_CONF=/dev/null curl -sS --cacert stranger.pem --cert client.pem --key client.key "$url/v1/versionInfo"
headers=()
stop "$server"
[ "$ended_with" -eq 0 ] || fail "ended with $ended_with: $(cat tsb.log)"

# Nobody but this computer without TLS, and no other module than the simulator of the HSM.
refused 'other computers only with TLS' ours "$binary_dir/simulator/skatsb" --listen 0.0.0.0:0 --database tsb.db \
    --config tsb.cnf
printf 'pin-source = file:%s\nmodule = %s\n' "$work/pin" \
    "$(sed -n 's/^SKASIM_SOFTHSM_MODULE:FILEPATH=//p' "$binary_dir/CMakeCache.txt")" >other.cnf
refused 'C_SerializePolicy|not this project.s simulator' ours "$binary_dir/simulator/skatsb" \
    --listen 127.0.0.1:0 --database tsb.db --config other.cnf
# Files that are needed later are there now.
for line in 'timestamp-signers = /nonexistent' "timestamp-signers = $work/server.key" 'call-log = /nonexistent/log'; do
    printf 'pin-source = file:%s\n%s\n' "$work/pin" "$line" >other.cnf
    refused "${line##* }"'.*(No such file|has no certificate)' ours "$binary_dir/simulator/skatsb" \
        --listen 127.0.0.1:0 --database tsb.db --config other.cnf
done
printf 'keyManagementtoken = secret-1\n' >other.cnf
refused 'unknown key keyManagementtoken; there are module,' ours "$binary_dir/simulator/skatsb" \
    --listen 127.0.0.1:0 --database tsb.db --config other.cnf
! grep -q secret-1 stderr.txt || fail "shows a key"

# The page has each setting, each fault, each option.
page=$source_dir/doc/simulator.md
{
    sed -n 's/.*there are //p' stderr.txt | tr -d ' ' | tr , '\n'
    grep -oE '\] = "[a-z0-9-]+"' "$source_dir/simulator/tsb/faults.c" | tr -d '] ="'
} >names.txt
[ "$(wc -l <names.txt)" -ge 35 ] || fail "which names are there? $(cat names.txt)"
while read -r name; do
    grep -qF "\`$name\`" "$page" || fail "doc/simulator.md has no words on $name"
done <names.txt
succeeds ours "$binary_dir/simulator/skatsb" --help
shows 'simulator' 'protects nothing'
# The manual page has the same options, required or not, and the same exit statuses.
manual=$source_dir/simulator/tsb/skatsb.1
synopsis=$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/p' "$manual" |
    sed -nE 's/ Ar//g; s/Fl -/--/g; s/^\.Op (.*)/[\1]/p; s/^\.(--.*)/\1/p' | tr '\n' ' ')
usage=$(sed -n '/^usage:/,/^A simulator/{/^A simulator/!p}' stdout.txt | sed 's/^usage: skatsb//' | tr -s '\n ' ' ')
[ " $synopsis" = "$usage" ] || fail "--help says '$usage', skatsb.1 '$synopsis'"
statuses=$(sed -n '/^\.Sh EXIT STATUS/,/^\.El/p' "$manual" | sed -nE '/^\.It/{s/^\.It //;N;s/\.$//;s/\n/ /;p}')
sed -n '/^Exit status:/,$p' stdout.txt | sed '1d; s/^ *//; s/  */ /g' | diff -i - <(echo "$statuses") >&2 ||
    fail 'skatsb.1 has other exit statuses than --help'
grep -oE -- '--[a-z-]+' stdout.txt | sort -u | grep -vx -- --help >options.txt
while read -r name; do
    grep -qF -- "$name" "$page" || fail "doc/simulator.md has no words on $name"
done <options.txt

# Each exit status but that of a signal.
skatsb() {
    ours "$binary_dir/simulator/skatsb" --listen 127.0.0.1:0 "$@"
}
printf 'pin-source = file:%s\n' "$work/pin" >good.cnf
printf 'token = tok\n' >no-pin.cnf
printf 'pin-source = file:%s\ntoken = nowhere\n' "$work/pin" >no-token.cnf
wrong() { # STATUS PATTERN OPTION...
    ends "$1" skatsb "${@:3}"
    [ ! -s stdout.txt ] || fail "$(cat stdout.txt)"
    says "$2"
}
wrong 1 'unknown or wrong option --databse; see' --databse tsb.db --config good.cnf
wrong 1 'unknown or wrong option --help=x; see' --help=x
wrong 1 'unknown option -x; see' -xy
wrong 1 '--database takes a value; see' --config good.cnf --database
wrong 1 '--database FILE and --config FILE are required' --config good.cnf
wrong 1 '--database FILE and --config FILE are required' --database tsb.db
wrong 1 'unexpected argument' --config good.cnf --database tsb.db extra
wrong 1 '--tls-cert and --tls-key' --config good.cnf --database tsb.db --tls-key server.key
wrong 1 'nowhere.cnf cannot be read' --config nowhere.cnf --database tsb.db
wrong 1 'no-pin.cnf: pin-source = file:PATH is missing' --config no-pin.cnf --database tsb.db
wrong 3 '0 tokens with the label nowhere' --config no-token.cnf --database tsb.db
wrong 3 'nowhere/tsb.db' --config good.cnf --database nowhere/tsb.db

# ---- Keys ----------------------------------------------------------------------------------------

broker 'execution-delay = 300'
create seal "$p256" "$(rest_policy "$(rest_rule 2 0 0 alice bob carol dave erin)")"
has '"ruleUnblock":null' '"blocked":false' '"attestationKeyName":"attestation-key"' '"xml":"<\?xml'
# A certificate's name is its common name, whatever was asked for; a missing name is null.
create named "$p256" "$(rest_policy "$(rest_rule 1 0 0 alice dave |
    sed -E 's/"name":"[a-zA-Z]*",//g; s/"certificate",/&"name":"Chosen Name",/')")"
holds '{"type":"certificate","name":"Dave","value":"' '<approval type=\"certificate\" name=\"Dave\">'
[ "$(grep -o '"name":null' answer.json | wc -l)" -eq 9 ] || fail "members that are not written: $(cat answer.json)"
create rsa '"algorithm":"RSA","keySize":2048' "$(rest_policy "$(rest_rule 1 0 0 alice)")"
holds 'private_key creation=\"generated\"'
create ed '"algorithm":"ED"' "$(rest_policy "$(rest_rule 1 0 0 alice)")"
holds '"algorithmOid":"1.3.101.112","curveOid":"1.3.101.112"' '<algorithm_oid>1.3.101.112<' '<curve_oid>1.3.101.112<'
create ed448 '"algorithm":"ED","curveOid":"1.3.101.113"' null
holds '"algorithmOid":"1.3.101.113"' '<algorithm_oid>1.3.101.113<' 'private_key creation=\"generated\"'
create empty "$p256" '{"ruleUse":null}'
create ordinary '"algorithm":"RSA","keySize":2048' null
has '"policy":null'
ask 400 POST /v1/key "{\"label\":\"seal\",$p256,\"attributes\":{\"decrypt\":false,\"sign\":true,\"unwrap\":false}}"
has '"errorCode":608'
ask 400 POST /v1/key "{\"label\":\"x\",$p256,\"attributes\":{\"decrypt\":false,\"sign\":true,\"unwrap\":false},\"new\":1}"
has '"errorCode":600' 'unknown member'
ask 200 GET /v1/key
has '"seal"' '"ordinary"' '"attestation-key"'
ask 500 POST /v1/key/attributes '{"label":"attestation-key"}'
has '"errorCode":701' 'KEY_FUNCTION_NOT_PERMITTED'
ask 404 POST /v1/key/attributes '{"label":"nobody"}'
has '"errorCode":650' 'res.error.key.not.existent'
ask 200 GET /v1/key/seal/attributes
has '"label":"seal"'

# A token whose groups are null needs nobody; a rule without tokens is never satisfied.
nobody='{"tokens":[{"name":"main","timelock":0,"timeout":0,"groups":null}]}'
open="{\"ruleUse\":$nobody,\"ruleBlock\":$nobody,\"ruleUnblock\":$nobody,\"ruleModify\":$nobody}"
create open "$p256" "${open/%\}/,\"keyStatus\":{\"blocked\":false\}\}}"
has '"ruleUse":null,"ruleBlock":null,"ruleUnblock":null,"ruleModify":null'
ask 200 POST /v1/synchronousModify "{\"modifyRequest\":{\"modifyKeyName\":\"open\",\"policy\":$open}}"
ask 201 POST /v1/modify "{\"modifyRequest\":{\"modifyKeyName\":\"open\",\"policy\":$open}}"
becomes "$(member modifyKeyRequestId)" EXECUTED
create soon "$p256" "{\"ruleUse\":${nobody/\"timelock\":0/\"timelock\":60},\"ruleBlock\":{}}"
has '"ruleUse":\{"tokens":\[\{"name":"main","timelock":60,"timeout":0,"groups":null\}\]\}' \
    '"ruleBlock":\{"tokens":\[\]\}'
# Base64 may stand between the lines of PEM.
in_pem() {
    sed -E 's/"(value|metaData)":"([^"]*)"/"\1":"-----BEGIN X-----\\n\2\\n-----END X-----"/g'
}
create pem "$p256" "$(rest_policy "$(rest_rule 1 0 0 alice dave)" | in_pem)"
holds "\"value\":\"$(public alice)\""
key_with() { # RULE
    printf '{"label":"x",%s,"attributes":{"decrypt":false,"sign":true,"unwrap":false},"policy":{"ruleUse":%s}}' "$p256" "$1"
}
# Base64 has no line breaks, here as elsewhere.
whole=$(plain x509 -in dave.crt | sed ':a;N;$!ba;s/\n/\\n/g')
ask 400 POST /v1/key "$(key_with "$(rest_rule 1 0 0 dave | sed -E "s|\"value\":\"[^\"]*\"|\"value\":\"${whole//\\/\\\\}\"|")")"
has '"errorCode":600' 'value'
ask 400 POST /v1/key "$(key_with "$(rest_rule 1 0 0 alice | sed 's/public_key/public-key/')")"
has '"errorCode":600' 'public_key.*onboarded_approver_certificate'
ask 400 POST /v1/key "$(key_with "${nobody/null/[]}")"
has '"errorCode":401'

# ---- A signature that two people approve ---------------------------------------------------------

ask 201 POST /v1/sign "$(sign_body seal SHA256_WITH_ECDSA document)"
id=$(member signRequestId)
status_is "$id" PENDING || fail "not pending"
has '"executionTime":null' '"approvedBy":\[\]' '"rejectedBy":\[\]' '"result":null'
tasks alice Sign '"detailLevel":"level4"'
has '"detailLevel":"level4"' '"payloadType":"UNSPECIFIED"' '"requestBase64":"' '"keyAttributes":null' \
    '"signedSignRequest":\{"signRequest"' '"timestampSignatureAlgorithm":"SHA256_WITH_ECDSA"'
tasks alice BlockKey
has '^\{"tasks":\[\]\}$'
tasks alice All '"detailLevel":"level1"'
has '"payload":null' '"id":"'
approve_task bob Sign "$id"
status_is "$id" PENDING || fail "one is not enough"
ask 200 POST /v1/filteredSignApprovalTask "{$(proof bob)}"
has '"tasks":\[\]'
approve_task dave Sign "$id" # by certificate
status_is "$id" APPROVED || status_is "$id" EXECUTED || fail "two are enough"
becomes "$id" EXECUTED
has '"executionTime":"20[0-9-]+T[0-9:]+Z"' '"notYetApprovedBy":\[\]'
holds "\"approvedBy\":[\"$(public bob)\",\"$(public dave)\"]"
member result | plain base64 -d -A >signature
plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null
[ "$(signing_calls)" -eq 1 ] || fail "$(signing_calls) calls of C_SKASign"

# A request stays readable as it was handed in.
ask 201 POST /v1/sign "$(printf '{"signRequest":{"payload":"%s","metaData":"AAAA","signKeyName":"pem","signatureAlgorithm":"SHA256_WITH_ECDSA"}}' \
    "$(b64 <document)" | in_pem | sed 's/"payload":"\([^"]*\)"/"payload":"-----BEGIN X-----\1-----END X-----"/')"
id=$(member signRequestId)
tasks alice Sign '"detailLevel":"level3"'
has '"metaData":"AAAA"' '"metaData":"-----BEGIN X-----'
approve_task alice Sign "$id"
becomes "$id" EXECUTED

# The other kinds of keys, and other forms of a payload.
request_and_approve() { # LABEL ALGORITHM FILE
    ask 201 POST /v1/sign "$(sign_body "$1" "$2" "$3")"
    id=$(member signRequestId)
    approve_task alice Sign "$id"
    becomes "$id" EXECUTED
    member result | plain base64 -d -A >signature
}
request_and_approve rsa NONESHA256_WITH_RSA digest
plain dgst -sha256 -verify rsa.pub.pem -signature signature document >/dev/null
request_and_approve rsa NONESHA256_WITH_RSA_PSS digest
plain dgst -sha256 -sigopt rsa_padding_mode:pss -verify rsa.pub.pem -signature signature document \
    >/dev/null
request_and_approve ed EDDSA document
plain pkeyutl -verify -pubin -inkey ed.pub.pem -rawin -in document -sigfile signature >/dev/null
ask 400 POST /v1/sign "$(sign_body ed SHA256_WITH_ECDSA document)"
has '"errorCode":607'
ask 400 POST /v1/sign "$(sign_body seal SHA256_WITH_EDCSA document)"
has '"errorCode":600' 'SHA256_WITH_EDCSA'
ask 400 POST /v1/sign "$(sign_body rsa NONESHA256_WITH_RSA document)"
has '"errorCode":612'

# Nobody is needed.
ask 201 POST /v1/sign "$(sign_body empty NONE_WITH_ECDSA digest)"
becomes "$(member signRequestId)" EXECUTED
for label in empty open ordinary; do
    algorithm=NONE_WITH_ECDSA
    [ $label != ordinary ] || algorithm=NONESHA256_WITH_RSA
    ask 200 POST /v1/synchronousSign "$(sign_body $label $algorithm digest)"
    member signature | plain base64 -d -A >signature
    plain dgst -sha256 -verify $label.pub.pem -signature signature document >/dev/null
done
ask 200 POST /v1/verify "{\"verifySignatureRequest\":{\"signKeyName\":\"ordinary\",\"signatureAlgorithm\":\"SHA256_WITH_RSA\",\"payload\":\"$(b64 <document)\",\"signature\":\"$(b64 <signature)\"}}"
has '"signatureValid":true'
ask 200 POST /v1/verify "{\"verifySignatureRequest\":{\"signKeyName\":\"ordinary\",\"signatureAlgorithm\":\"SHA256_WITH_RSA\",\"payload\":\"$(b64 <digest)\",\"signature\":\"$(b64 <signature)\"}}"
has '"signatureValid":false'
ask 500 POST /v1/synchronousSign "$(sign_body seal NONE_WITH_ECDSA digest)"
has '"errorCode":701' 'approvals might be insufficient'

# ---- What is refused -----------------------------------------------------------------------------

ask 201 POST /v1/sign "$(sign_body seal SHA256_WITH_ECDSA document)"
id=$(member signRequestId)
tasks alice Sign "\"requestId\":\"$id\""
task=$(member id)
challenge=$(member approvalToBeSigned)
printf '%s' "$challenge" | plain base64 -d -A >token.bin
good="\"id\":\"$task\",\"approvalToBeSigned\":\"$challenge\",\"approvalDigestAlgorithm\":\"SHA-256\""
ask 400 POST /v1/approval "{$good,\"signature\":\"$(signed alice document)\",$(who alice)}"
has '"errorCode":403'
ask 404 POST /v1/approval "{$good,\"signature\":\"$(signed carol token.bin)\",$(who carol)}"
has '"errorCode":652'
ask 400 POST /v1/filteredSignApprovalTask "{$(proof alice "$(date -u -d '-11 minutes' +%Y-%m-%dT%H:%M:%SZ)")}"
has '"errorCode":404'
ask 400 POST /v1/filteredSignApprovalTask "{$(proof alice "$(date -u -d '+1 minute' +%Y-%m-%dT%H:%M:%SZ)")}"
has '"errorCode":404'
ask 400 POST /v1/filteredSignApprovalTask "{$(proof alice | sed "s|$(public alice)|$(public carol)|")}"
has '"errorCode":403'
ask 400 GET /v1/request/nothing
has '"errorCode":609'
ask 404 GET /v1/request/9f03da93-2f07-4ca1-a0d1-f41f50f76c25
has '"errorCode":651'
ask 404 GET /v1/nothing
ask 405 DELETE /v1/sign
# asked OPTION...: the same with other means; the answer's head is in head.txt.
asked() {
    curl -sS --max-time 60 --cacert authority.pem -D head.txt -o answer.json "$@" || fail "curl $*"
}
asked -X DELETE "$url/v1/sign"
grep -qix $'Allow: POST\r' head.txt || fail "which methods? $(cat head.txt)"
asked -X PUT "$url/v1/request/$id"
grep -qix $'Allow: GET, HEAD, DELETE\r' head.txt || fail "which methods? $(cat head.txt)"
rm answer.json
asked -I "$url/v1/request/$id"
grep -q '^HTTP/1.1 200 ' head.txt && grep -qi '^Content-Length: [1-9][0-9][0-9]' head.txt || fail "HEAD: $(cat head.txt)"
asked -I "$url/v1/request/nothing"
grep -q '^HTTP/1.1 400 ' head.txt || fail "HEAD: $(cat head.txt)"
for target in /v1/version%49nfo "$url/v1/versionInfo" 'https://another.example/v1/versionInfo?x=y'; do
    asked --request-target "$target" "$url"
    has '"Version":"'
done
status_is "${id^^}" PENDING || fail "another UUID in upper case"
# So it is in bodies.
tasks alice Sign "\"requestId\":\"${id^^}\""
holds "\"id\":\"$task\""
tasks alice Sign "\"id\":\"${task^^}\""
holds "\"id\":\"$task\""
# A task that is named is the one, whatever the request.
tasks alice Sign "\"id\":\"$task\",\"requestId\":\"9f03da93-2f07-4ca1-a0d1-f41f50f76c25\""
holds "\"id\":\"$task\""
ask 400 POST /v1/approval "{${good/$task/${task^^}},\"signature\":\"$(signed alice document)\",$(who alice)}"
has '"errorCode":403'
for name in id requestId; do
    ask 400 POST /v1/filteredSignApprovalTask "{$(proof alice),\"$name\":\"nothing\"}"
    has '"errorCode":609' "'nothing' is not a UUID"
done
ask 400 POST /v1/approval "{${good/$task/nothing},\"signature\":\"$(signed alice token.bin)\",$(who alice)}"
has '"errorCode":609'
ask 400 PATCH /v1/task "{\"id\":\"nothing\",$(proof alice)}"
has '"errorCode":609'
# What must be there is not empty, in whatever call.
for body in 'sign {"signRequest":{"payload":"","signKeyName":"seal","signatureAlgorithm":"SHA256_WITH_ECDSA"}}' \
    'synchronousSign {"signRequest":{"payload":"AAAA","signKeyName":"","signatureAlgorithm":"SHA256_WITH_ECDSA"}}' \
    'decrypt {"decryptRequest":{"encryptedPayload":"","decryptKeyName":"rsa","cipherAlgorithm":"RSA"}}' \
    'encrypt {"encryptRequest":{"payload":"","encryptKeyName":"rsa","cipherAlgorithm":"RSA"}}' \
    'block {"blockRequest":{"blockKeyName":""}}' 'key/attributes {"label":""}' 'key/deleteKey {"label":""}' \
    'verify {"verifySignatureRequest":{"signKeyName":"rsa","signatureAlgorithm":"SHA256_WITH_RSA","payload":"AAAA","signature":""}}'; do
    ask 400 POST "/v1/${body%% *}" "${body#* }"
    has '"errorCode":600' ': empty'
done
# Calls at once show metaData to nobody; only signing ignores it.
sign_with() { # MEMBERS
    sign_body empty NONE_WITH_ECDSA digest | sed "s/\"payloadType\"/$1,&/"
}
ask 200 POST /v1/synchronousSign "$(sign_with '"metaData":"AAAA","metaDataSignature":"AAAA"')"
ask 501 POST /v1/synchronousSign "$(sign_with '"signKeyObject":"AAAA"')"
ask 400 POST /v1/sign "$(sign_with '"signKeyObject":"AAAA"')"
has '"errorCode":600' 'signKeyObject: unknown member'
for body in 'Block {"blockRequest":{"blockKeyName":"rsa"' 'Unblock {"unblockRequest":{"unblockKeyName":"rsa"' \
    'Decrypt {"decryptRequest":{"decryptKeyName":"rsa","cipherAlgorithm":"RSA","encryptedPayload":"AAAA"'; do
    ask 400 POST "/v1/synchronous${body%% *}" "${body#* },\"metaData\":\"AAAA\"}}"
    has '"errorCode":600' 'metaData: unknown member'
done
verify_with() { # MEMBERS
    printf '{"verifySignatureRequest":{"signKeyName":"rsa","signatureAlgorithm":"SHA256_WITH_RSA","payload":"AAAA","signature":"AAAA",%s}}' "$1"
}
ask 400 POST /v1/verify "$(verify_with '"payloadType":"UNSPECIFIED"')"
has '"errorCode":600' 'payloadType: unknown member'
ask 501 POST /v1/verify "$(verify_with '"signKeyObject":"AAAA"')"
# Digests have the vendor's names, letter for letter.
request_signed() { # DIGEST-MEMBER
    sign_body empty NONE_WITH_ECDSA digest | sed "s/null}$/{\"signature\":\"AAAA\",\"publicKey\":\"AAAA\"$1}}/"
}
for name in MD5 FOO SHA-1 sha-256 SHA256 EDDSA '' -; do
    digest=",\"digestAlgorithm\":\"$name\""
    [ "$name" != - ] || digest=
    ask 400 POST /v1/sign "$(request_signed "$digest")"
    has '"errorCode":600' 'requestSignature.digestAlgorithm'
    ask 400 POST /v1/filteredSignApprovalTask "{$(proof alice | sed "s/,\"timestampDigestAlgorithm\":\"SHA-256\"/${digest/digest/timestampDigest}/")}"
    has '"errorCode":600' 'timestampDigestAlgorithm'
    ask 400 POST /v1/approval "{${good/,\"approvalDigestAlgorithm\":\"SHA-256\"/${digest/digest/approvalDigest}},\"signature\":\"$(signed alice token.bin)\",$(who alice)}"
    has '"errorCode":600' 'approvalDigestAlgorithm'
done
ask 201 POST /v1/sign "$(request_signed ',"digestAlgorithm":"SHA3-512"')"
ask 400 POST /v1/sign '{"signRequest":'
has '"errorCode":600'
ask 501 POST /v1/createRfcTimestamp '{}'
has '"errorCode":101'
for algorithm in DILITHIUM SPHINCS_PLUS ML_DSA XMSS_SHA2_10_256; do
    ask 501 POST /v1/sign "$(sign_body seal $algorithm document)"
    has '"errorCode":101' "post-quantum signatures such as $algorithm"
done
ask 501 POST /v1/key '{"label":"x","algorithm":"DILITHIUM","attributes":{"decrypt":false,"sign":true,"unwrap":false}}'
has '"errorCode":101' 'no keys of algorithm DILITHIUM'
# What the vendor has is not implemented; what nobody has is a mistake.
new_key() { # STATUS MEMBERS
    ask "$1" POST /v1/key "{\"label\":\"x\",$2,\"attributes\":{\"decrypt\":false,\"sign\":true,\"unwrap\":false}}"
}
for algorithm in BLS DSA ChaCha20 ML-DSA-65 XMSS-SHA256_10_256; do
    new_key 501 "\"algorithm\":\"$algorithm\""
    has '"errorCode":101' "no keys of algorithm $algorithm"
done
new_key 501 '"algorithmOid":"1.2.840.10040.4.1"'
for algorithm in nope rsa 3DES ML BLSX ''; do
    new_key 400 "\"algorithm\":\"$algorithm\""
    has '"errorCode":600' "'$algorithm' is not an algorithm of keys, such as RSA"
done
new_key 400 '"algorithmOid":"1.2.3"'
has '"errorCode":600' 'algorithmOid'
for curve in 1.3.132.0.32 1.3.132.0.33 1.2.840.10045.3.1.1 1.3.36.3.3.2.8.1.1.7 1.3.36.3.3.2.8.1.1.13 1.2.250.1.223.101.256.1; do
    new_key 501 "\"algorithm\":\"EC\",\"curveOid\":\"$curve\""
    has '"errorCode":101' "no curve $curve"
done
for curve in 1.2.3.4 x 1.3.101.112; do
    new_key 400 "\"algorithm\":\"EC\",\"curveOid\":\"$curve\""
    has '"errorCode":600' "'$curve' is not the OID of a curve"
done
head -c 1100000 /dev/zero | tr '\0' ' ' >long
ask 413 POST /v1/sign @long

# Of five two must approve: that four have said no ends it, and not three.
for name in alice bob carol; do
    reject_task $name Sign "$id"
    status_is "$id" PENDING || fail "ended too early"
done
reject_task erin Sign "$id"
status_is "$id" REJECTED || fail "not rejected"
holds "\"rejectedBy\":[\"$(public alice)\",\"$(public bob)\",\"$(public carol)\",\"$(public erin)\"]"

# Cancelled, and then nobody is asked any more.
ask 201 POST /v1/sign "$(sign_body seal SHA256_WITH_ECDSA document)"
id=$(member signRequestId)
ask 200 DELETE "/v1/request/$id"
status_is "$id" CANCELLED || fail "not cancelled"
tasks alice Sign
has '"tasks":\[\]'
ask 200 POST /v1/filteredRequests '{"requestStatusList":["CANCELLED"]}'
holds "{\"requests\":[{\"id\":\"$id\",\"status\":\"CANCELLED\"}]}"

# What is long to tell is told: the limit is one of requests.
head -c 300000 /dev/zero | b64 >long
printf '{"signRequest":{"payload":"AAAA","signKeyName":"seal","signatureAlgorithm":"SHA256_WITH_ECDSA","metaData":"%s"}}' \
    "$(cat long)" >request.json
long_ids=()
for _ in 1 2; do
    ask 201 POST /v1/sign @request.json
    long_ids+=("$(member signRequestId)")
done
tasks alice All '"detailLevel":"level3"'
[ "$(wc -c <answer.json)" -gt 2000000 ] || fail "not all of it: $(wc -c <answer.json) bytes"
for long_id in "${long_ids[@]}"; do
    ask 200 DELETE "/v1/request/$long_id"
done
grep -qE 'POST /v1/synchronousSign: 500: .*"errorCode":701' tsb.log || fail "a failure is not in the log"

# ---- Blocking, unblocking, other rules -----------------------------------------------------------

ask 201 POST /v1/block '{"blockRequest":{"blockKeyName":"rsa"}}'
id=$(member blockKeyRequestId)
approve_task alice BlockKey "$id"
becomes "$id" EXECUTED
ask 500 POST /v1/synchronousSign "$(sign_body rsa NONESHA256_WITH_RSA digest)"
has 'the key is blocked'
ask 201 POST /v1/unblock '{"unblockRequest":{"unblockKeyName":"rsa"}}'
becomes "$(member unblockKeyRequestId)" EXECUTED
ask 201 POST /v1/modify "{\"modifyRequest\":{\"modifyKeyName\":\"rsa\",\"policy\":{
    \"ruleUse\":$(rest_rule 1 0 0 bob),\"ruleBlock\":null,\"ruleUnblock\":null,\"ruleModify\":$(rest_rule 1 0 0 bob)}}}"
id=$(member modifyKeyRequestId)
tasks alice ModifyKey '"detailLevel":"level2"'
has '"payloadType":null' '"payload":"'
approve_task alice ModifyKey "$id"
becomes "$id" EXECUTED
ask 200 POST /v1/key/attributes '{"label":"rsa"}'
holds "\"value\":\"$(public bob)\"" '"ruleBlock":null'

# A notification service sees what everybody is asked, and answers nothing.
stop "$server"
plain req -x509 -key carol.pem -subj /CN=service -days 30 -out service.crt
broker "timestamp-signers = $work/service.crt"
ask 201 POST /v1/sign "$(sign_body seal SHA256_WITH_ECDSA document)"
id=$(member signRequestId)
service() { # CERTIFICATE [MEMBER]
    date -u +%Y-%m-%dT%H:%M:%SZ | tr -d '\n' >time.txt
    printf '{"timestamp":"%s","timestampSignature":"%s","timestampSigningCertificate":"%s","timestampDigestAlgorithm":"SHA-256"%s}' \
        "$(cat time.txt)" "$(signed carol time.txt)" \
        "$(plain x509 -in "$1" -outform DER | b64)" "${2+,$2}"
}
ask 200 POST /v1/filteredSignApprovalTask "$(service service.crt "\"requestId\":\"$id\"")"
[ "$(grep -o '"detailLevel"' answer.json | wc -l)" -eq 5 ] || fail "not the tasks of all: $(cat answer.json)"
ask 400 POST /v1/filteredSignApprovalTask "$(service dave.crt)"
has '"errorCode":405'
tasks alice Sign "\"requestId\":\"$id\""
ask 400 PATCH /v1/task "$(service service.crt "\"id\":\"$(member id)\",$(who alice)")"
has '"errorCode":405'
ask 200 DELETE "/v1/request/$id"

# By approvals that come with the call, as an air-gapped broker gives them out.
stop "$server"
broker 'fault = air-gapped'
ask 201 POST /v1/sign "$(sign_body seal SHA256_WITH_ECDSA document)"
id=$(member signRequestId)
approve_task alice Sign "$id"
ask 200 GET "/v1/request/$id"
has '"status":"PENDING"' '"result":"Execution shall be made with offline HSM"'
one=$(sed -E 's/.*"signedApprovals":\["([^"]*)"\].*/\1/' answer.json)
ask 500 POST /v1/synchronousSign "{\"signRequest\":{\"payload\":\"$(b64 <document)\",\"signKeyName\":\"seal\",
    \"signatureAlgorithm\":\"SHA256_WITH_ECDSA\",\"signedApprovals\":[\"$one\"]}}"
has '"errorCode":701' 'insufficient'
ask 500 POST /v1/synchronousSign "{\"signRequest\":{\"payload\":\"$(b64 <digest)\",\"signKeyName\":\"seal\",
    \"signatureAlgorithm\":\"SHA256_WITH_ECDSA\",\"signedApprovals\":[\"$one\"]}}"
has '"errorCode":701' "payload doesn't match"
create single "$p256" "$(rest_policy "$(rest_rule 1 0 0 alice)")"
ask 400 POST /v1/synchronousSign "{\"signRequest\":{\"payload\":\"$(b64 <document)\",\"signKeyName\":\"single\",
    \"signatureAlgorithm\":\"SHA256_WITH_ECDSA\",\"signedApprovals\":[\"AAAA\"]}}"
stop "$server"

# ---- API keys, access tokens, passwords, licence -------------------------------------------------

broker 'keyOperationToken = op-old, op-new' 'approverToken = people' 'access-tokens = bearer-1' \
    'licence = KEY_AUTH, REST_API'
ask 400 GET /v1/key
has '"errorCode":406'
headers=(-H 'Authorization: Bearer bearer-2')
ask 400 GET /v1/key
has '"errorCode":617'
headers=(-H 'Authorization: Bearer bearer-1')
ask 200 GET /v1/key
ask 400 POST /v1/filteredRequests '{}'
has '"errorCode":416'
headers+=(-H 'X-API-KEY: people')
ask 401 POST /v1/filteredRequests '{}'
has '"errorCode":631'
headers=(-H 'Authorization: Bearer bearer-1' -H 'X-API-KEY: op-new')
ask 200 POST /v1/filteredRequests '{}'
ask 403 POST /v1/sign "$(sign_body seal SHA256_WITH_ECDSA document)"
has '"errorCode":450' 'TSB_ENGINE'
ask 201 POST /v1/key "{\"label\":\"locked\",\"password\":[\"p\",\"w\"],$p256,\"attributes\":{\"decrypt\":false,\"sign\":true,\"unwrap\":false}}"
ask 400 POST /v1/key/attributes '{"label":"locked"}'
has '"errorCode":620'
ask 200 POST /v1/key/attributes '{"label":"locked","password":"pw"}'
ask 400 POST /v1/key/attributes '{"label":"locked","password":["pw"]}'
has '"errorCode":600' 'one character each'
ask 400 POST /v1/synchronousSign "$(sign_body locked NONE_WITH_ECDSA digest)"
has '"errorCode":620'
headers=()
stop "$server"

# ---- Faults --------------------------------------------------------------------------------------

faults='html-502@/v1/key*1, plain-401@/v1/licenseInfo, delete-204, huge-answer@/v1/versionInfo'
faults+=', lost-answer@/v1/sign*1, half-answer@/v1/generateRandom, hsm-error@/v1/verify'
faults+=', slow@/v1/key*1, signer-not-allowed@/v1/synchronousSign, no-zone, blank-result'
faults+=', extra-members, empty-body@/v1/filteredAll'
broker "fault = $faults" 'slow-answer = 700'
tasks alice All
[ ! -s answer.json ] || fail "a body: $(cat answer.json)"
ask 502 GET /v1/key
has '<html>'
ask 200 GET /v1/key # slow the first time that it is answered
ask 401 GET /v1/licenseInfo
! grep -q '{' answer.json || fail "JSON"
ask 200 GET /v1/versionInfo
[ "$(wc -c <answer.json)" -gt 2000000 ] || fail "not huge"
ends 18 env OPENSSL_CONF=/dev/null curl -sS --cacert authority.pem "$url/v1/generateRandom/1000"
ask 200 POST /v1/filteredRequests '{}'
before=$(grep -o '"id"' answer.json | wc -l)
ask curl-52 POST /v1/sign "$(sign_body empty NONE_WITH_ECDSA digest)"
ask 200 POST /v1/filteredRequests '{}'
[ "$(grep -o '"id"' answer.json | wc -l)" -eq $((before + 1)) ] || fail "what was lost was not done"
ask 500 POST /v1/verify '{}'
ask 400 POST /v1/synchronousSign "$(sign_body empty NONE_WITH_ECDSA digest)"
has '"errorCode":415'
ask 201 POST /v1/sign "$(sign_body empty NONE_WITH_ECDSA digest)"
id=$(member signRequestId)
becomes "$id" EXECUTED
has '"executionTime":"20[0-9T:-]+"' '"result":" ' '"unknownMember":\[\]'
ask 204 DELETE "/v1/request/$id"
stop "$server"
broker 'fault = missing-lists, no-result, foreign-result@/v1/synchronousSign, pending*1'
ask 201 POST /v1/sign "$(sign_body empty NONE_WITH_ECDSA digest)"
id=$(member signRequestId)
ask 200 POST /v1/synchronousSign "$(sign_body empty NONE_WITH_ECDSA digest)"
member signature | plain base64 -d -A >signature
ends 1 plain dgst -sha256 -verify empty.pub.pem -signature signature document
status_is "$id" PENDING || fail "does not stay pending"
! grep -q approvedBy answer.json || fail "lists"
stop "$server"

# ---- Killed while requests wait ------------------------------------------------------------------

broker 'execution-delay = 2000'
ids=()
for _ in 1 2 3 4 5 6 7 8; do
    ask 201 POST /v1/sign "$(sign_body single SHA256_WITH_ECDSA document)"
    ids+=("$(member signRequestId)")
done
for id in "${ids[@]:0:4}"; do
    approve_task alice Sign "$id"
done
stop "$server" KILL
broker 'execution-delay = 0'
for id in "${ids[@]:4}"; do
    status_is "$id" PENDING || fail "a request that waits is lost"
    approve_task alice Sign "$id"
done
for id in "${ids[@]}"; do
    becomes "$id" EXECUTED
    member result | plain base64 -d -A >signature
    plain dgst -sha256 -verify single.pub.pem -signature signature document >/dev/null
done

# A key that is deleted takes what waits for it along.
ask 201 POST /v1/sign "$(sign_body single SHA256_WITH_ECDSA document)"
id=$(member signRequestId)
ask 200 DELETE /v1/key/single
status_is "$id" CANCELLED || fail "waits for a key that is gone"

# A timelock and a timeout.
create late "$p256" "$(rest_policy "$(rest_rule 1 60 60 alice)")"
ask 201 POST /v1/sign "$(sign_body late SHA256_WITH_ECDSA document)"
id=$(member signRequestId)
approve_task alice Sign "$id"
status_is "$id" APPROVED || fail "not approved"
sleep 1
status_is "$id" APPROVED || fail "executed before its time"
stop "$server"
[ "$ended_with" -eq 0 ] || fail "ended with $ended_with: $(cat tsb.log)"
pass
