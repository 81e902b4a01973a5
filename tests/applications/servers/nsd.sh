#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='NSD (DNS over TLS)'
packages='nsd'
commands='nsd'
works=full
logs=reason
user=nsd
port=853
configuration() {
    cat <<'END'
# /etc/nsd/nsd.conf.d/tls.conf
server:
  ip-address: 127.0.0.1@853
  tls-port: 853
  tls-service-key: "/etc/ska/www.pem"
  tls-service-pem: "/etc/ska/www.crt"
END
}
server() {
    mkdir -p zones
    printf 'test. 60 IN SOA a. b. 1 2 3 4 5\ntest. 60 IN NS a.test.\n' >zones/test.zone
    hand_over zones
    {
        configuration | placed "$1"
        cat <<END
  username: $user
  chroot: ""
  zonesdir: "$work/zones"
  pidfile: ""
  database: ""
  zonelistfile: "$work/zones/zone.list"
  xfrdfile: "$work/zones/xfrd.state"
  verbosity: 2
remote-control:
  control-enable: no
zone:
  name: test
  zonefile: test.zone
END
    } >nsd.conf
    start server.log nsd -d -c "$work/nsd.conf"
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
