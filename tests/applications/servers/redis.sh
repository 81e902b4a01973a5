#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Redis, redis-cli'
packages='redis-server redis-tools'
commands='redis-server redis-cli'
works=full
needs='`loglevel verbose`, or its log has nothing'
logs=reason
pin_of=user
user=redis
port=6379
configuration() {
    cat <<'END'
# /etc/redis/redis.conf
port 0
tls-port 6379
tls-cert-file /etc/ska/www.crt
tls-key-file /etc/ska/www.pem
tls-ca-cert-file /etc/ska/ca.crt
# redis-cli --tls --cacert ca.crt --cert client.crt --key client.pem: for an agent payload=tls13-client
END
}
server() {
    mkdir -p db
    hand_over db
    {
        configuration | placed "$1"
        printf '%s\n' 'bind 127.0.0.1' "dir $work/db" "tls-auth-clients ${authenticated:-no}" 'loglevel verbose' 'save ""'
    } >redis.conf
    start server.log "${as_user[@]}" redis-server "$work/redis.conf"
}
further() {
    authenticated=yes
    server www
    serving "$port" server.log
    start_agent tls13-client root
    [ -z "$user" ] || chown root pin
    for key in www rsa ordinary ed agent; do
        said=$(ours redis-cli -h localhost -p "$port" --tls --cacert ca.crt --cert $key.crt --key $key.pem ping 2>&1) || :
        [ "$said" = PONG ] || fail "redis-cli with $key: $said"
    done
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
