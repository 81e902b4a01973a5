#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='easy-rsa (the CA'\''s key)'
packages='easy-rsa'
commands='/usr/share/easy-rsa/easyrsa'
works=full
needs='the provider'\''s sections in `pki/openssl-easyrsa.cnf`, the configuration that it uses'
logs=full
keys='www rsa ordinary'
configuration() {
    cat <<'END'
cp /etc/ska/www.pem pki/private/ca.key; cp /etc/ska/www.crt pki/ca.crt     # a CA's
./easyrsa sign-req server web
END
}
export EASYRSA_BATCH=1
in_pki() {
    (cd easyrsa && "$@")
}
sign() {
    rm -rf easyrsa
    cp -r /usr/share/easy-rsa easyrsa
    in_pki ./easyrsa init-pki >/dev/null 2>&1
    ska req -x509 -key "$1.pem" -subj "/CN=CA $1" -days 9 -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign,cRLSign -out easyrsa/pki/ca.crt || return
    (cd easyrsa/pki && mkdir -p private issued certs_by_serial renewed revoked inline && : >index.txt &&
        echo 01 >serial && : >index.txt.attr)
    OPENSSL_CONF=/dev/null in_pki ./easyrsa gen-req web nopass
    cp "$1.pem" easyrsa/pki/private/ca.key
    { cat openssl.cnf; cat /usr/share/easy-rsa/openssl-easyrsa.cnf; } >easyrsa/pki/openssl-easyrsa.cnf
    in_pki ours ./easyrsa sign-req server web && in_pki ours ./easyrsa gen-crl
}
verified() {
    plain verify -CAfile easyrsa/pki/ca.crt easyrsa/pki/issued/web.crt &&
        plain crl -in easyrsa/pki/crl.pem -noout -CAfile easyrsa/pki/ca.crt
}
# shellcheck source=tests/applications/signer.sh
. "$(dirname "$0")/../signer.sh"
