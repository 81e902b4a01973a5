#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='siege'
packages='siege'
commands='siege'
works=full
logs=nothing
answers='[Ss]uccessful.transactions"?: *[1-9]'
configuration() {
    cat <<'END'
# ~/.siege/siege.conf
ssl-cert = /etc/ska/www.crt
ssl-key = /etc/ska/www.pem
END
}
client() {
    {
        configuration | placed "$1"
        echo 'verbose = false'
    } >siege.conf
    HOME=$work timeout 20 siege -R siege.conf -c 1 -r 2 "https://localhost:$port/" >answer 2>&1
}
# shellcheck source=tests/applications/client.sh
. "$(dirname "$0")/../client.sh"
