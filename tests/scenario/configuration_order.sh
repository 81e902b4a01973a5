#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Both orders of activating the default provider and ours work, for our keys and for others.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
for label in rsa2048 p256 ed25519; do
    key $label $label
    key $label.free $label empty.json
    approved $label $label.json document
done
plain req -x509 -key alice.pem -subj /CN=alice -days 30 -out alice.crt

everything() {
    local label
    for label in rsa2048 p256; do
        takes 1 quietly ska dgst -sha256 -sign "$(uri $label)" \
            -sigopt ska-approvals-file:$label.json -out signature document
        plain dgst -sha256 -verify $label.pub.pem -signature signature document >/dev/null
        takes 1 quietly ska req -x509 -key "$(uri $label.free)" -subj "/CN=$label" -out $label.crt
        plain verify -CAfile $label.crt $label.crt >/dev/null
        takes 1 quietly ska cms -sign -nodetach -in document -signer $label.crt -inkey "$(uri $label.free)" \
            -outform DER -out out.cms
        plain cms -verify -in out.cms -inform DER -CAfile $label.crt -purpose any >/dev/null 2>&1
    done
    takes 1 quietly ska pkeyutl -sign -inkey "$(uri ed25519)" -rawin \
        -pkeyopt ska-approvals-file:ed25519.json -in document -out signature
    plain pkeyutl -verify -pubin -inkey ed25519.pub.pem -rawin -in document -sigfile signature \
        >/dev/null

    # Software keys stay with the default provider.
    untouched quietly ska dgst -sha256 -sign alice.pem -out signature document
    untouched succeeds ska dgst -sha256 -verify alice.pub.pem -signature signature document
    untouched succeeds ska verify -CAfile alice.crt alice.crt
    untouched quietly ska genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -quiet -out new.pem
    untouched quietly ska pkey -in new.pem -pubout -out new.pub.pem
    untouched refused . ska pkey -in missing.pem
}

configure
everything
providers='ska = ska_provider
default = default_provider'
configure
everything
unset providers

# Loaded by the command line instead, with the rest of the configuration from the section.
configure
sed -i -e '/^activate = 1/d' openssl.cnf
takes 1 quietly ska dgst -provider default -provider ska -sha256 -sign "$(uri p256)" \
    -sigopt ska-approvals-file:p256.json -out signature document
plain dgst -sha256 -verify p256.pub.pem -signature signature document >/dev/null

# A bad value is named, with its key.
configure 'payload = hash'
refused 'payload.*hash|hash.*payload' ska dgst -sha256 -sign "$(uri p256)" \
    -sigopt ska-approvals-file:p256.json -out signature document
refused 'payload.*hash|hash.*payload' skatool list

# Without a word of configuration the URI can say it all.
sed -i -e '/^payload/d' -e '/^pkcs11-module/d' -e '/^token/d' -e '/^pin-source/d' openssl.cnf
takes 1 quietly ska dgst -sha256 -sign "$(uri p256)?module-path=$simulator&pin-source=file:$work/pin" \
    -sigopt ska-approvals-file:p256.json -out signature document
refused 'pkcs11-module' ska dgst -sha256 -sign "$(uri p256)" -out signature document

# The words of the configuration: the token need not be named in the URI, payload is the default.
configure 'payload = message'
approved p256 message.json document --payload message
takes 1 quietly ska dgst -sha256 -sign 'ska:object=p256' -sigopt ska-approvals-file:message.json \
    -out signature document
plain dgst -sha256 -verify p256.pub.pem -signature signature document >/dev/null
takes 1 quietly ska dgst -sha256 -sign 'ska:object=p256?payload=digest' \
    -sigopt ska-approvals-file:p256.json -out signature document
pass
