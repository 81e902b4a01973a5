#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='certbot `--csr`'
packages='certbot python3-cryptography'
commands='certbot /usr/bin/python3'
works='part: the certificate'\''s key stays in the HSM; the account'\''s cannot: it is kept as a JWK'
needs=''
keys='www rsa ordinary_rsa'
configuration() {
    cat <<'END'
openssl req -new -key /etc/ska/www.pem -subj / -addext subjectAltName=DNS:www.example -out www.csr
certbot certonly --csr www.csr
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
    rm -rf certbot issued.crt chain.crt both.crt
    succeeds ours certbot certonly --server "$directory" --config-dir certbot --work-dir certbot/work --logs-dir certbot/log \
        --csr request.csr --standalone --http-01-port "$(free_port)" -n --agree-tos -m user@example.org \
        --cert-path "$work/issued.crt" --chain-path "$work/chain.crt" --fullchain-path "$work/both.crt"
    ! grep -q 'wrong signature' acme.log || fail "$(cat acme.log)"
    plain x509 -in issued.crt -noout -pubkey | cmp - "$1.pub.pem" || fail 'a certificate for another key'
    plain verify -CAfile ca.crt issued.crt >/dev/null
}
# shellcheck source=tests/applications/library.sh
. "$(dirname "$0")/../library.sh"
