#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The other commands of openssl: those that sign take one call of the HSM, those that read take
# none, those that want the private key itself are refused.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
extensions=$source_dir/tests/scenario/certificates.cnf
rm -rf ca && mkdir -p ca/new && : >ca/index && echo 1000 >ca/serial
sed "s|@DIR@|$work/ca|" "$source_dir/tests/scenario/ca.cnf" >ca.cnf

for label in rsa2048 p256; do
    key $label $label empty.json
    uri=$(uri $label)
    takes 1 succeeds ska req -x509 -key "$uri" -subj "/CN=$label" -days 30 -config "$extensions" \
        -extensions ca -out ca.crt

    takes 1 succeeds ska req -new -key "$uri" -subj "/CN=leaf $label" -out out.csr
    takes 0 succeeds ska req -verify -noout -in out.csr
    takes 1 succeeds ska x509 -req -in out.csr -signkey "$uri" -days 3 -out out.crt
    plain verify -CAfile out.crt out.crt >/dev/null
    takes 1 succeeds ska ca -config ca.cnf -batch -notext -cert ca.crt -keyfile "$uri" -in out.csr \
        -out out.crt
    plain verify -CAfile ca.crt out.crt >/dev/null
    takes 1 succeeds ska ca -config ca.cnf -gencrl -cert ca.crt -keyfile "$uri" -out out.crl
    plain crl -in out.crl -CAfile ca.crt -noout 2>&1 | grep -q 'verify OK'
    takes 1 succeeds ska smime -sign -in document -signer ca.crt -inkey "$uri" -out out.eml
    plain smime -verify -in out.eml -CAfile ca.crt -purpose any >/dev/null 2>&1
    takes 1 succeeds ska spkac -digest sha256 -key "$uri" -out out.spkac
    plain spkac -verify -in out.spkac -noout >/dev/null 2>&1

    # Reading.
    takes 0 quietly ska pkey -in "$uri" -pubout -out out.pem
    same out.pem $label.pub.pem
    takes 0 succeeds ska pkey -in "$uri" -pubcheck -noout
    takes 0 quietly ska pkey -pubin -in "$uri;type=public" -pubout -out out.pem
    same out.pem $label.pub.pem
    takes 0 succeeds ska pkey -pubin -in "$uri;type=public" -text -noout

    # The private key itself.
    for form in PEM DER; do
        takes 0 refused . ska pkey -in "$uri" -outform $form -out out.key
        takes 0 refused . ska pkey -in "$uri" -outform $form
        takes 0 refused . ska pkey -in "$uri" -aes256 -passout pass:x -outform $form -out out.key
        takes 0 refused . ska pkey -in "$uri" -traditional -outform $form -out out.key
        takes 0 refused . ska pkcs8 -topk8 -nocrypt -in "$uri" -outform $form -out out.key
    done
    takes 0 refused . ska pkcs12 -export -inkey "$uri" -in ca.crt -passout pass:x -out out.p12
    case $label in
    rsa*) takes 0 refused . ska rsa -in "$uri" -out out.key ;;
    *) takes 0 refused . ska ec -in "$uri" -out out.key ;;
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
