#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What must not sign does not: each refusal has a message that names the reason, a status that is
# not 0, and leaves no byte of output. What can be known without the HSM never reaches it.
. "$(dirname "$0")/lib.sh"
board
approver dave

printf 'A document.\n' >document
printf 'Another document.\n' >another
key seal p256
key other p256
key rsa rsa2048
request seal request.json document
request seal another.json another
request other other.json document
token_of request.json >token.bin
token_of another.json >token-another.bin
token_of other.json >token-other.bin
alice=$(approval alice token.bin)
bob=$(approval bob token.bin)

# sign [BUNDLE [DOCUMENT]]: the command that is refused or not.
sign() {
    ska dgst -sha256 -sign "$(uri seal)" -sigopt "ska-approvals-file:${1:-bundle.json}" \
        -out signature "${2:-document}"
}
# The name of the output, where `refused` looks for it.
attempt() { # PATTERN BUNDLE DOCUMENT
    refused "$1" ska dgst -sha256 -sign "$(uri seal)" -sigopt "ska-approvals-file:$2" \
        -out signature "$3"
}

# ---- The HSM says no, and the message says why ---------------------------------------------------

# The same command, complete, is not refused.
bundle request.json "$alice" "$bob" >bundle.json
takes 1 quietly sign

bundle request.json >bundle.json
takes 1 attempt '0 of 2' bundle.json document
bundle request.json "$alice" >bundle.json
takes 1 attempt '1 of 2.*(bob.*carol|carol.*bob)' bundle.json document
bundle request.json "$alice" "$alice" >bundle.json
takes 1 attempt '1 of 2' bundle.json document
grep -qiE 'twice|doubled|more than once|already' stderr.txt || fail "does not say that alice came twice"
bundle request.json "$alice" "$(approval dave token.bin)" >bundle.json
takes 1 attempt 'not (listed|in the rule|an approver)' bundle.json document
bundle request.json "$alice" "$(approval bob token-another.bin)" >bundle.json
takes 1 attempt "bob.*(does not verify|not valid|invalid)|(does not verify|not valid|invalid).*bob" \
    bundle.json document
bundle request.json "$alice" "$(approval bob token-other.bin)" >bundle.json
takes 1 attempt "bob.*(does not verify|not valid|invalid)|(does not verify|not valid|invalid).*bob" \
    bundle.json document

# One bit of a signature: the last of an RSA signature, so that it stays well-formed.
flipped=$(plain dgst -sha256 -sign bob.pem token.bin | od -An -v -tu1 | tr -s ' \n' '  ' |
    awk '{ for (i = 1; i < NF; i++) printf "\\x%02x", $i
           printf "\\x%02x", $NF % 2 ? $NF - 1 : $NF + 1 }')
# shellcheck disable=SC2059
flipped=$(printf "$flipped" | plain base64 -A)
bad=$(sed -E 's|"signature":"[^"]*"|"signature":"'"$flipped"'"|' <<<"$bob")
bundle request.json "$alice" "$bad" >bundle.json
takes 1 attempt "bob.*(does not verify|not valid|invalid)|(does not verify|not valid|invalid).*bob" \
    bundle.json document

# A stranger's invalid signature is invalid, whoever the stranger is.
bundle request.json "$alice" "$bob" "$(approval dave token-another.bin)" >bundle.json
takes 1 attempt 'invalid approval:.*the signature of .* does not verify' bundle.json document

# ---- What skatool leaves out ---------------------------------------------------------------------

# status and execute go by what counts and name the rest; as it is the HSM refuses it.
bundle request.json "$bad" "$alice" "$(approval dave token-another.bin)" "$alice" \
    "$(approval dave token.bin)" "$(approval carol token.bin)" >bundle.json
takes 1 attempt 'bob does not verify' bundle.json document
takes 0 succeeds skatool status --key "$(uri seal)" bundle.json
for line in '1, bob: is not a signature over this request; it is left out' \
    '3, .*: is not a signature over this request; it is left out' \
    '4, alice: counts once only; it is left out' \
    '5, .*: is not an approver of this key; it is left out' 'There are enough approvals'; do
    grep -qE "$line" stdout.txt || fail "status does not say '$line': $(cat stdout.txt)"
done
takes 1 succeeds skatool execute --key "$(uri seal)" -o executed bundle.json
plain dgst -sha256 -verify seal.pub.pem -signature executed document >/dev/null
for line in '1 is left out: bob has no valid signature' '3 is left out: .* has no valid signature' \
    '4 is left out: alice has already approved it' '5 is left out: .* is not an approver'; do
    grep -qE "skatool: warning: approval $line" stderr.txt ||
        fail "execute does not say '$line': $(cat stderr.txt)"
done
[ "$(grep -c 'is left out' stderr.txt)" -eq 4 ] || fail "$(cat stderr.txt)"
# Not enough is left: both refuse.
bundle request.json "$bad" "$alice" >bundle.json
takes 0 ends 2 skatool status --key "$(uri seal)" bundle.json
grep -q 'approvals missing: 1 of 2' stderr.txt || fail "$(cat stderr.txt)"
takes 1 refused 'approvals missing: .*1 of 2' skatool execute --key "$(uri seal)" -o out bundle.json

# ---- A bundle for another thing: no HSM call at all ----------------------------------------------

bundle request.json "$alice" "$bob" >bundle.json
untouched attempt 'request [0-9a-f]{16} is for other data than these' bundle.json another
# The same document by another digest or padding: the message tells both.
by() { # PATTERN LABEL BUNDLE OPTION...
    untouched refused "$1" ska dgst -sign "$(uri "$2")" -sigopt "ska-approvals-file:$3" "${@:4}" \
        -out signature document
}
by 'is for SHA256, this signature uses SHA512: sign with SHA256' seal bundle.json \
    -sha512
approved rsa rsa.json document --digest sha384
by 'is for SHA384, this signature uses SHA256' rsa rsa.json -sha256
by 'for NONESHA384_WITH_RSA, this signature uses NONESHA384_WITH_RSA_PSS' rsa rsa.json -sha384 \
    -sigopt rsa_padding_mode:pss
approved rsa rsa.json document --padding pss
by 'is for SHA256, this signature uses SHA384' rsa rsa.json -sha384 \
    -sigopt rsa_padding_mode:pss
sed 's/"digest":/"was":/' bundle.json >untold.json
by 'is for SHA256, this signature uses SHA1' seal untold.json -sha1
# Of another key that is all that is said: its digest would be of no use.
by "is for key 'seal', not for 'rsa'" rsa bundle.json -sha512
bundle other.json "$(approval alice token-other.bin)" "$(approval bob token-other.bin)" >foreign.json
untouched attempt 'other' foreign.json document

# Nor does changing the words around the token help.
sed 's/"label": *"other"/"label":"seal"/' foreign.json >forged.json
untouched attempt . forged.json document

# ---- Bundles of the wrong shape ------------------------------------------------------------------

shape() { # PATTERN: bundle.json is refused
    untouched attempt "$1" bundle.json document
}
bundle request.json "$alice" "$bob" >good.json
: >bundle.json
shape 'empty|JSON'
head -c 700 good.json >bundle.json
shape 'JSON:.*bundle.json: line 1, column 701: .*cut off or changed on the way: ask for it again'
for command in "inspect" "approve --approver alice.pem --yes" "reject --approver alice.pem --yes" \
    "execute --key $(uri seal)" "status --key $(uri seal)"; do
    for text in bundle.json empty; do
        : >empty
        # shellcheck disable=SC2086
        [ "$command $text" = 'inspect empty' ] ||
            untouched refused 'cut off or changed on the way: ask for it again' \
                skatool $command $text
    done
    # Of something else altogether `inspect` says so in its own words.
    # shellcheck disable=SC2086
    untouched refused ': no request|; this is not a request or bundle: take the file that' \
        skatool $command document
done
for command in approve reject; do
    refused 'version: missing; this is not a request or bundle' \
        skatool $command --approver alice.pem --yes policy.json
done
# Nobody is told so of what is a request.
sed 's/"version": *1/"version":2/' good.json >bundle.json
shape 'version'
! grep -q 'no request' stderr.txt || fail "$(cat stderr.txt)"
head -c 2097152 /dev/zero | tr '\0' ' ' >bundle.json
cat good.json >>bundle.json
shape 'long|large|big|limit|more than|at most'
{ cat good.json && head -c 2097152 /dev/zero | tr '\0' ' '; } >bundle.json
shape 'long|large|big|limit|more than|at most'
cp document bundle.json
shape 'JSON:.*value expected; this is not a request or bundle: take the file that skatool request'
for text in '[]' '"text"' '1' 'null' '{}' '{"version":1}' '[{"version":1}]'; do
    printf '%s' "$text" >bundle.json
    shape 'bundle.json'
done
sed 's/"version": *1/"version":2/' good.json >bundle.json
shape 'version'
sed 's/\(.*\)"approvals":\[[^]]*\]/\1"approvals":{}/' good.json >bundle.json
shape 'approvals'
sed 's/\(.*\)"approvals":\[/\1"approvals":[7,/' good.json >bundle.json
shape 'approval'
sed 's/\(.*\)"approvals":/\1"approvals":[],"approvals":/' good.json >bundle.json
shape '"?approvals"?.*(twice|doubled|duplicate)|(twice|doubled|duplicate).*approvals'
sed 's/"version"/"\\u0076ersion":1,"version"/' good.json >bundle.json
shape 'version.*(twice|doubled|duplicate)|(twice|doubled|duplicate).*version'
nested=$(printf '%900s' '' | tr ' ' '[')$(printf '%900s' '' | tr ' ' ']')
sed 's/"version"/"x":'"$nested"',"version"/' good.json >bundle.json
shape 'nest|deep|depth'
printf '%s' "$nested" >bundle.json
shape 'nest|deep|depth'
sed 's/"version"/"description":"a\\u0000b","version"/' good.json >bundle.json
shape 'u0000|NUL|zero'
sed 's/"version"/"x":"a\xff","version"/' good.json >bundle.json
shape 'UTF-8'
sed -E 's/"approvalToBeSigned": *"..../"approvalToBeSigned":"/' good.json >bundle.json
shape 'token|approvalToBeSigned'
sed -E 's/"approvalToBeSigned": *"/&!/' good.json >bundle.json
shape 'base64|approvalToBeSigned'
cat good.json good.json >bundle.json
shape 'JSON'
rm bundle.json
shape 'bundle.json'
mkdir bundle.json
shape 'bundle.json'
rmdir bundle.json
mkfifo bundle.json
shape 'bundle.json'
rm bundle.json

untouched refused 'JSON' ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-approvals:nonsense \
    -out signature document

# ---- A payload that looks like a digest, offered as a message ------------------------------------

plain dgst -sha256 -binary -out digest document
for label in seal rsa; do
    untouched refused 'digest' ska dgst -sha256 -sign "$(uri $label)" -sigopt ska-payload:message \
        -sigopt ska-approvals-file:good.json -out signature digest
    untouched refused 'digest' skatool request --key "$(uri $label)" --payload message -o r.json digest
done
{ printf '\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20' && cat digest; } \
    >digestinfo
untouched refused 'digest|DigestInfo' ska dgst -sha256 -sign "$(uri rsa)" -sigopt ska-payload:message \
    -sigopt ska-approvals-file:good.json -out signature digestinfo
head -c 70000 /dev/zero >long
untouched refused '[Ll]ong|at most|more than|limit' ska dgst -sha256 -sign "$(uri rsa)" \
    -sigopt ska-payload:message -sigopt ska-approvals-file:good.json -out signature long

# ---- Parameters ----------------------------------------------------------------------------------

untouched refused 'ska-payload|payload' ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-payload:hash \
    -sigopt ska-approvals-file:good.json -out signature document
untouched refused 'ska-typo' ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-typo:x \
    -sigopt ska-approvals-file:good.json -out signature document

# No source of approvals at all: the message says how to give one.
untouched refused 'ska-approvals' ska dgst -sha256 -sign "$(uri seal)" -out signature document

# ---- PIN, token, key, module, URI ----------------------------------------------------------------

store() { # PATTERN URI
    untouched refused "$1" ska dgst -sha256 -sign "$2" -sigopt ska-approvals-file:good.json \
        -out signature document
}

# A wrong PIN is tried once. The spy between provider and module counts.
spy=$(find /usr/lib -name pkcs11-spy.so | head -n 1)
[ -n "$spy" ] || fail "pkcs11-spy.so is missing (package opensc)"
export PKCS11SPY=$simulator PKCS11SPY_OUTPUT=$work/spy.log
printf 'mistaken\n' >wrong-pin
chmod 600 wrong-pin
for source in "pin-source=file:$work/wrong-pin" pin-value=mistaken; do
    rm -f spy.log
    store 'PIN' "ska:token=$token;object=seal?module-path=$spy&$source"
    [ "$(grep -c 'C_Login$' spy.log)" -eq 1 ] || fail "a wrong PIN was tried more than once"
    # openssl itself shows the whole URI; our messages must not.
    ! grep -q mistaken < <(grep ':ska:' stderr.txt) || fail "the message tells the PIN"
done
unset PKCS11SPY PKCS11SPY_OUTPUT
store "pin-source of the URI: $work/no-such-file: No such file" \
    "$(uri seal)?pin-source=file:$work/no-such-file"
mv pin away
store "pin-source of the configuration: $work/pin: No such file" "$(uri seal)"
refused "pin-source of the configuration: $work/pin: No such file" skatool show --key "$(uri seal)"
refused "pin-source of the URI: $work/no-such-file: No such file" \
    skatool show --key "$(uri seal)?pin-source=$work/no-such-file"
# What was given in the place of a file may be the PIN: nothing of it is shown.
for source in 471199 file:471199 a/471199 ./471199 /471199 file:///471199 471199/ 4711/99 \
    file:a/471199 '47%2f1199' 471199%0a; do
    for where in "$(uri seal)?pin-source=$source" "$(uri seal)?pin-source=$source&approvals-timeout=0"; do
        refused 'pin-source of the URI: the file \(its name is not shown' skatool show --key "$where"
        ! grep -qE '471|199' stderr.txt || fail "a PIN given as $source is shown: $(cat stderr.txt)"
    done
done
for uri in "$(uri seal)?pin-value=471&199=1" "$(uri seal)?pin-value=471&199" \
    "$(uri seal)?pin-value=471%" "$(uri seal)?pin-value=471199&pin-value=471199" \
    "$(uri seal)?pin-source=471&199=1" "$(uri seal)?pin-source=471199&pin-source=a/471199" \
    "$(uri seal)?pin=471199" "$(uri seal)?471199" "$(uri seal);pin-value=471199" \
    "$(uri seal)?pin-value=471199#" "$(uri seal)?pin-source=471 199"; do
    refused 'bad key URI' skatool show --key "$uri"
    ! grep -qE '471|199' stderr.txt || fail "the PIN of $uri is shown: $(cat stderr.txt)"
    ska pkey -in "$uri" -noout 2>stderr.txt && fail "$uri"
    # openssl itself repeats what it was told to open, and nothing else.
    # (Before our words stands a number of libcrypto's, of any digits.)
    ! grep -qE '471|199' < <(grep ':ska:' stderr.txt | sed 's/.*:ska:/:ska:/') || fail "the PIN of $uri: $(cat stderr.txt)"
done
mkdir pin
refused "pin-source of the configuration: $work/pin: not a regular file" skatool list
rmdir pin
mv away pin
store 'missing-token' 'ska:token=missing-token;object=seal'
store 'missing-key' "$(uri missing-key)"
store 'missing-module' "$(uri seal)?module-path=$work/missing-module.so"
cp document not-a-module.so
store 'not-a-module' "$(uri seal)?module-path=$work/not-a-module.so"
store 'fruit' "$(uri seal);fruit=apple"
store 'object' "$(uri seal);object=other"
store 'payload' "$(uri seal)?payload=digest&payload=message"
store '%00|NUL|zero' 'ska:token=tok;object=se%00al'
store '%' 'ska:token=tok;object=seal%4'
store 'type' "$(uri seal);type=secret-key"

# Two ordinary keys of one label: nobody can tell which is meant.
for id in a1 a2; do
    plain genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -quiet -out twin.pem
    ours softhsm2-util --module "$simulator" --token "$token" --pin "$pin" --import twin.pem \
        --label twin --id $id >/dev/null
done
store 'ambiguous|several|more than one|2 keys' "$(uri twin)"
quietly ska dgst -sha256 -sign "$(uri twin);id=%a1" -out signature document

# Two tokens of one label.
new_token twin
new_token twin
store 'ambiguous|several|more than one|2 tokens' 'ska:token=twin;object=seal'

# A label that a private key has already is not given to a second one.
takes 0 refused 'in use' skatool keygen --key "$(uri seal)" --algorithm EC --policy policy.json
takes 0 refused 'in use' skatool keygen --key "$(uri twin)" --algorithm EC --policy policy.json

# ---- The standard calls of PKCS#11 do not work with SKA keys -------------------------------------

p11_use() { # pkcs11-tool tells its progress on standard output
    p11 "$@" 1>&2
}
# pkcs11-tool chooses keys to sign with by their ids alone, which it shows in several ways: a1,
# 30:ab, 161 (0xa1).
p11_id() { # LABEL
    p11 --list-objects --type privkey | awk -v label="$1" '
        $1 == "label:" { found = $2 == label }
        $1 == "ID:" && found {
            id = $3 ~ /^\(0x/ ? substr($3, 4, length($3) - 4) : $2
            gsub(":", "", id)
            print id
        }'
}
seal=$(p11_id seal)
rsa=$(p11_id rsa)
twin=$(p11_id twin | head -n 1)
[ -n "$seal" ] && [ -n "$rsa" ] || fail "pkcs11-tool does not see the keys"
# The same with an ordinary key works, so what is refused is refused for being an SKA key.
succeeds p11 --sign --mechanism ECDSA --id "$twin" --input-file digest --output-file signature
rm signature
for mechanism in ECDSA ECDSA-SHA256; do
    takes 0 refused CKR_ p11_use --sign --mechanism $mechanism --id "$seal" --input-file digest \
        --output-file signature
done
for mechanism in RSA-PKCS SHA256-RSA-PKCS SHA256-RSA-PKCS-PSS RSA-X-509; do
    takes 0 refused CKR_ p11_use --sign --mechanism $mechanism --id "$rsa" --input-file digest \
        --output-file signature
done
head -c 256 /dev/zero >block
for mechanism in RSA-PKCS RSA-X-509; do
    takes 0 refused CKR_ p11_use --decrypt --mechanism $mechanism --id "$rsa" --input-file block \
        --output-file signature
done
plain pkey -pubin -in alice.pub.pem -outform DER -out alice.pub.der
takes 0 refused CKR_ p11_use --derive --mechanism ECDH1-DERIVE --id "$seal" --input-file alice.pub.der \
    --output-file signature
[ ! -s signature ] || fail "pkcs11-tool got something out of an SKA key"
takes 0 refused "C_SetAttributeValue failed" p11_use --set-id 01 --type privkey --id "$seal"
pass
