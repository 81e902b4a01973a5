#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='rauc (bundles)'
packages='rauc squashfs-tools'
commands='rauc mksquashfs'
works=full
needs='with approvals: `approvals-timeout`, since it signs the time'
logs=nothing
approvals=waiting
configuration() {
    cat <<'END'
rauc --cert=/etc/ska/www.crt --key=/etc/ska/www.pem bundle FOLDER update.raucb
END
}
prepare() {
    mkdir content
    printf '%s\n' '[update]' compatible=x version=1 '[bundle]' format=plain '[image.rootfs]' filename=r.img >content/manifest.raucm
    head -c 4096 /dev/zero >content/r.img
}
sign() {
    rm -f update.raucb
    ours rauc --cert="$1.crt" --key="$1.pem" bundle content update.raucb
}
verified() {
    rauc --keyring=ca.crt info update.raucb
}
# shellcheck source=tests/applications/signer.sh
. "$(dirname "$0")/../signer.sh"
