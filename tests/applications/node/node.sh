#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Node.js: a TLS server, signatures, and the details of a key, for which it asks libcrypto for an RSA
# or EC_KEY and does not look whether it got one.
. "$(dirname "$0")/../lib.sh"
needs node
authority
guarded_key www p256 server.json
guarded_key rsa rsa2048 none
guarded_key ed ed25519 none
hand_over ./*.pem pin
sed -i 's/^openssl_conf = .*/&\nnodejs_conf = openssl_init/' openssl.cnf

for label in www rsa ed; do
    succeeds as_user node "$source_dir/tests/applications/node/node.js" $label.pem $label.pub.pem
done
cat >server.js <<'END'
const fs = require('fs');
const [port, name] = process.argv.slice(2);
require('tls').createServer({ key: fs.readFileSync(name + '.pem'), cert: fs.readFileSync(name + '.crt') },
    socket => socket.end('Hello\n')).on('tlsClientError', error => console.error(error)).listen(port);
END
port=$(free_port)
start server.log "${as_user[@]}" node server.js "$port" www
serving "$port" server.log
connects -tls1_2
connects -tls1_3
turn block www
refuses
within 5 'it does not say why' grep -q 'key is blocked' server.log
turn unblock www
connects
pass
