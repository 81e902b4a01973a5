#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Programs that ask for the RSA or EC_KEY inside of a key get the public part of it, never a private
# value; nothing crashes, and all that needs the private key fails.
. "$(dirname "$0")/lib.sh"
board
specs='rsa2048 rsapss p256 p384 ed25519'
[ -z "$preload" ] || specs='rsa2048 p256'
for spec in $specs; do
    for policy in empty.json none; do
        label=$spec-${policy%.*}
        key "$label" $spec $policy
        quietly ska pkey -in "$(uri "$label")" -out "$label.pem"
        quietly ours "$programs/legacy_objects" "$label.pem" "$label.pub.pem"
    done
done
# A key whose signatures need approvals is no other.
key seal p256
quietly skatool pem --key "$(uri seal)" --pkcs8 -o seal.pem
takes 0 refused 'approvals missing' ours "$programs/legacy_objects" seal.pem seal.pub.pem

# Whichever provider was activated first.
providers=$'ska = ska_provider\ndefault = default_provider' configure
quietly ours "$programs/legacy_objects" p256-none.pem p256-none.pub.pem
quietly ours "$programs/legacy_objects" rsa2048-none.pem rsa2048-none.pub.pem
pass
