#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# openssl.cnf.example, with its paths replaced, is a configuration that works.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
key seal p256
mkdir -m 700 approvals

replace() { # KEY VALUE: the key stands once in the example
    [ "$(grep -c "^$1 = " openssl.cnf)" -eq 1 ] || fail "openssl.cnf.example has no single $1"
    sed -i "s|^$1 = .*|$1 = $2|" openssl.cnf
}
cp "$source_dir/openssl.cnf.example" openssl.cnf
replace module "$binary_dir/provider/ska.so"
replace pkcs11-module "$simulator"
replace token "$token"
replace pin-source "file:$work/pin"
replace approvals-dir "$work/approvals"
! grep -v '^#' openssl.cnf | grep -E '/(usr|etc|var)/' || fail "paths are left over"

succeeds ska list -providers
grep -q '^  ska' stdout.txt && grep -q '^  default' stdout.txt || fail "a provider is missing"
succeeds skatool check-config
[ ! -s stderr.txt ] || fail "check-config complains: $(cat stderr.txt)"

# It is enough for openssl req too.
quietly ska req -new -key alice.pem -subj /CN=alice -out alice.csr

sign=(ska dgst -sha256 -sign 'ska:object=seal' -out signature document)
takes 0 refused 'approvals pending' "${sign[@]}"
id=$(id_of_pending)
succeeds skatool approve --dir approvals --approver alice.pem --yes "$id"
succeeds skatool approve --dir approvals --approver carol.pem --yes "$id"
takes 1 quietly "${sign[@]}"
plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null

# What check-config is for: each thing that is wrong is reported, with a status that is not 0.
broken() { # KEY VALUE PATTERN
    cp openssl.cnf good.cnf
    replace "$1" "$2"
    local status=0
    skatool check-config >out.txt 2>&1 || status=$?
    [ "$status" -ge 1 ] && [ "$status" -le 4 ] || fail "check-config: status $status with $1 = $2"
    grep -qE -- "$3" out.txt || fail "check-config does not name $3: $(cat out.txt)"
    mv good.cnf openssl.cnf
}
broken pkcs11-module /nonexistent.so nonexistent.so
broken token elsewhere elsewhere
broken pin-source "file:$work/nowhere" nowhere
broken approvals-dir "$work/nodir" nodir
broken payload sometimes sometimes
# What is commented out works as well, and nothing that can be set is left out.
cp openssl.cnf good.cnf
succeeds skatool keygen --timestamp --key ska:object=clock --algorithm EC
sed -i 's/^#\([a-z-]* = \)/\1/' openssl.cnf
sed -i '/^agent = /d' openssl.cnf
# A broker takes the place of the module.
grep -q '^tsb-url = https:' openssl.cnf || fail "the example has no broker"
sed -i '/^tsb-/d' openssl.cnf
replace audit-log "$work/audit.log"
mkdir -m 700 state evidence
replace evidence-dir "$work/evidence"
replace state-dir "$work/state"
succeeds skatool check-config
sed -n '/^const char \*const ska_setting_names/,/};/p' "$source_dir/provider/base/settings.c" |
    grep -o '"[^"]*"' | tr -d '"' >keys
[ "$(wc -l <keys)" -ge 10 ] || fail "which keys are there? $(cat keys)"
while read -r key; do
    grep -qE "^#?$key = " "$source_dir/openssl.cnf.example" || fail "the example has no $key"
    grep -q "^\.It Cm $key\$" "$source_dir/provider/ska-provider.7" ||
        fail "ska-provider.7 has no $key"
done <keys
mv good.cnf openssl.cnf

chmod 644 pin
skatool check-config >out.txt 2>&1 || true
grep -qiE 'read|permission|mode' out.txt || fail "a PIN file open to all is not named: $(cat out.txt)"
chmod 600 pin
pass
