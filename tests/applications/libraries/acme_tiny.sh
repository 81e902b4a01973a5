#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='acme-tiny'
packages='acme-tiny python3-cryptography'
commands='acme-tiny /usr/bin/python3'
works='full'
needs='RSA for the account'
keys='www rsa ordinary_rsa'
configuration() {
    cat <<'END'
openssl req -new -key /etc/ska/www.pem -subj / -addext subjectAltName=DNS:www.example -out www.csr
acme-tiny --account-key /etc/ska/account.pem --csr www.csr --acme-dir CHALLENGES >www.crt
END
}
prepare() {
    local port
    /usr/bin/python3 -c 'import cryptography' 2>/dev/null || skip 'no python3-cryptography'
    port=$(free_port)
    directory=http://127.0.0.1:$port/directory
    start_plain acme.log /usr/bin/python3 "$source_dir/tests/applications/acme.py" "$port" ca
    serving "$port" acme.log
    mkdir challenges
    guarded_key account rsa2048 server.json
}
play() {
    succeeds ska req -new -key "$1.pem" -subj / -addext subjectAltName=DNS:localhost -out request.csr
    # The key of the account is another one than that of the certificate.
    succeeds ours acme-tiny --directory-url "$directory" --account-key account.pem --csr request.csr --acme-dir challenges \
        --disable-check
    cp stdout.txt issued.crt
    ! grep -q 'wrong signature' acme.log || fail "$(cat acme.log)"
    plain x509 -in issued.crt -noout -pubkey | cmp - "$1.pub.pem" || fail 'a certificate for another key'
    plain verify -CAfile ca.crt issued.crt >/dev/null
}
# shellcheck source=tests/applications/library.sh
. "$(dirname "$0")/../library.sh"
