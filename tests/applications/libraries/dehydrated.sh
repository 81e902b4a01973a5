#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='dehydrated'
packages='dehydrated python3-cryptography'
commands='dehydrated /usr/bin/python3'
works='full'
needs='the references instead of `account_key.pem` and `privkey.pem`, `PRIVATE_KEY_RENEW=no`'
configuration() {
    cat <<'END'
# accounts/.../account_key.pem and certs/NAME/privkey.pem are references; /etc/dehydrated/config:
PRIVATE_KEY_RENEW=no
OPENSSL_CNF=/etc/ska/openssl.cnf
END
}
obtain() {
    rm -rf dehydrated
    mkdir -p dehydrated/accounts dehydrated/certs/localhost
    printf "%s\n" "CA=\"$directory\"" "BASEDIR=$work/dehydrated" "WELLKNOWN=$work/challenges" PRIVATE_KEY_RENEW=no KEY_ALGO=rsa \
        CONTACT_EMAIL=user@example.org OCSP_MUST_STAPLE=no "OPENSSL_CNF=$work/openssl.cnf" >dehydrated/config
    succeeds ours dehydrated -f dehydrated/config --register --accept-terms
    local place
    place=$(dirname dehydrated/accounts/*/account_key.pem)
    cp account.pem "$place/account_key.pem"
    rm -f "$place/registration_info.json" "$place/account_id.json"
    succeeds ours dehydrated -f dehydrated/config --register --accept-terms
    cp "$1.pem" dehydrated/certs/localhost/privkey-1.pem
    ln -s privkey-1.pem dehydrated/certs/localhost/privkey.pem
    succeeds ours dehydrated -f dehydrated/config -c -d localhost --force
    cp dehydrated/certs/localhost/cert.pem issued.crt
}
# shellcheck source=tests/applications/acme.sh
. "$(dirname "$0")/../acme.sh"
