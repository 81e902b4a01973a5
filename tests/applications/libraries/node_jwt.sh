#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='npm'\''s jsonwebtoken and jose'
packages='nodejs'
commands='node'
works=full
needs='`nodejs_conf` in openssl.cnf'
keys='www rsa ordinary ed'
configuration() {
    cat <<'END'
jwt.sign(claims, fs.readFileSync('/etc/ska/www.pem'), { algorithm: 'ES256' });
new jose.SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(crypto.createPrivateKey(pem));
END
}
# They are no Debian packages: npm install jsonwebtoken jose@5, in a folder that NODE_PATH names.
export NODE_PATH=${NODE_PATH-/opt/ska-npm/node_modules}
prepare() {
    node -e 'require("jsonwebtoken"); require("jose")' 2>/dev/null || skip 'no jsonwebtoken and jose in NODE_PATH'
    cat >sign.js <<'END'
const fs = require('fs'), crypto = require('crypto'), jwt = require('jsonwebtoken'), jose = require('jose');
const [name] = process.argv.slice(2);
const pem = fs.readFileSync(name + '.pem');
const publicKey = crypto.createPublicKey(fs.readFileSync(name + '.pub.pem'));
const alg = { rsa: 'RS256', ec: 'ES256', ed25519: 'EdDSA' }[publicKey.asymmetricKeyType];
(async () => {
    if (alg !== 'EdDSA') jwt.verify(jwt.sign({ a: 1 }, pem, { algorithm: alg }), publicKey, { algorithms: [alg] });
    const token = await new jose.SignJWT({ a: 1 }).setProtectedHeader({ alg }).sign(crypto.createPrivateKey(pem));
    await jose.jwtVerify(token, publicKey);
})().catch(error => { console.error(error); process.exit(1); });
END
    sed -i 's/^openssl_conf = .*/&\nnodejs_conf = openssl_init/' openssl.cnf
}
play() {
    succeeds ours node sign.js "$1"
}
# shellcheck source=tests/applications/library.sh
. "$(dirname "$0")/../library.sh"
