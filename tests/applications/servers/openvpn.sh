#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='OpenVPN, server and client'
packages='openvpn'
commands='openvpn'
works=full
needs='no `chroot`, or `load = early`; a client with an agent: `payload=tls13-client`'
logs=full
user=nobody
configuration() {
    cat <<'END'
# server or client
cert /etc/ska/www.crt
key /etc/ska/www.pem
END
}
# shellcheck source=tests/applications/row.sh
. "$(dirname "$0")/../row.sh"
authority
row_keys www rsa ordinary ed agent
plain_key partner
chmod 644 partner.pem
with_pin
peers() { # SERVER CLIENT: whether they come together; the tunnel itself is none of our business
    port=$(free_port)
    {
        configuration | placed "$1"
        printf '%s\n' 'dev null' 'proto udp' 'local 127.0.0.1' "port $port" "ca $work/ca.crt" 'dh none' tls-server \
            'cipher AES-256-GCM' 'verb 3' 'user nobody' 'group nogroup' persist-key "${@:3}"
    } >server.conf
    {
        configuration | placed "$2"
        printf '%s\n' 'dev null' 'proto udp' 'remote 127.0.0.1' "port $port" nobind "ca $work/ca.crt" tls-client \
            'cipher AES-256-GCM' 'verb 3'
    } >client.conf
    start server.log openvpn --config server.conf
    local one=$server two
    start client.log openvpn --config client.conf
    two=$server
    local result=1 tries
    for ((tries = 0; tries < 150; tries++)); do
        if grep -q 'Initialization Sequence Completed' client.log && grep -q 'Initialization Sequence Completed' server.log; then
            result=0
            break
        fi
        ! grep -qE 'TLS Error: TLS handshake failed|Exiting due|OpenSSL: error' client.log server.log || break
        sleep 0.1
    done
    stop "$two"
    stop "$one"
    return $result
}
come_together() {
    peers "$@" || fail "not $*: $(cat server.log client.log)"
    grep -q 'Control Channel: TLSv1' client.log || fail "no TLS: $(cat client.log)"
}
come_together partner partner
come_together www rsa
come_together rsa www
come_together ordinary ordinary
come_together ed ed
come_together www www 'tls-version-max 1.2'
start_agent tls13-server
come_together agent partner
stop "$agent"
start_agent tls13-client root
come_together partner agent
turn block www
! peers www partner || fail 'a server with a key that is blocked'
[ "$(logged server.log)" = full ] || fail "the server does not say why: $(cat server.log)"
! peers partner www || fail 'a client with a key that is blocked'
[ "$(logged client.log)" = full ] || fail "the client does not say why: $(cat client.log)"
pass
