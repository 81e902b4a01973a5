#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Python's ssl: a server with threads, and a client with a certificate.
. "$(dirname "$0")/../lib.sh"
needs /usr/bin/python3 curl
authority
guarded_key www p256 server.json
guarded_key client rsa2048 server.json 'Example client'
plain_key partner
port=$(free_port)
example python/server.py >server.py
example python/client.py >client.py

start server.log /usr/bin/python3 server.py "$port"
python=$server
serving "$port" server.log
takes 1 connects -tls1_2
takes 1 connects -tls1_3
# Threads.
visitors=()
for _ in {1..16}; do
    visit >>answers &
    visitors+=($!)
done
wait "${visitors[@]}"
[ "$(grep -c '^Hello$' answers)" -eq 16 ] || fail "answers: $(cat answers server.log)"
turn block www
refuses
# Python shows the last error of OpenSSL only, which is not the one that says why.
within 5 'the server says nothing' grep -q '^ssl.SSLError:' server.log
turn unblock www
connects
stop "$python"

partner_port=$(free_port)
start_plain partner.log openssl s_server -accept "$partner_port" -www -cert partner.crt \
    -key partner.pem -Verify 1 -verify_return_error -CAfile ca.crt
serving "$partner_port" partner.log
takes 1 succeeds ours /usr/bin/python3 client.py "https://localhost:$partner_port/"
grep -q 'Ciphers supported' stdout.txt || fail "no answer: $(cat stdout.txt)"
pass
