#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='lighttpd'
packages='lighttpd lighttpd-mod-openssl'
commands='lighttpd'
works=full
needs='`SIGUSR1` reloads it'
logs=reason
user=www-data
port=443
reload=USR1
log_files='error.log server.log'
configuration() {
    cat <<'END'
# lighttpd.conf
server.modules += ( "mod_openssl" )
$SERVER["socket"] == ":443" {
    ssl.engine = "enable"
    ssl.pemfile = "/etc/ska/www.crt"
    ssl.privkey = "/etc/ska/www.pem"
}
END
}
server() {
    : >error.log
    chmod 666 error.log
    {
        cat <<END
server.modules = ( "mod_access" )
server.document-root = "$work"
server.bind = "127.0.0.1"
server.port = 1
server.username = "$user"
server.groupname = "$user"
server.errorlog = "$work/error.log"
END
        configuration | placed "$1"
    } | sed "s/^server.port = .*/server.port = $(free_port)/" >lighttpd.conf
    start server.log lighttpd -D -f lighttpd.conf
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
