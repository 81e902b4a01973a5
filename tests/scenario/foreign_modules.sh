#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An application's whole life with ordinary keys (load, sign, TLS, threads, fork, lost sessions, a lost
# login) on modules of others, as Debian has them: p11-kit's proxy, opencryptoki's soft token, NSS.
#
# opencryptoki keeps its tokens, locks and shared memory in places of the whole machine, so all runs in
# namespaces of its own.
if [ -z "${SKA_IN_NAMESPACES-}" ] && [ "$(id -u)" -eq 0 ] &&
    unshare --mount --ipc --pid --fork --mount-proc true 2>/dev/null; then
    SKA_IN_NAMESPACES=yes exec unshare --mount --ipc --pid --fork --kill-child --mount-proc "$0"
fi
. "$(dirname "$0")/lib.sh"
# What these modules leave behind is theirs.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
printf 'A document.\n' >document
tried=0

library() { # NAME: its path; nothing where it is not installed
    find /usr/lib -name "$1" -print -quit
}
# configured MODULE TOKEN [LINE...]
configured() {
    local module=$1
    token=$2
    configure "${@:3}"
    sed -i "s|^pkcs11-module = .*|pkcs11-module = $module|" openssl.cnf
}
# life CALLED LABEL...: CALLED is the module that the application itself calls. The first key has a
# certificate.
life() {
    local called=$1 label uris=() references=()
    shift
    for label in "$@"; do
        case $label in
        ec) options=(--algorithm EC) ;;
        rsa) options=(--algorithm RSA --size 2048) ;;
        esac
        succeeds skatool keygen --key "$(uri "$label")" "${options[@]}" --policy none
        quietly ska pkey -in "$(uri "$label")" -pubout -out "$label.pub.pem"
        quietly ska dgst -sha256 -sign "$(uri "$label")" -out signature document
        plain dgst -sha256 -verify "$label.pub.pem" -signature signature document >/dev/null ||
            fail "$label of $token"
        quietly ska pkey -in "$(uri "$label")" -out "$label.pem"
        uris+=("$(uri "$label")")
        references+=("$work/$label.pem")
    done
    quietly ska dgst -sha256 -sign "$(uri rsa)" -sigopt rsa_padding_mode:pss -out signature document
    plain dgst -sha256 -verify rsa.pub.pem -sigopt rsa_padding_mode:pss -signature signature \
        document >/dev/null || fail "PSS of $token"
    quietly ska req -x509 -key "${uris[0]}" -subj /CN=localhost -days 2 -out own.crt
    plain verify -CAfile own.crt own.crt >/dev/null || fail "certificate with $token"
    quietly ours "$programs/odd_devices" "$called" own.crt "${uris[@]}"
    quietly ours "$programs/odd_devices" "$called" own.crt "${references[@]}"
    succeeds skatool check-config --key "${uris[0]}"
    tried=$((tried + 1))
}
not_tried() {
    echo "$scenario: not tried: $*"
}

# ---- p11-kit's proxy, with SoftHSM beneath -------------------------------------------------------

proxy=$(library p11-kit-proxy.so)
softhsm=$(library libsofthsm2.so)
if [ -n "$proxy" ]; then
    configured "$proxy" tok
    life "$softhsm" ec rsa
else
    not_tried "p11-kit's proxy"
fi

# ---- opencryptoki's soft token -------------------------------------------------------------------

opencryptoki=$(library libopencryptoki.so)
if [ -n "$opencryptoki" ] && [ -n "${SKA_IN_NAMESPACES-}" ]; then
    cp -a /var/lib/opencryptoki "$work/"
    mount --bind "$work/opencryptoki" /var/lib/opencryptoki
    mount -t tmpfs tmpfs /run
    mkdir -p /run/lock/opencryptoki /run/opencryptoki
    printf 'version opencryptoki-3.1\nslot 3\n{\nstdll = libpkcs11_sw.so\n}\n' >opencryptoki.conf
    mount --bind opencryptoki.conf /etc/opencryptoki/opencryptoki.conf
    pkcsslotd || fail 'pkcsslotd does not start'
    for ((i = 0; i < 100; i++)); do
        pkcs11-tool --module "$opencryptoki" --list-slots >slots.log 2>&1 &&
            grep -q 'uninitialized' slots.log && break
        sleep 0.1
    done
    pkcs11-tool --module "$opencryptoki" --init-token --slot 3 --label soft --so-pin 87654321 \
        >init.log 2>&1 || fail "$(cat slots.log init.log)"
    pkcs11-tool --module "$opencryptoki" --slot 3 --login --login-type so --so-pin 87654321 \
        --init-pin --new-pin "$pin" >init.log 2>&1 || fail "$(cat init.log)"
    configured "$opencryptoki" soft
    # It has no EC.
    life "$opencryptoki" rsa
else
    not_tried "opencryptoki (it takes root and namespaces)"
fi

# ---- NSS, which wants a string at C_Initialize ---------------------------------------------------

nss=$(library libsoftokn3.so)
if [ -n "$nss" ] && command -v certutil >/dev/null; then
    mkdir nss
    certutil -N -d "sql:$work/nss" -f pin >certutil.log 2>&1 || fail "$(cat certutil.log)"
    configured "$nss" 'NSS Certificate DB' \
        "pkcs11-init-args = configdir='sql:$work/nss' certPrefix='' keyPrefix='' secmod='secmod.db' flags="
    token=NSS%20Certificate%20DB
    life "$nss" ec rsa
else
    not_tried 'NSS (libnss3, libnss3-tools)'
fi

[ "$tried" -gt 0 ] || skip 'none of these modules is installed'
pass
