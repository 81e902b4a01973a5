#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='unbound (DNS over TLS)'
packages='unbound'
commands='unbound'
works=full
needs='no `chroot:` (Debian has none); `SIGHUP` reloads it'
logs=reason
user=unbound
port=853
reload=HUP
configuration() {
    cat <<'END'
# /etc/unbound/unbound.conf.d/tls.conf
server:
  interface: 127.0.0.1@853
  tls-port: 853
  tls-service-key: "/etc/ska/www.pem"
  tls-service-pem: "/etc/ska/www.crt"
END
}
server() {
    {
        configuration | placed "$1"
        cat <<END
  username: "$user"
  chroot: ""
  directory: "$work"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  module-config: "iterator"
  verbosity: 1
END
    } >unbound.conf
    start server.log unbound -d -c "$work/unbound.conf"
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
