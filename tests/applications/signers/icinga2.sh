#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='icinga2 `pki sign-csr`'
packages='icinga2-bin'
commands='/usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2'
works='full'
needs='a PIN file of `nagios`; `legacy-methods = yes`; RSA; with approvals: `approvals-timeout`, since it signs the time; check the certificate: **if it cannot sign it exits with 0 and writes one without a signature**, with any key'
logs=nothing
keys='rsa ordinary_rsa'
approvals=waiting
user=nagios # it becomes that by itself
configuration() {
    cat <<'END'
# put the reference at /var/lib/icinga2/ca/ca.key; in the provider's section of openssl.cnf
legacy-methods = yes
END
}
with_setting() { # LINE...
    with_pin "$@"
    [ -z "$user" ] || { chgrp "$user" pin && chmod 640 pin; }
}
prepare() {
    with_setting 'legacy-methods = yes'
    approver node
    succeeds plain req -new -key node.pem -subj /CN=node -out node.csr -config /etc/ssl/openssl.cnf
    printf 'basicConstraints = critical,CA:TRUE\n' >authority.ext
}
sign() { # KEY
    rm -rf data
    mkdir -p data/ca
    plain x509 -new -force_pubkey "$1.pub.pem" -subj '/CN=Icinga CA' -CA ca.crt -CAkey ca.key -days 9 \
        -extfile authority.ext -out data/ca/ca.crt &&
        cp "$1.pem" data/ca/ca.key && hand_over data && { [ ! -d approvals ] || hand_over approvals; } &&
        ours /usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2 pki sign-csr --csr "$work/node.csr" --cert "$work/data/node.crt" \
            -D DataDir="$work/data"
}
verified() { # KEY
    openssl verify -partial_chain -trusted data/ca/ca.crt data/node.crt
}
fails_with() { # PATTERN
    local status=0
    sign rsa >said.txt 2>&1 || status=$?
    [ "$status" -lt 128 ] || fail "it crashes: $(cat said.txt)"
    ! OPENSSL_CONF=/dev/null verified rsa >/dev/null 2>&1 || fail 'it signs'
    grep -q "$1" "$failures" || fail "not in the log: $(cat "$failures" said.txt)"
    ! grep -q 'key is blocked\|legacy-methods' said.txt || fail 'it prints the reason: then the table is wrong'
}
further() {
    turn block rsa
    fails_with "key is blocked: .*'rsa'"
    turn unblock rsa
    succeeds sign rsa
    with_setting
    fails_with 'legacy-methods = yes'
}
# shellcheck source=tests/applications/signer.sh
. "$(dirname "$0")/../signer.sh"
