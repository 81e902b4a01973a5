#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='GnuTLS and NSS: wget, git, slapd, exim4, zabbix-agent, uacme, Knot and others'
packages='gnutls-bin'
commands='gnutls-serv'
works='no: they do not use OpenSSL; ordinary keys work without the provider, by a `pkcs11:` URI'
configuration() {
    cat <<'END'
# an ordinary key, where a program takes URIs; p11-kit has to know the HSM's module
gnutls-serv --port 5556 --x509certfile /etc/ska/www.crt --x509keyfile \
    'pkcs11:token=web;object=www;type=private?pin-source=/etc/ska/pin'
END
}
# shellcheck source=tests/applications/row.sh
. "$(dirname "$0")/../row.sh"
authority
row_keys www ordinary
with_pin
port=$(free_port)
serve() { # KEY-FILE
    start server.log gnutls-serv --echo --port "$port" --provider "$simulator" --x509certfile "$1.crt" --x509keyfile "$2"
}
# A reference is no key.
serve www www.pem
within 10 "it goes on: $(cat server.log)" eval "! kill -0 $server"
serve ordinary "pkcs11:token=$token;object=ordinary;type=private?pin-value=$pin"
serving "$port" server.log
connects -tls1_3
stop "$server"
# An SKA key signs only by the vendor's calls.
serve www "pkcs11:token=$token;object=www;type=private?pin-value=$pin"
within 10 'it neither ends nor serves' eval "! kill -0 $server || listening $port"
! handshake 2>/dev/null || fail 'a handshake with an SKA key'
pass
