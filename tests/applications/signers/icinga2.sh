#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='icinga2 `pki sign-csr`'
packages='icinga2-bin'
commands='/usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2'
works='full'
needs='`legacy-methods = yes`; RSA; with approvals: `approvals-timeout`, since it signs a time'
logs=full
keys='rsa ordinary_rsa'
approvals=waiting
configuration() {
    cat <<'END'
# in the place of /var/lib/icinga2/ca/ca.key the reference; in the provider's section of openssl.cnf
legacy-methods = yes
END
}
prepare() {
    with_pin 'legacy-methods = yes'
    approver node
    succeeds plain req -new -key node.pem -subj /CN=node -out node.csr -config /etc/ssl/openssl.cnf
    printf 'basicConstraints = critical,CA:TRUE\n' >authority.ext
}
sign() { # KEY
    rm -rf data node.crt
    mkdir -p data/ca
    plain x509 -new -force_pubkey "$1.pub.pem" -subj '/CN=Icinga CA' -CA ca.crt -CAkey ca.key -days 9 \
        -extfile authority.ext -out data/ca/ca.crt &&
        cp "$1.pem" data/ca/ca.key &&
        ours /usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2 pki sign-csr --csr node.csr --cert node.crt \
            -D DataDir="$work/data"
}
verified() { # KEY
    openssl verify -partial_chain -trusted data/ca/ca.crt node.crt
}
fails_with() { # PATTERN
    sign rsa >said.txt 2>&1 && fail 'it signs'
    [ $? -lt 128 ] || fail "it crashes: $(cat said.txt)"
    grep -q "$1" "$failures" || fail "not in the log: $(cat "$failures" said.txt)"
}
further() {
    turn block rsa
    fails_with "key is blocked: .*'rsa'"
    turn unblock rsa
    succeeds sign rsa
    with_pin
    fails_with 'legacy-methods = yes'
}
# shellcheck source=tests/applications/signer.sh
. "$(dirname "$0")/../signer.sh"
