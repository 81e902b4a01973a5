#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Ordinary keys decrypt and agree on secrets; openssl without the provider is the other side. Keys with
# rules and timestamp keys do neither.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/servers.sh
. "$source_dir/tests/scenario/servers.sh"
printf 'A document.\n' >document

# pair LABEL TYPE USAGE...: what this project makes only signs, so another program makes it.
pair() {
    local label=$1 type=$2
    shift 2
    p11 --keypairgen --key-type "$type" --label "$label" --usage-sign "$@" >pair.log 2>&1 ||
        fail "$(cat pair.log)"
    quietly ska pkey -in "$(uri "$label")" -pubout -out "$label.pub.pem"
}
pair rsa rsa:2048 --usage-decrypt
for curve in p256:prime256v1 p384:secp384r1 p521:secp521r1; do
    pair "${curve%:*}" "EC:${curve#*:}" --usage-derive
done

# ---- RSA -----------------------------------------------------------------------------------------

decrypt() { # INPUT [OPTION...]
    local input=$1
    shift
    ska pkeyutl -decrypt -inkey "$(uri rsa)" -in "$input" -out decrypted "$@"
}
round() { # OPTION...: encrypted without the provider, and with it, decrypted by the token
    plain pkeyutl -encrypt -pubin -inkey rsa.pub.pem -in document -out encrypted "$@"
    quietly decrypt encrypted "$@"
    same decrypted document
    quietly ska pkeyutl -encrypt -inkey "$(uri rsa)" -in document -out encrypted "$@"
    quietly decrypt encrypted "$@"
    same decrypted document
}
round
round -pkeyopt rsa_padding_mode:pkcs1
round -pkeyopt rsa_padding_mode:oaep
round -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1
round -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256
round -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_label:0a0b
round -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha3-256 -pkeyopt rsa_mgf1_md:sha512-256
round -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha512 -pkeyopt rsa_mgf1_md:sha1 \
    -pkeyopt rsa_oaep_label:0a0b
quietly ska pkey -in "$(uri rsa)" -out rsa.pem
plain pkeyutl -encrypt -pubin -inkey rsa.pub.pem -in document -out encrypted
quietly ska pkeyutl -decrypt -inkey rsa.pem -in encrypted -out decrypted
same decrypted document

# One message, whatever is wrong with what was encrypted.
plain pkeyutl -encrypt -pubin -inkey rsa.pub.pem -in document -out pkcs1
plain pkeyutl -encrypt -pubin -inkey rsa.pub.pem -in document -out oaep -pkeyopt rsa_padding_mode:oaep
head -c 256 /dev/zero >zero
message() {
    sed -nE 's/^[0-9A-F]+:(error:.*)/\1/p' stderr.txt
}
refused 'does not decrypt this' decrypt pkcs1 -pkeyopt rsa_padding_mode:oaep
message >first
# Since 3.2 libcrypto answers to a wrong padding of PKCS#1 with other bytes, and SoftHSM with it.
plain genpkey -quiet -algorithm RSA -out software.pem
other_bytes=
! plain pkeyutl -decrypt -inkey software.pem -in <(plain pkeyutl -encrypt -inkey software.pem \
    -in document -pkeyopt rsa_padding_mode:oaep) -out out 2>/dev/null || other_bytes=yes
for input in pkcs1 oaep zero; do
    mode=oaep
    [ $input = pkcs1 ] || mode=pkcs1
    if [ -n "$other_bytes" ] && [ $mode = pkcs1 ]; then
        quietly decrypt $input -pkeyopt rsa_padding_mode:pkcs1
        ! cmp -s decrypted document || fail "$input was decrypted with another padding"
        continue
    fi
    refused 'does not decrypt this' decrypt $input -pkeyopt rsa_padding_mode:$mode
    message >now
    same first now
done
[ "$(wc -l <first)" -eq 1 ] || fail "more than one error: $(cat first)"

# Raw decryption is a signature; the key exchange of TLS must not tell of the padding by its time.
for mode in none x931; do
    refused 'pkcs1 and oaep|not supported|illegal|invalid' decrypt pkcs1 -pkeyopt rsa_padding_mode:$mode
done
head -c 255 pkcs1 >short
refused '255 bytes' decrypt short
plain req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.pem -subj /CN=CA \
    -addext basicConstraints=critical,CA:TRUE -out ca.crt 2>/dev/null
plain x509 -new -force_pubkey rsa.pub.pem -subj /CN=localhost -CA ca.crt -CAkey ca.pem -days 2 -out rsa.crt
port=$(free_port)
start server.log openssl s_server -accept "$port" -www -cert rsa.crt -key "$(uri rsa)" \
    -cipher ALL:@SECLEVEL=0
serving "$port" server.log
succeeds plain s_client -connect "localhost:$port" -CAfile ca.crt -verify_return_error -brief -tls1_2
refused alert plain s_client -connect "localhost:$port" -CAfile ca.crt -brief -tls1_2 \
    -cipher AES128-GCM-SHA256
grep -q 'use cipher suites with ECDHE' server.log || fail "not said why: $(cat server.log)"
stop "$server"

# ---- ECDH ----------------------------------------------------------------------------------------

for label in p256 p384 p521; do
    plain genpkey -quiet -algorithm EC -pkeyopt "ec_paramgen_curve:P-${label#p}" -out peer.pem
    plain pkey -in peer.pem -pubout -out peer.pub.pem
    plain pkey -in peer.pem -pubout -ec_conv_form compressed -out peer.compressed.pem
    plain pkeyutl -derive -inkey peer.pem -peerkey $label.pub.pem -out theirs
    for peer in peer.pub.pem peer.compressed.pem; do
        quietly ska pkeyutl -derive -inkey "$(uri $label)" -peerkey $peer -out ours
        same ours theirs
    done
done
# Another curve, another type of key.
plain genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out other.pem
plain pkey -in other.pem -pubout -out other.pub.pem
plain pkey -in ca.pem -pubout -out ca.pub.pem
refused . ska pkeyutl -derive -inkey "$(uri p256)" -peerkey other.pub.pem -out ours
refused . ska pkeyutl -derive -inkey "$(uri p256)" -peerkey rsa.pub.pem -out ours

# ---- CMS -----------------------------------------------------------------------------------------

for label in p256 p384 p521; do
    plain x509 -new -force_pubkey $label.pub.pem -subj /CN=$label -CA ca.crt -CAkey ca.pem -days 2 \
        -out $label.crt
done
recipient() { # LABEL [OPTION...]: of a message for somebody else, too
    local label=$1
    shift
    plain cms -encrypt -binary -aes256 -in document -out message.cms -recip ca.crt \
        -recip $label.crt "$@"
    quietly ska cms -decrypt -in message.cms -recip $label.crt -inkey "$(uri $label)" -out decrypted
    same decrypted document
}
recipient rsa
recipient rsa -keyopt rsa_padding_mode:oaep
recipient p256
recipient p384 -keyopt ecdh_kdf_md:sha384
recipient p521 -keyopt ecdh_kdf_md:sha512 -keyopt ecdh_cofactor_mode:1
# Encrypted by the provider's side, for a key that is in a file.
quietly ska cms -encrypt -binary -aes256 -in document -out message.cms -recip ca.crt
quietly plain cms -decrypt -in message.cms -recip ca.crt -inkey ca.pem -out decrypted
same decrypted document

# ---- Keys that do nothing of this ----------------------------------------------------------------

policy null >empty.json
key guarded rsa2048 empty.json
key guarded-ec p256 empty.json
for label in guarded guarded-ec; do
    plain x509 -new -force_pubkey $label.pub.pem -subj /CN=$label -CA ca.crt -CAkey ca.pem -days 2 \
        -out $label.crt
    plain cms -encrypt -binary -aes256 -in document -out message.cms -recip $label.crt
    # Of RSA keys openssl says so only when it is told to: else it goes on with a random key, which now
    # and then ends well, with nonsense.
    takes 0 refused 'is an SKA key: it signs what was approved' ska cms -decrypt -debug_decrypt \
        -in message.cms -recip $label.crt -inkey "$(uri $label)" -out decrypted
done
takes 0 refused "is an SKA key: it signs what was approved, and does not decrypt" ska pkeyutl -decrypt \
    -inkey "$(uri guarded)" -in pkcs1 -out decrypted
takes 0 refused "is an SKA key: .* agree on secrets" ska pkeyutl -derive -inkey "$(uri guarded-ec)" \
    -peerkey ca.pub.pem -out ours
quietly ska pkeyutl -encrypt -inkey "$(uri guarded)" -in document -out encrypted
succeeds skatool keygen --key "$(uri clock)" --algorithm RSA --size 2048 --timestamp
refused "key 'clock' only signs timestamps" ska pkeyutl -decrypt -inkey "$(uri clock)" -in pkcs1 \
    -out decrypted
# An ordinary key that is for signatures.
key signer rsa2048 none
plain pkeyutl -encrypt -pubin -inkey signer.pub.pem -in document -out encrypted
refused 'C_DecryptInit: CKR_KEY_FUNCTION_NOT_PERMITTED' ska pkeyutl -decrypt -inkey "$(uri signer)" \
    -in encrypted -out decrypted

# ---- Beside software keys ------------------------------------------------------------------------

# Activated first, the provider is asked for everybody's keys.
providers='ska = ska_provider
default = default_provider' configure
plain genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out software.pem
plain pkey -in software.pem -pubout -out software.pub.pem
for options in '' '-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_oaep_label:0a0b'; do
    # shellcheck disable=SC2086
    quietly ska pkeyutl -encrypt -pubin -inkey software.pub.pem -in document -out encrypted $options
    # shellcheck disable=SC2086
    quietly ska pkeyutl -decrypt -inkey software.pem -in encrypted -out decrypted $options
    same decrypted document
    # shellcheck disable=SC2086
    quietly plain pkeyutl -decrypt -inkey software.pem -in encrypted -out decrypted $options
    same decrypted document
done
quietly ska pkeyutl -derive -inkey ca.pem -peerkey p256.pub.pem -out theirs
quietly ska pkeyutl -derive -inkey "$(uri p256)" -peerkey ca.pub.pem -out ours
same ours theirs
recipient rsa
recipient p256
pass
