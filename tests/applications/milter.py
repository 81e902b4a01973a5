# SPDX-License-Identifier: Apache-2.0
# milter.py PORT MESSAGE PUBLIC-KEY: hands a message to a filter, as Postfix does, and verifies the
# DKIM signature that it adds. Status 1: it adds none.
import base64
import socket
import struct
import sys

import dkim

port, message, public = sys.argv[1:]
connection = socket.create_connection(('127.0.0.1', int(port)))


def send(command, data=b''):
    connection.sendall(struct.pack('>I', len(data) + 1) + command + data)


def receive(length):
    data = b''
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            sys.exit('the filter hangs up')
        data += more
    return data


def answer():
    length = struct.unpack('>I', receive(4))[0]
    data = receive(length)
    return data[:1], data[1:]


send(b'O', struct.pack('>III', 6, 0x1ff, 0x1fffff))
unanswered = struct.unpack('>I', answer()[1][8:12])[0]


def step(command, data, bit):
    send(command, data)
    if not unanswered & bit:
        answer()


send(b'D', b'Cj\0mail\0{daemon_name}\0x\0')
step(b'C', b'localhost\0' + b'4' + struct.pack('>H', 1234) + b'127.0.0.1\0', 0x1000)
step(b'H', b'localhost\0', 0x2000)
send(b'D', b'Mi\0Q1\0')
step(b'M', b'<user@example.org>\0', 0x4000)
step(b'R', b'<other@example.net>\0', 0x8000)
text = open(message, 'rb').read()
head, body = text.split(b'\r\n\r\n', 1)
for header in head.split(b'\r\n'):
    name, value = header.split(b': ', 1)
    step(b'L', name + b'\0' + value + b'\0', 0x80)
step(b'N', b'', 0x40)
step(b'B', body, 0x80000)
send(b'E')
signature = None
while True:
    command, data = answer()
    if b'DKIM-Signature\0' in data:
        signature = data.split(b'DKIM-Signature\0', 1)[1].split(b'\0', 1)[0]
    if command in b'acrtdy':
        break
send(b'Q')
if signature is None:
    sys.exit('no signature: ' + repr(command))
signed = b'DKIM-Signature: ' + signature.strip().replace(b'\n', b'\r\n') + b'\r\n' + text
der = base64.b64decode(''.join(open(public).read().split('\n')[1:-2]))
if len(der) > 64:
    record = b'v=DKIM1; k=rsa; p=' + base64.b64encode(der)
else:
    record = b'v=DKIM1; k=ed25519; p=' + base64.b64encode(der[-32:])
if not dkim.verify(signed, dnsfunc=lambda name, timeout=5: record):
    sys.exit('the signature is wrong')
print('verified')
