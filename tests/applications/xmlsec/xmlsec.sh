#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# xmlsec1: a sealed XML document.
. "$(dirname "$0")/../lib.sh"
needs xmlsec1
authority
guarded_key seal p256 server.json 'Example seal'
guarded_key rsa rsa2048 server.json 'Example seal'
example xmlsec/sign >sign
cp "$source_dir/tests/applications/xmlsec/template.xml" document.xml

verified() {
    OPENSSL_CONF=/dev/null succeeds xmlsec1 --verify --trusted-pem ca.crt "$1"
}
takes 1 succeeds ours sh sign document.xml sealed.xml
verified sealed.xml
sed 's/A document/Another document/' sealed.xml >changed.xml
! OPENSSL_CONF=/dev/null xmlsec1 --verify --trusted-pem ca.crt changed.xml >/dev/null 2>&1 ||
    fail 'a changed document verifies'

# The version in Debian 12 takes an RSA key for a private one only if it sees the private exponent.
sed -i 's|/seal\.|/rsa.|g' sign
sed 's/ecdsa-sha256/rsa-sha256/' document.xml >rsa.xml
if ours sh sign rsa.xml sealed.xml >stdout.txt 2>stderr.txt; then
    verified sealed.xml
else
    grep -q 'key is not found' stderr.txt || fail "RSA, for another reason: $(cat stderr.txt)"
fi
example xmlsec/sign >sign

turn block seal
refused . ours sh sign document.xml sealed.xml
grep -q 'key is blocked' stderr.txt || fail "xmlsec1 does not say why: $(cat stderr.txt)"
pass
