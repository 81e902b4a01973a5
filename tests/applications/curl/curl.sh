#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# curl with a client's key.
. "$(dirname "$0")/../lib.sh"
needs curl
authority
plain_key server
for spec in p256 rsa2048 ed25519; do
    client=client-$spec
    guarded_key $client $spec server.json 'Example client'
    port=$(free_port)
    example curl/curlrc | sed "s|/client\.|/$client.|g" >curlrc
    start_plain server.log openssl s_server -accept "$port" -www -cert server.crt -key server.pem \
        -Verify 1 -verify_return_error -CAfile ca.crt
    serving "$port" server.log
    for version in 1.2 1.3; do
        takes 1 succeeds ours curl -sS --config curlrc --cacert ca.crt "--tlsv$version" \
            --tls-max $version -o answer "https://localhost:$port/"
        grep -q 'Ciphers supported' answer || fail "no answer: $(cat answer)"
    done
    ! visit >/dev/null ||
        fail 'the server asks for no certificate'
    turn block $client
    refused 'key is blocked' ours curl -sS --config curlrc --cacert ca.crt "https://localhost:$port/"
    stop "$server"
done
pass
