#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='python-cryptography'
packages='python3-cryptography'
commands='/usr/bin/python3'
works='part: Ed25519 and EC; not RSA, for which it needs the private value'
needs='for EC `legacy-methods = yes`'
keys='ed ordinary_ed www ordinary rsa'
configuration() {
    cat <<'END'
key = load_pem_private_key(open('/etc/ska/www.pem', 'rb').read(), None)

# in the provider's section of openssl.cnf
legacy-methods = yes
END
}
prepare() {
    /usr/bin/python3 -c 'import cryptography' 2>/dev/null || skip 'no python3-cryptography'
    with_pin 'legacy-methods = yes'
    cat >sign.py <<'END'
import sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
key = load_pem_private_key(open(sys.argv[1] + '.pem', 'rb').read(), None)
public = key.public_key()
if isinstance(key, ed25519.Ed25519PrivateKey):
    public.verify(key.sign(b'x'), b'x')
elif isinstance(key, rsa.RSAPrivateKey):
    public.verify(key.sign(b'x', padding.PKCS1v15(), hashes.SHA256()), b'x', padding.PKCS1v15(), hashes.SHA256())
else:
    public.verify(key.sign(b'x', ec.ECDSA(hashes.SHA256())), b'x', ec.ECDSA(hashes.SHA256()))
name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, 'x')])
digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, digest)
assert request.is_signature_valid
END
}
play() {
    local status=0
    ours /usr/bin/python3 sign.py "$1" >said.txt 2>&1 || status=$?
    [ "$status" -lt 128 ] || fail "it crashes with $1: $(cat said.txt)"
    case $1 in
    *ed) [ "$status" -eq 0 ] || fail "$(cat said.txt)" ;;
    www | ordinary) [ "$status" -eq 0 ] || ! is_debian_12 || fail "$(cat said.txt)" ;;
    *) [ "$status" -ne 0 ] || ! is_debian_12 || fail "it signs with $1: then the table is wrong" ;;
    esac
}
# shellcheck source=tests/applications/library.sh
. "$(dirname "$0")/../library.sh"
