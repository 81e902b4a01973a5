#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='coturn'
packages='coturn'
commands='turnserver'
works=full
needs='an agent with `payload=any`, since Debian'\''s version uses TLS 1.2; a PIN file of `turnserver`, as Debian'\''s unit has `User=turnserver`'
logs=nothing
user=turnserver
port=5349
tls13=no
agent_payload=any
reload=USR2
configuration() {
    cat <<'END'
# /etc/turnserver.conf
tls-listening-port=5349
cert=/etc/ska/www.crt
pkey=/etc/ska/www.pem
END
}
server() {
    {
        configuration | placed "$1"
        printf '%s\n' listening-ip=127.0.0.1 relay-ip=127.0.0.1 "listening-port=$(free_port)" realm=x no-cli \
            log-file=stdout "pidfile=$work/pid" "proc-user=$user" "proc-group=$user" "userdb=$work/turndb"
    } >turnserver.conf
    start server.log turnserver -c "$work/turnserver.conf"
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
