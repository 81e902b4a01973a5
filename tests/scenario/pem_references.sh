#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Key references: PEM files for whoever wants a private key in a file. They are loaded without the
# HSM; what is wrong with one is said.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
# With sanitizers, which make all of it slow, fewer keys take fewer ways.
specs='rsa2048 rsapss p256 p384 p521 ed25519 ed448'
certified='rsa2048 p256'
if [ -n "$preload" ]; then
    specs='rsa2048 p256 p384 ed448'
    certified=p256
fi

# Without anything that could be asked.
offline() { # COMMAND...
    OPENSSL_CONF=$work/offline.cnf "$@"
}
sed 's|^pkcs11-module = .*|pkcs11-module = /nonexistent.so|' openssl.cnf >offline.cnf

# A reference as it is made by hand.
without_words() { # FILE
    sed '/^#/d' "$1"
}

# ---- Every type of key ---------------------------------------------------------------------------

for spec in $specs; do
    kinds='ska plain'
    [ -z "$preload" ] || [ $spec = p256 ] || kinds=plain
    for kind in $kinds; do
        label=$kind-$spec
        policy=empty.json
        [ $kind = ska ] || policy=none
        key $label $spec $policy
        untouched quietly ska pkey -in "$(uri $label)" -out $label.pem
        untouched quietly skatool pem --key "$(uri $label)" --force -o tool.pem
        same $label.pem tool.pem
        skatool pem --key "$(uri $label)" | cmp - $label.pem
        grep -qx -- '-----BEGIN SKA KEY REFERENCE-----' < <(head -n 3 $label.pem | tail -n 1) ||
            fail "$label.pem"
        grep -q 'needs the provider ska' < <(head -n 2 $label.pem) || fail "no words in $label.pem"
        [ "$(stat -c %a tool.pem)" = 644 ] || fail "the mode of tool.pem"

        offline quietly ska pkey -in $label.pem -pubout -out out.pub.pem
        same out.pub.pem $label.pub.pem
        offline quietly ska pkey -in $label.pem -out again.pem
        same again.pem $label.pem

        # As text: where it is, and its public key, of RSA in the words for private keys.
        offline succeeds ska pkey -in $label.pem -noout -text
        grep -q "^ska:token=tok;.*object=$label;type=private$" < <(head -n 2 stdout.txt) ||
            fail "text of $label: $(cat stdout.txt)"
        plain pkey -pubin -in $label.pub.pem -noout -text >public.txt
        sed 's/^Modulus:/modulus:/; s/^Exponent:/publicExponent:/' public.txt >private.txt
        sed 1,2d stdout.txt | cmp - private.txt
        offline succeeds ska pkey -in $label.pem -noout -text_pub
        cmp stdout.txt public.txt
        succeeds ska pkey -in "$(uri $label)" -noout -text
        sed 1,2d stdout.txt | cmp - private.txt

        calls=1
        [ $kind = ska ] || calls=0
        offline refused 'nonexistent' ska pkeyutl -sign -rawin -inkey $label.pem -in document \
            -out signature
        takes $calls quietly ska pkeyutl -sign -rawin -inkey $label.pem -in document -out signature
        plain pkeyutl -verify -rawin -pubin -inkey $label.pub.pem -in document \
            -sigfile signature >/dev/null || fail "a signature with $label.pem"
    done
done

# What acme-tiny and dehydrated look for in it.
succeeds ska rsa -in plain-rsa2048.pem -noout -text
grep -qE 'modulus: +00:[0-9a-f: ]+publicExponent: 65537 ' < <(tr -d '\n' <stdout.txt) ||
    fail "text of an RSA key: $(cat stdout.txt)"

# ---- As applications read them -------------------------------------------------------------------

for spec in $specs; do
    label=plain-$spec
    plain x509 -new -force_pubkey $label.pub.pem -subj /CN=$label -days 10 -signkey alice.pem \
        -out $label.crt 2>/dev/null
    cat $label.crt $label.pem >bundle.pem
    offline ours "$programs/pem_references" $label.pem bundle.pem $label.crt ||
        fail "pem_references $label.pem"
    # Words before it, blank lines and the other end of line change nothing.
    { echo 'The key of the seal:' && echo && sed 's/$/\r/' $label.pem; } >wordy.pem
    offline quietly ska pkey -in wordy.pem -pubout -out out.pub.pem
    same out.pub.pem $label.pub.pem
done

# Whichever provider was activated first.
providers=$'ska = ska_provider\ndefault = default_provider' configure
sed 's|^pkcs11-module = .*|pkcs11-module = /nonexistent.so|' openssl.cnf >ours-first.cnf
configure
for spec in rsa2048 p256 ed448; do
    cat plain-$spec.crt plain-$spec.pem >bundle.pem
    OPENSSL_CONF=$work/ours-first.cnf ours "$programs/pem_references" plain-$spec.pem bundle.pem \
        plain-$spec.crt || fail "pem_references with our provider first"
    OPENSSL_CONF=$work/ours-first.cnf quietly ska pkey -in plain-$spec.pem -out again.pem
    same again.pem plain-$spec.pem
done

# Not one call of PKCS#11, not even to initialize the module.
spy=$(find /usr/lib -name pkcs11-spy.so | head -n 1)
[ -n "$spy" ] || fail "pkcs11-spy.so is missing (package opensc)"
export PKCS11SPY=$simulator PKCS11SPY_OUTPUT=$work/spy.log
sed "s|^pkcs11-module = .*|pkcs11-module = $spy|" openssl.cnf >spied.cnf
spied() {
    OPENSSL_CONF=$work/spied.cnf "$@"
}
cat plain-p256.crt plain-p256.pem >bundle.pem
spied ours "$programs/pem_references" plain-p256.pem bundle.pem plain-p256.crt
spied quietly ska pkey -in plain-p256.pem -pubout -out out.pub.pem
spied succeeds ska pkey -in plain-p256.pem -noout -text
[ ! -e spy.log ] || fail "PKCS#11 was called: $(cat spy.log)"
spied quietly ska dgst -sha256 -sign plain-p256.pem -out signature document
[ "$(grep -c 'C_Login$' spy.log)" -eq 1 ] || fail "not one login"
unset PKCS11SPY PKCS11SPY_OUTPUT

# ---- In PKCS#8 -----------------------------------------------------------------------------------

# body FILE: the bytes of its PEM.
body() {
    sed '/^#/d; /-----/d' "$1" | base64 -d
}
for spec in $specs; do
    label=plain-$spec
    untouched quietly skatool pem --key "$(uri $label)" --pkcs8 --force -o pkcs8.pem
    grep -qx -- '-----BEGIN PRIVATE KEY-----' pkcs8.pem || fail "the label of $label"
    offline quietly ska pkey -in pkcs8.pem -pubout -out out.pub.pem
    same out.pub.pem $label.pub.pem
    # It is the same reference, which is written with its own label.
    offline quietly ska pkey -in pkcs8.pem -out again.pem
    same again.pem $label.pem
    cat $label.crt pkcs8.pem >bundle.pem
    offline ours "$programs/pem_references" pkcs8.pem bundle.pem $label.crt pkcs8 ||
        fail "pem_references with $label in PKCS#8"
    OPENSSL_CONF=$work/ours-first.cnf ours "$programs/pem_references" pkcs8.pem bundle.pem \
        $label.crt pkcs8 || fail "pem_references with $label in PKCS#8, our provider first"
    # Where a program has taken the PEM apart itself.
    body pkcs8.pem >pkcs8.der
    offline quietly ska pkey -inform DER -in pkcs8.der -pubout -out out.pub.pem
    same out.pub.pem $label.pub.pem
    quietly ska pkeyutl -sign -rawin -inkey pkcs8.pem -in document -out signature
    plain pkeyutl -verify -rawin -pubin -inkey $label.pub.pem -in document \
        -sigfile signature >/dev/null || fail "a signature with $label in PKCS#8"
    # Without the provider it is nothing to anybody.
    ! plain pkey -in pkcs8.pem -noout 2>/dev/null || fail "the plain openssl reads $label"
done
quietly skatool pem --key "$(uri ska-p256)" --pkcs8 --force -o pkcs8.pem
takes 1 quietly ska dgst -sha256 -sign pkcs8.pem -out signature document
plain dgst -sha256 -verify ska-p256.pub.pem -signature signature document >/dev/null
# Real private keys go to whom they always went.
for spec in rsa2048 p256 ed448; do
    # shellcheck disable=SC2046
    plain genpkey $(software_key_options $spec) -out real.pem 2>/dev/null
    quietly ska pkey -in real.pem -pubout -out out.pub.pem
    plain pkey -in real.pem -pubout | cmp - out.pub.pem
done

# ---- The commands of openssl ---------------------------------------------------------------------

for spec in $certified; do
    for label in ska-$spec plain-$spec; do
        calls=1
        [ $label = ska-$spec ] || calls=0
        takes $calls quietly ska dgst -sha256 -sign $label.pem -out signature document
        plain dgst -sha256 -verify $label.pub.pem -signature signature document >/dev/null
        takes $calls quietly ska req -new -key $label.pem -subj /CN=leaf -out out.csr
        plain req -in out.csr -noout -verify 2>/dev/null || fail "req with $label.pem"
        takes $calls quietly ska req -x509 -key $label.pem -subj /CN=ref -days 10 \
            -addext basicConstraints=critical,CA:true -out ca.crt
        plain verify -CAfile ca.crt ca.crt >/dev/null
        takes $calls succeeds ska x509 -req -in out.csr -CA ca.crt -CAkey $label.pem -days 5 \
            -CAcreateserial -out leaf.crt
        plain verify -CAfile ca.crt leaf.crt >/dev/null
        takes $calls quietly ska cms -sign -signer ca.crt -inkey $label.pem -in document -out out.cms
        plain cms -verify -in out.cms -CAfile ca.crt -out /dev/null 2>/dev/null ||
            fail "cms with $label.pem"

        # The one command that takes its key from a file and from nowhere else.
        plain req -new -key $label.pem -subj /CN=tsa -out tsa.csr 2>/dev/null && fail "plain openssl"
        takes $calls quietly ska req -x509 -key $label.pem -subj /CN=tsa -days 10 \
            -addext extendedKeyUsage=critical,timeStamping -out tsa.crt
        printf '%s\n' '[tsa]' 'default_tsa = t' '[t]' "serial = $work/serial" 'default_policy = 1.2.3' \
            "signer_cert = $work/tsa.crt" "signer_key = $work/$label.pem" 'signer_digest = sha256' \
            'digests = sha256' 'ess_cert_id_alg = sha256' | cat openssl.cnf - >tsa.cnf
        plain ts -query -data document -sha256 -cert -out query.tsq 2>/dev/null
        OPENSSL_CONF=$work/tsa.cnf takes $calls succeeds ska ts -reply -config tsa.cnf \
            -queryfile query.tsq -out reply.tsr
        plain ts -verify -queryfile query.tsq -in reply.tsr -CAfile tsa.crt >/dev/null 2>&1 ||
            fail "ts with $label.pem"
    done
done

# ---- What the URI says about approvals -----------------------------------------------------------

key seal p256
approved seal request.json document
quietly ska pkey -in "$(uri seal)?approvals-file=$work/request.json" -out seal.pem
takes 1 quietly ska dgst -sha256 -sign seal.pem -out signature document
plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null
mkdir -m 700 approvals
succeeds skatool pem --key "$(uri seal)?approvals-dir=$work/approvals&approvals-timeout=0" --force -o seal.pem
says "the key reference names approvals-dir $work/approvals, which the configuration does not"
takes 0 refused "approvals pending:.*the key reference names approvals-dir $work/approvals, which the \
configuration does not: waiting for 2 of" ska dgst -sha256 -sign seal.pem -out signature document
ls approvals/*.request.json >/dev/null
key message p256 empty.json
quietly skatool pem --key "$(uri message)?payload=message" -o message.pem
takes 1 quietly ska dgst -sha256 -sign message.pem -out signature document
plain dgst -sha256 -verify message.pub.pem -signature signature document >/dev/null
plain dgst -sha256 -binary -out digest document
takes 0 refused 'whole messages' ska pkeyutl -sign -inkey message.pem -pkeyopt digest:sha256 \
    -in digest -out signature

# What would not load again is not written.
succeeds skatool pem --help
grep -q -- --key stdout.txt || fail "skatool pem --help"
refused 'wrong use:.*--key' skatool pem
refused 'bad key URI:.*payload' skatool pem --key "$(uri seal)?payload=hash" -o out.pem
refused 'bad key URI:.*approvals-timeout' skatool pem --key "$(uri seal)?approvals-timeout=soon" \
    -o out.pem
refused 'bad key URI:.*names no key' skatool pem --key "ska:token=$token" -o out.pem
refused 'key not found:.*missing' skatool pem --key "$(uri missing)" -o out.pem

# ---- PINs ----------------------------------------------------------------------------------------

quietly ska pkey -in "$(uri seal)?pin-value=$pin" -out out.pem
! grep -q "$pin" < <(sed '/^#/d; /-----/d' out.pem | base64 -d) || fail "a PIN in a reference"
quietly skatool pem --key "$(uri seal)?pin-value=$pin" --force -o tool.pem
same out.pem tool.pem
quietly ska pkey -in "$(uri plain-p256)?pin-source=file:$work/pin" -out sourced.pem
mv pin hidden
offline quietly ska pkey -in sourced.pem -pubout -out out.pub.pem
refused "$work/pin: No such file or directory" ska dgst -sha256 -sign sourced.pem -out signature document
mv hidden pin
quietly ska dgst -sha256 -sign sourced.pem -out signature document

# Where no source of the PIN is named, the passphrase of a program is the PIN.
sed '/^pin-source/d' openssl.cnf >asking.cnf
asking() {
    OPENSSL_CONF=$work/asking.cnf "$@"
}
asking refused 'refused the PIN that was entered; it was tried once' \
    ska pkey -in plain-p256.pem -passin pass:mistaken -pubout -out out.pub.pem
asking quietly ska dgst -sha256 -sign plain-p256.pem -passin "pass:$pin" -out signature document
asking refused 'PIN missing:.*pin-source' ska dgst -sha256 -sign plain-p256.pem -out signature document
asking offline quietly ska pkey -in plain-p256.pem -passin pass:mistaken -pubout -out out.pub.pem

# ---- Other forms of a private key are not written ------------------------------------------------

for spec in $certified; do
    label=plain-$spec
    for key in $label.pem "$(uri $label)"; do
        refused 'cannot leave' ska pkey -in "$key" -outform DER -out out.key
        refused 'cannot leave' ska pkey -in "$key" -aes256 -passout pass:x -out out.key
        refused 'cannot leave' ska pkcs12 -export -inkey "$key" -in $label.crt -passout pass:x \
            -out out.p12
        # Where plain openssl calls a provider's key by another name, its words are its own.
        refused . ska pkey -in "$key" -traditional -out out.key
    done
    # A command that opens nothing but files.
    refused 'cannot leave' ska pkcs8 -topk8 -in $label.pem -passout pass:x -out out.key
    refused 'cannot leave' ska pkcs8 -topk8 -nocrypt -outform DER -in $label.pem -out out.key
done

# ---- References that are not good ----------------------------------------------------------------

# element TAG FILE: one element of DER.
element() {
    local length
    length=$(stat -c %s "$2")
    if [ "$length" -lt 128 ]; then
        printf "\\x$1\\x$(printf %02x "$length")"
    elif [ "$length" -lt 256 ]; then
        printf "\\x$1\\x81\\x$(printf %02x "$length")"
    elif [ "$length" -lt 65536 ]; then
        printf "\\x$1\\x82$(printf '\\x%02x\\x%02x' $((length / 256)) $((length % 256)))"
    else
        printf "\\x$1\\x83$(printf '\\x%02x\\x%02x\\x%02x' $((length / 65536)) \
            $((length / 256 % 256)) $((length % 256)))"
    fi
    cat "$2"
}
# reference VERSION URI [SPKI]: bad.der.
reference() {
    printf '%s' "$2" >bad.uri
    { printf "\\x02\\x01\\x$1" && element 0c bad.uri && if [ $# -gt 2 ]; then cat "$3"; fi; } >bad.body
    element 30 bad.body >bad.der
}
# pem [LABEL]: bad.der as PEM.
pem() {
    local label=${1:-SKA KEY REFERENCE}
    printf -- '-----BEGIN %s-----\n' "$label"
    base64 -w 64 bad.der
    printf -- '-----END %s-----\n' "$label"
}
# is_bad PATTERN: bad.pem is refused, however it is read, before anybody asks the HSM.
is_bad() {
    offline refused "$1" ska pkey -in bad.pem -pubout -out out.pub.pem
    [ -z "$preload" ] || return 0
    cat plain-p256.crt bad.pem >bad-bundle.pem
    offline refused "$1" ours "$programs/pem_references" bad.pem bad-bundle.pem plain-p256.crt
}
plain pkey -pubin -in plain-p256.pub.pem -outform DER -out p256.spki
plain pkey -pubin -in plain-p384.pub.pem -outform DER -out p384.spki
good="$(uri plain-p256)"

# The same made by hand is good.
reference 00 "$good" p256.spki && pem >good.pem
offline quietly ska pkey -in good.pem -pubout -out out.pub.pem
same out.pub.pem plain-p256.pub.pem
quietly ska dgst -sha256 -sign good.pem -out signature document
offline quietly ska pkey -in good.pem -out again.pem
without_words again.pem | cmp - good.pem

reference 01 "$good" p256.spki && pem >bad.pem
is_bad ':ska:.*:bad key reference:.*version 1; only 0 is known'
reference 00 "$good" p256.spki && printf '\0\0' >>bad.der && pem >bad.pem
is_bad 'bad key reference:.*2 bytes too many'
reference 00 "$good?pin-value=$pin" p256.spki && pem >bad.pem
is_bad 'bad key reference:.*pin-value'
! grep -q "$pin" stderr.txt || fail "the PIN is told"
reference 00 "$good;type=cert" p256.spki && pem >bad.pem
is_bad 'bad key reference:.*type'
reference 00 "ska:token=$token" p256.spki && pem >bad.pem
is_bad 'bad key reference:.*neither object nor id'
reference 00 "$good;fruit=apple" p256.spki && pem >bad.pem
is_bad 'bad key URI:.*fruit'
reference 00 "$good?payload=hash" p256.spki && pem >bad.pem
is_bad 'bad key URI:.*payload'
reference 00 "$good;serial=$(head -c 102400 /dev/zero | tr '\0' 1)" p256.spki && pem >bad.pem
is_bad 'bad key reference:.*at most 16384'
reference 00 "$good;serial=$(head -c 10000 /dev/zero | tr '\0' 1)" p256.spki && pem >bad.pem
is_bad 'bad key URI:.*longer than 8192'
reference 00 "$good" document && pem >bad.pem
is_bad 'bad key reference:.*not SEQUENCE'
{ head -c -1 p256.spki && printf '\0'; } >off.spki
reference 00 "$good" off.spki && pem >bad.pem
is_bad 'bad key reference:.*public key is invalid'
sed '2s/^./!/' good.pem >bad.pem
is_bad 'bad key reference:.*not base64'
sed '2i Proc-Type: 4,ENCRYPTED' good.pem >bad.pem
is_bad 'bad key reference:.*not base64'
grep -v END good.pem >bad.pem
is_bad 'bad key reference:.*no line'
: >bad.der && pem >bad.pem
is_bad 'bad key reference:.*not SEQUENCE'

# Another label is not ours: nobody knows it, and nothing of ours is said.
reference 00 "$good" p256.spki
for label in 'SKA KEY REFERENCE 2' 'PKCS#11 PROVIDER URI' 'SKA KEY' 'PRIVATE KEY'; do
    pem "$label" >bad.pem
    is_bad .
    ! grep -q ':ska:' stderr.txt || fail "$label is not ours: $(cat stderr.txt)"
done
# And the DER alone is nothing.
grep -v -- ----- good.pem | base64 -d >good.der
offline refused . ska pkey -inform DER -in good.der -pubout -out out.pub.pem
! grep -q ':ska:' stderr.txt || fail "DER alone: $(cat stderr.txt)"
# The next key of a file with others before it is found.
{ pem 'SKA KEY' && pem 'FRUIT' && cat good.pem; } >several.pem
offline quietly ska pkey -in several.pem -pubout -out out.pub.pem
same out.pub.pem plain-p256.pub.pem

# What a reference may not be, it may not be here; programs that open it by OSSL_STORE lose our words.
configure "log = $work/failures.log"
sed 's|^pkcs11-module = .*|pkcs11-module = /nonexistent.so|' openssl.cnf >offline.cnf
is_bad_in_pkcs8() { # PATTERN: of bad.der, with the algorithm of P-256
    printf '\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07' >bad.head
    { cat bad.head && element 04 bad.der; } >bad.body
    element 30 bad.body >bad.der
    pem 'PRIVATE KEY' >bad.pem
    rm -f failures.log
    offline refused . ska pkey -in bad.pem -pubout -out out.pub.pem
    grep -qE -- "$1" failures.log || fail "not in the log, $1: $(cat failures.log)"
    [ -n "$preload" ] || cat plain-p256.crt bad.pem >bad-bundle.pem
    [ -n "$preload" ] ||
        offline refused "$1" ours "$programs/pem_references" bad.pem bad-bundle.pem plain-p256.crt
}
reference 00 "$good?pin-value=$pin" p256.spki
is_bad_in_pkcs8 'bad key reference:.*pin-value'
reference 00 "$good?pin-source=file:/etc/shadow" p256.spki
is_bad_in_pkcs8 'bad key reference:.*pin-source'
reference 01 "$good" p256.spki
is_bad_in_pkcs8 'bad key reference:.*version 1; only 0 is known'
reference 00 "$good" p384.spki
is_bad_in_pkcs8 'bad key reference:.*does not match the public key inside'
reference 00 "$good"
is_bad_in_pkcs8 'bad key reference:.*or it contains no public key'
configure
sed 's|^pkcs11-module = .*|pkcs11-module = /nonexistent.so|' openssl.cnf >offline.cnf

# ---- Not the key that is meant -------------------------------------------------------------------

# A certificate of another key of the same kind.
for key in ska-p256.pem "$(uri ska-p256)"; do
    untouched refused 'do not match' ska x509 -req -in out.csr -CA plain-p256.crt -CAkey "$key" \
        -out leaf.crt
done

# A public key that is another's loads, as it must; it does not sign.
reference 00 "$good" p384.spki && pem >wrong.pem
offline quietly ska pkey -in wrong.pem -pubout -out out.pub.pem
same out.pub.pem plain-p384.pub.pem
untouched refused "a different key than the one that token 'tok' has under label 'plain-p256'.*write the reference again" \
    ska dgst -sha256 -sign wrong.pem -out signature document
shown() { # FILE: how messages show a public key
    plain pkey -pubin -in "$1" -outform DER | sha256sum | head -c 16
}
grep -q "$(shown plain-p384.pub.pem) in the file, with $(shown plain-p256.pub.pem) on the token" \
    stderr.txt || fail "fingerprints: $(cat stderr.txt)"
for gone in "$(uri missing)" 'ska:token=missing;object=plain-p256'; do
    reference 00 "$gone" p256.spki && pem >gone.pem
    offline quietly ska pkey -in gone.pem -pubout -out out.pub.pem
    untouched refused 'not found:.*missing' ska dgst -sha256 -sign gone.pem -out signature document
done

# ---- Without a public key inside -----------------------------------------------------------------

[ -z "$preload" ] || specs='p256 ed448'
for spec in $specs; do
    reference 00 "$(uri plain-$spec)" && pem >bare.pem
    quietly ska pkey -in bare.pem -pubout -out out.pub.pem
    same out.pub.pem plain-$spec.pub.pem
    quietly ska pkey -in bare.pem -out again.pem
    without_words again.pem | cmp - bare.pem
    quietly ska pkeyutl -sign -rawin -inkey bare.pem -in document -out signature
    plain pkeyutl -verify -rawin -pubin -inkey plain-$spec.pub.pem -in document \
        -sigfile signature >/dev/null || fail "a signature with plain-$spec without its public key"
done
offline refused 'nonexistent' ska pkey -in bare.pem -pubout -out out.pub.pem
asking quietly ska pkey -in bare.pem -passin "pass:$pin" -pubout -out out.pub.pem
same out.pub.pem plain-ed448.pub.pem
asking refused 'PIN' ska pkey -in bare.pem -passin pass:mistaken -pubout -out out.pub.pem
reference 00 "$(uri missing)" && pem >bare.pem
refused 'key not found:.*missing' ska pkey -in bare.pem -pubout -out out.pub.pem
pass
