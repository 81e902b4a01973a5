#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A module whose approval tokens are for other data than it was asked for: nothing is signed with
# them, and nobody is asked to approve them.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
for label in free seal; do
    policy=policy.json
    [ $label != free ] || policy=empty.json
    key $label p256 $policy
done

configure
mkdir -m 700 approvals
sed "s|^pkcs11-module = .*|pkcs11-module = $programs/libhsm_device.so|" openssl.cnf >lying.cnf
mv lying.cnf openssl.cnf
takes 1 succeeds ska dgst -sha256 -sign "$(uri free)" -out signature document
plain dgst -sha256 -verify free.pub.pem -signature signature document >/dev/null
rm signature

export HSM_DEVICE_OTHER_DATA=1
lies='the approval token is for other data'
takes 0 refused "$lies" ska dgst -sha256 -sign "$(uri free)" -out signature document
takes 0 refused "$lies" ska dgst -sha256 -sign "$(uri seal)" \
    -sigopt ska-approvals-dir:approvals -out signature document
takes 0 refused "$lies" skatool request --key "$(uri seal)" -o request.json document
[ -z "$(ls approvals)" ] || fail "people are shown it: $(ls approvals)"
[ ! -s signature ] || fail "there is a signature"
[ ! -e request.json ] || fail "there is a request"
pass
