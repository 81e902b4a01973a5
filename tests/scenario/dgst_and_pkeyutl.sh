#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# openssl dgst and pkeyutl sign with every kind of key under a 2-of-3 rule; the plain openssl
# verifies; each command takes exactly one call of the HSM, and a refused one none.
. "$(dirname "$0")/lib.sh"
board

printf 'A document.\n' >document
for digest in sha256 sha384 sha512; do
    plain dgst -$digest -binary -out "document.$digest" document
done
head -c 31 document.sha256 >short

# dgst LABEL DIGEST BUNDLE [SIGOPT...]
dgst() {
    local label=$1 digest=$2 bundle=$3 options=() option
    shift 3
    for option in "$@"; do options+=(-sigopt "$option"); done
    takes 1 quietly ska dgst "-$digest" -sign "$(uri "$label")" \
        -sigopt "ska-approvals-file:$bundle" "${options[@]}" -out signature document
    plain dgst "-$digest" -verify "$label.pub.pem" "${options[@]}" -signature signature document \
        >/dev/null || fail "signature by $label does not verify: dgst $digest $*"
}

# pkeyutl_rawin LABEL DIGEST BUNDLE [PKEYOPT...]
pkeyutl_rawin() {
    local label=$1 digest=$2 bundle=$3 options=() option
    shift 3
    for option in "$@"; do options+=(-pkeyopt "$option"); done
    takes 1 quietly ska pkeyutl -sign -inkey "$(uri "$label")" -rawin -digest "$digest" \
        -pkeyopt "ska-approvals-file:$bundle" "${options[@]}" -in document -out signature
    plain pkeyutl -verify -pubin -inkey "$label.pub.pem" -rawin -digest "$digest" \
        "${options[@]}" -in document -sigfile signature >/dev/null ||
        fail "signature by $label does not verify: pkeyutl -rawin -digest $digest $*"
}

# pkeyutl_prehashed LABEL DIGEST BUNDLE [PKEYOPT...]: the input is the digest.
pkeyutl_prehashed() {
    local label=$1 digest=$2 bundle=$3 options=() option
    shift 3
    for option in "$@"; do options+=(-pkeyopt "$option"); done
    takes 1 quietly ska pkeyutl -sign -inkey "$(uri "$label")" \
        -pkeyopt "ska-approvals-file:$bundle" "${options[@]}" -in "document.$digest" -out signature
    plain dgst "-$digest" -verify "$label.pub.pem" "${verify[@]}" -signature signature document \
        >/dev/null || fail "signature by $label does not verify: pkeyutl prehashed $digest $*"
}

# unsigned LABEL PATTERN INPUT [PKEYOPT...]: pkeyutl refuses to sign INPUT, without asking the HSM.
unsigned() {
    local label=$1 pattern=$2 input=$3 options=() option
    shift 3
    for option in "$@"; do options+=(-pkeyopt "$option"); done
    untouched refused "$pattern" ska pkeyutl -sign -inkey "$(uri "$label")" \
        -pkeyopt "ska-approvals-file:$bundle" "${options[@]}" -in "$input" -out signature
}

pss=rsa_padding_mode:pss

for label in rsa2048 rsa3072; do
    key $label $label
    for digest in sha256 sha512; do
        bundle=$label.$digest.json
        approved $label "$bundle" document --digest $digest
        verify=()
        dgst $label $digest "$bundle"
        pkeyutl_rawin $label $digest "$bundle"
        pkeyutl_prehashed $label $digest "$bundle" digest:$digest

        bundle=$label.$digest.pss.json
        approved $label "$bundle" document --digest $digest --padding pss
        dgst $label $digest "$bundle" $pss
        pkeyutl_rawin $label $digest "$bundle" $pss
        verify=(-sigopt "$pss")
        pkeyutl_prehashed $label $digest "$bundle" $pss digest:$digest
    done
    bundle=$label.salt.json
    approved $label "$bundle" document --padding pss --salt-length 32
    dgst $label sha256 "$bundle" $pss rsa_pss_saltlen:32
    dgst $label sha256 "$bundle" $pss rsa_pss_saltlen:digest
    dgst $label sha256 "$bundle" $pss rsa_pss_saltlen:-1
    dgst $label sha256 "$bundle" $pss rsa_pss_saltlen:digest rsa_mgf1_md:sha256
    verify=(-sigopt "$pss" -sigopt rsa_pss_saltlen:digest)
    pkeyutl_prehashed $label sha256 "$bundle" $pss digest:sha256 rsa_pss_saltlen:digest

    # Nothing but a whole digest of a known kind, and never raw RSA.
    bundle=$label.sha256.json
    unsigned $label 'raw RSA: say which digest' document.sha256
    unsigned $label '[Ll]ength' short digest:sha256
    unsigned $label 'raw RSA: say which digest' document.sha256 $pss
    unsigned $label '[Ll]ength' short $pss digest:sha256
    unsigned $label '[Pp]adding' document.sha256 rsa_padding_mode:none
    unsigned $label '[Pp]adding|[Dd]igest' document.sha256 rsa_padding_mode:x931 digest:sha256
done

key rsapss rsapss
bundle=rsapss.json
approved rsapss "$bundle" document
dgst rsapss sha256 "$bundle"
dgst rsapss sha256 "$bundle" $pss
pkeyutl_rawin rsapss sha256 "$bundle"
verify=()
pkeyutl_prehashed rsapss sha256 "$bundle" digest:sha256
unsigned rsapss '[Pp]adding' document.sha256 rsa_padding_mode:pkcs1 digest:sha256

for label in p256 p384 p521; do
    key $label $label
    case $label in p256) digest=sha256 ;; p384) digest=sha384 ;; p521) digest=sha512 ;; esac
    bundle=$label.json
    verify=()
    approved $label "$bundle" document --digest $digest
    dgst $label $digest "$bundle"
    pkeyutl_rawin $label $digest "$bundle"
    pkeyutl_prehashed $label $digest "$bundle"
    pkeyutl_prehashed $label $digest "$bundle" digest:$digest
    unsigned $label '[Ll]ength' short
    unsigned $label '[Ll]ength' document
done
# A digest longer than the curve's order, as OpenSSL cuts it.
bundle=p256.sha512.json
approved p256 "$bundle" document --digest sha512
dgst p256 sha512 "$bundle"
pkeyutl_prehashed p256 sha512 "$bundle"

# EdDSA signs messages, never digests; 32 bytes are a message like any other.
for label in ed25519 ed448; do
    key $label $label
    for input in document document.sha256; do
        approved $label bundle.json $input
        takes 1 quietly ska pkeyutl -sign -inkey "$(uri $label)" -rawin \
            -pkeyopt ska-approvals-file:bundle.json -in $input -out signature
        plain pkeyutl -verify -pubin -inkey $label.pub.pem -rawin -in $input -sigfile signature \
            >/dev/null || fail "signature by $label does not verify"
    done
done

# Approvers may approve the message instead of its digest.
for label in rsa2048 p256; do
    approved $label bundle.json document --payload message
    takes 1 quietly ska dgst -sha256 -sign "$(uri $label)" -sigopt ska-payload:message \
        -sigopt ska-approvals-file:bundle.json -out signature document
    plain dgst -sha256 -verify $label.pub.pem -signature signature document >/dev/null ||
        fail "signature by $label does not verify: message form"
    untouched refused 'approved for other data' ska dgst -sha256 -sign "$(uri $label)" \
        -sigopt ska-approvals-file:bundle.json -out signature document
done

# The bundle as text, and in the URI; the signature on standard output, and nothing else there.
takes 1 quietly ska dgst -sha256 -sign "$(uri p256)" -sigopt "ska-approvals:$(cat p256.json)" \
    -out signature document
plain dgst -sha256 -verify p256.pub.pem -signature signature document >/dev/null
takes 1 quietly ska dgst -sha256 -sign "$(uri p256)?approvals-file=$work/p256.json" \
    -out signature document
plain dgst -sha256 -verify p256.pub.pem -signature signature document >/dev/null
takes 1 succeeds ska dgst -sha256 -sign "pkcs11:token=$token;object=p256" \
    -sigopt ska-approvals-file:p256.json document
[ ! -s stderr.txt ] || fail "a message after success: $(cat stderr.txt)"
plain dgst -sha256 -verify p256.pub.pem -signature stdout.txt document >/dev/null

# Verification with the private key's own object, which asks no one.
untouched succeeds ska dgst -sha256 -prverify "$(uri p256)" -signature signature document
grep -q 'Verified OK' stdout.txt
untouched succeeds ska pkeyutl -verify -inkey "$(uri p256)" -rawin -digest sha256 -in document \
    -sigfile signature
pass
