#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Files that others have written decide nothing: reading one for a certificate, a public key or
# anything loads no module and reads no PIN, and a key reference that names code, a secret or a PIN
# file that is not configured is refused where a private key was asked for, too.
. "$(dirname "$0")/lib.sh"
printf 'A document.\n' >document
policy null >empty.json
key plain p256 none
key seal p256 empty.json
plain x509 -new -force_pubkey plain.pub.pem -subj /CN=plain -days 10 \
    -signkey <(plain genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -quiet) -out plain.crt \
    2>/dev/null
plain genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out software.pem -quiet
plain req -new -x509 -key software.pem -subj /CN=software -days 10 -out software.crt 2>/dev/null

# ---- The files -----------------------------------------------------------------------------------

# What must not be opened: a module of somebody, the configured one, PIN files, a secret.
cp "$programs/libmarking_module.so" marking.so
cp "$simulator" configured.so
cp pin second.pin
printf 'the-first-line-of-a-secret-file\n' >secret
export MARKING_MODULE_MARK=$work/mark
configure "pin-sources = $work/second.pin, $work/third.pin"
sed -i "s|^pkcs11-module = .*|pkcs11-module = $work/configured.so|" openssl.cnf

# watched COMMAND...
watched() {
    "$programs/data_files" watch marking.so configured.so pin second.pin secret -- \
        env LD_PRELOAD="$preload" "$@"
}

# length BYTES: a length of DER.
length() {
    if [ "$1" -lt 128 ]; then
        printf '%02x' "$1"
    elif [ "$1" -lt 256 ]; then
        printf '81%02x' "$1"
    else
        printf '82%04x' "$1"
    fi
}
# reference URI [SPKI-FILE]: a key reference as PEM, by hand, since ours would not be written.
reference() {
    local body spki='' text
    text=$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n')
    [ $# -lt 2 ] || spki=$(od -An -v -tx1 "$2" | tr -d ' \n')
    body=0201000c$(length "${#1}")$text$spki
    printf -- '-----BEGIN SKA KEY REFERENCE-----\n'
    # shellcheck disable=SC2059
    printf "$(printf '30%s%s' "$(length $((${#body} / 2)))" "$body" | sed 's/../\\x&/g')" |
        base64 -w 64
    printf -- '-----END SKA KEY REFERENCE-----\n'
}
plain pkey -pubin -in plain.pub.pem -outform DER -out plain.spki
plain pkey -pubin -in seal.pub.pem -outform DER -out seal.spki

mkdir files approvals
chmod 700 approvals
# hostile NAME QUERY: with and without a public key inside, alone and before something genuine.
hostile() {
    reference "$(uri plain)?$2" >"files/$1-bare.pem"
    reference "$(uri plain)?$2" plain.spki >"files/$1-whole.pem"
    cat "files/$1-bare.pem" plain.pub.pem plain.crt >"files/$1-first.pem"
}
hostile module "module-path=$work/marking.so"
hostile value 'pin-value=rosebud'
hostile secret "pin-source=file:$work/secret"
hostile both "module-path=$work/marking.so&pin-source=$work/secret"
hostile broker 'tsb-url=https://broker.example.org/'
hostile listed "pin-source=$work/second.pin"
hostile elsewhere "approvals-dir=$work/approvals&agent=$work/agent.socket&approvals-timeout=5"
reference "$(uri plain)" >files/good-bare.pem
reference "$(uri plain)" plain.spki >files/good-whole.pem
bad='module value secret both broker'

# ---- Whatever is looked for but a private key ----------------------------------------------------

# reads COMMAND...: in whatever way it ends, nothing was opened.
reads() {
    local status=0
    rm -f mark
    watched "$@" >stdout.txt 2>stderr.txt </dev/null || status=$?
    [ "$status" -lt 98 ] && [ ! -e mark ] && ! grep -qE "$sanitizer_finding" stderr.txt ||
        fail "status $status: $* $(cat stderr.txt)"
}
# The watch itself, and the mark, notice something.
expected=0
watched cat secret >/dev/null 2>&1 || expected=$?
[ "$expected" -eq 98 ] || fail 'the watch sees nothing'
ours pkcs11-tool --module "$work/marking.so" --list-slots >/dev/null 2>&1 || true
[ -e mark ] || fail 'the module leaves no mark'

# Who asks for a private key where there is no public one gets what he asks for.
public_only=yes
! pubin_takes_private || public_only=
reads_public() {
    [ -z "$public_only" ] || reads "$@"
}
for file in files/*.pem; do
    reads openssl x509 -in "$file" -noout
    reads_public openssl pkey -pubin -in "$file" -noout
    reads openssl storeutl "$file"
    reads openssl storeutl -certs "$file"
    reads openssl verify -CAfile "$file" software.crt
    [ -z "$preload" ] || continue
    for way in store store-certificate store-crl store-public store-parameters decoder \
        decoder-public decoder-parameters pem-public pem-parameters pem-certificate pem-info; do
        reads "$programs/data_files" read $way "$file"
    done
    case $file in
    */module-bare.pem | */secret-bare.pem | */good-bare.pem | */elsewhere-whole.pem) ;;
    *) continue ;;
    esac
    reads openssl storeutl -crls "$file"
    reads openssl verify "$file"
    reads openssl verify -CAstore "$file" software.crt
    reads openssl verify -untrusted "$file" software.crt
    reads openssl crl -in "$file" -noout
    reads openssl req -in "$file" -noout
    reads openssl x509 -req -CA "$file" -CAkey software.pem -in "$file" -out out.crt
    reads_public openssl pkeyutl -verify -pubin -inkey "$file" -in document -sigfile document
    reads openssl pkeyutl -verify -certin -inkey "$file" -in document -sigfile document
    reads_public openssl dgst -sha256 -verify "$file" -signature document document
    reads openssl cms -encrypt -in document "$file"
    reads openssl cms -sign -signer "$file" -inkey software.pem -in document
    reads openssl cms -verify -in "$file" -inform PEM -CAfile "$file"
    reads openssl smime -encrypt -in document "$file"
    reads openssl ocsp -issuer "$file" -cert "$file" -reqout -
    reads_public openssl ec -pubin -in "$file" -noout
    reads_public openssl rsa -pubin -in "$file" -noout
    reads openssl pkcs7 -in "$file" -noout
    reads openssl pkcs12 -in "$file" -passin pass:x -nodes
    reads openssl asn1parse -in "$file"
    reads openssl s_client -connect 127.0.0.1:1 -CAfile "$file"
done
# What stands behind it is found all the same.
for name in module secret both good; do
    cat "files/$name-bare.pem" plain.pub.pem plain.crt >mixed.pem
    succeeds watched openssl pkey -pubin -in mixed.pem
    cmp stdout.txt plain.pub.pem
    succeeds watched openssl x509 -in mixed.pem
    cmp stdout.txt plain.crt
done

# ---- Where a private key was asked for -----------------------------------------------------------

# is_bad PATTERN FILE: refused with these words, and nothing was opened.
is_bad() {
    local pattern=$1 file=$2
    rm -f mark
    refused "bad key (reference|URI):.*$pattern" watched openssl pkey -in "$file" -noout
    refused "bad key (reference|URI):.*$pattern" watched openssl dgst -sha256 -sign "$file" \
        -out signature document
    [ ! -e mark ] || fail "the module of $file was loaded"
    [ -z "$preload" ] || return 0
    refused "$pattern" watched openssl cms -sign -signer plain.crt -inkey "$file" -in document \
        -out out.cms
    refused "$pattern" watched openssl cms -decrypt -recip plain.crt -inkey "$file" -in document
    refused "$pattern" watched openssl req -new -key "$file" -subj /CN=x -out out.csr
    for way in store-private decoder-private pem-private; do
        reads "$programs/data_files" read $way "$file"
        says "$pattern"
        # Many programs show the first message only.
        grep -q ':ska:' < <(head -n 1 stderr.txt) || fail "$way $file: $(cat stderr.txt)"
    done
    [ ! -e mark ] || fail "the module of $file was loaded"
}
for kind in bare whole; do
    is_bad 'module-path: a reference must not name code' files/module-$kind.pem
    is_bad 'pin-value: .*or contain a secret' files/value-$kind.pem
    ! grep -q rosebud stderr.txt || fail 'the PIN is told'
    is_bad "pin-source: $work/secret is not named in the configuration.*pin-sources" \
        files/secret-$kind.pem
    is_bad 'a reference must not name code' files/both-$kind.pem
    is_bad 'tsb-url' files/broker-$kind.pem
done
# A file that is named as a bundle is read with the signer's rights: nothing of it is told, be it a
# PIN, whatever its digits are, or a request.
for content in 4711 04711 471x 0 99999999999999999999999999999999999 '{"4711":1,"4711":2}' '{"4711":{}}'; do
    printf '%s\n' "$content" >secret
    reference "$(uri seal)?approvals-file=$work/secret" seal.spki >bundle.pem
    refused "bad request or bundle:.*: $work/secret: not the bundle for this signature" \
        ska dgst -sha256 -sign bundle.pem -out signature document
    sed 's/^[0-9A-F]*:error:/:error:/' stderr.txt >said.txt
    [ ! -e said.first ] || same said.first said.txt
    ! grep -qE '4711|line 1|column|expected' said.txt || fail "it is told: $(cat said.txt)"
    [ -e said.first ] || mv said.txt said.first
    # To a person who names the file himself it is.
    refused "secret: .*" ska dgst -sha256 -sign "$(uri seal)?approvals-file=$work/secret" \
        -out signature document
    ! grep -q 'not the bundle' stderr.txt || fail 'what is wrong is told to nobody'
done
printf 'the-first-line-of-a-secret-file\n' >secret

# Where nobody has said what is wanted a key inside is enough; without it the HSM is not asked.
reads "$programs/data_files" read store files/good-bare.pem
says 'bad key reference:.*it contains no public key.*skatool pem'

# The same words in a URI are a person's: they are obeyed.
refused . ska pkey -in "$(uri plain)?module-path=$work/marking.so" -noout
[ -e mark ] || fail 'module-path of a URI is not obeyed'
rm mark
quietly ska dgst -sha256 -sign "$(uri plain)?module-path=$simulator&pin-source=$work/pin" \
    -out signature document
quietly ska dgst -sha256 -sign "$(uri plain)?pin-value=$pin" -out signature document

# ---- Written -------------------------------------------------------------------------------------

cp pin typed.pin
for write in 'skatool pem --key' 'ska pkey -in'; do
    option=-out
    [ "$write" != 'skatool pem --key' ] || option=-o
    refused 'bad key reference:.*module-path' $write "$(uri plain)?module-path=$simulator" $option out.pem
    refused "bad key reference:.*pin-source: $work/typed.pin is not named.*pin-sources" \
        $write "$(uri plain)?pin-source=file:$work/typed.pin" $option out.pem
    for source in "file:$work/second.pin" "$work/second.pin" "file:$work/pin"; do
        rm -f out.pem
        quietly $write "$(uri plain)?pin-source=$source" $option out.pem
    done
done

# ---- Good uses -----------------------------------------------------------------------------------

# The PIN of a file that only pin-sources lists; of the configured token's own there is none.
sed "/^pin-source = /d" openssl.cnf >listed.cnf
export OPENSSL_CONF=$work/listed.cnf
refused 'PIN missing' ska dgst -sha256 -sign files/good-whole.pem -out signature document
reference "$(uri seal)?pin-source=$work/second.pin" seal.spki >seal.pem
for file in files/listed-bare.pem files/listed-whole.pem seal.pem; do
    public=plain.pub.pem
    [ $file != seal.pem ] || public=seal.pub.pem
    quietly ska dgst -sha256 -sign $file -out signature document
    plain dgst -sha256 -verify $public -signature signature document >/dev/null
    quietly ska req -new -x509 -key $file -subj /CN=good -days 10 -out good.crt
    quietly ska req -new -key $file -subj /CN=good -out good.csr
    plain req -in good.csr -noout -verify 2>/dev/null || fail "req with $file"
    quietly ska cms -sign -signer good.crt -inkey $file -in document -out good.cms
    plain cms -verify -in good.cms -CAfile good.crt -purpose any -out /dev/null 2>/dev/null ||
        fail "cms with $file"
    cp second.pin kept.pin
    quietly ours "$programs/data_files" serve $file "$work/second.pin"
    mv kept.pin second.pin
done

# ---- The list ------------------------------------------------------------------------------------

export OPENSSL_CONF=$work/openssl.cnf
succeeds skatool check-config
shows "^ok +pin-sources +$work/second.pin" \
    "^warning +pin-sources +$work/third.pin: No such file"
chmod 644 second.pin
succeeds skatool check-config
shows "^warning +pin-sources +$work/second.pin.*chmod 600"
sed -i "s|^pin-sources = .*|pin-sources = $work/second.pin,rosebud|" openssl.cnf
for command in 'skatool list' 'ska pkey -noout -in files/good-whole.pem'; do
    refused 'pin-sources: absolute paths' $command
    ! grep -q rosebud stderr.txt || fail 'what may be a PIN is told'
done
pass
