#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='memcached'
packages='memcached'
commands='memcached'
works=full
logs=nothing
user=memcache
port=11211
configuration() {
    cat <<'END'
# /etc/memcached.conf
-Z
-o ssl_chain_cert=/etc/ska/www.crt,ssl_key=/etc/ska/www.pem
END
}
server() {
    # shellcheck disable=SC2046
    start server.log memcached -u "$user" -l 127.0.0.1 -p "$port" -v \
        $(configuration | grep -v '^#' | placed "$1")
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
