#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Ordinary keys: made, used with each kind of signature, by URI and by reference, and not given out.
. "$(dirname "$0")/lib.sh"

pss=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest)
can=()
for spec in p256 rsa2048 rsa3072 p384 p521 ed25519; do
    tried_key $spec $spec none || {
        note "ordinary $spec: not made: $(reason)"
        continue
    }
    can+=("$spec")
    if [ $spec = ed25519 ]; then
        quietly ska pkeyutl -sign -inkey "$(uri $spec)" -rawin -in document -out signature
        plain pkeyutl -verify -pubin -inkey $spec.pub.pem -rawin -in document -sigfile signature \
            >verified.txt 2>&1 || fail "$spec: does not verify"
        continue
    fi
    signs $spec document
    for digest in sha384 sha512; do
        quietly ska dgst -$digest -sign "$(uri $spec)" -out signature document
        plain dgst -$digest -verify $spec.pub.pem -signature signature document >verified.txt 2>&1 ||
            fail "$spec with $digest: does not verify"
    done
    case $spec in rsa*)
        quietly ska dgst -sha256 -sign "$(uri $spec)" "${pss[@]}" -out signature document
        plain dgst -sha256 -verify $spec.pub.pem "${pss[@]}" -signature signature document \
            >verified.txt 2>&1 || fail "$spec with PSS: does not verify"
        ;;
    esac
    quietly ska req -new -key "$(uri $spec)" -subj /CN=test -out test.csr
    plain req -in test.csr -verify -noout >verified.txt 2>&1 || fail "$spec: a CSR that does not verify"
    rm -f $spec.pem
    succeeds skatool pem --key "$(uri $spec)" -o $spec.pem
    quietly ska dgst -sha256 -sign $spec.pem -out signature document
    plain dgst -sha256 -verify $spec.pub.pem -signature signature document >verified.txt 2>&1 ||
        fail "$spec by its reference: does not verify"
    refused 'cannot leave' ska pkey -in "$(uri $spec)" -outform DER -out out.key
done
[ "${#can[@]}" -gt 0 ] || fail "no key could be made: $(cat stderr.txt)"
note "ordinary keys that sign: ${can[*]}"
pass
