#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Ids are bytes, labels are not always text, and URIs come from other programs: whatever is listed
# can be used again, with a key reference, too.
. "$(dirname "$0")/lib.sh"
printf 'A document.\n' >document

# signs URI PUBLIC-KEY
signs() {
    quietly ska dgst -sha256 -sign "$1" -out signature document
    plain dgst -sha256 -verify "$2" -signature signature document >/dev/null || fail "$1"
}

# Two keys of one label, whose ids begin with zero bytes, as every 256th hash does.
for id in 0001 0002; do
    plain ecparam -name prime256v1 -genkey -noout -out $id.pem
    plain pkcs8 -topk8 -nocrypt -in $id.pem -out $id.pk8
    plain pkey -in $id.pem -pubout -out $id.pub.pem
    ours softhsm2-util --module "$simulator" --token "$token" --pin "$pin" --import $id.pk8 \
        --label card --id $id >/dev/null
done
signs "pkcs11:token=$token;object=card;id=%00%01" 0001.pub.pem
signs 'ska:id=%00%02;type=private' 0002.pub.pem
refused '2 private keys with label "card"; their ids: 000[12], 000[12]; give the id' \
    ska dgst -sha256 -sign "$(uri card)" -out signature document
succeeds ska storeutl -noout "ska:token=$token"
grep -oE 'ska:[^ ]+type=private' stdout.txt >listed
[ "$(wc -l <listed)" -eq 2 ] || fail "not two private keys: $(cat stdout.txt)"
while read -r listed; do
    id=$(sed 's/.*id=%00%\(..\).*/00\1/' <<<"$listed")
    signs "$listed" "$id.pub.pem"
    quietly ska pkey -in "$listed" -out reference.pem
    signs reference.pem "$id.pub.pem"
    succeeds skatool pem --key "$listed" --force -o reference.pem
    signs reference.pem "$id.pub.pem"
done <listed
succeeds skatool list
shows 'card +0001 ' 'card +0002 '
succeeds skatool list --key "$(uri nope)"
says 'no private key matches --key'

# A key that is made with such an id.
succeeds skatool keygen --key "$(uri made);id=%00%00" --algorithm EC --policy none
quietly ska pkey -in "$(uri made)" -pubout -out made.pub.pem
signs "ska:token=$token;id=%00%00" made.pub.pem
refused 'UTF-8' skatool keygen --key "ska:token=$token;object=a%ff" --algorithm EC --policy none
refused 'UTF-8' skatool keygen --key "ska:token=$token;object=a%00" --algorithm EC --policy none

# A token's label in Latin-1, and a key's.
latin=$(printf 'Z\374rich')
new_token "$latin"
# Where a token is configured a reference has the configured PIN tried at that one only.
sed -i '/^token = /d' openssl.cnf
ours softhsm2-util --module "$simulator" --token "$latin" --pin "$pin" --import 0001.pk8 \
    --label "$(printf 'Schl\374ssel')" --id 01 >/dev/null
succeeds ska storeutl -noout 'pkcs11:token=Z%fcrich'
grep -oE 'ska:[^ ]+type=private' stdout.txt >listed
grep -qxF 'ska:token=Z%fcrich;id=%01;object=Schl%fcssel;type=private' listed ||
    fail "lists $(cat stdout.txt)"
signs "$(cat listed)" 0001.pub.pem
quietly ska pkey -in "$(cat listed)" -out reference.pem
signs reference.pem 0001.pub.pem
signs 'ska:token=Z%fcrich;object=Schl%fcssel' 0001.pub.pem

# As other programs write URIs: padded fields, a ";" at the end, attributes of slot and library.
model=$(p11 -L | sed -n "s/^ *token model *: *//p" | head -n 1 | sed "s/ /%20/g")
signs "pkcs11:model=$model%00%00;token=$token%00%20;object=made;" made.pub.pem
signs "pkcs11:library-manufacturer=SKA%20simulator;library-version=0.1;token=$token;object=made" \
    made.pub.pem

# Two tokens of one label: told apart by serial, or by slot.
new_token twin
ours softhsm2-util --module "$simulator" --token twin --pin "$pin" --import 0001.pk8 --label key \
    --id 01 >/dev/null
new_token twin
refused '2 tokens match token="twin": .*slot-id [0-9]+\), .*; give label or serial' \
    ska dgst -sha256 -sign 'pkcs11:token=twin;object=key' -out signature document
grep -oE 'serial [0-9a-f]+, slot-id [0-9]+' stderr.txt | sort -u >twins
[ "$(wc -l <twins)" -eq 2 ] || fail "$(cat stderr.txt)"
found=0
while read -r _ serial _ slot; do
    serial=${serial%,}
    if ska dgst -sha256 -sign "pkcs11:serial=$serial;object=key" -out signature document \
        2>stderr.txt; then
        found=$((found + 1))
        signs "pkcs11:slot-id=$slot;object=key" 0001.pub.pem
        quietly ska pkey -in "pkcs11:token=twin;slot-id=$slot;object=key" -out reference.pem
        signs reference.pem 0001.pub.pem
        # What is listed says which of both tokens.
        succeeds ska storeutl -noout "pkcs11:token=twin;serial=$serial"
        signs "$(grep -oE 'ska:[^ ]+type=private' stdout.txt)" 0001.pub.pem
    else
        refused 'no private key' \
            ska dgst -sha256 -sign "pkcs11:slot-id=$slot;object=key" -out signature document
    fi
done <twins
[ "$found" -eq 1 ] || fail "the key is on $found tokens"
# A listing that names no token is of all, each key with the token that it is on.
configure
sed -i '/^token = /d' openssl.cnf
succeeds ska storeutl -noout pkcs11:
[ "$(grep -c 'token=twin;serial=.*type=private' stdout.txt)" -eq 0 ] ||
    fail "private keys without a login: $(cat stdout.txt)"
grep -oE 'ska:token=tok;serial=[^ ]+object=made;type=public' stdout.txt >listed
quietly ska pkey -pubin -in "$(cat listed)" -pubout -out out.pem
same out.pem made.pub.pem
succeeds skatool check-config
shows '- +token +not set'
configure
refused 'no token matches slot-id="12345"' \
    ska dgst -sha256 -sign 'pkcs11:slot-id=12345;object=key' -out signature document

# Attributes of other programs behind the "?".
signs "$(uri made)?module-name=softhsm2&x-foo=bar" made.pub.pem
succeeds skatool check-config --key "$(uri made)?module-name=softhsm2&x-foo=bar"
shows 'warning +key +the URI has attributes that are ignored: module-name, x-foo' \
    'ok +key +label "made" on token "tok"'
ends 3 skatool check-config --key "$(uri nothing)"
shows 'FAILED +key +.*no private key with label "nothing"'
pass
