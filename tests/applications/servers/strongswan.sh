#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='strongSwan (pki, charon)'
packages='strongswan-pki strongswan-swanctl libstrongswan-standard-plugins libstrongswan-extra-plugins strongswan-charon charon-systemd'
commands='pki'
mounts=private
network=private
works=full
needs='`skatool pem --pkcs8`; charon needs the provider, `swanctl` must not have it: it would rewrite the key'
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
charon {
    load = random nonce kdf hmac sha2 x509 revocation constraints pubkey pkcs1 pkcs8 pem openssl kernel-netlink socket-default vici updown
    install_routes = no
    filelog {
        stderr {
            default = 1
        }
    }
}
swanctl {
    load = pem pkcs1 pkcs8 x509 pubkey openssl random
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
turn unblock www

# ---- IKEv2 between two of them, each in a network of its own -------------------------------------

[ -x /usr/lib/ipsec/charon ] && command -v swanctl >/dev/null && command -v ip >/dev/null || pass
ip link set lo up
unshare --net sleep 300 &
far=$!
within 5 'no second network' eval "! [ /proc/self/ns/net -ef /proc/$far/ns/net ]"
ip link add near type veth peer name far netns $far 2>/dev/null || {
    kill $far
    pass # no such devices here
}
ip addr add 10.9.0.1/24 dev near
ip link set near up
nsenter --net -t $far ip addr add 10.9.0.2/24 dev far
nsenter --net -t $far ip link set far up
plain_key partner
cp partner.pem partner.pkcs8.pem
side() { # NAME KEY LOCAL REMOTE
    rm -rf "$1"
    mkdir -p "$1"/{bliss,conf.d,ecdsa,pkcs12,pkcs8,private,pubkey,rsa,x509,x509aa,x509ac,x509ca,x509crl,x509ocsp}
    cp "$2.pkcs8.pem" "$1/private/key.pem"
    cp "$2.crt" "$1/x509/own.crt"
    cp ca.crt "$1/x509ca/"
    cat >"$1/swanctl.conf" <<END
connections {
    t {
        version = 2
        local_addrs = $3
        remote_addrs = $4
        proposals = aes256-sha256-ecp256
        local {
            auth = pubkey
            certs = own.crt
        }
        remote {
            auth = pubkey
            cacerts = ca.crt
            id = %any
        }
        children {
            c {
                esp_proposals = aes256-sha256
            }
        }
    }
}
END
}
# In /etc and /run of its own.
charon() { # NAME COMMAND...
    start "$1.log" "${@:2}" unshare --mount --propagation unchanged bash -c "
        mount -t tmpfs tmpfs /run && mount --bind '$work/$1' /etc/swanctl && exec /usr/lib/ipsec/charon"
    within 10 "no charon: $(tail -n 5 "$1.log")" has_socket "$server"
}
has_socket() { # PID
    [ -S "/proc/$1/root/run/charon.vici" ] || nsenter --mount -t "$1" test -S /run/charon.vici
}
# swanctl has no provider: it would write the key anew.
inside() { # PID SWANCTL-OPTION...
    OPENSSL_CONF=/dev/null nsenter --mount --net --root -t "$1" swanctl "${@:2}"
}
associates() { # RESPONDER INITIATOR
    local responder initiator result=1
    side responder "$1" 10.9.0.1 10.9.0.2
    side initiator "$2" 10.9.0.2 10.9.0.1
    charon responder
    responder=$server
    charon initiator nsenter --net -t $far
    initiator=$server
    inside "$responder" --load-all >loaded.log 2>&1
    inside "$initiator" --load-all >>loaded.log 2>&1
    timeout 20 nsenter --mount --net --root -t "$initiator" env OPENSSL_CONF=/dev/null swanctl --initiate --child c \
        >initiated.log 2>&1 || true
    ! grep -q 'IKE_SA t.* established' initiator.log || result=0
    stop "$initiator"
    stop "$responder"
    return $result
}
associate() {
    associates "$@" || fail "not $*: $(tail -n 5 loaded.log initiated.log responder.log initiator.log)"
}
mkdir -p /etc/swanctl
associate partner partner
for key in www rsa ordinary ordinary_rsa; do
    associate $key partner
    associate partner $key
done
turn block www
! associates www partner || fail 'a responder with a key that is blocked'
! associates partner www || fail 'an initiator with a key that is blocked'
kill $far
pass
