#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What is sent to a broker has the form of what was published (tests/vectors/tsb, each with its
# source): calls are caught by a web server of the tests' own, which gives answers that were published,
# and signatures of the plain openssl.
. "$(dirname "$0")/lib.sh"
# The program that compares reads files until it ends.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
. "$(dirname "$0")/servers.sh"
[ -x "$programs/tsb_form" ] || skip "built without SKA_TSB"
vectors=("$source_dir"/tests/vectors/tsb/*.json)
b64() {
    plain base64 -A
}

approver seal
approver wide -algorithm RSA -pkeyopt rsa_keygen_bits:2048
approver edwards -algorithm ED25519
approver alice
printf 'A document.\n' >document
printf 'me\n' >password
printf 'api-key\n' >keys
chmod 600 password keys
id=5b0e1c1e-2d3f-4a5b-9c6d-7e8f90a1b2c3

# attributes LABEL RULE: the answer for a key, as key-attributes-ec has it.
attributes() {
    printf '{"xml":"","json":{"label":"%s","id":null,"publicKey":"%s","attributes":{"sign":true},"policy":%s},"xmlSignature":""}' \
        "$1" "$(plain pkey -in "$1.pem" -pubout -outform DER | b64)" "$2"
}
signature() { # LABEL [OPTION...]: of the document
    local name=$1
    shift
    if [ "$name" = edwards ]; then
        plain pkeyutl -sign -rawin -in document -inkey edwards.pem | b64
    else
        plain dgst -sha256 "$@" -sign "$name.pem" document | b64
    fi
}
rule=$(printf '{"tokens":[{"name":"T","timelock":0,"timeout":0,"groups":[{"name":"G","quorum":1,"approvals":[{"type":"public_key","name":"alice","value":"%s"}]}]}]}' \
    "$(plain pkey -in alice.pem -pubout -outform DER | b64)")
guarded="{\"ruleUse\":$rule,\"ruleBlock\":null,\"ruleUnblock\":null,\"ruleModify\":null}"

# broker LABEL POLICY SIGNATURE: a server with this key, which signs so.
broker() {
    [ -z "${server-}" ] || stop "$server"
    rm -f asked.txt
    start_plain broker.txt "$programs/tsb_form" serve asked.txt \
        /v1/key/attributes "$(attributes "$1" "$2")" \
        /v1/synchronousSign "{\"signature\":\"$3\"}" \
        /v1/sign "{\"signRequestId\":\"$id\"}" \
        "/v1/request/$id" "{\"id\":\"$id\",\"status\":\"EXECUTED\",\"executionTime\":\"2026-01-05T09:30:00Z\",\"approvedBy\":[],\"notYetApprovedBy\":[],\"rejectedBy\":[],\"result\":\"$3\"}"
    within 30 'no server' grep -q . broker.txt
    configure "tsb-url = http://127.0.0.1:$(sed -n 1p broker.txt)" 'approvals-timeout = 60' \
        "tsb-key-password-source = file:$work/password" "tsb-api-key-source = file:$work/keys"
    sed -i -E '/^(pkcs11-module|token|pin-source) = /d' openssl.cnf
}
# asked PATH: the body of the last call of this path is in body.json, and has the published form.
asked() {
    grep -A1 "^POST $1 HTTP/1.1$" asked.txt | tail -n 1 >body.json
    [ -s body.json ] || fail "not asked: $1: $(cat asked.txt)"
    # That of a key with a password was not published; it goes the way of keyPassword.
    sed 's/"password":"me",//' body.json >without.json
    # Both have the same object inside, of which some publications have more than others.
    case $1 in
        */sign | */synchronousSign) quietly "$programs/tsb_form" fits /v1/sign,/v1/synchronousSign without.json "${vectors[@]}" ;;
        *) quietly "$programs/tsb_form" fits "$1" without.json "${vectors[@]}" ;;
    esac
    [ "$1" = /v1/sign ] || ! grep -q metaData body.json || fail "metaData in $1"
}
member() { # NAME
    sed -E 's/.*"'"$1"'":"([^"]*)".*/\1/;q' body.json
}
is() { # NAME VALUE
    [ "$(member "$1")" = "$2" ] || fail "$1 is not $2: $(cat body.json)"
}
hash=$(plain dgst -sha256 -binary document | b64)
# sends LABEL ALGORITHM PAYLOAD COMMAND...: in both calls.
sends() {
    local label=$1 algorithm=$2 payload=$3 path policy
    shift 3
    for path in /v1/synchronousSign /v1/sign; do
        policy='{"ruleUse":null}'
        [ "$path" = /v1/synchronousSign ] || policy=$guarded
        broker "$label" "$policy" "$signed"
        quietly "$@"
        asked /v1/key/attributes
        is label "$label"
        is password me
        asked "$path"
        is signKeyName "$label"
        is signatureAlgorithm "$algorithm"
        is payload "$payload"
        is payloadType UNSPECIFIED
        is keyPassword me
        [ "$(grep -c ^POST asked.txt)" -eq 2 ] || fail "asks more: $(grep -E '^(POST|GET)' asked.txt)"
    done
    member metaData | plain base64 -d -A >meta.json
    for name in app time digest requester; do
        [ "$name/$algorithm" = digest/EDDSA ] || grep -q "\"$name\":" meta.json ||
            fail "no $name in metaData: $(cat meta.json)"
    done
}
signed=$(signature seal)
sends seal NONE_WITH_ECDSA "$hash" ska dgst -sha256 -sign ska:object=seal -out out.sig document
is signatureType DER
signed=$(signature wide)
sends wide NONESHA256_WITH_RSA "$hash" ska dgst -sha256 -sign ska:object=wide -out out.sig document
pss=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest)
signed=$(signature wide "${pss[@]}")
sends wide NONESHA256_WITH_RSA_PSS "$hash" ska dgst -sha256 "${pss[@]}" -sign ska:object=wide -out out.sig document
signed=$(signature edwards)
sends edwards EDDSA "$(b64 <document)" ska pkeyutl -sign -rawin -in document -inkey ska:object=edwards -out out.sig

# ---- What comes back -----------------------------------------------------------------------------

# A salt of another length is as good where nobody has asked for one, of ordinary keys, guarded ones
# and requests by hand.
pss=(-sigopt rsa_padding_mode:pss)
for salt in max 20 0; do
    signed=$(signature wide "${pss[@]}" -sigopt "rsa_pss_saltlen:$salt")
    for policy in '{"ruleUse":null}' "$guarded"; do
        broker wide "$policy" "$signed"
        quietly ska dgst -sha256 "${pss[@]}" -sign ska:object=wide -out out.sig document
        plain dgst -sha256 "${pss[@]}" -sigopt rsa_pss_saltlen:auto -verify wide.pub.pem -signature out.sig \
            document >/dev/null || fail "salt $salt does not verify"
        refused "gave a PSS signature whose salt does not have the 32 bytes that were asked for" \
            ska dgst -sha256 "${pss[@]}" -sigopt rsa_pss_saltlen:digest -sign ska:object=wide -out out.sig document
    done
done
rm -rf state
mkdir -m 700 state
by_hand() { # [OPTION...]
    sed -i '/^state-dir/d' openssl.cnf
    printf 'state-dir = %s\n' "$work/state" >>openssl.cnf
    succeeds skatool request --key ska:object=wide --padding pss "$@" document
    cp stdout.txt id
}
by_hand
succeeds skatool execute --force -o out.sig "$(cat id)"
plain dgst -sha256 "${pss[@]}" -sigopt rsa_pss_saltlen:0 -verify wide.pub.pem -signature out.sig document \
    >/dev/null || fail 'not the signature'
by_hand --salt-length digest
refused 'salt does not have the 32 bytes' skatool execute -o out.sig "$(cat id)"

# EdDSA in an OCTET STRING, a BIT STRING, and as two INTEGERs; nothing but what verifies.
edwards_signs() { # the signature is in wrapped.bin
    broker edwards '{"ruleUse":null}' "$(b64 <wrapped.bin)"
    "$@" ska pkeyutl -sign -rawin -in document -inkey ska:object=edwards -out out.sig
}
plain pkeyutl -sign -rawin -in document -inkey edwards.pem -out edwards.sig
hex() { # OFFSET LENGTH
    tail -c "+$(($1 + 1))" edwards.sig | head -c "$2" | od -An -v -tx1 | tr -d ' \n'
}
printf '[i]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "$(hex 0 32)" "$(hex 32 32)" |
    cat <(printf 'asn1=SEQUENCE:i\n') - >pair.cnf
plain asn1parse -genconf pair.cnf -noout -out pair.bin
for prefix in '' '\x04\x40' '\x03\x41\x00' pair; do
    if [ "$prefix" = pair ]; then
        cp pair.bin wrapped.bin
    else
        { printf '%b' "$prefix" && cat edwards.sig; } >wrapped.bin
    fi
    edwards_signs quietly
    same edwards.sig out.sig
done
{ printf '\x04\x40' && head -c 63 edwards.sig && printf x; } >wrapped.bin
edwards_signs refused 'does not verify'
{ printf '\x04\x41' && cat edwards.sig; } >wrapped.bin
edwards_signs refused 'returned a signature of 66 bytes'

# Approvals: each token, signature and key in the vendor's elements, and what PKCS#1 signs, which is not
# the payload beside it, in the token.
signed=$(signature wide)
broker wide "$guarded" "$signed"
succeeds skatool request --key ska:object=wide -o request.json document
succeeds skatool approve --approver alice.pem --yes request.json
quietly ska dgst -sha256 -sigopt ska-approvals-file:request.json -sign ska:object=wide -out out.sig document
grep -A1 '^POST /v1/synchronousSign' asked.txt | tail -n 1 >body.json
is payload "$hash"
sed -E 's/.*"signedApprovals":\["([^"]*)"\].*/\1/' body.json | plain base64 -d -A >approval.bin
sed 's/"signedApprovals":\["[^"]*"\]/"signatureType":"DER"/' body.json >without.json
quietly "$programs/tsb_form" fits /v1/sign,/v1/synchronousSign without.json "${vectors[@]}"
# number FILE-OFFSET BYTES: little endian.
number() {
    od -An -t "u$2" --endian=little -j "$1" -N "$2" approval.bin | tr -d ' '
}
size=$(stat -c %s approval.bin)
[ "$(number 0 4)" -eq $((size - 4)) ] || fail "length $(number 0 4) of $size"
at=4
for code in $((0x1055)) $((0x1056)) $((0x1052)); do
    [ "$(number $at 2)" -eq "$code" ] || fail "at $at: $(number $at 2), should be $code"
    length=$(number $((at + 2)) 2)
    tail -c +$((at + 5)) approval.bin | head -c "$length" >"part.$code"
    at=$((at + (4 + length + 3) / 4 * 4))
done
[ "$at" -eq "$size" ] || fail "$size bytes, should be $at"
tr -d ' \t\n' <request.json | sed -E 's/.*"approvalToBeSigned":"([^"]*)".*/\1/' | plain base64 -d -A >token.bin
same token.bin "part.$((0x1055))"
plain pkey -in alice.pem -pubout -outform DER | cmp - "part.$((0x1052))" || fail "another key"
plain asn1parse -inform DER -in "part.$((0x1056))" >der.txt
grep -q ecdsa-with-SHA256 der.txt && grep -q 'BIT STRING' der.txt || fail "a signature of another form: $(cat der.txt)"
# DigestInfo of SHA-256 (RFC 8017, 9.2).
digest_info=3031300d060960864801650304020105000420$(plain dgst -sha256 -r document | cut -d' ' -f1)
grep -q "$digest_info" < <(od -An -tx1 -v token.bin | tr -d ' \n') || fail "no DigestInfo in the token"
pass
