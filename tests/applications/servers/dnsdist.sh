#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='dnsdist (DNS over TLS, over HTTPS)'
packages='dnsdist'
commands='dnsdist'
works=full
needs='a PIN file of `_dnsdist`, as Debian'\''s unit has `User=_dnsdist`'
logs=nothing
user=_dnsdist
port=853
configuration() {
    cat <<'END'
-- /etc/dnsdist/dnsdist.conf
addTLSLocal('127.0.0.1:853', '/etc/ska/www.crt', '/etc/ska/www.pem')
END
}
server() {
    {
        configuration | placed "$1"
        cat <<END
setACL('127.0.0.1/8')
newServer('127.0.0.1:$(free_port)')
setLocal('127.0.0.1:$(free_port)')
END
    } >dnsdist.conf
    start server.log dnsdist --supervised --disable-syslog -u "$user" -g "$user" -C "$work/dnsdist.conf"
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
