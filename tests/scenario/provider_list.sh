#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# openssl list shows the provider and what it does. None of it opens the module or asks for a PIN.
. "$(dirname "$0")/lib.sh"
sed -i 's|^pkcs11-module = .*|pkcs11-module = /nonexistent|' openssl.cnf

lists() { # OPTION PATTERN...
    local option=$1 pattern
    shift
    succeeds ska list "$option"
    [ ! -s stderr.txt ] || fail "messages: $(cat stderr.txt)"
    for pattern in "$@"; do
        grep -qiE -- "$pattern" stdout.txt || fail "openssl list $option lacks $pattern"
    done
}
succeeds ska list -providers -verbose
[ ! -s stderr.txt ] || fail "messages: $(cat stderr.txt)"
sed -n '/^  ska/,$p' stdout.txt >section
for word in 'name: .*(ska|SKA|Smart Key)' 'version: [0-9]+\.[0-9]+' 'status: active' 'build info: .'; do
    grep -qE "$word" section || fail "no $word in: $(cat section)"
done
grep -q "version: $(sed -nE 's/^project\(ska-provider VERSION ([0-9.]+).*/\1/p' \
    "$source_dir/CMakeLists.txt")" section
lists -store-loaders '\bska @ ska' '\bpkcs11 @ ska'
for algorithm in RSA EC ED25519 ED448; do
    lists -key-managers "\\b$algorithm\\b.* @ ska"
done
lists -key-managers 'RSA-?PSS.* @ ska'
lists -signature-algorithms 'RSA.* @ ska' 'ECDSA.* @ ska|EC.* @ ska' 'ED25519.* @ ska' 'ED448.* @ ska'
for algorithm in RSA RSA-PSS EC ED25519 ED448; do
    lists -decoders "\\b$algorithm\\b.* @ ska \\(provider=ska,input=der,structure=PrivateKeyInfo\\)"
    lists -encoders "\\b$algorithm\\b.* @ ska \\(provider=ska,output=pem,structure=PrivateKeyInfo\\)" \
        "\\b$algorithm\\b.* @ ska \\(provider=ska,output=text\\)"
done
lists -decoders 'DER @ ska \(provider=ska,input=pem\)'

# What it tells libcrypto of itself, and that there is nothing else: no digest, no cipher, no
# randomness, no claim of FIPS.
quietly ours "$programs/provider_list"

# The module exports one symbol.
nm -D --defined-only "$binary_dir/provider/ska.so" | awk '{ print $3 }' | grep -v '^_' >symbols
[ "$(cat symbols)" = OSSL_provider_init ] || fail "exported: $(cat symbols)"

# It takes its default name from the file, without a configuration.
OPENSSL_CONF=/dev/null OPENSSL_MODULES=$binary_dir/provider \
    succeeds ours openssl list -providers -provider ska -provider default
grep -q '^  ska' stdout.txt

# The reasons of errors come with the provider's name.
configure
refused ':ska:.*:token not found:.*missing' ska pkey -in 'ska:token=missing;object=x' -pubout
pass
