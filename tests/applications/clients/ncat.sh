#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='ncat, client and server'
packages='ncat'
commands='ncat'
works=full
logs=nothing
configuration() {
    cat <<'END'
ncat --ssl --ssl-cert /etc/ska/www.crt --ssl-key /etc/ska/www.pem www.example 443
ncat -l 443 --ssl --ssl-cert /etc/ska/www.crt --ssl-key /etc/ska/www.pem -k --sh-exec cat
END
}
client() {
    printf 'GET / HTTP/1.0\r\n\r\n' |
        timeout 10 ncat --ssl --ssl-cert "$1.crt" --ssl-key "$1.pem" localhost "$port" >answer
}
server() {
    start server.log ncat -l 127.0.0.1 "$port" --ssl --ssl-cert "$1.crt" --ssl-key "$1.pem" -k --sh-exec cat
}
# shellcheck source=tests/applications/client.sh
. "$(dirname "$0")/../client.sh"
