#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The store: listing, public keys, certificates.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
key seal p256
strange='a/b c;d=é%&?'
encoded=$(printf '%s' "$strange" | od -An -tx1 | tr -d ' \n' | sed 's/../%&/g')
succeeds skatool keygen --key "ska:token=$token;object=$encoded" --algorithm EC --policy policy.json
untouched quietly ska pkey -in "ska:token=$token;object=$encoded" -pubout -out strange.pub.pem
key plainkey rsa2048 none

plain req -x509 -key alice.pem -subj /CN=root -days 30 \
    -addext basicConstraints=critical,CA:TRUE -out root.crt
plain x509 -new -force_pubkey seal.pub.pem -subj /CN=seal -CA root.crt -CAkey alice.pem -days 10 \
    -out seal.crt 2>/dev/null
plain x509 -in seal.crt -outform DER -out seal.der
p11 --write-object seal.der --type cert --label seal >/dev/null 2>&1

# All that is on the token, and nothing that the simulator keeps for itself.
untouched succeeds ska storeutl -noout "ska:token=$token"
[ ! -s stderr.txt ] || fail "messages: $(cat stderr.txt)"
cp stdout.txt listing
for part in 'object=seal' 'object=plainkey' 'type=private' 'type=public' 'type=cert'; do
    grep -q "$part" listing || fail "the listing lacks $part: $(cat listing)"
done
[ "$(grep -c 'object=seal.*type=private\|type=private.*object=seal' listing)" -eq 1 ]
! grep -qi 'data' listing || fail "the listing shows what the simulator keeps: $(cat listing)"

# What is listed can be opened under its listed name.
[ "$(grep -cE 'ska:.*type=private' listing)" -eq 3 ] || fail "not three private keys: $(cat listing)"
grep -oE 'ska:[^ ]+' listing | while read -r listed; do
    succeeds ska storeutl -noout "$listed"
    grep -q 'Total found: [1-9]' stdout.txt || fail "nothing under the listed name $listed"
done

# Whoever takes the first object gets the private key.
untouched succeeds ska storeutl -noout "$(uri seal)"
[ "$(grep -E '^[0-9]+: ' stdout.txt)" = $'0: Pkey\n1: Public key\n2: Certificate' ] ||
    fail "order: $(cat stdout.txt)"

# One kind each.
untouched succeeds ska storeutl -noout -certs "$(uri seal)"
grep -q 'Total found: 1' stdout.txt
untouched succeeds ska storeutl -certs "$(uri seal);type=cert"
sed -n '/BEGIN/,/END/p' stdout.txt | cmp - seal.crt
untouched succeeds ska storeutl -noout -keys "$(uri seal)"
grep -q 'Total found: 1' stdout.txt
untouched quietly ska x509 -in "$(uri seal);type=cert" -out out.crt
same out.crt seal.crt
untouched quietly ska pkey -in "$(uri seal)" -pubout -out out.pem
same out.pem seal.pub.pem
untouched quietly ska pkey -pubin -in "$(uri seal);type=public" -pubout -out out.pem
same out.pem seal.pub.pem

# Public things need no PIN.
mv pin hidden
untouched quietly ska pkey -pubin -in "$(uri seal);type=public" -pubout -out out.pem
same out.pem seal.pub.pem
untouched quietly ska x509 -in "$(uri seal);type=cert" -out out.crt
mv hidden pin

# A command can take key and certificate from the token.
approved seal request.json document
takes 1 quietly ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-approvals-file:request.json \
    -out signature document
plain x509 -in seal.crt -noout -pubkey >from_certificate.pem
plain dgst -sha256 -verify from_certificate.pem -signature signature document >/dev/null
untouched succeeds ska verify -CAfile root.crt seal.crt

# Nothing there is an error, and says so.
store() { # storeutl counts on standard output even when it fails
    ska storeutl -noout "$1" 1>&2
}
untouched refused 'nothing' store "$(uri nothing)"
untouched refused 'nothing' ska x509 -in "$(uri nothing);type=cert" -out out.crt
untouched refused 'empty-token' store 'ska:token=empty-token'
new_token bare
untouched succeeds ska storeutl -noout 'ska:token=bare'
! grep -q 'Total found: [1-9]' stdout.txt || fail "on a bare token: $(cat stdout.txt)"
pass
