#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='ZNC'
packages='znc'
commands='znc'
works=full
needs='one file, the reference first'
logs=nothing
pin_of=user
user=nobody
port=6697
configuration() {
    cat <<'END'
# znc.conf, with FILE made by: cat /etc/ska/www.pem /etc/ska/www.crt
SSLCertFile = /etc/ska/www.keyfirst.pem
<Listener l>
    Port = 6697
    SSL = true
END
}
server() {
    mkdir -p znc/configs
    {
        echo 'Version = 1.8.2'
        configuration | placed "$1"
        printf '%s\n' '  IPv4 = true' '  IPv6 = false' '  AllowIRC = true' '  AllowWeb = true' '</Listener>' \
            '<User a>' 'Admin = true' 'Pass = plain#x' 'Nick = a' '</User>'
    } >znc/configs/znc.conf
    chown -R nobody znc
    start server.log "${as_user[@]}" env HOME="$work/znc" znc -f -d "$work/znc"
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
