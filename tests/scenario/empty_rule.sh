#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Keys whose rule is always satisfied sign whatever has the time in it: certificates and messages.
# Each command takes one call, and prints what it prints with a software key.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
extensions=$source_dir/tests/scenario/certificates.cnf

# as_with_software LABEL COMMAND...: one signature; the same messages as with LABEL's software key,
# which replaces the URI in the command. False when openssl cannot do it at all.
as_with_software() {
    local label=$1 argument software=()
    shift
    for argument in "$@"; do
        [ "$argument" != "$(uri "$label")" ] || argument=$label.software.pem
        [ "$argument" != "$label.crt" ] || argument=$label.software.crt
        software+=("$argument")
    done
    if ! plain "${software[@]}" >plain.out 2>plain.err; then
        echo "not tried, the openssl command cannot: ${software[*]}"
        return 1
    fi
    takes 1 succeeds ska "$@"
    same plain.out stdout.txt
    same plain.err stderr.txt
}

for label in rsa2048 rsa3072 rsapss p256 p384 p521 ed25519 ed448; do
    key $label $label empty.json
    # shellcheck disable=SC2046
    plain genpkey $(software_key_options $label) -quiet -out $label.software.pem
    plain req -new -key $label.software.pem -subj "/CN=Leaf $label" -out leaf.csr
    paddings=('')
    case $label in rsa2048 | rsa3072) paddings+=(rsa_padding_mode:pss) ;; esac
    for padding in "${paddings[@]}"; do
        as_with_software $label req -x509 -key "$(uri $label)" -subj "/CN=CA $label" -days 30 \
            -config "$extensions" -extensions ca ${padding:+-sigopt $padding} -out $label.crt ||
            fail "req -x509 with $label"
        plain x509 -in $label.crt -noout -pubkey | cmp - $label.pub.pem
        plain verify -CAfile $label.crt $label.crt >/dev/null || fail "req -x509 with $label"

        as_with_software $label x509 -req -in leaf.csr -CA $label.crt -CAkey "$(uri $label)" \
            -days 10 -extfile "$extensions" -extensions leaf ${padding:+-sigopt $padding} \
            -out leaf.crt || fail "x509 -req -CAkey with $label"
        plain verify -CAfile $label.crt leaf.crt >/dev/null || fail "x509 -req with $label"

        # With an RSA-PSS key openssl 3.0 writes what it cannot read itself, unless told the padding.
        [ $label != rsapss ] || padding=rsa_padding_mode:pss
        if as_with_software $label cms -sign -nodetach -binary -in document -signer $label.crt \
            -inkey "$(uri $label)" ${padding:+-keyopt $padding} -outform DER -out out.cms; then
            plain cms -verify -in out.cms -inform DER -CAfile $label.crt -purpose any \
                -out verified 2>/dev/null || fail "cms with $label"
            same document verified
        fi
    done
done

# A chain of three, all keys in the token: named curves, not explicit parameters.
previous=
for curve in p384 p256 p521; do
    if [ -z "$previous" ]; then
        takes 1 succeeds ska req -x509 -key "$(uri $curve)" -subj "/CN=$curve" -days 30 \
            -config "$extensions" -extensions ca -out chain.$curve.crt
    else
        takes 1 succeeds ska req -new -key "$(uri $curve)" -subj "/CN=$curve" -out chain.csr
        takes 1 succeeds ska x509 -req -in chain.csr -CA chain.$previous.crt \
            -CAkey "$(uri $previous)" -days 20 -extfile "$extensions" -extensions ca \
            -out chain.$curve.crt
    fi
    previous=$curve
done
plain verify -x509_strict -CAfile chain.p384.crt -untrusted chain.p256.crt chain.p521.crt \
    >/dev/null || fail "the chain of three does not verify"
! grep -q 'Field Type' < <(plain x509 -in chain.p521.crt -noout -text) || fail "explicit parameters"
pass
