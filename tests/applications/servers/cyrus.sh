#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Cyrus IMAP'
packages='cyrus-imapd'
commands='/usr/sbin/cyrmaster'
works=full
logs=nothing
pin_of=user
user=cyrus
port=993
log_files=
configuration() {
    cat <<'END'
# /etc/imapd.conf
tls_server_cert: /etc/ska/www.crt
tls_server_key: /etc/ska/www.pem
END
}
server() {
    mkdir -p conf spool "$short/socket" "$short/lock" "$short/proc"
    chown -R cyrus:mail conf spool "$short"
    {
        configuration | placed "$1"
        cat <<END
configdirectory: $work/conf
partition-default: $work/spool
defaultpartition: default
sasl_pwcheck_method: alwaystrue
allowplaintext: 1
tls_session_timeout: 0
proc_path: $short/proc
mboxname_lockpath: $short/lock
lmtpsocket: $short/socket/lmtp
idlesocket: $short/socket/idle
notifysocket: $short/socket/notify
END
    } >imapd.conf
    cat >cyrus.conf <<END
START {
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C $work/imapd.conf -r"
}
SERVICES {
  imaps cmd="/usr/lib/cyrus/bin/imapd -s -C $work/imapd.conf" listen="127.0.0.1:$port" prefork=0
}
END
    start server.log /usr/sbin/cyrmaster -D -C "$work/imapd.conf" -M "$work/cyrus.conf" -p "$short/pid"
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
