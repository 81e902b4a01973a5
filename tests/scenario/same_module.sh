#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An application that uses the same PKCS#11 module itself, before, beside and after the provider:
# neither takes the module, the session or the login from the other.
. "$(dirname "$0")/lib.sh"
board
key seal p256 empty.json

softhsm=$(find /usr/lib -name libsofthsm2.so | head -n 1)
plain genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -quiet -out ordinary.pem
new_token other
ours softhsm2-util --module "$simulator" --token other --pin "$pin" --import ordinary.pem \
    --label ordinary --id a1 >/dev/null

for order in around before after leave-open; do
    case $order in after) calls=2 ;; around) calls=2 ;; *) calls=1 ;; esac
    takes $calls quietly ours "$programs/same_module" $order "$simulator" "$token" "$pin" \
        "$(uri seal)"
    # The application beside us may also be using another key, or the module beneath.
    untouched quietly ours "$programs/same_module" $order "$simulator" other "$pin" \
        'ska:token=other;object=ordinary'
    untouched quietly ours "$programs/same_module" $order "$softhsm" other "$pin" \
        "ska:token=other;object=ordinary?module-path=$softhsm"
done
pass
