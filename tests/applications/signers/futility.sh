#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='vboot futility'
packages='vboot-utils'
commands='futility'
works='no: `vbutil_key --pack` copies the private key'
# shellcheck source=tests/applications/row.sh
. "$(dirname "$0")/../row.sh"
authority
row_keys rsa
with_pin
status=0
ours futility vbutil_key --pack key.vbprivk --key rsa.pem --algorithm 4 >said.txt 2>&1 || status=$?
[ "$status" -ne 0 ] || fail 'it packs: then the table is wrong'
[ "$status" -lt 128 ] || fail "it crashes: $(cat said.txt)"
pass
