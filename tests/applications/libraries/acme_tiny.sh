#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='acme-tiny'
packages='acme-tiny python3-cryptography'
commands='acme-tiny /usr/bin/python3'
works='full'
needs='RSA for the account'
configuration() {
    cat <<'END'
openssl req -new -key /etc/ska/www.pem -subj / -addext subjectAltName=DNS:www.example -out www.csr
acme-tiny --account-key /etc/ska/account.pem --csr www.csr --acme-dir CHALLENGES >www.crt
END
}
obtain() {
    succeeds ska req -new -key "$1.pem" -subj / -addext subjectAltName=DNS:localhost -out request.csr
    # The key of the account is another one than that of the certificate.
    succeeds ours acme-tiny --directory-url "$directory" --account-key account.pem --csr request.csr --acme-dir challenges \
        --disable-check
    cp stdout.txt issued.crt
}
# shellcheck source=tests/applications/acme.sh
. "$(dirname "$0")/../acme.sh"
