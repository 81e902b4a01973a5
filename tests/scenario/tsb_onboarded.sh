#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Approvers whose keys the broker makes, and whom a policy only names: the broker puts their
# certificates there, and skatool shows which. What it shows is compared with what the approvers have,
# by openssl alone, and so is what they approve.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/broker.sh"

ca authority
leaf server authority 'subjectAltName = IP:127.0.0.1'
approver alice
approver stranger
printf 'A document.\n' >document
broker 'execution-delay = 0'
mkdir -m 700 state
configure_broker "state-dir = $work/state" 'approvals-timeout = 60'

carol=carol@example.com
by_name() { # NAME
    printf '{"type":"onboarded_approver_certificate","name":"%s"}' "$1"
}
both() { # APPROVAL: alice and another
    printf '{"tokens":[{"groups":[{"name":"board","quorum":2,"approvals":[
        {"type":"public_key","name":"alice","file":"alice.pub.pem"},%s]}]}]}' "$1"
}
policy "$(both "$(by_name $carol)")" >named.json
keygen() { # LABEL POLICY OPTION...
    skatool keygen --key "ska:object=$1" --algorithm EC --policy "$2" "${@:3}"
}
of_both='ruleUse.tokens\[0\].groups\[0\].approvals\[1\]'

# ---- What is refused before anybody is asked -----------------------------------------------------

asked=$(grep -c . tsb.log || true)
for wrong in '{"type":"onboarded_approver_certificate"}' '{"type":"onboarded_approver_certificate","name":""}'; do
    policy "$(both "$wrong")" >wrong.json
    refused "$of_both.name: missing; the broker knows the certificate by it" keygen named wrong.json
done
policy "$(both "$(by_name $carol | sed "s/}/,\"file\":\"alice.pub.pem\"}/")")" >wrong.json
refused "$of_both.file: unknown member" keygen named wrong.json
policy "$(both "$(by_name $carol),$(by_name $carol)")" >wrong.json
refused "approvals\[2\] \($carol\) has the same name as approvals\[1\]" keygen named wrong.json
refused "approver '$carol' is given only by name .*whether .* chains to a CA of --ca cannot be seen" \
    keygen named named.json --ca authority.pem
[ "$(grep -c . tsb.log || true)" = "$asked" ] || fail "asks the broker: $(cat tsb.log)"

# ---- Not there, and not fetched ------------------------------------------------------------------

refused 'it does not know a name in the policy .*413' keygen named named.json
ask 201 POST /v1/approverManagement/create \
    "{\"approverName\":\"$carol\",\"algorithm\":\"RSA\",\"keySize\":2048,\"backupPassword\":[\"2\",\"a\",\"l\",\"1\",\"5\"],\"validity\":30}"
code=$(member oneTimeCode)
refused 'has not fetched the key that it made .*414' keygen named named.json
fetch_key 200 "$carol" "$code"
key_fetched 2al15 carol

# ---- A key with her certificate ------------------------------------------------------------------

succeeds keygen named named.json
fingerprint() { # NAME
    plain pkey -in "$1.pem" -pubout -outform DER | plain dgst -sha256 -r | cut -d' ' -f1
}
shows 'kind +SKA' "^ +approvers +'?alice'?, key SHA-256 $(fingerprint alice)" \
    "'?$carol'?, certificate of CN=$carol, issued by " "^ +key SHA-256 $(fingerprint carol)"
says "only the broker says which certificates belong to the names .*: compare their fingerprints"
[ "$(grep -c "$carol" stdout.txt)" -eq 1 ] || fail "names her more than once: $(cat stdout.txt)"
ask 200 POST /v1/key/attributes '{"label":"named"}'
holds '"type":"certificate"' "\"value\":\"$(plain x509 -in carol.crt -outform DER | b64)\""
! grep -q onboarded answer.json || fail "still a name: $(cat answer.json)"
member publicKey | plain base64 -d -A | plain pkey -pubin -inform DER -out named.pub.pem
succeeds skatool show --key ska:object=named
shows "use +.*2 of 2: alice, '?$carol'?"

# Without a policy that names people according to the broker nobody is told of it.
policy "$(rule 1 alice)" >plain.json
succeeds keygen plain plain.json
! grep -q approvers stdout.txt || fail "shows approvers: $(cat stdout.txt)"
! grep -q fingerprints stderr.txt || fail "warns: $(cat stderr.txt)"

# ---- Her approval counts -------------------------------------------------------------------------

succeeds skatool check-config --plan --policy named.json --key ska:object=named
shows "^done +key +'named', with rules"
succeeds skatool request --key ska:object=named document
request=$(cat stdout.txt)
succeeds skatool approve --approver carol.pem --cert carol.crt --tsb "$url" --tsb-ca authority.pem \
    --key named --document document --yes "$request"
status_is "$request" PENDING || fail "executed with one approval: $(cat answer.json)"
has "\"approvedBy\":\[\"$(public carol | sed 's/[+/]/[&]/g')\"\]"
# By curl and openssl alone.
approve_task alice Sign "$request"
becomes "$request" EXECUTED
succeeds skatool execute "$request" -o signature
verified document named.pub.pem signature -sha256
succeeds skatool request --key ska:object=named --operation block
request=$(cat stdout.txt)
approve_task carol BlockKey "$request"
succeeds skatool approve --approver alice.pem --tsb "$url" --tsb-ca authority.pem \
    --key named --operation block --yes "$request"
becomes "$request" EXECUTED

# ---- Where names are of no use -------------------------------------------------------------------

# New rules are what approvers see, and so have certificates.
printf '{"ruleUse":%s}' "$(both "$(by_name $carol)")" >use.json
refused "approver '$carol' is given only by name .*name the certificate itself" \
    skatool request --key ska:object=named --operation modify --policy use.json
succeeds skatool check-config --plan --policy named.json
shows "^ask +$carol +has the broker made their key and certificate" '^done +alice '
succeeds skatool check-config --plan --key ska:object=named
shows "^to do +key +.*'named' cannot sign until it is unblocked"
succeeds skatool check-config --plan --policy named.json --key ska:object=new
shows '^ +\$ skatool keygen --key ska:object=new '
# A token knows nobody by name; nobody is asked for a PIN.
configure "pin-source = file:$work/no-pin"
refused "approver '$carol' is given only by name .*a token does not" keygen named named.json
pass
