#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Commands of openssl that read take no call of the HSM's signing function; those that want the
# private key itself, or something that is as good, are refused.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document

only_a_reference() {
    [ "$(grep BEGIN "$1")" = '-----BEGIN SKA KEY REFERENCE-----' ] || fail "$(cat "$1")"
}

for label in rsa2048 p256; do
    key $label $label empty.json
    uri=$(uri $label)
    takes 1 succeeds ska req -x509 -key "$uri" -subj "/CN=$label" -days 30 -out ca.crt

    # Reading.
    takes 0 quietly ska pkey -in "$uri" -pubout -out out.pem
    same out.pem $label.pub.pem
    takes 0 succeeds ska pkey -in "$uri" -pubcheck -noout
    takes 0 quietly ska pkey -pubin -in "$uri;type=public" -pubout -out out.pem
    same out.pem $label.pub.pem
    takes 0 succeeds ska pkey -pubin -in "$uri;type=public" -text -noout

    # The private key itself: only a reference to it can be had.
    takes 0 quietly ska pkey -in "$uri" -out out.key
    only_a_reference out.key
    takes 0 refused . ska pkey -in "$uri" -outform DER -out out.key
    takes 0 refused . ska pkey -in "$uri" -outform DER
    for form in PEM DER; do
        takes 0 refused . ska pkey -in "$uri" -aes256 -passout pass:x -outform $form -out out.key
        takes 0 refused . ska pkey -in "$uri" -traditional -outform $form -out out.key
        takes 0 refused . ska pkcs8 -topk8 -nocrypt -in "$uri" -outform $form -out out.key
    done
    takes 0 refused . ska pkcs12 -export -inkey "$uri" -in ca.crt -passout pass:x -out out.p12
    # `rsa` asks for PKCS#8 and gets the reference, `ec` for the old form that has none.
    case $label in
    rsa*)
        takes 0 succeeds ska rsa -in "$uri" -out out.key
        only_a_reference out.key
        ;;
    *) takes 0 refused 'cannot leave the HSM' ska ec -in "$uri" -out out.key ;;
    esac
done

# A raw decryption would be a signature.
head -c 256 /dev/urandom >block
takes 0 refused . ska pkeyutl -decrypt -inkey "$(uri rsa2048)" -in block -out out.bin
takes 0 refused . ska pkeyutl -decrypt -inkey "$(uri rsa2048)" -in block -out out.bin \
    -pkeyopt rsa_padding_mode:none
# ECDH hands out the shared secret.
takes 0 refused . ska pkeyutl -derive -inkey "$(uri p256)" -peerkey alice.pub.pem -out out.bin

# Digests that approvers should not be asked about.
takes 0 refused . ska dgst -md5 -sign "$(uri rsa2048)" -out signature document
takes 0 refused . ska spkac -digest md5 -key "$(uri rsa2048)" -out out.spkac
pass
