#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='evmctl (IMA)'
packages='ima-evm-utils'
commands='evmctl'
works=full
logs=reason
approvals=repeatable
configuration() {
    cat <<'END'
evmctl ima_sign --sigfile -a sha256 --key /etc/ska/www.pem FILE
END
}
sign() {
    cp document file
    rm -f file.sig
    ours evmctl ima_sign --sigfile -a sha256 --key "$1.pem" file && [ -s file.sig ]
}
verified() {
    plain x509 -in "$1.crt" -outform DER -out certificate.der
    evmctl ima_verify --sigfile --key certificate.der file
}
# shellcheck source=tests/applications/signer.sh
. "$(dirname "$0")/../signer.sh"
