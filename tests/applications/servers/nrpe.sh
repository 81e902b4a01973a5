#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='nrpe'
packages='nagios-nrpe-server'
commands='nrpe'
works=full
logs='reason'
user=nagios
port=5666
mounts=private
prepare() {
    fixed_softhsm2_conf
}
log_files=
configuration() {
    cat <<'END'
# /etc/nagios/nrpe.cfg
ssl_version=TLSv1.2+
ssl_cert_file=/etc/ska/www.crt
ssl_privatekey_file=/etc/ska/www.pem
ssl_logging=0x2f
END
}
server() {
    {
        configuration | placed "$1"
        printf '%s\n' "server_port=$port" server_address=127.0.0.1 nrpe_user=nagios nrpe_group=nagios \
            "pid_file=$work/pid" allowed_hosts=127.0.0.1 ssl_client_certs=0 'command[x]=/bin/echo hello'
    } >nrpe.cfg
    start server.log nrpe -f -c "$work/nrpe.cfg"
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
