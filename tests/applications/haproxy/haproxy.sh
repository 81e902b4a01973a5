#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# haproxy with a master and a worker that is not root.
. "$(dirname "$0")/../lib.sh"
needs haproxy curl pgrep
authority
guarded_key www p256 server.json
cat www.crt www.pem >www.bundle.pem
port=$(free_port)
example haproxy/haproxy.cfg | served_by www-data >haproxy.cfg

untouched succeeds ours haproxy -c -f haproxy.cfg
start haproxy.log haproxy -W -db -f haproxy.cfg -p "$work/haproxy.pid"
haproxy=$server
serving "$port" haproxy.log
takes 1 connects -tls1_2
takes 1 connects -tls1_3
answer() {
    [ "$(visit)" = Hello ]
}
answer || fail 'no answer'

# Reload: another worker, the same service.
worker=$(pgrep -P "$haproxy")
kill -USR2 "$haproxy"
replaced() {
    [ -n "$(pgrep -P "$haproxy")" ] && ! grep -qx "$worker" < <(pgrep -P "$haproxy")
}
within 20 'no other worker after a reload' replaced
takes 1 connects -tls1_3
answer || fail 'no answer after a reload'

turn block www
refuses -tls1_2
refuses -tls1_3
within 5 'the log does not say that the key is blocked' grep -q 'key is blocked' haproxy.log
turn unblock www
connects
stop "$haproxy" USR1
pass
