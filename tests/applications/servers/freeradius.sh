#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='FreeRADIUS (EAP-TLS), eapol_test of wpa_supplicant'
packages='freeradius eapoltest'
commands='freeradius eapol_test'
works=full
needs='no `private_key_password`; a client with an agent: TLS 1.3 and `payload=tls13-client`, else `payload=any`'
logs=reason
pin_of=early
user=freerad
configuration() {
    cat <<'END'
# /etc/freeradius/3.0/mods-available/eap, in tls-config tls-common
private_key_file = /etc/ska/www.pem
certificate_file = /etc/ska/www.crt
ca_file = /etc/ska/ca.crt
END
}
# shellcheck source=tests/applications/row.sh
. "$(dirname "$0")/../row.sh"
authority
row_keys www rsa ordinary agent
plain_key partner
chmod 644 partner.pem
with_pin
cp -r /etc/freeradius/3.0 radius
port=$(free_port)
# Only one port of it is of use here, and only that may be taken.
rm -f radius/sites-enabled/*
cat >radius/sites-enabled/one <<END
server one {
    listen {
        type = auth
        ipaddr = 127.0.0.1
        port = $port
    }
    authorize {
        eap
    }
    authenticate {
        eap
    }
}
END
cat >radius/clients.conf <<'END'
client localhost {
    ipaddr = 127.0.0.1
    secret = testing123
}
END
find radius/mods-enabled -mindepth 1 ! -name eap ! -name always ! -name expr ! -name preprocess -delete
authenticates() { # SERVER CLIENT
    {
        printf '%s\n' 'eap {' 'default_eap_type = tls' 'tls-config tls-common {'
        configuration | placed "$1"
        printf '%s\n' '}' 'tls {' 'tls = tls-common' '}' '}'
    } >radius/mods-available/eap
    chown -R freerad radius
    sed -i 's/^#* *user = .*/user = freerad/; s/^#* *group = .*/group = freerad/' radius/radiusd.conf
    cat >client.conf <<END
network={
    key_mgmt=IEEE8021X
    eap=TLS
    identity="user"
    ca_cert="$work/ca.crt"
    client_cert="$work/$2.crt"
    private_key="$work/$2.pem"
}
END
    start server.log freeradius -f -X -d "$work/radius"
    within 20 "FreeRADIUS does not start: $(tail -n 5 server.log)" grep -q 'Ready to process' server.log
    local status=0
    ours timeout 20 eapol_test -c client.conf -s testing123 -a 127.0.0.1 -p "$port" >client.log 2>&1 || status=$?
    stop "$server"
    [ "$status" -eq 0 ] && grep -q '^SUCCESS' client.log
}
comes_in() {
    authenticates "$@" || fail "not $*: $(tail -n 15 server.log; tail -n 5 client.log; cat "$failures")"
}
comes_in partner partner
comes_in www rsa
comes_in rsa www
comes_in ordinary ordinary
start_agent any
comes_in agent partner
turn block www
! authenticates www partner || fail 'a server with a key that is blocked'
[ "$(logged server.log)" = "$logs" ] || fail "its log has $(logged server.log): $(grep -a ska server.log)"
! authenticates partner www || fail 'a client with a key that is blocked'
pass
