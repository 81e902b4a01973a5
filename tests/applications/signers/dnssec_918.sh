#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='BIND 9.18'\''s DNSSEC tools'
packages='bind9-utils'
commands='dnssec-keyfromlabel'
works='no: it takes labels only for an engine; BIND 9.20 accepts a URI ([journey](../../doc/applications.md#dnssec))'
# shellcheck source=tests/applications/row.sh
. "$(dirname "$0")/../row.sh"
authority
row_keys www
with_pin
version=$(dnssec-keyfromlabel -V 2>&1 || true)
[[ $version == *9.18.* ]] || skip "it is $version"
status=0
ours dnssec-keyfromlabel -K . -a ECDSAP256SHA256 -l "$(uri www)" -f KSK test >said.txt 2>&1 || status=$?
[ "$status" -ne 0 ] || fail 'it takes a URI: then the table is wrong'
[ "$status" -lt 128 ] || fail "it crashes: $(cat said.txt)"
pass
