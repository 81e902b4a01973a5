#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='rsync-ssl (openssl)'
packages='rsync socat openssl'
commands='rsync rsync-ssl socat'
works=full
logs=full
answers='BEGIN CERTIFICATE'
configuration() {
    cat <<'END'
RSYNC_SSL_CERT=/etc/ska/www.crt RSYNC_SSL_KEY=/etc/ska/www.pem RSYNC_SSL_CA_CERT=/etc/ska/ca.crt \
    rsync-ssl --type=openssl rsync://files.example/module/file .
END
}
prepare() {
    local plain_port
    plain_port=$(free_port)
    rsync_port=$(free_port)
    printf '[module]\npath=%s\nuse chroot=no\nread only=yes\n' "$work" >rsyncd.conf
    start_plain rsyncd.log rsync --daemon --no-detach --config="$work/rsyncd.conf" --port="$plain_port" \
        --address=127.0.0.1
    serving "$plain_port" rsyncd.log
    start_plain front.log socat "openssl-listen:$rsync_port,bind=127.0.0.1,cert=partner.crt,key=partner.pem,cafile=ca.crt,verify=1,fork,reuseaddr" "tcp:127.0.0.1:$plain_port"
    serving "$rsync_port" front.log
}
client() {
    RSYNC_SSL_CERT=$1.crt RSYNC_SSL_KEY=$1.pem RSYNC_SSL_CA_CERT=ca.crt RSYNC_PORT=$rsync_port \
        timeout 20 rsync-ssl --type=openssl "rsync://localhost:$rsync_port/module/ca.crt" answer
}
# shellcheck source=tests/applications/client.sh
. "$(dirname "$0")/../client.sh"
