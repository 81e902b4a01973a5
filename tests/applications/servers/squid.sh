#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Squid, `https_port` and `ssl-bump`'
packages='squid-openssl'
commands='squid curl'
works='full'
needs='no Ed25519 (nor with files); an agent that approves with `payload=any` for root as well, since `https_port` signs a certificate when it starts; for `ssl-bump` a PIN file of `proxy`'
logs=nothing
user=proxy
port=3130
keys='www rsa ordinary agent'
agent_starter=root
log_files='cache.log server.log'
configuration() {
    cat <<'END'
# /etc/squid/conf.d/ska.conf
https_port 3130 tls-cert=/etc/ska/www.crt tls-key=/etc/ska/www.pem
# with the key of a CA in the HSM:
# http_port 3128 ssl-bump generate-host-certificates=on tls-cert=/etc/ska/ca.crt tls-key=/etc/ska/ca.pem
END
}
base() {
    cat <<END
http_access allow all
cache_effective_user proxy
visible_hostname localhost
pid_filename $short/pid
cache_log $work/cache.log
access_log none
cache_store_log none
coredump_dir $work
cache deny all
pinger_enable off
shutdown_lifetime 1 seconds
END
    : >cache.log
    chown proxy cache.log
}
server() {
    chown proxy "$short"
    {
        base
        echo "http_port 127.0.0.1:$(free_port)"
        configuration | placed "$1" | grep '^https_port' | sed 's/https_port /&127.0.0.1:/'
    } >squid.conf
    start server.log squid -N -f "$work/squid.conf"
}
further() {
    local bump origin
    key bump rsa2048 server.json
    hand_over tokens
    succeeds ska pkey -in "$(uri bump)" -out bump.pem
    succeeds ska req -x509 -key bump.pem -subj '/CN=Proxy CA' -days 9 -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign -out bump.crt
    chmod 644 bump.pem
    plain_key origin
    origin=$(free_port)
    bump=$(free_port)
    start_plain origin.log openssl s_server -accept "$origin" -www -cert origin.crt -key origin.pem
    serving "$origin" origin.log
    mkdir certificates
    chown proxy certificates
    rmdir certificates
    # Squid is root and its helper is not: root's PIN, readable by the group.
    [ -z "$user" ] || { chgrp proxy pin && chmod 640 pin; }
    OPENSSL_CONF=/dev/null succeeds /usr/lib/squid/security_file_certgen -c -s "$work/certificates" -M 4MB
    chown -R proxy certificates
    {
        base
        cat <<END
http_port 127.0.0.1:$bump ssl-bump generate-host-certificates=on tls-cert=$work/bump.crt tls-key=$work/bump.pem
sslcrtd_program /usr/lib/squid/security_file_certgen -s $work/certificates -M 4MB
sslcrtd_children 2
acl step1 at_step SslBump1
ssl_bump peek step1
ssl_bump bump all
tls_outgoing_options cafile=$work/ca.crt
END
    } >squid.conf
    start server.log squid -N -f "$work/squid.conf"
    serving "$bump" server.log
    OPENSSL_CONF=/dev/null succeeds curl -sS --max-time 20 -x "http://127.0.0.1:$bump" --cacert bump.crt \
        -o answer "https://localhost:$origin/"
    grep -q 'Ciphers supported\|Cipher is' answer || fail "no answer: $(cat answer cache.log)"
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
