#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='BIND 9.18 named (DNS over TLS, over HTTPS)'
packages='bind9 bind9-utils bind9-dnsutils'
commands='named'
works=full
needs='`SIGHUP` reloads it'
logs=nothing
pin_of=early
user=bind
port=853
reload=HUP
configuration() {
    cat <<'END'
// /etc/bind/named.conf.options; likewise for listen-on ... http
tls www { key-file "/etc/ska/www.pem"; cert-file "/etc/ska/www.crt"; };
options {
    listen-on port 853 tls www { 127.0.0.1; };
};
END
}
server() {
    mkdir -p zones
    printf '$TTL 60\n@ IN SOA a. b. 1 2 3 4 5\n IN NS a\na IN A 192.0.2.7\n' >zones/test.zone
    hand_over zones
    {
        configuration | placed "$1" | sed '$d'
        cat <<END
    directory "$work/zones"; listen-on-v6 { none; }; listen-on port $(free_port) { 127.0.0.1; };
    recursion no; pid-file "$work/zones/pid"; session-keyfile "$work/zones/key";
};
controls { };
zone "test" { type primary; file "$work/zones/test.zone"; };
END
    } >named.conf
    start server.log named -g -u "$user" -c "$work/named.conf"
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
