#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='ruby-jwt'
packages='ruby ruby-jwt'
commands='ruby'
works='part: ES256; for RSA Ruby'\''s `openssl` needs the private value'
configuration() {
    cat <<'END'
JWT.encode(claims, OpenSSL::PKey.read(File.read('/etc/ska/www.pem')), 'ES256')
END
}
keys='www ordinary rsa'
prepare() {
    ruby -rjwt -e 1 2>/dev/null || skip 'no ruby-jwt'
}
play() {
    if [ "$1" = rsa ]; then
        refused 'private key is needed' ours ruby -rjwt -ropenssl \
            -e "JWT.encode({ a: 1 }, OpenSSL::PKey.read(File.read('$1.pem')), 'RS256')"
    else
        succeeds ours ruby -rjwt -ropenssl -e "
            token = JWT.encode({ a: 1 }, OpenSSL::PKey.read(File.read('$1.pem')), 'ES256')
            JWT.decode(token, OpenSSL::PKey.read(File.read('$1.pub.pem')), true, algorithm: 'ES256')"
    fi
}
# shellcheck source=tests/applications/library.sh
. "$(dirname "$0")/../library.sh"
