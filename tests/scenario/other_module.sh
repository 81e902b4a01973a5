#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A module that has the vendor's calls, and whose maker is not the simulator's: a build that knows
# only placeholders for the vendor's numbers makes none of these calls and says how to build again.
# Ordinary keys work as with any module.
. "$(dirname "$0")/lib.sh"
grep -q '^SKA_VENDOR_INCLUDE_DIR:PATH=$' "$binary_dir/CMakeCache.txt" ||
    skip 'this build has the vendor'\''s numbers'
board
approver clock
printf 'A document.\n' >document
key seal p256 # with the simulator
request seal request.json document
approve request.json alice bob

configure
sed "s|^pkcs11-module = .*|pkcs11-module = $programs/libhsm_proxy.so|" openssl.cnf >other.cnf
mv other.cnf openssl.cnf
again='only the simulator knows; build again with -DSKA_VENDOR_INCLUDE_DIR='
refused "$again" skatool keygen --key "$(uri mine)" --algorithm EC --policy policy.json
refused "$again" skatool keygen --key "$(uri mine)" --algorithm EC --policy empty.json
refused "$again" skatool keygen --key "$(uri mine)" --algorithm EC --timestamp

key plain p256 none
quietly ska dgst -sha256 -sign "$(uri plain)" -out signature document
plain dgst -sha256 -verify plain.pub.pem -signature signature document >/dev/null
succeeds skatool list
grep -q 'plain .* ordinary' stdout.txt || fail "list: $(cat stdout.txt)"

# The seal is for this module no key that has rules: SoftHSM knows of none, nor does it show them.
refused 'ordinary' skatool execute --key "$(uri seal)" -o signature request.json
refused 'ordinary' skatool request --key "$(uri plain)" -o other.json document
pass
