#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='certbot `--csr`'
packages='certbot python3-cryptography'
commands='certbot /usr/bin/python3'
works='part: the certificate'\''s key stays in the HSM; the account'\''s does not: it is kept as a JWK'
configuration() {
    cat <<'END'
openssl req -new -key /etc/ska/www.pem -subj / -addext subjectAltName=DNS:www.example -out www.csr
certbot certonly --csr www.csr
END
}
obtain() {
    succeeds ska req -new -key "$1.pem" -subj / -addext subjectAltName=DNS:localhost -out request.csr
    rm -rf certbot issued.crt chain.crt both.crt
    succeeds ours certbot certonly --server "$directory" --config-dir certbot --work-dir certbot/work --logs-dir certbot/log \
        --csr request.csr --standalone --http-01-port "$(free_port)" -n --agree-tos -m user@example.org \
        --cert-path "$work/issued.crt" --chain-path "$work/chain.crt" --fullchain-path "$work/both.crt"
}
# shellcheck source=tests/applications/acme.sh
. "$(dirname "$0")/../acme.sh"
