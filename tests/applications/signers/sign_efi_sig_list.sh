#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='efitools (sign-efi-sig-list)'
packages='efitools uuid-runtime'
commands='sign-efi-sig-list cert-to-efi-sig-list python3'
works=full
needs='check standard error: **if it cannot sign it exits with 0 and leaves a file without a signature**, with any key'
ignores_failures=yes
logs=full
configuration() {
    cat <<'END'
sign-efi-sig-list -k /etc/ska/www.pem -c /etc/ska/www.crt db db.esl db.auth
END
}
sign() {
    cert-to-efi-sig-list "$1.crt" db.esl
    rm -f db.auth
    ours sign-efi-sig-list -k "$1.pem" -c "$1.crt" -t '2026-01-01 00:00:00' db db.esl db.auth &&
        [ -s db.auth ]
}
verified() {
    # EFI_VARIABLE_AUTHENTICATION_2: the time, then a certificate with a PKCS#7 in it; what is signed is
    # name, vendor, attributes, time and data.
    python3 - <<'END'
import struct, uuid
auth = open('db.auth', 'rb').read()
time = auth[:16]
length = struct.unpack('<I', auth[16:20])[0]
p7 = auth[40:16 + length]
if p7[0] != 0x30: raise SystemExit('no PKCS#7')
def tlv(tag, body):
    n = len(body)
    head = bytes([n]) if n < 128 else bytes([0x80 + (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, 'big')
    return bytes([tag]) + head + body
if p7[4:15] != bytes.fromhex('06092a864886f70d010702') and b'\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02' not in p7[:20]:
    p7 = tlv(0x30, bytes.fromhex('06092a864886f70d010702') + tlv(0xa0, p7))
open('db.p7', 'wb').write(p7)
open('db.signed', 'wb').write('db'.encode('utf-16le') + uuid.UUID('d719b2cb-3d3a-4596-a3bc-dad00e67656f').bytes_le +
                              struct.pack('<I', 0x27) + time + auth[16 + length:])
END
    plain cms -verify -binary -inform DER -in db.p7 -content db.signed -certfile "$1.crt" -CAfile ca.crt \
        -purpose any -out /dev/null
}
# shellcheck source=tests/applications/signer.sh
. "$(dirname "$0")/../signer.sh"
