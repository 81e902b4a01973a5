#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='PyJWT'
packages='python3-jwt python3-cryptography'
commands='/usr/bin/python3'
works='part: EdDSA and ES256; for RS256 see python-cryptography'
needs='`skatool pem --pkcs8`; for ES256 `legacy-methods = yes`'
keys='ed ordinary_ed www ordinary rsa'
configuration() {
    cat <<'END'
jwt.encode(claims, open('/etc/ska/ed.pkcs8.pem').read(), algorithm='EdDSA')
END
}
prepare() {
    /usr/bin/python3 -c 'import jwt, cryptography' 2>/dev/null || skip 'no python3-jwt'
    with_pin 'legacy-methods = yes'
    cat >sign.py <<'END'
import sys, jwt
name, algorithm = sys.argv[1:]
token = jwt.encode({'a': 1}, open(name + '.pkcs8.pem').read(), algorithm=algorithm)
assert jwt.decode(token, open(name + '.pub.pem').read(), algorithms=[algorithm]) == {'a': 1}
END
}
play() {
    local status=0
    succeeds skatool pem --pkcs8 --key "$(uri "$1")" -o "$1.pkcs8.pem"
    case $1 in
    *ed) succeeds ours /usr/bin/python3 sign.py "$1" EdDSA ;;
    www | ordinary) ! is_debian_12 || succeeds ours /usr/bin/python3 sign.py "$1" ES256 ;;
    *)
        ours /usr/bin/python3 sign.py "$1" RS256 >said.txt 2>&1 || status=$?
        [ "$status" -ne 0 ] && [ "$status" -lt 128 ] || fail "status $status: $(cat said.txt)"
        ;;
    esac
}
# shellcheck source=tests/applications/library.sh
. "$(dirname "$0")/../library.sh"
