#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Prosody (LuaSec)'
packages='prosody lua-sec'
commands='prosody'
works=full
logs=nothing
pin_of=user
user=prosody
port=5223
configuration() {
    cat <<'END'
-- /etc/prosody/prosody.cfg.lua
legacy_ssl_ports = { 5223 }
legacy_ssl_ssl = { key = "/etc/ska/www.pem"; certificate = "/etc/ska/www.crt" }
ssl = { key = "/etc/ska/www.pem"; certificate = "/etc/ska/www.crt" }
END
}
server() {
    mkdir -p data
    hand_over data
    {
        configuration | placed "$1"
        cat <<END
daemonize = false
pidfile = "$work/data/pid"
data_path = "$work/data"
log = { { levels = { min = "info" }, to = "console" } }
modules_enabled = { "tls"; "saslauth"; "disco" }
legacy_ssl_interfaces = { "127.0.0.1" }
c2s_ports = { }
c2s_interfaces = { "127.0.0.1" }
s2s_ports = { }
VirtualHost "localhost"
END
    } >prosody.cfg.lua
    start server.log "${as_user[@]}" prosody --config "$work/prosody.cfg.lua" -F
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
