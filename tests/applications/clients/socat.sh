#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='socat, client and server'
packages='socat'
commands='socat'
works=full
logs=reason
configuration() {
    cat <<'END'
socat - openssl:www.example:443,cert=/etc/ska/www.crt,key=/etc/ska/www.pem,cafile=/etc/ska/ca.crt
socat openssl-listen:443,cert=/etc/ska/www.crt,key=/etc/ska/www.pem,verify=0,fork exec:cat
END
}
client() {
    printf 'GET / HTTP/1.0\r\n\r\n' |
        timeout 10 socat - "openssl:localhost:$port,cert=$1.crt,key=$1.pem,cafile=ca.crt" >answer
}
server() {
    start server.log socat "openssl-listen:$port,bind=127.0.0.1,cert=$1.crt,key=$1.pem,verify=0,fork,reuseaddr" exec:cat
}
# shellcheck source=tests/applications/client.sh
. "$(dirname "$0")/../client.sh"
