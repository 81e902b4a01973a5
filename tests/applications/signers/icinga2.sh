#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='icinga2 `pki sign-csr`'
packages='icinga2-bin'
commands='/usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2'
works='no: it asks for an `RSA` with a private value'
# shellcheck source=tests/applications/row.sh
. "$(dirname "$0")/../row.sh"
authority
row_keys rsa
with_pin
icinga=/usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2
mkdir -p data/ca
succeeds ska req -x509 -key rsa.pem -subj '/CN=Icinga CA' -days 9 -addext basicConstraints=critical,CA:TRUE -out data/ca/ca.crt
cp rsa.pem data/ca/ca.key
approver node
succeeds plain req -new -key node.pem -subj /CN=node -out node.csr -config /etc/ssl/openssl.cnf
status=0
ours $icinga pki sign-csr --csr node.csr --cert node.crt -D DataDir="$work/data" >said.txt 2>&1 || status=$?
[ "$status" -lt 128 ] || fail "it crashes: $(cat said.txt)"
[ "$status" -ne 0 ] || [ ! -s node.crt ] || fail 'it signs: then the table is wrong'
pass
