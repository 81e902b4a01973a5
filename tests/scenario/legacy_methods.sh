#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# legacy-methods = yes: the RSA or EC_KEY inside of a key signs digests, with all that a signature takes
# otherwise, and does nothing else; without it programs are told of it, and do not crash, not even one
# that frees its RSA once more than it may after a failure, as opendkim 2.11 does; and what is kept for
# those is of our keys only, and has an end.
. "$(dirname "$0")/lib.sh"
board
signs() { # LABEL
    ours "$programs/legacy_methods" signs "$1.pem" "$1.pub.pem"
}
fails() { # PATTERN LABEL
    succeeds ours "$programs/legacy_methods" fails "$2.pem" "$2.pub.pem"
    says "$1"
}
for spec in rsa2048 rsapss p256 p384; do
    for policy in empty.json none; do
        label=$spec-${policy%.*}
        key "$label" $spec $policy
        quietly ska pkey -in "$(uri "$label")" -out "$label.pem"
    done
done
key seal rsa2048
key company p256
for label in seal company; do
    quietly ska pkey -in "$(uri $label)" -out $label.pem
done

for label in rsa2048-empty rsa2048-none rsapss-none p256-empty p256-none seal; do
    takes 0 fails 'legacy-methods = yes' $label
done
configure 'legacy-methods = no'
takes 0 fails 'legacy-methods = yes' rsa2048-none

takes 0 quietly ours "$programs/legacy_methods" keeps rsa2048-empty.pem rsa2048-empty.pub.pem

configure 'legacy-methods = yes'
for label in rsa2048-none p256-none p384-none; do
    quietly signs $label
done
# Five digests, twice, and a request for a certificate; for each of two contexts.
takes 22 quietly signs rsa2048-empty
# Two signatures, of the object and of a copy, and the request.
takes 10 quietly signs p256-empty
takes 10 quietly signs p384-empty
# One that signs RSA-PSS only makes no signature of another kind.
fails 'PSS' rsapss-none
fails 'PSS' rsapss-empty

# With a rule it is the request of any other signature.
takes 0 fails 'approvals missing' seal
takes 0 fails 'approvals missing' company
mkdir -m 700 approvals
configure 'legacy-methods = yes' "approvals-dir = $work/approvals"
takes 0 fails 'approvals pending' seal
id=$(id_of_pending)
succeeds skatool approve --dir approvals --approver alice.pem --yes "$id"
takes 0 fails 'approvals pending' seal
succeeds skatool approve --dir approvals --approver bob.pem --yes "$id"
takes 1 ends 1 ours "$programs/legacy_methods" fails seal.pem seal.pub.pem
says 'RSA_sign.NID_sha256, digest, 32, out, &length, rsa. != 1'
[ -d "approvals/done/$id".* ] || fail 'no evidence'

# A key that is blocked, and then is not.
configure 'legacy-methods = yes'
succeeds skatool request --key "$(uri rsa2048-empty)" --operation block -o block.json
succeeds skatool execute --key "$(uri rsa2048-empty)" block.json
fails 'key is blocked' rsa2048-empty
succeeds skatool request --key "$(uri rsa2048-empty)" --operation unblock -o unblock.json
succeeds skatool execute --key "$(uri rsa2048-empty)" unblock.json
quietly signs rsa2048-empty
pass
