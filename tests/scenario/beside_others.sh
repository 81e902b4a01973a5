#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What else may be in a process: an ENGINE that is the default for RSA and EC keys, and a configuration that
# prefers one provider to the other.
. "$(dirname "$0")/lib.sh"
printf 'A document.\n' >document
board
for label in p256 rsa2048 ed25519; do
    key $label $label none
    key $label.free $label empty.json
    for name in $label $label.free; do
        quietly ska pkey -in "$(uri $name)" -out $name.pem
    done
done
verified() { # LABEL
    plain dgst -sha256 -verify "$1.pub.pem" -signature signature document >/dev/null || fail "$1"
    rm signature
}

# ---- An ENGINE -----------------------------------------------------------------------------------

plain genpkey -quiet -algorithm RSA -out software.pem
for label in p256 p256.free rsa2048 rsa2048.free; do
    for key in "$(uri $label)" $label.pem; do
        succeeds ours "$programs/beside_others" numbers "$key" signature
        verified $label
    done
done
# Where it has methods for keys, libcrypto goes to it with those of all providers. They can be loaded.
for key in software.pem "$(uri p256)" p256.pem "$(uri rsa2048)" rsa2048.pem; do
    ends 1 ours "$programs/beside_others" keys "$key" signature
    shows '^loaded$'
    says 'EVP_DigestSignInit'
done

# ---- default_properties --------------------------------------------------------------------------

# preferring PROPERTIES
preferring() {
    configure
    sed -i 's/^providers = providers$/&\nalg_section = algorithms/' openssl.cnf
    printf '[algorithms]\ndefault_properties = %s\n[req]\ndistinguished_name = name\n[name]\n' "$1" \
        >>openssl.cnf
}
for properties in '?provider=ska' '?provider=default' '?fips=yes'; do
    preferring "$properties"
    for label in p256 p256.free rsa2048 rsa2048.free; do
        for key in "$(uri $label)" $label.pem; do
            quietly ska dgst -sha256 -sign "$key" -out signature document
            verified $label
            quietly ska req -x509 -key "$key" -subj /CN=x -days 2 -out x.crt
            plain verify -CAfile x.crt x.crt >/dev/null || fail "$label with $properties"
            quietly ska cms -sign -nodetach -binary -in document -signer x.crt -inkey "$key" \
                -outform DER -out x.cms
            plain cms -verify -binary -in x.cms -inform DER -CAfile x.crt -purpose any \
                -out content 2>/dev/null || fail "$label with $properties"
            same content document
        done
    done
    for label in ed25519 ed25519.free; do
        quietly ska pkeyutl -sign -inkey "$(uri $label)" -rawin -in document -out signature
        plain pkeyutl -verify -pubin -inkey $label.pub.pem -rawin -in document \
            -sigfile signature >/dev/null || fail "$label with $properties"
    done
    # Keys in software, as ever: made, used, and not on the token.
    untouched quietly ska genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out soft.pem
    grep -q 'BEGIN PRIVATE KEY' soft.pem || fail "genpkey with $properties"
    untouched quietly ska pkey -in soft.pem -pubout -out soft.pub.pem
    untouched quietly ska dgst -sha256 -sign soft.pem -out signature document
    verified soft
done
# What leaves the other one out.
preferring provider=default
refused 'pkcs11|ska:|scheme|loader' ska dgst -sha256 -sign "$(uri p256)" -out signature document
pass
