#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Ordinary keys on modules that behave as this or that vendor's does: the whole life of an
# application, and what each of them makes of the keys. tests/odd_device.c plays them.
. "$(dirname "$0")/lib.sh"
printf 'A document.\n' >document
device=$programs/libodd_device.so
softhsm=$(find /usr/lib -name libsofthsm2.so | head -n 1)
export ODD_DEVICE='' ODD_DEVICE_LOG=$work/device.log
: >device.log

# configured [LINE...]: as always, with the device as module and without a PIN file of its own.
configured() {
    configure "$@"
    sed -i "s|^pkcs11-module = .*|pkcs11-module = $device|; /^pin-source = file:.*\/pin\$/d" openssl.cnf
}
with_pin() {
    configured "$@"
    printf 'pin-source = file:%s\n' "$work/pin" >>openssl.cnf
}
calls_of() { # PATTERN: how often it is in the log
    grep -cE "$1" device.log || true
}

with_pin
for label in ec rsa pss; do
    case $label in
    ec) options=(--algorithm EC) ;;
    rsa) options=(--algorithm RSA --size 2048) ;;
    pss) options=(--algorithm RSA-PSS --size 2048) ;;
    esac
    succeeds skatool keygen --key "$(uri $label)" "${options[@]}" --policy none
    quietly ska pkey -in "$(uri $label)" -pubout -out $label.pub.pem
done
quietly ska req -x509 -key "$(uri ec)" -subj /CN=localhost -days 2 -out ec.crt
on_softhsm() {
    OPENSSL_CONF=/dev/null pkcs11-tool --module "$softhsm" --token-label "$token" --login \
        --pin "$pin" "$@" >/dev/null 2>&1
}
signs() { # URI PUBLIC-KEY [DGST-OPTION...]
    local key=$1 public=$2
    shift 2
    quietly ska dgst -sha256 -sign "$key" "$@" -out signature document
    plain dgst -sha256 -verify "$public" "$@" -signature signature document >/dev/null ||
        fail "$key $* with '$ODD_DEVICE'"
}
pss=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32)

# ---- The whole life, with each of them -----------------------------------------------------------

life() { # FACE [break]
    : >device.log
    ODD_DEVICE=$1 quietly ours "$programs/odd_devices" "$device" ec.crt "$(uri ec)" "$(uri rsa)" \
        "${@:2}"
}
for face in '' point-raw point-bits point-xy point-compressed \
    'no-public public-key-info' 'no-public private-point' \
    no-initialised-flag no-login-flag writes-only reads-only all-private \
    unknown-attribute=5 unknown-attribute=6 unknown-attribute=7 unknown-attribute=12 \
    unknown-attribute=13 hashes-itself refuses-raw twins cannot-lock no-arguments; do
    life "$face"
    [ "$(calls_of 'two calls at once')" -eq 0 ] || fail "$face: two calls at once"
done
life '' break
[ "$(calls_of '^C_Finalize')" -eq 1 ] || fail "not started anew once: $(cat device.log)"
configured
life "pad=$pin"
[ "$(calls_of '^C_Login [0-9]')" -eq 0 ] || fail 'a PIN for a token with a pad'
with_pin 'pkcs11-init-args = name=value'
life wants-string=name=value
with_pin

# ---- What is particular --------------------------------------------------------------------------

# A token that hashes itself.
: >empty
for face in hashes-itself refuses-raw; do
    export ODD_DEVICE=$face
    signs "$(uri rsa)" rsa.pub.pem
    signs "$(uri rsa)" rsa.pub.pem "${pss[@]}"
    signs "$(uri pss)" pss.pub.pem
    quietly ska req -x509 -key "$(uri rsa)" -subj /CN=x -days 2 -out x.crt
    plain verify -CAfile x.crt x.crt >/dev/null || fail "$face: certificate"
    quietly ska dgst -sha256 -sign "$(uri rsa)" -out signature empty
    plain dgst -sha256 -verify rsa.pub.pem -signature signature empty >/dev/null ||
        fail "$face: an empty document"
done
plain dgst -sha256 -binary -out document.sha256 document
ODD_DEVICE=hashes-itself refused 'what it hashes itself, this is a digest' ska pkeyutl -sign \
    -inkey "$(uri rsa)" -pkeyopt digest:sha256 -in document.sha256 -out signature
# A token that takes digests is never given a document.
: >device.log
export ODD_DEVICE=''
signs "$(uri rsa)" rsa.pub.pem
[ "$(calls_of '^C_SignInit')" -eq 1 ] && [ "$(calls_of '^C_SignInit 1$')" -eq 1 ] ||
    fail "$(cat device.log)"

# SHA-3, hashed here.
for digest in sha3-256 sha3-512 sha512-256; do
    for label in ec rsa; do
        quietly ska dgst -$digest -sign "$(uri $label)" -out signature document
        plain dgst -$digest -verify $label.pub.pem -signature signature document >/dev/null ||
            fail "$label with $digest"
    done
done
quietly ska req -new -sha3-256 -key "$(uri rsa)" -subj /CN=x -out x.csr
plain req -in x.csr -verify -noout 2>/dev/null || fail 'a request with SHA-3'

# Keys that may be used with some mechanisms only.
on_softhsm --keypairgen --key-type rsa:2048 --label only --id 0a \
    --allowed-mechanisms SHA256-RSA-PKCS,SHA384-RSA-PKCS
quietly ska pkey -in "$(uri only)" -pubout -out only.pub.pem
signs "$(uri only)" only.pub.pem
refused 'CKR_MECHANISM_INVALID' ska dgst -sha512 -sign "$(uri only)" -out signature document

# A PIN for each signature.
on_softhsm --keypairgen --key-type EC:prime256v1 --label qualified --id 0b --always-auth
quietly ska pkey -in "$(uri qualified)" -pubout -out qualified.pub.pem
: >device.log
signs "$(uri qualified)" qualified.pub.pem
[ "$(calls_of '^C_Login 2$')" -eq 1 ] || fail "no login for one signature: $(cat device.log)"
: >device.log
signs "$(uri ec)" ec.pub.pem
[ "$(calls_of '^C_Login 2$')" -eq 0 ] || fail "a login for each signature: $(cat device.log)"

# A token that is made while the process runs, where the module tells that nobody else uses it.
cat >late.sh <<END
set -e
export OPENSSL_CONF=/dev/null
softhsm2-util --module $softhsm --init-token --free --label "\$1" --pin $pin --so-pin 12345678
pkcs11-tool --module $softhsm --token-label "\$1" --login --pin $pin \\
    --keypairgen --key-type EC:prime256v1 --label late --id 01
END
late() { # TOKEN [used]
    ODD_DEVICE=counts-sessions quietly ours "$programs/odd_devices" "$device" late \
        "pkcs11:token=$1;object=late" "bash late.sh $1 >/dev/null 2>&1" "${@:2}"
}
late late
late later used

# A PIN that is changed, at the token and in its file, while the process runs: the file is read again.
quietly ska pkey -in "$(uri ec)" -out changing.pem
export ODD_DEVICE_PIN=$work/truth
changes() { # KEY COMMAND
    printf '%s\n' "$pin" >truth
    printf '%s\n' "$pin" >pin
    chmod 600 pin
    : >device.log
    ODD_DEVICE=pin-of-file=$pin quietly ours "$programs/odd_devices" "$device" changes "$1" "$2"
}
for key in "$(uri ec)" "$work/changing.pem"; do
    changes "$key" "echo 987654 >$work/truth; echo 987654 >$work/pin"
    [ "$(calls_of '^C_Login 1$')" -eq 2 ] || fail "more than each PIN once: $(cat device.log)"
    # What has worked serves where the file cannot be read any more, or has another PIN too early.
    changes "$key" "rm $work/pin"
    changes "$key" "echo 987654 >$work/pin"
    [ "$(calls_of '^C_Login 1$')" -eq 3 ] || fail "more than each PIN once: $(cat device.log)"
done
printf '%s\n' "$pin" >pin
chmod 600 pin

# Nobody is asked, and nobody logs in, for what shows without a login.
public() {
    quietly ska pkey -pubin -in "$(uri ec);type=public" -pubout -out out.pem
    same out.pem ec.pub.pem
}
: >device.log
configured
public
with_pin
public
[ "$(calls_of C_Login)" -eq 0 ] || fail "a login for a public key: $(cat device.log)"
ODD_DEVICE=all-private public
[ "$(calls_of C_Login)" -eq 1 ] || fail "no login where all is private: $(cat device.log)"
configured
reason='CKR_USER_NOT_LOGGED_IN: give pin-source'
! pubin_takes_private || reason='type=public in it excludes private keys'
ODD_DEVICE=all-private refused "$reason" \
    ska pkey -pubin -in "$(uri ec);type=public" -pubout -out out.pem
# What was left out for want of a login is told to those who look.
succeeds ska storeutl -noout "$(uri ec)"
[ "$(grep -cE '^[0-9]+: ' stdout.txt)" -eq 1 ] || fail "$(cat stdout.txt)"
with_pin

# A URI that names a token and no key, and one that names a certificate's label.
refused 'has 5 private keys' ska dgst -sha256 -sign "pkcs11:token=$token" -out signature document
new_token single
# Where a token is configured a reference has the configured PIN tried at that one only.
sed -i '/^token = /d' openssl.cnf
plain genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -quiet -out alias.pem
plain pkey -in alias.pem -pubout -out alias.pub.pem
plain pkcs8 -topk8 -nocrypt -in alias.pem -outform DER -out alias.der
plain req -x509 -key alias.pem -subj /CN=alias -days 2 -outform DER -out alias.crt
store() { # TYPE FILE OPTION...
    OPENSSL_CONF=/dev/null pkcs11-tool --module "$softhsm" --token-label single --login \
        --pin "$pin" --write-object "$2" --type "$1" "${@:3}" >/dev/null 2>&1
}
store privkey alias.der --id 6b6579
store cert alias.crt --id 6b6579 --label alias
signs pkcs11:token=single alias.pub.pem
signs 'pkcs11:token=single;object=alias' alias.pub.pem
quietly ska pkey -in 'pkcs11:token=single;object=alias' -out reference.pem
signs reference.pem alias.pub.pem
# Whoever takes the first certificate gets the key's own.
plain req -x509 -newkey rsa:2048 -nodes -keyout issuer.pem -subj /CN=issuer -days 2 -outform DER \
    -out issuer.crt 2>/dev/null
new_token certified
on_certified() {
    OPENSSL_CONF=/dev/null pkcs11-tool --module "$softhsm" --token-label certified --login \
        --pin "$pin" --write-object "$2" --type "$1" --id 0d "${@:3}" >/dev/null 2>&1
}
on_certified cert issuer.crt --label issuer
on_certified privkey alias.der --label key
plain pkey -in alias.pem -pubout -outform DER -out alias.pub.der
on_certified pubkey alias.pub.der --label key
on_certified cert alias.crt --label own
succeeds ska x509 -in 'pkcs11:token=certified;id=%0d;type=cert' -noout -subject
shows 'CN ?= ?alias'
signs 'pkcs11:token=certified;id=%0d' alias.pub.pem
store privkey alias.der --id 0c --label named
store cert alias.crt --id 0c --label other
refused 'the private key with the id 0c is called "named"' \
    ska dgst -sha256 -sign 'pkcs11:token=single;object=other' -out signature document
pass
