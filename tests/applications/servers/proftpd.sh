#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='ProFTPD'
packages='proftpd-core proftpd-mod-crypto'
commands='proftpd'
works=full
logs=full
user=proftpd
port=21
keys='www rsa ordinary agent'
starttls='-starttls ftp'
reload=HUP
log_files='tls.log server.log'
configuration() {
    cat <<'END'
# proftpd.conf; with an RSA key TLSRSACertificateFile and TLSRSACertificateKeyFile
LoadModule mod_tls.c
TLSEngine on
TLSLog /var/log/proftpd/tls.log
TLSProtocol TLSv1.2 TLSv1.3
TLSECCertificateFile /etc/ska/www.crt
TLSECCertificateKeyFile /etc/ska/www.pem
END
}
server() {
    : >tls.log
    {
        configuration | placed "$1" | sed "s|^TLSLog .*|TLSLog $work/tls.log|"
        cat <<END
ServerType standalone
Port $port
DefaultAddress 127.0.0.1
User proftpd
Group nogroup
UseReverseDNS off
PidFile $work/pid
ScoreboardFile none
ModulePath /usr/lib/proftpd
SystemLog $work/system.log
END
    } >proftpd.conf
    [ "$1" != rsa ] || sed -i 's/^TLSEC/TLSRSA/' proftpd.conf
    start server.log proftpd -n -c "$work/proftpd.conf"
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
