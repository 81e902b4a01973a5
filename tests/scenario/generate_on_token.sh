#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# openssl genpkey and applications make ordinary keys on the token, where they name one.
. "$(dirname "$0")/lib.sh"
printf 'A document.\n' >document

# genpkey LABEL OPTION...: the file is a key reference.
genpkey() {
    local label=$1
    shift
    ska genpkey -quiet -propquery provider=ska -pkeyopt "ska-uri:$(uri "$label")" -out "$label.pem" "$@"
}
made() { # LABEL OPTION...
    quietly genpkey "$@"
    [ "$(grep BEGIN "$1.pem")" = '-----BEGIN SKA KEY REFERENCE-----' ] || fail "$(cat "$1.pem")"
    quietly ska pkey -in "$(uri "$1")" -pubout -out "$1.pub.pem"
    quietly ska pkey -in "$1.pem" -pubout -out again.pem
    same again.pem "$1.pub.pem"
}
signs() { # LABEL OPTION...
    local label=$1
    shift
    quietly ska dgst -sha256 -sign "$label.pem" -out signature "$@" document
    plain dgst -sha256 -verify "$label.pub.pem" -signature signature "$@" document >/dev/null || fail "$label"
}
made rsa -algorithm RSA
grep -q '2048 bit' < <(plain pkey -pubin -in rsa.pub.pem -noout -text)
signs rsa
made rsa3072 -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -pkeyopt rsa_keygen_pubexp:65537
grep -q '3072 bit' < <(plain pkey -pubin -in rsa3072.pub.pem -noout -text)
made pss -algorithm RSA-PSS
signs pss -sigopt rsa_padding_mode:pss
made p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
signs p384
made p521 -algorithm EC -pkeyopt ec_paramgen_curve:secp521r1 -pkeyopt ec_param_enc:named_curve
signs p521
for name in ed25519 ed448; do
    made $name -algorithm $name
    quietly ska pkeyutl -sign -inkey $name.pem -rawin -in document -out signature
    plain pkeyutl -verify -pubin -inkey $name.pub.pem -rawin -in document -sigfile signature >/dev/null
done

# What a key is for.
refused 'C_DecryptInit: CKR_KEY_FUNCTION_NOT_PERMITTED' ska pkeyutl -decrypt -inkey rsa.pem \
    -in <(plain pkeyutl -encrypt -pubin -inkey rsa.pub.pem -in document) -out decrypted
made mail -algorithm RSA -pkeyopt ska-key-usage:decrypt
plain pkeyutl -encrypt -pubin -inkey mail.pub.pem -in document -out encrypted
quietly ska pkeyutl -decrypt -inkey mail.pem -in encrypted -out decrypted
same decrypted document
refused 'C_SignInit: CKR_KEY_FUNCTION_NOT_PERMITTED' ska dgst -sha256 -sign mail.pem -out signature document
made both -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ska-key-usage:sign,derive
signs both
plain genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out peer.pem
plain pkey -in peer.pem -pubout -out peer.pub.pem
quietly ska pkeyutl -derive -inkey both.pem -peerkey peer.pub.pem -out ours
plain pkeyutl -derive -inkey peer.pem -peerkey both.pub.pem -out theirs
same ours theirs

# An application.
quietly ours "$programs/generate_on_token" "$(uri application)"
quietly ska dgst -sha256 -sign "$(uri application)" -out signature document

# They are ordinary keys, with what the token guards.
succeeds skatool list --key "ska:token=$token" --json
p11 -O --type privkey >objects 2>/dev/null
! grep -qv 'never extractable' < <(grep -i extractable objects) || fail "$(cat objects)"
[ "$(grep -c 'Private Key Object' objects)" -eq 10 ] || fail "$(cat objects)"

# ---- Refused -------------------------------------------------------------------------------------

rsa=(-algorithm RSA)
refused 'already' genpkey rsa "${rsa[@]}"
refused 'needs a label' ska genpkey -quiet -propquery provider=ska "${rsa[@]}" \
    -pkeyopt "ska-uri:ska:token=$token" -out key.pem
refused 'type= must be private' ska genpkey -quiet -propquery provider=ska "${rsa[@]}" \
    -pkeyopt "ska-uri:$(uri new);type=public" -out key.pem
refused 'sign, decrypt or derive' genpkey new "${rsa[@]}" -pkeyopt ska-key-usage:wrap
refused 'sign, decrypt or derive' genpkey new "${rsa[@]}" -pkeyopt ska-key-usage:sign,
refused 'EC keys sign and derive' genpkey new "${rsa[@]}" -pkeyopt ska-key-usage:derive
refused 'an exponent other than 65537' genpkey new "${rsa[@]}" -pkeyopt rsa_keygen_pubexp:3
refused 'no curve' genpkey new -algorithm EC
refused 'encoding' genpkey new -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit
refused 'give its URI with ska-uri' ska genpkey -quiet -propquery provider=ska "${rsa[@]}" \
    -pkeyopt ska-key-usage:sign -out key.pem
sed -i 's|^pin-source = .*|pin-source = file:/nonexistent|' openssl.cnf
refused 'No such file' genpkey new "${rsa[@]}"
configure
p11 -O --type privkey >after 2>/dev/null
[ "$(grep -c 'Private Key Object' after)" -eq 10 ] || fail "$(cat after)"

# Without a URI a key is as from everybody else.
quietly ska genpkey -quiet -propquery provider=ska -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
quietly plain pkey -in key.pem -noout
pass
