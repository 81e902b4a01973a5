#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# stunnel, as a server and as a client with a certificate.
. "$(dirname "$0")/../lib.sh"
needs stunnel4 curl python3
authority
guarded_key www p256 server.json
guarded_key client rsa2048 server.json 'Example client'
plain_key partner

port=$(free_port)
client_port=$(free_port)
web_port=$(free_port)
partner_port=$(free_port)
example stunnel/stunnel.conf | sed "s|\<8080\>|$web_port|; s|\<8081\>|$client_port|
    s|partner.example:8443|localhost:$partner_port|" | served_by www-data >stunnel.conf

mkdir web
echo Hello >web/index.html
start_plain web.log python3 -m http.server --bind 127.0.0.1 --directory web "$web_port"
start_plain partner.log openssl s_server -accept "$partner_port" -www -cert partner.crt \
    -key partner.pem -Verify 1 -verify_return_error -CAfile ca.crt
start stunnel.log stunnel4 stunnel.conf
stunnel=$server
for one in "$web_port" "$partner_port" "$port" "$client_port"; do
    serving "$one" stunnel.log
done

takes 1 connects -tls1_2
takes 1 connects -tls1_3
[ "$(visit)" = Hello ] || fail 'no answer'
OPENSSL_CONF=/dev/null takes 1 curl -sf --http0.9 -o answer "http://localhost:$client_port/"
grep -q 'Cipher is TLS\|Ciphers supported' answer || fail 'no answer from the partner'

# It reads its configuration again as the user that it has become.
chmod 644 www.pem client.pem
read_twice() {
    [ "$(grep -c 'Configuration successful' stunnel.log)" -eq 2 ]
}
kill -HUP "$stunnel"
within 10 "the configuration is not read again" read_twice
takes 1 connects

turn block www
refuses -tls1_2
refuses -tls1_3
grep -q 'key is blocked' stunnel.log || fail "stunnel does not say why: $(cat stunnel.log)"
turn unblock www
connects

stop "$stunnel"
[ "$ended_with" -eq 0 ] || fail "stunnel ends with status $ended_with"
pass
