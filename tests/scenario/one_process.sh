#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# All four steps of a signature in one process: hash, take the request out, approve, sign.
. "$(dirname "$0")/lib.sh"
board
policy "$(rule 1 alice bob)" >single.json
head -c 100000 /dev/urandom >document

for spec in rsa2048 p256; do
    key "$spec" "$spec" single.json
    for signer in alice bob; do
        takes 1 quietly ours "$programs/one_process" "$(uri "$spec")" "$signer.pem" document signature
        succeeds plain dgst -sha256 -verify "$spec.pub.pem" -signature signature document
    done
    takes 1 refused 'approver not listed.*carol|is not an approver' \
        ours "$programs/one_process" "$(uri "$spec")" carol.pem document signature
done

# Time limits: one timestamp for the request, however often it is looked at.
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC --curve P-256
configure 'timestamp-key = clock'
sed 's/"timeout":0/"timeout":300/g' single.json >limited.json
key limited p256 limited.json
before=$(grep -cs '^C_GetTimestamp ' calls.log || true)
takes 1 quietly ours "$programs/one_process" "$(uri limited)" alice.pem document signature
succeeds plain dgst -sha256 -verify limited.pub.pem -signature signature document
[ "$(($(grep -c '^C_GetTimestamp ' calls.log) - before))" -eq 1 ] || fail "more than one timestamp"
pass
