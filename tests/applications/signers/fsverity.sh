#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='fsverity sign'
packages='fsverity'
commands='fsverity'
works=full
logs=full
configuration() {
    cat <<'END'
fsverity sign FILE FILE.sig --key=/etc/ska/www.pem --cert=/etc/ska/www.crt
END
}
sign() {
    rm -f document.sig
    ours fsverity sign document document.sig --key="$1.pem" --cert="$1.crt"
}
verified() {
    fsverity digest --compact document | sed 's/../\\x&/g' >digest.hex
    # shellcheck disable=SC2059
    printf "FSVerity\x01\x00\x20\x00$(cat digest.hex)" >formatted
    plain cms -verify -binary -inform DER -in document.sig -content formatted -certfile "$1.crt" \
        -CAfile ca.crt -purpose any -out /dev/null
}
# shellcheck source=tests/applications/signer.sh
. "$(dirname "$0")/../signer.sh"
