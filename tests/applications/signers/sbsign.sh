#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='sbsign (UEFI)'
packages='sbsigntool'
commands='sbsign sbverify python3'
works=full
needs='with approvals: `approvals-timeout`, since it signs the time'
logs=full
approvals=waiting
configuration() {
    cat <<'END'
sbsign --key /etc/ska/www.pem --cert /etc/ska/www.crt --output x.signed.efi x.efi
END
}
prepare() {
    python3 - <<'END'
import struct
dos = b'MZ' + b'\0' * 58 + struct.pack('<I', 64)
coff = b'PE\0\0' + struct.pack('<HHIIIHH', 0x8664, 1, 0, 0, 0, 240, 0x22e)
optional = struct.pack('<HBBIIIII', 0x20b, 0, 0, 0x200, 0, 0, 0x1000, 0x1000) + struct.pack(
    '<QIIHHHHHHIIIIHHQQQQII', 0x400000, 0x1000, 0x200, 0, 0, 0, 0, 0, 0, 0, 0x2000, 0x200, 0, 10, 0, 0,
    0, 0, 0, 0, 16) + b'\0' * 128
section = b'.text\0\0\0' + struct.pack('<IIIIIIHHI', 0x200, 0x1000, 0x200, 0x200, 0, 0, 0, 0, 0x60000020)
head = dos + coff + optional + section
open('x.efi', 'wb').write(head + b'\0' * (0x200 - len(head)) + b'\xc3' * 0x200)
END
}
sign() {
    ours sbsign --key "$1.pem" --cert "$1.crt" --output x.signed.efi x.efi
}
verified() {
    sbverify --cert "$1.crt" x.signed.efi
}
# shellcheck source=tests/applications/signer.sh
. "$(dirname "$0")/../signer.sh"
