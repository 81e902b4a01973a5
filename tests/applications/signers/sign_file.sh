#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='sign-file (kernel modules)'
packages='linux-kbuild-6.1'
commands='/usr/lib/linux-kbuild-6.1/scripts/sign-file python3'
works=full
needs='the reference as a file: with a `pkcs11:` URI it looks for an engine'
logs=reason
approvals=repeatable
configuration() {
    cat <<'END'
/usr/lib/linux-kbuild-6.1/scripts/sign-file sha256 /etc/ska/www.pem /etc/ska/www.crt module.ko
END
}
sign() {
    cp document module.ko
    ours /usr/lib/linux-kbuild-6.1/scripts/sign-file sha256 "$1.pem" "$1.crt" module.ko module.signed
}
verified() {
    python3 - <<'END'
import struct
data = open('module.signed', 'rb').read()
assert data.endswith(b'~Module signature appended~\n')
length = struct.unpack('>I', data[-32:-28])[0]
open('module.p7', 'wb').write(data[-40 - length:-40])
open('module.body', 'wb').write(data[:-40 - length])
END
    plain cms -verify -binary -inform DER -in module.p7 -content module.body -certfile "$1.crt" \
        -CAfile ca.crt -purpose any -out /dev/null
}
# shellcheck source=tests/applications/signer.sh
. "$(dirname "$0")/../signer.sh"
