#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Traffic Server'
packages='trafficserver'
commands='traffic_server'
works=full
logs=nothing
pin_of=user
user=trafficserver
port=443
log_files='/var/log/trafficserver/diags.log /var/log/trafficserver/error.log server.log'
configuration() {
    cat <<'END'
# /etc/trafficserver/ssl_multicert.config
dest_ip=* ssl_cert_name=/etc/ska/www.crt ssl_key_name=/etc/ska/www.pem
# /etc/trafficserver/records.config
CONFIG proxy.config.http.server_ports STRING 443:ssl
CONFIG proxy.config.ssl.server.cert.path STRING /
CONFIG proxy.config.ssl.server.private_key.path STRING /
END
}
# One that was killed leaves the file there.
is_running() {
    local holder
    holder=$(tr -dc 0-9 2>/dev/null </run/trafficserver/server.lock) &&
        [[ $(readlink "/proc/$holder/exe") == */traffic_server ]]
}
prepare() {
    ! is_running || skip 'a Traffic Server is running'
    cp -r /etc/trafficserver kept
    mkdir -p /run/trafficserver /var/cache/trafficserver /var/log/trafficserver
    hand_over /run/trafficserver /var/cache/trafficserver /var/log/trafficserver
}
clean_up() {
    [ ! -d kept ] || cp kept/ssl_multicert.config kept/records.config /etc/trafficserver/
}
server() {
    configuration | placed "$1" | grep '^dest_ip' >/etc/trafficserver/ssl_multicert.config
    {
        configuration | placed "$1" | grep '^CONFIG' | sed 's/:ssl$/:ssl:ip-in=127.0.0.1/'
        printf 'CONFIG %s\n' 'proxy.config.admin.user_id STRING trafficserver' 'proxy.config.diags.output.error STRING E' \
            'proxy.config.exec_thread.autoconfig INT 0' 'proxy.config.exec_thread.limit INT 2' \
            'proxy.config.cache.ram_cache.size INT 1048576'
    } >/etc/trafficserver/records.config
    rm -f /var/log/trafficserver/*
    start server.log traffic_server
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
