#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Kamailio'
packages='kamailio kamailio-tls-modules'
commands='kamailio'
works=full
logs=reason
pin_of=early
user=kamailio
port=5061
configuration() {
    cat <<'END'
# /etc/kamailio/kamailio.cfg
enable_tls=yes
listen=tls:127.0.0.1:5061
loadmodule "tls.so"
modparam("tls", "private_key", "/etc/ska/www.pem")
modparam("tls", "certificate", "/etc/ska/www.crt")
modparam("tls", "tls_method", "TLSv1.2+")
END
}
server() {
    {
        printf '%s\n' '#!KAMAILIO' debug=2 log_stderror=yes children=2 tcp_children=2 'loadmodule "sl.so"'
        configuration | placed "$1"
        echo 'request_route { sl_send_reply("200", "OK"); }'
    } >kamailio.cfg
    chmod 755 "$short"
    mkdir -p "$short/run"
    hand_over "$short/run"
    start server.log kamailio -DD -f "$work/kamailio.cfg" -u "$user" -g "$user" -P "$short/run/pid" \
        -Y "$short/run" -m 64
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
