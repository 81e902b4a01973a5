#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Keys behind the broker, used by the openssl command: found by their labels, public keys and
# references, signatures with ordinary keys and with rules that need nobody, of each type of key,
# verified by the plain openssl; who calls is shown by API keys and tokens that are read again; what
# is said when something is wrong.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/broker.sh"

# signs LABEL [DGST-OPTION...]: with what options dgst verifies, too.
signs() {
    local label=$1
    shift
    quietly ska dgst "${@:--sha256}" -sign "ska:object=$label" -out "$label.sig" document
    verified document "$label.pub.pem" "$label.sig" "${@:--sha256}"
}

ca authority
ca stranger
leaf server authority 'subjectAltName = IP:127.0.0.1'
leaf client authority 'extendedKeyUsage = clientAuth'
approver alice
approver bob -algorithm RSA -pkeyopt rsa_keygen_bits:2048
approver dave
plain req -x509 -key dave.pem -subj /CN=Dave -days 30 -out dave.crt
printf 'A document.\n' >document
p256='"algorithm":"EC","curveOid":"1.2.840.10045.3.1.7"'
broker 'execution-delay = 200'
create ordinary "$p256" null
create empty "$p256" '{"ruleUse":null,"ruleBlock":null,"ruleUnblock":null,"ruleModify":null}'
create p384 '"algorithm":"EC","curveOid":"1.3.132.0.34"' null
create p521 '"algorithm":"EC","curveOid":"1.3.132.0.35"' '{"ruleUse":null}'
create rsa '"algorithm":"RSA","keySize":2048' null
create ersa '"algorithm":"RSA","keySize":2048' '{"ruleUse":null}'
create ed '"algorithm":"ED"' null
create eed '"algorithm":"ED"' '{"ruleUse":null}'
create 'two wörds' "$p256" null
create seal "$p256" "$(rest_policy "$(rest_rule 2 0 0 alice bob)")"
create rseal '"algorithm":"RSA","keySize":2048' "$(rest_policy "$(rest_rule 1 0 0 dave)")"
create timed "$p256" "$(rest_policy "$(rest_rule 1 0 600 alice)")"

# ---- Keys ----------------------------------------------------------------------------------------

configure_broker
succeeds ska pkey -in ska:object=ordinary -pubout
same stdout.txt ordinary.pub.pem
succeeds ska pkey -pubin -in ska:object=rsa -pubout
same stdout.txt rsa.pub.pem
succeeds ska pkey -in 'ska:object=two%20w%c3%b6rds' -pubout
same stdout.txt 'two wörds.pub.pem'
refused "650.*no.*|not found" ska pkey -in ska:object=nobody -noout
refused 'id: a broker knows keys by their labels' ska pkey -in 'ska:id=%01' -noout
succeeds ska storeutl -noout -text ska:
shows 'ska:object=ordinary;type=private' 'ska:object=two%20w%c3%b6rds;type=private'
succeeds ska storeutl -noout -text ska:object=seal
shows 'Total found: 2' 'Public-Key|Private-Key'

succeeds skatool check-config --key ska:object=seal
shows "ok +tsb-url +$url, version " 'ok +licence +KEY_AUTH' 'ok +key management +opened, 1[0-9] keys' \
    'ok +key operations' 'ok +key +label "seal"' '^- +tsb-api-key-source'

# A reference: written once, loaded without a call.
succeeds ska pkey -in ska:object=ordinary -out ordinary.pem
quietly ska dgst -sha256 -sign ordinary.pem -out pem.sig document
verified document ordinary.pub.pem pem.sig -sha256

# ---- Signatures ----------------------------------------------------------------------------------

for label in ordinary empty p384; do
    signs "$label" -sha256
    signs "$label" -sha384
done
signs p521 -sha512
for label in rsa ersa; do
    signs "$label" -sha256
    signs "$label" -sha512
    signs "$label" -sha256 -sigopt rsa_padding_mode:pss
    signs "$label" -sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
done
refused 'accepts no choice of PSS salt' ska dgst -sha256 -sigopt rsa_padding_mode:pss \
    -sigopt rsa_pss_saltlen:20 -sign ska:object=rsa document
for label in ed eed; do
    quietly ska pkeyutl -sign -rawin -in document -inkey "ska:object=$label" -out "$label.sig"
    plain pkeyutl -verify -rawin -in document -pubin -inkey "$label.pub.pem" \
        -sigfile "$label.sig" >/dev/null || fail "$label does not verify"
done
refused 'does not sign with SHA3-256' ska dgst -sha3-256 -sign ska:object=ordinary document
quietly ska req -new -x509 -key ska:object=ordinary -subj /CN=ordinary -out ordinary.crt
plain verify -CAfile ordinary.crt ordinary.crt >/dev/null

# An approval that is missing is nothing that a broker overlooks.
refused 'signs with approvals only' ska dgst -sha256 -sign ska:object=seal document

# ---- Approvals that are there --------------------------------------------------------------------

# By key and by certificate, in one call; no request is left at the broker.
succeeds skatool request --key ska:object=seal --description 'by hand' -o seal.json document
succeeds skatool approve --approver alice.pem --yes seal.json
sign=(ska dgst -sha256 -sigopt "ska-approvals-file:seal.json" -sign ska:object=seal)
refused '1 of 2; still needed: bob' "${sign[@]}" -out seal.sig document
succeeds skatool approve --approver bob.pem --yes seal.json
quietly "${sign[@]}" -out seal.sig document
verified document seal.pub.pem seal.sig -sha256
refused 'approved for other data|payload' "${sign[@]}" -out other.sig dave.crt
succeeds skatool request --key ska:object=rseal --payload message -o rseal.json document
succeeds skatool approve --approver dave.pem --cert dave.crt --yes rseal.json
quietly ska dgst -sha256 -sigopt ska-approvals-file:rseal.json -sigopt ska-payload:message \
    -sign ska:object=rseal -out rseal.sig document
verified document rseal.pub.pem rseal.sig -sha256
ask 200 POST /v1/filteredRequests '{"requestStatusList":["PENDING","APPROVED","EXECUTED"]}'
has '"requests":\[\]'
# With time limits the broker makes its timestamp itself, and takes no other approvals.
for option in '' '--timestamp-key clock'; do
    # shellcheck disable=SC2086 # two words, or none
    refused 'time limits.*submit it \(skatool request without --output' \
        skatool request --key ska:object=timed $option -o timed.json document
    ! grep -q 'set timestamp-key' stderr.txt || fail "asks for what would not help: $(cat stderr.txt)"
done

# ---- Forks and threads ---------------------------------------------------------------------------

# Connections are nobody's but the process' that made them. What threads of the parent hold is lost
# to a child that is born meanwhile.
ways=(children-at-once fork-before-use)
# The allocators of sanitizers may stay locked in such a child.
[ -n "$preload" ] || ways+=(fork-while-signing)
for what in "${ways[@]}"; do
    ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 \
        quietly ours "$programs/processes" "$what" ska:object=ordinary
    ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 \
        quietly ours "$programs/processes" "$what" ska:object=empty
done

# ---- Who calls -----------------------------------------------------------------------------------

stop "$server"
broker 'keyManagementToken = management-2' 'keyOperationToken = operation-1, operation-2' \
    'access-tokens = token-1, token-2'
configure_broker
refused 'or requires one|tsb-token-source' ska dgst -sha256 -sign ska:object=ordinary document
printf 'stale-key\noperation-2\nmanagement-2\n' >keys
printf 'token-1\n' >jwt
configure_broker "tsb-api-key-source = file:$work/keys" "tsb-token-source = file:$work/jwt"
chmod 600 keys jwt
signs ordinary -sha256
printf 'token-3\n' >jwt
refused 'access refused by the server:.*does not accept this token' \
    ska dgst -sha256 -sign ska:object=ordinary document
! grep -q token-3 stderr.txt || fail "shows the token"
printf 'token-2\n' >jwt
signs ordinary -sha256
succeeds skatool check-config
printf 'stale-key\n' >keys
ends 3 skatool check-config
shows 'FAILED +key management .*none of the API keys' 'FAILED +key operations'
refused 'access refused by the server:.*none of the API keys' ska dgst -sha256 -sign ska:object=ordinary document
! grep -q stale-key stderr.txt || fail "shows an API key"
printf 'operation-1\nmanagement-2\n' >keys
signs ordinary -sha256
chmod 666 keys
refused 'tsb-api-key-source' ska dgst -sha256 -sign ska:object=ordinary document
chmod 600 keys

# Credentials go to the URL of the configuration and to no other.
refused 'tsb-token-source|or requires one' \
    ska dgst -sha256 -sign "ska:object=ordinary?tsb-url=${url/127.0.0.1/127.0.0.1}/" document
refused 'tsb-url: a reference must not name code.*named in the configuration .*tsb-url' ska pkey -in "ska:object=ordinary?tsb-url=$url" -out x.pem
sed -i '/^tsb-/d' openssl.cnf
refused 'certificate|pkcs11-module' ska dgst -sha256 -sign "ska:object=ordinary?tsb-url=$url" document

# ---- What is wrong on the way --------------------------------------------------------------------

stop "$server"
broker
configure "tsb-url = $url" "tsb-ca = $work/stranger.pem"
refused 'pkcs11-module and tsb-url' ska dgst -sha256 -sign ska:object=ordinary document
configure_broker
sed -i "s/authority.pem/stranger.pem/" openssl.cnf
refused "$url: .*certificate" ska dgst -sha256 -sign ska:object=ordinary document
configure_broker
sed -i "s#^tsb-url = .*#tsb-url = http://broker.example#" openssl.cnf
refused 'https: is needed' ska dgst -sha256 -sign ska:object=ordinary document
configure_broker
faulty() { # FAULT PATTERN
    stop "$server"
    broker "fault = $1"
    configure_broker
    refused "$2" ska dgst -sha256 -sign ska:object=ordinary document
}
sync=/v1/synchronousSign
faulty "html-502@$sync" "status 502, and the answer is not JSON.*not known"
faulty "plain-401@$sync" 'status 401.*recognize the caller'
faulty "lost-answer@$sync" 'sent, but not answered.*not known'
faulty "half-answer@$sync" 'sent, but not answered.*not known'
faulty "empty-body@$sync" 'signature'
faulty "huge-answer@$sync" 'more than 1048576 bytes'
# A GET is repeated where nobody answers, not for an answer that would be the same again.
stop "$server"
broker 'fault = huge-answer@/v1/versionInfo' "call-log = $work/huge.calls"
configure_broker
skatool check-config >stdout.txt || true
shows 'tsb-url .*more than 1048576 bytes'
[ "$(grep -c '^GET /v1/versionInfo ' huge.calls)" -eq 1 ] || fail "asked again: $(cat huge.calls)"
faulty "foreign-result@$sync" 'does not verify with the key.s public key'
faulty "hsm-error@$sync" '701'
faulty "signer-not-allowed@$sync" 'refused, according to the broker:.*signed by a signer that it knows'
faulty "api-key-missing@$sync" 'requires an API key for this call, and none is given'
# Looking is repeated, signing never.
stop "$server"
broker 'fault = html-502@/v1/key*2'
configure_broker
succeeds ska storeutl -noout -text ska:
stop "$server"
refused "$url: " ska dgst -sha256 -sign ska:object=ordinary document
pass
