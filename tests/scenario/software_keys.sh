#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# libcrypto asks the provider that was activated first to make keys. Whichever that is, keys that
# have nothing to do with a token are made, used and written as without us.
. "$(dirname "$0")/lib.sh"

everything() {
    quietly ours "$programs/software_keys"
    local type option
    for type in RSA RSA-PSS EC ED25519 ED448; do
        option=
        [ "$type" != EC ] || option='-pkeyopt ec_paramgen_curve:P-384'
        # shellcheck disable=SC2086
        quietly ska genpkey -algorithm $type $option -quiet -out key.pem
        plain pkey -in key.pem -noout
        # shellcheck disable=SC2086
        quietly ska genpkey -algorithm $type $option -quiet -aes256 -pass pass:secret -out key.pem
        grep -q 'ENCRYPTED' key.pem || fail "$type: written in the clear"
        plain pkey -in key.pem -passin pass:secret -noout
    done
    quietly ska genpkey -genparam -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out parameters.pem
    quietly ska genpkey -paramfile parameters.pem -out key.pem
    plain pkey -in key.pem -noout
    quietly ska ecparam -name prime256v1 -genkey -noout -out key.pem
    plain pkey -in key.pem -noout
    succeeds ska req -x509 -newkey rsa:2048 -nodes -keyout key.pem -subj /CN=software -out key.crt
    plain verify -CAfile key.crt key.crt >/dev/null
    succeeds ska pkcs12 -export -inkey key.pem -in key.crt -passout pass:secret -out key.p12
    plain pkcs12 -in key.p12 -passin pass:secret -nodes -out /dev/null
}

everything
providers='ska = ska_provider
default = default_provider'
configure
everything
pass
