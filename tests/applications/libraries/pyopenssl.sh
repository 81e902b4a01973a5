#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='pyOpenSSL'
packages='python3-openssl'
commands='/usr/bin/python3'
works='part: everything except `PKey.check()`, which needs the private value of an `RSA`'
keys='www rsa ordinary ordinary_rsa'
configuration() {
    cat <<'END'
crypto.load_privatekey(crypto.FILETYPE_PEM, open('/etc/ska/www.pem', 'rb').read())
END
}
prepare() {
    /usr/bin/python3 -c 'import OpenSSL' 2>/dev/null || skip 'no python3-openssl'
    cat >sign.py <<'END'
import sys
from OpenSSL import crypto
name = sys.argv[1]
key = crypto.load_privatekey(crypto.FILETYPE_PEM, open(name + '.pem', 'rb').read())
certificate = crypto.load_certificate(crypto.FILETYPE_PEM, open(name + '.crt', 'rb').read())
crypto.verify(certificate, crypto.sign(key, b'x', 'sha256'), b'x', 'sha256')
request = crypto.X509Req()
request.get_subject().CN = 'x'
request.set_pubkey(key)
request.sign(key, 'sha256')
assert request.verify(key)
END
    cat >check.py <<'END'
import sys
from OpenSSL import crypto
crypto.load_privatekey(crypto.FILETYPE_PEM, open(sys.argv[1] + '.pem', 'rb').read()).check()
END
}
play() {
    local status=0
    succeeds ours /usr/bin/python3 sign.py "$1"
    [[ $1 == *rsa ]] || return 0
    ours /usr/bin/python3 check.py "$1" >said.txt 2>&1 || status=$?
    [ "$status" -ne 0 ] && [ "$status" -lt 128 ] || fail "check: status $status: $(cat said.txt)"
}
# shellcheck source=tests/applications/library.sh
. "$(dirname "$0")/../library.sh"
