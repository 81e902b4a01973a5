# SPDX-License-Identifier: Apache-2.0
# acme.py PORT CA-NAME: the least that a certificate authority with ACME has to do, on loopback. Each JWS and each
# request for a certificate is verified, each name is believed; CA-NAME.crt and CA-NAME.key issue.
import base64
import http.server
import itertools
import json
import subprocess
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

port, ca = int(sys.argv[1]), sys.argv[2]
base = f'http://127.0.0.1:{port}'
numbers = itertools.count(1)
accounts = {}
issued = []


def decode(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def key_of(jwk):
    def number(name):
        return int.from_bytes(decode(jwk[name]), 'big')
    if jwk['kty'] == 'RSA':
        return rsa.RSAPublicNumbers(number('e'), number('n')).public_key()
    curve = {'P-256': ec.SECP256R1(), 'P-384': ec.SECP384R1()}[jwk['crv']]
    return ec.EllipticCurvePublicNumbers(number('x'), number('y'), curve).public_key()


def verify(key, algorithm, signed, signature):
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        return
    half = len(signature) // 2
    value = utils.encode_dss_signature(int.from_bytes(signature[:half], 'big'), int.from_bytes(signature[half:], 'big'))
    key.verify(value, signed, ec.ECDSA(hashes.SHA384() if algorithm == 'ES384' else hashes.SHA256()))


def issue(der):
    request = x509.load_der_x509_csr(der)
    assert request.is_signature_valid
    open('acme.csr', 'wb').write(der)
    done = subprocess.run(['openssl', 'x509', '-req', '-inform', 'DER', '-in', 'acme.csr', '-CA', ca + '.crt', '-CAkey', ca + '.key',
                           '-days', '9', '-set_serial', '7'], env={'PATH': '/usr/bin:/bin', 'OPENSSL_CONF': '/dev/null'},
                          capture_output=True, check=True)
    issued.append(done.stdout + open(ca + '.crt', 'rb').read())


class Authority(http.server.BaseHTTPRequestHandler):
    def log_message(self, *unused):
        pass

    def answer(self, code, what, location=None, kind='application/json'):
        body = what if isinstance(what, bytes) else json.dumps(what).encode()
        self.send_response(code)
        self.send_header('Replay-Nonce', f'n{next(numbers)}')
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        if location:
            self.send_header('Location', base + location)
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def do_HEAD(self):
        self.answer(200, b'')

    def do_GET(self):
        if self.path != '/directory':
            return self.answer(200, b'')
        names = {'newNonce': 'nonce', 'newAccount': 'account', 'newOrder': 'order', 'revokeCert': 'revoke', 'keyChange': 'change'}
        self.answer(200, {**{name: f'{base}/{path}' for name, path in names.items()}, 'meta': {}})

    def order(self, status):
        order = {'status': status, 'identifiers': [{'type': 'dns', 'value': 'localhost'}], 'authorizations': [base + '/authorization/1'],
                 'finalize': base + '/finalize/1', 'expires': '2036-01-01T00:00:00Z'}
        if status == 'valid':
            order['certificate'] = base + '/certificate/1'
        return order

    def do_POST(self):
        jws = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        protected = json.loads(decode(jws['protected']))
        key = key_of(protected['jwk']) if 'jwk' in protected else accounts[protected['kid']]
        try:
            verify(key, protected['alg'], (jws['protected'] + '.' + jws['payload']).encode(), decode(jws['signature']))
        except Exception as error:
            print('wrong signature', repr(error), flush=True)
            return self.answer(400, {'type': 'urn:ietf:params:acme:error:malformed', 'detail': 'wrong signature'}, kind='application/problem+json')
        print('good signature', protected['alg'], self.path, flush=True)
        payload = json.loads(decode(jws['payload']) or b'{}')
        kind = self.path.split('/')[1]
        challenge = {'type': 'http-01', 'status': 'valid', 'url': base + '/challenge/1', 'token': 'x' * 43}
        if kind == 'account':
            path = f'/known/{next(numbers)}'
            accounts[base + path] = key
            return self.answer(201, {'status': 'valid', 'orders': base + '/orders'}, path)
        if kind == 'known':
            return self.answer(200, {'status': 'valid'}, self.path)
        if kind == 'order':
            return self.answer(201, self.order('ready'), '/placed/1')
        if kind == 'authorization':
            return self.answer(200, {'status': 'valid', 'identifier': {'type': 'dns', 'value': 'localhost'}, 'challenges': [challenge],
                                     'expires': '2036-01-01T00:00:00Z'})
        if kind == 'challenge':
            return self.answer(200, challenge)
        if kind == 'finalize':
            issue(decode(payload['csr']))
            return self.answer(200, self.order('valid'), '/placed/1')
        if kind == 'placed':
            return self.answer(200, self.order('valid' if issued else 'ready'))
        if kind == 'certificate':
            return self.answer(200, issued[-1], kind='application/pem-certificate-chain')
        self.answer(404, {})


http.server.ThreadingHTTPServer(('127.0.0.1', port), Authority).serve_forever()
