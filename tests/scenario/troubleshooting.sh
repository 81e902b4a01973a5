#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What doc/troubleshooting.md quotes is what is said: our messages stand in the source, those of OpenSSL
# are provoked.
. "$(dirname "$0")/lib.sh"
page=$source_dir/doc/troubleshooting.md

# ---- Ours ----------------------------------------------------------------------------------------

# Strings that are written in several pieces become one; what is formatted in is cut out.
cat "$source_dir"/provider/*.c "$source_dir"/provider/*/*.c "$source_dir"/tools/*.c \
    "$source_dir"/tools/*/*.c | tr '\n' ' ' | sed -E 's/" +"//g' >source.txt
sed -n '/^## Messages of this project/,$p' "$page" | grep '^### ' | grep -oE '`[^`]+`' | tr -d '`' >quoted.txt
[ "$(wc -l <quoted.txt)" -ge 20 ] || fail "the page quotes hardly anything: $(cat quoted.txt)"
while IFS= read -r text; do
    grep -qF -- "$text" source.txt || fail "nobody says: $text"
done <quoted.txt
# Each reason is on the page, but for those of which the message itself says all that there is to do.
sed -n 's/^ *{SKA_R_[A-Z_]*, "\(.*\)"},$/\1/p' "$source_dir/provider/base/error.c" >reasons.txt
[ "$(wc -l <reasons.txt)" -ge 50 ] || fail "these are not the reasons: $(cat reasons.txt)"
while IFS= read -r reason; do
    case $reason in
    'bad parameter' | 'not supported' | 'wrong use' | 'out of memory' | 'internal error' | 'bad JSON' | \
        'bad approval token' | 'bad rule' | 'input of wrong length') continue ;;
    esac
    grep -F "\`$reason\`" "$page" | grep "^### " >/dev/null || fail "not on the page: $reason"
done <reasons.txt

# ---- OpenSSL's -----------------------------------------------------------------------------------

board
key seal p256
printf 'A document.\n' >document
on_page() { # TEXT...: the page quotes it, and it was said
    local text
    for text in "$@"; do
        grep -qF -- "$text" "$page" || fail "not on the page: $text"
        grep -qF -- "$text" stderr.txt || fail "not said: $text: $(cat stderr.txt)"
    done
}
# By which words a libcrypto without the provider knows that the scheme is nobody's.
unknown_scheme() {
    if grep -q 'No store loader found' stderr.txt; then
        on_page 'No store loader found' # 3.0.19, 3.5
    else
        on_page 'unregistered scheme' 'scheme=ska'
    fi
}
quietly ska pkey -in "$(uri seal)" -out reference.pem
refused ska plain dgst -sha256 -sign "$(uri seal)" -out unused document
unknown_scheme
refused decode plain dgst -sha256 -sign reference.pem -out unused document
on_page 'DECODER routines' 'unsupported' 'No supported data to decode'
key another p256
refused 'it names no key' ska dgst -sha256 -sign "ska:token=$token" -out unused document
grep -qE 'Could not (read|find) private key from ska:token=' stderr.txt || fail "$(cat stderr.txt)"
grep -v '^default = ' openssl.cnf >lacking.cnf
OPENSSL_CONF=lacking.cnf refused fetch ours openssl dgst -sha256 document
on_page 'inner_evp_generic_fetch:unsupported' 'Algorithm (SHA256'
# A module that is not there: the same message, and check-config says why.
sed "s|^module = .*|module = $work/nowhere.so|" openssl.cnf >wrong.cnf
OPENSSL_CONF=wrong.cnf refused 'scheme|Scheme' ours openssl dgst -sha256 -sign "$(uri seal)" -out unused document
unknown_scheme
ends 1 skatool check-config --config wrong.cnf
shows 'FAILED +module .*nowhere.so'
pass
