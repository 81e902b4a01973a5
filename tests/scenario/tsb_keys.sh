#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An owner's keys behind the broker, by skatool: made with the same policy files, with a password,
# listed and shown; what a broker cannot have is refused before anything is sent. What skatool shows
# is compared with what the broker says to curl.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/broker.sh"

ca authority
leaf server authority 'subjectAltName = IP:127.0.0.1'
board
printf 'A document.\n' >document
broker 'execution-delay = 200'
configure_broker

attributes() { # LABEL [PASSWORD]
    ask 200 POST /v1/key/attributes "{\"label\":\"$1\"${2+,\"password\":\"$2\"}}"
}
keygen() { # LABEL POLICY OPTION...
    local label=$1 policy=$2
    shift 2
    succeeds skatool keygen --key "ska:object=$label" --policy "$policy" "$@"
}

# ---- Making --------------------------------------------------------------------------------------

keygen seal policy.json --algorithm EC
shows '^ska:object=seal;type=private$' 'label +seal' 'P-256' 'kind +SKA'
says 'never expire'
! grep -q 'keygen --timestamp' stderr.txt || fail "tells of timestamp keys, which no broker needs"
attributes seal
has '"label":"seal"' '"curveOid":"1.2.840.10045.3.1.7"' '"quorum":2' '"name":"carol"' \
    '"sign":true' '"extractable":false' '"blocked":false'
holds "$(public alice)" "$(public bob)" "$(public carol)"
keygen blocked policy.json --algorithm ec --curve P-384 --blocked
attributes blocked
has '"blocked":true' '"curveOid":"1.3.132.0.34"'
keygen rsa empty.json --algorithm RSA --size 2048
says 'anyone whom the broker lets in can sign' 'can change the rules'
attributes rsa
has '"policy":\{"ruleUse":(null|\{)'
keygen ed none --algorithm ED25519
shows 'kind +ordinary'
attributes ed
has '"policy":null'
quietly ska pkeyutl -sign -rawin -in document -inkey ska:object=ed -out ed.sig
quietly ska pkey -in ska:object=ed -pubout -out ed.pub.pem
plain pkeyutl -verify -rawin -in document -pubin -inkey ed.pub.pem -sigfile ed.sig >/dev/null ||
    fail "the signature does not verify"

# Approvers by certificate, whom the policy does not name: shown, asked, and named by new rules.
approver dave
plain req -x509 -key dave.pem -subj /CN=Dave -days 30 -out dave.crt
certified() { # QUORUM
    printf '{"tokens":[{"groups":[{"quorum":%s,"approvals":[{"type":"certificate","file":"dave.crt"},
        {"type":"public_key","name":"alice","value":"%s"}]}]}]}' "$1" "$(public alice)"
}
mkdir -m 700 state
configure_broker "state-dir = $work/state"
certified_policy() { # QUORUM of the use rule
    printf '{"ruleUse":%s,"ruleBlock":null,"ruleUnblock":null,"ruleModify":%s}' "$(certified "$1")" \
        "$(certified 1)"
}
certified_policy 1 >certified.json
keygen certified certified.json --algorithm EC
succeeds skatool show --key ska:object=certified
shows "use +.*1 of 2: Dave, alice"
attributes certified
has '"type":"certificate"'
# daves OPTION...: an answer of his
daves() {
    skatool approve --approver dave.pem --tsb "$url" --tsb-ca authority.pem --key certified --yes "$@" "$request"
}
succeeds skatool request --key ska:object=certified document
request=$(cat stdout.txt)
refused 'If the rule names your certificate, add --cert' daves --document document
succeeds daves --document document --cert dave.crt
becomes "$request" EXECUTED
succeeds skatool execute "$request" -o certified.sig
attributes certified
member publicKey | plain base64 -d -A | plain pkey -pubin -inform DER -out certified.pub.pem
verified document certified.pub.pem certified.sig -sha256
certified_policy 2 >use.json
succeeds skatool request --key ska:object=certified --operation modify --policy use.json
request=$(cat stdout.txt)
refused 'must be read by a person' daves --operation modify --cert dave.crt
approve_task dave ModifyKey "$request"
becomes "$request" EXECUTED
succeeds skatool execute "$request"
shows "^key 'certified' has new rules"
succeeds skatool show --key ska:object=certified
shows "use +.*2 of 2: Dave, alice"
configure_broker

# libcrypto makes ordinary keys there too.
succeeds ska genpkey -propquery provider=ska -algorithm EC -pkeyopt group:P-256 \
    -pkeyopt ska-uri:ska:object=generated -out generated.pem
attributes generated
has '"policy":null'

# ---- What is refused -----------------------------------------------------------------------------

before=$(grep -c . tsb.log || true)
timed() { # TIMELOCK TIMEOUT
    policy "$(rule 2 alice bob | sed "s/\"timelock\":0,\"timeout\":0/\"timelock\":$1,\"timeout\":$2/")"
}
timed 0 90 >seconds.json
refused 'ruleUse.tokens\[0\].timeout: 90 seconds: .*multiple of 60' \
    skatool keygen --key ska:object=seconds --algorithm EC --policy seconds.json
timed 61 120 >seconds.json
refused 'timelock: 61 seconds' \
    skatool keygen --key ska:object=seconds --algorithm EC --policy seconds.json
refused 'needs no timestamp key' skatool keygen --timestamp --key ska:object=time --algorithm EC
refused 'no RSA keys for PSS only' \
    skatool keygen --key ska:object=pss --algorithm RSA-PSS --policy policy.json
refused 'id: a broker knows keys by their labels' \
    skatool keygen --key 'ska:object=other;id=%01' --algorithm EC --policy policy.json
[ "$(grep -c . tsb.log || true)" = "$before" ] || fail "asks the broker: $(cat tsb.log)"
refused "key 'seal': .*608" skatool keygen --key ska:object=seal --algorithm EC --policy policy.json
timed 0 120 >minutes.json
keygen minutes minutes.json --algorithm EC
attributes minutes
has '"timeout":120'

# ---- Passwords -----------------------------------------------------------------------------------

printf 's3cret "word"\n' >password
chmod 600 password
keygen guarded policy.json --algorithm EC --password-source "file:$work/password"
ask 400 POST /v1/key/attributes '{"label":"guarded"}'
attributes guarded 's3cret \"word\"'
refused 'password of the key .tsb-key-password-source. is missing or wrong' \
    skatool show --key ska:object=guarded
configure_broker "tsb-key-password-source = file:$work/password"
succeeds skatool show --key ska:object=guarded
configure_broker

# ---- Listed and shown ----------------------------------------------------------------------------

ask 201 POST /v1/key "{\"label\":\"decrypts\",\"algorithm\":\"RSA\",\"keySize\":2048,\"attributes\":{\"decrypt\":true,
    \"sign\":false,\"unwrap\":true},\"policy\":$(rest_policy "$(rest_rule 1 0 0 alice)")}"
# One that cannot be opened hides no other; those of the broker itself are none of ours.
succeeds skatool list
shows "BLOCKED, SAYS THE BROKER" '^blocked +- +.*P-384 .*SKA +yes' '^ed +- +.*ED25519 .*ordinary +-' \
    '^decrypts +- +RSA 2048 +.SKA, does not sign. +no ' "^guarded +- +\\? +\\? +-" "^'attestation-key' +- +\\? +\\?" '^rsa +- +.*2048.*SKA +no' '^seal .*P-256 .*SKA +no'
says 'warning: .*guarded'
[ "$(wc -l <stderr.txt)" -eq 1 ] || fail "says more: $(cat stderr.txt)"
[ "$(wc -l <stdout.txt)" -eq 12 ] || fail "not all keys: $(cat stdout.txt)"
succeeds skatool list --key ska:object=seal --json
shows '"toldByHsm":[[:space:]]*false' '"label":[[:space:]]*"seal"' '"ska":[[:space:]]*true' '"blocked":[[:space:]]*false'
! grep -q '"rsa"' stdout.txt || fail "lists others: $(cat stdout.txt)"
succeeds skatool list --key ska:object=decrypts --json
shows '"signs":[[:space:]]*false' '"ska":[[:space:]]*true'
refused "'decrypts' is not for signing" ska dgst -sha256 -sign ska:object=decrypts policy.json

blocked="key is blocked: the broker says, unconfirmed, that 'blocked' cannot sign until .*unblocking needs "
ends 2 skatool check-config --json --key ska:object=blocked
shows '"worst":.*"failed"' "\"text\":.*\"$blocked"
succeeds skatool show --key ska:object=blocked
shows "broker +$url" 'label +blocked' 'blocked +yes' 'use +.*2 of 3: alice.*bob.*carol' 'BEGIN PUBLIC KEY'
sed -n '/BEGIN/,/END/p' stdout.txt >shown.pem
attributes blocked
[ "$(plain pkey -pubin -in shown.pem -outform DER | b64)" = "$(member publicKey)" ] ||
    fail "shows another public key"
succeeds skatool show --key ska:object=minutes --json
shows '"timeout":[[:space:]]*120' '"ruleModify"'

# The listing of libcrypto's store goes the same way.
succeeds ska storeutl -noout -text ska:
shows 'ska:object=seal;type=private' 'Total found: 11'
pass
