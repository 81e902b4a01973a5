#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Tcl (tcl-tls)'
packages='tcl-tls tcl'
commands='tclsh'
works=full
logs=reason
configuration() {
    cat <<'END'
set s [tls::socket -certfile /etc/ska/www.crt -keyfile /etc/ska/www.pem -cafile /etc/ska/ca.crt localhost 443]
END
}
client() {
    {
        echo 'package require tls'
        configuration | placed "$1"
        printf '%s\n' 'tls::handshake $s' 'puts $s "GET / HTTP/1.0\r\n\r"' 'flush $s' 'puts [read $s]'
    } >client.tcl
    timeout 10 tclsh client.tcl >answer
}
prepare() {
    # What a script on standard input fails with is no exit status.
    [ "$(echo 'puts [catch {package require tls}]' | tclsh)" = 0 ] || skip 'no tcl-tls'
}
# shellcheck source=tests/applications/client.sh
. "$(dirname "$0")/../client.sh"
