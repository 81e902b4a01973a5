#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='mkimage (U-Boot FIT)'
packages='u-boot-tools device-tree-compiler'
commands='mkimage dumpimage dtc'
works=full
needs='RSA; a folder with `NAME.key`, the reference, and `NAME.crt`'
logs=full
keys='rsa ordinary_rsa'
approvals=repeatable
configuration() {
    cat <<'END'
mkimage -f image.its -k KEYS -r image.itb      # KEYS/dev.key, KEYS/dev.crt; in image.its key-name-hint = "dev"
END
}
sign() {
    mkdir -p keys
    cp "$1.pem" keys/dev.key
    cp "$1.crt" keys/dev.crt
    cat >image.its <<END
/dts-v1/;
/ { description = "x"; #address-cells = <1>;
    images { kernel { data = /incbin/("$work/document"); type = "kernel"; arch = "x86"; os = "linux";
        compression = "none"; load = <0>; entry = <0>;
        signature { algo = "sha256,rsa2048"; key-name-hint = "dev"; }; }; };
    configurations { default = "c"; c { kernel = "kernel"; }; }; };
END
    rm -f image.itb
    SOURCE_DATE_EPOCH=1 ours mkimage -f image.its -k keys -r image.itb
}
verified() {
    dumpimage -l image.itb | sed -n 's/.*Sign value: *//p' | head -n 1 | tr -d '\n' |
        sed 's/../\\x&/g' >signature.hex
    # shellcheck disable=SC2059
    printf "$(cat signature.hex)" >signature
    plain dgst -sha256 -verify "$1.pub.pem" -signature signature document
}
# shellcheck source=tests/applications/signer.sh
. "$(dirname "$0")/../signer.sh"
