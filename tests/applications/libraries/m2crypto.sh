#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='M2Crypto (EVP, SMIME, SSL)'
packages='python3-m2crypto'
commands='/usr/bin/python3'
works=full
keys='www rsa ordinary ordinary_rsa'
configuration() {
    cat <<'END'
EVP.load_key('/etc/ska/www.pem'); SMIME.SMIME().load_key('/etc/ska/www.pem', '/etc/ska/www.crt')
END
}
prepare() {
    /usr/bin/python3 -c 'import M2Crypto' 2>/dev/null || skip 'no python3-m2crypto'
    cat >sign.py <<'END'
import sys
from M2Crypto import BIO, EVP, SMIME, SSL
name = sys.argv[1]
key = EVP.load_key(name + '.pem')
key.reset_context('sha256')
key.sign_init()
key.sign_update(open('document', 'rb').read())
open('signature', 'wb').write(key.sign_final())
smime = SMIME.SMIME()
smime.load_key(name + '.pem', name + '.crt')
out = BIO.MemoryBuffer()
smime.write(out, smime.sign(BIO.MemoryBuffer(b'Hello\n')))
open('signed.eml', 'wb').write(out.read())
SSL.Context('tls').load_cert(name + '.crt', name + '.pem')
END
}
play() {
    succeeds ours /usr/bin/python3 sign.py "$1"
    plain dgst -sha256 -verify "$1.pub.pem" -signature signature document >/dev/null
    plain smime -verify -in signed.eml -CAfile ca.crt -purpose any -out /dev/null 2>verified.txt || fail "$(cat verified.txt)"
}
# shellcheck source=tests/applications/library.sh
. "$(dirname "$0")/../library.sh"
