#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Ordinary keys on the same token sign directly: no approval, no SKA call.
. "$(dirname "$0")/lib.sh"
printf 'A document.\n' >document
plain dgst -sha256 -binary -out document.sha256 document
head -c 31 document.sha256 >short

for label in rsa2048 rsapss p256 p384 p521 ed25519 ed448; do
    key $label $label none
    case $label in
    ed*)
        untouched quietly ska pkeyutl -sign -inkey "$(uri $label)" -rawin -in document -out signature
        plain pkeyutl -verify -pubin -inkey $label.pub.pem -rawin -in document -sigfile signature \
            >/dev/null || fail "$label"
        continue
        ;;
    esac
    for digest in sha256 sha384 sha512; do
        untouched quietly ska dgst -$digest -sign "$(uri $label)" -out signature document
        plain dgst -$digest -verify $label.pub.pem -signature signature document >/dev/null ||
            fail "$label with $digest"
    done
    untouched quietly ska pkeyutl -sign -inkey "$(uri $label)" -rawin -digest sha256 -in document \
        -out signature
    plain dgst -sha256 -verify $label.pub.pem -signature signature document >/dev/null ||
        fail "$label with pkeyutl -rawin"
    untouched quietly ska pkeyutl -sign -inkey "$(uri $label)" -pkeyopt digest:sha256 \
        -in document.sha256 -out signature
    plain dgst -sha256 -verify $label.pub.pem -signature signature document >/dev/null ||
        fail "$label with pkeyutl"
    untouched quietly ska req -x509 -key "$(uri $label)" -subj /CN=x -out out.crt
    plain verify -CAfile out.crt out.crt >/dev/null || fail "$label with req -x509"
    untouched refused '[Ll]ength' ska pkeyutl -sign -inkey "$(uri $label)" -pkeyopt digest:sha256 \
        -in short -out signature
    untouched refused 'cannot leave' ska pkey -in "$(uri $label)" -outform DER -out out.key
done
untouched quietly ska dgst -sha256 -sign "$(uri rsa2048)" -sigopt rsa_padding_mode:pss \
    -sigopt rsa_pss_saltlen:digest -out signature document
plain dgst -sha256 -verify rsa2048.pub.pem -sigopt rsa_padding_mode:pss \
    -sigopt rsa_pss_saltlen:digest -signature signature document >/dev/null
# libcrypto's own numbers for lengths of salts, as scripts of many years write them.
for length in -1:48 -2:206 -3:206 0:0 20:20; do
    untouched quietly ska dgst -sha384 -sign "$(uri rsa2048)" -sigopt rsa_padding_mode:pss \
        -sigopt "rsa_pss_saltlen:${length%:*}" -out signature document
    plain dgst -sha384 -verify rsa2048.pub.pem -sigopt rsa_padding_mode:pss \
        -sigopt "rsa_pss_saltlen:${length#*:}" -signature signature document >/dev/null ||
        fail "rsa_pss_saltlen:$length"
done
for length in -5 -65536 65536 1x -; do
    untouched refused 'saltlen' ska dgst -sha384 -sign "$(uri rsa2048)" \
        -sigopt rsa_padding_mode:pss -sigopt "rsa_pss_saltlen:$length" -out signature document
done
untouched refused '[Dd]igest' ska pkeyutl -sign -inkey "$(uri rsa2048)" -in document.sha256 \
    -out signature

# Keys that others made, with SoftHSM's own tool and with SoftHSM beneath, no simulator at all.
plain genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -quiet -out imported.pem
plain pkey -in imported.pem -pubout -out imported.pub.pem
ours softhsm2-util --module "$simulator" --token "$token" --pin "$pin" --import imported.pem \
    --label imported --id b7 >/dev/null
softhsm=$(find /usr/lib -name libsofthsm2.so | head -n 1)
for uri in "$(uri imported)" "ska:token=$token;id=%b7" "pkcs11:token=$token;object=imported" \
    "$(uri imported)?module-path=$softhsm"; do
    untouched quietly ska dgst -sha256 -sign "$uri" -out signature document
    plain dgst -sha256 -verify imported.pub.pem -signature signature document >/dev/null
done

# Approvals offered for a key that needs none: an error rather than silence would be wrong here,
# since applications name a directory for all their keys.
mkdir -m 700 approvals
untouched quietly ska dgst -sha256 -sign "$(uri imported)" -sigopt ska-approvals-dir:approvals \
    -out signature document
[ -z "$(ls approvals)" ] || fail "a request for a key that needs none"
pass
