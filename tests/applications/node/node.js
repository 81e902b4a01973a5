// SPDX-License-Identifier: Apache-2.0
// node.js KEY PUBLIC-KEY: signs in all ways that there are for such a key, and says what it knows of it.
const crypto = require('crypto');
const fs = require('fs');
const assert = require('assert');

const [path, publicPath] = process.argv.slice(2);
const key = crypto.createPrivateKey(fs.readFileSync(path));
const publicKey = crypto.createPublicKey(fs.readFileSync(publicPath));
const data = Buffer.from('A document.');
const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';

assert.deepStrictEqual(key.asymmetricKeyDetails, publicKey.asymmetricKeyDetails);
assert.ok(crypto.createPublicKey(key).export({ type: 'spki', format: 'der' })
    .equals(publicKey.export({ type: 'spki', format: 'der' })));

const forms = { rsa: { padding: crypto.constants.RSA_PKCS1_PSS_PADDING }, ec: { dsaEncoding: 'ieee-p1363' } };
for (const form of [{}, forms[key.asymmetricKeyType] ?? {}])
    assert.ok(crypto.verify(digest, data, { key: publicKey, ...form },
        crypto.sign(digest, data, { key, ...form })));

// The private key itself is not to be had.
for (const type of ['pkcs1', 'sec1'])
    assert.throws(() => key.export({ type, format: 'pem' }));
console.log(key.asymmetricKeyType);
