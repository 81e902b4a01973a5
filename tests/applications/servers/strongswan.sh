#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='strongSwan (pki, charon)'
packages='strongswan-pki strongswan-swanctl libstrongswan-standard-plugins libstrongswan-extra-plugins strongswan-charon charon-systemd'
commands='pki'
works=full
needs='`skatool pem --pkcs8`; charon has the provider, `swanctl` must not: it would write the key anew'
configuration() {
    cat <<'END'
skatool pem --pkcs8 --key 'ska:token=web;object=www' -o /etc/swanctl/private/www.pem
pki --req --in /etc/ska/www.pem --dn 'CN=www.example' --outform pem >www.csr
# systemctl edit strongswan: Environment=OPENSSL_CONF=/etc/ska/openssl.cnf
# and for ExecStartPost, which is swanctl: env -u OPENSSL_CONF
END
}
# shellcheck source=tests/applications/row.sh
. "$(dirname "$0")/../row.sh"
authority
row_keys www rsa ordinary ordinary_rsa
with_pin
# Only the plugins that matter here.
cat >strongswan.conf <<'END'
pki {
    load = random nonce sha2 x509 pubkey pkcs1 pkcs8 pem openssl
}
END
export STRONGSWAN_CONF=$work/strongswan.conf
for key in www rsa ordinary ordinary_rsa; do
    succeeds skatool pem --pkcs8 --key "$(uri $key)" -o $key.pkcs8.pem
    succeeds ours pki --pub --in $key.pkcs8.pem --type priv --outform pem
    cmp -s stdout.txt $key.pub.pem || fail "another public key: $(cat stdout.txt)"
    succeeds ours pki --req --in $key.pkcs8.pem --dn "CN=$key" --outform pem
    plain req -in stdout.txt -noout -verify 2>verified.txt || fail "not signed: $(cat verified.txt)"
done
turn block www
! ours pki --req --in www.pkcs8.pem --dn CN=www --outform pem >said.txt 2>&1 || fail 'it signs with a key that is blocked'
grep -q "key is blocked: .*'www'" "$failures" || fail "not in the log: $(cat "$failures")"
pass
