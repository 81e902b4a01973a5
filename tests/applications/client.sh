# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A row of the kind "client with a certificate": sourced at the end of it. The plain openssl asks for
# the certificate and checks it.
#   client KEY  asks for https://localhost:$port/ with KEY.crt and KEY.pem, and leaves the answer in
#               the file `answer`; answers: what stands in it
#   server KEY  starts it as a server at $port, where it is that, too

# shellcheck source=tests/applications/row.sh
. "$(dirname "${BASH_SOURCE[0]}")/row.sh"
authority
plain_key partner
keys=${keys-www rsa ordinary ed agent}
# shellcheck disable=SC2086
row_keys $keys
with_pin
port=$(free_port)
! declare -F prepare >/dev/null || prepare
start_plain partner.log openssl s_server -accept "$port" -www -cert partner.crt -key partner.pem \
    -Verify 1 -verify_return_error -CAfile ca.crt
serving "$port" partner.log
has_answer() { # KEY
    rm -f answer
    ours client "$1" >client.out 2>&1
    grep -qaE "${answers-Ciphers supported|Cipher is}" answer
}
for key in $keys; do
    [ "$key" != agent ] || start_agent tls13-client
    has_answer "$key" || fail "no answer with $key: $(cat client.out answer "$failures" 2>/dev/null)"
done
turn block www
! has_answer www || fail 'an answer with a key that is blocked'
grep -q "key is blocked: .*'www'" "$failures" || fail "not in the log: $(cat "$failures")"
what=$(logged client.out)
! is_debian_12 || [ "$what" = "$logs" ] || fail "it prints $what of a failure, and the table says $logs: $(cat client.out)"
turn unblock www
if declare -F server >/dev/null; then
    stop "$agent"
    start_agent tls13-server
    for key in www ordinary agent; do
        port=$(free_port)
        server "$key"
        serving "$port" server.log
        reached "with $key" -tls1_3
    done
fi
pass
