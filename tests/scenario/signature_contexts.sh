#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Signature contexts as applications use them: streaming and one-shot, duplicated, asked for sizes,
# abandoned. One final is one call of the HSM; everything else is none.
. "$(dirname "$0")/lib.sh"
board
printf 'Approved by two of three.\n' >document

# From 3.4 on libcrypto does not ask a provider twice for a signature in one go, and has functions
# for whole messages.
version=$(plain version)
version=${version#OpenSSL }
contexts() { # WHAT LABEL [BUNDLE]
    quietly ours "$programs/signature_contexts" "$1" "$(uri "$2")" ${3+"$3"}
}

for spec in rsa2048 p256 p384 ed25519 ed448; do
    key "$spec" "$spec"
    approved "$spec" "$spec.json" document
    takes 1 contexts streaming "$spec" "$spec.json"
    takes 1 contexts one-shot "$spec" "$spec.json"
    takes 1 contexts duplicates "$spec" "$spec.json"
    key "$spec.free" "$spec" empty.json
    again=2
    case $spec-$version in
    ed*-3.[4-9]* | ed*-[4-9].*)
        again=1
        takes 2 contexts message-functions "$spec" "$spec.json"
        ;;
    esac
    takes "$again" contexts again "$spec.free"
    for nothing in nothing algorithm-ids parameters private-parts comparisons; do
        untouched contexts "$nothing" "$spec" "$spec.json"
    done
done

request p256 copy.json document
cp copy.json copy.json.2
approve copy.json alice
approve copy.json.2 carol
takes 2 contexts several-files p256 copy.json

for spec in ed25519 ed448; do
    untouched contexts begun "$spec" "$spec.json"
done

# Message form: the HSM hashes.
for spec in rsa2048 p256; do
    approved "$spec" message.json document --payload message
    takes 1 quietly ska dgst -sha256 -sign "$(uri "$spec")" -sigopt ska-payload:message \
        -sigopt ska-approvals-file:message.json -out signature document
    succeeds plain dgst -sha256 -verify "$spec.pub.pem" -signature signature document
    takes 1 contexts keep-message "$spec" message.json
    takes 1 contexts keep-digest "$spec" "$spec.json"
done
pass
