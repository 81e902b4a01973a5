#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='cert_create (Trusted Firmware-A)'
packages='arm-trusted-firmware-tools'
commands='cert_create'
works=full
needs='**`-n` silently makes a new key if it cannot read one**: compare the public key'
logs=full
keys='rsa ordinary_rsa www ordinary'
configuration() {
    cat <<'END'
cert_create -n --key-alg rsa --rot-key /etc/ska/www.pem --trusted-world-key /etc/ska/www.pem --non-trusted-world-key \
    /etc/ska/www.pem --trusted-key-cert trusted.crt --tfw-nvctr 1 --ntfw-nvctr 1
END
}
sign() {
    local algorithm=ecdsa
    case $1 in *rsa) algorithm=rsa ;; esac
    rm -f trusted.crt
    ours cert_create -n --key-alg $algorithm --rot-key "$1.pem" --trusted-world-key "$1.pem" \
        --non-trusted-world-key "$1.pem" --trusted-key-cert trusted.crt --tfw-nvctr 1 --ntfw-nvctr 1 &&
        openssl x509 -inform DER -in trusted.crt -noout
}
verified() {
    plain x509 -inform DER -in trusted.crt -out trusted.pem &&
        plain x509 -in trusted.pem -noout -pubkey | cmp - "$1.pub.pem" &&
        plain verify -no_check_time -partial_chain -ignore_critical -check_ss_sig -trusted trusted.pem trusted.pem
}
# shellcheck source=tests/applications/signer.sh
. "$(dirname "$0")/../signer.sh"
