#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# osslsigncode: a release key, with which nobody signs alone.
. "$(dirname "$0")/../lib.sh"
needs osslsigncode
authority

# The smallest program for Windows that there is: headers and nothing to run.
program() {
    printf 'MZ'
    head -c 58 /dev/zero
    printf '\x80\0\0\0'
    head -c 64 /dev/zero
    printf 'PE\0\0\x64\x86\0\0'
    head -c 12 /dev/zero
    printf '\xf0\0\x22\0\x0b\x02'
    head -c 106 /dev/zero
    printf '\x10\0\0\0'
    head -c 640 /dev/zero
}
program >app.exe
verified() {
    OPENSSL_CONF=/dev/null osslsigncode verify -CAfile ca.crt -in "$1" >verified.txt 2>&1 ||
        fail "not verified: $(cat verified.txt)"
    grep -q '^Number of verified signatures: 1' verified.txt
}

# ---- Two of three people approve a release -------------------------------------------------------

mkdir -m 700 approvals
configure "approvals-dir = $work/approvals"
now=$(date +%s)
for spec in rsa3072 p256; do
    guarded_key release-$spec $spec policy.json 'Example Inc.'
    example osslsigncode/sign | sed "s|/release\.|/release-$spec.|g" >sign
    rm -f signed.exe
    ! ours sh sign app.exe signed.exe "$now" >said.txt 2>&1 ||
        fail 'signed without approvals'
    grep -q "approvals pending" said.txt || fail "refused, but why: $(cat said.txt)"
    [ ! -e signed.exe ] || fail 'refused, but there is a signed program'
    id=$(cd approvals && echo *.request.json)
    # What is signed is no form of the file that could be computed: never "no" to the right one.
    refused 'app.exe cannot be compared' skatool approve --dir approvals --approver alice.pem \
        --document app.exe --yes "${id%%.*}"
    for one in alice bob; do
        succeeds skatool approve --dir approvals --approver $one.pem --yes "${id%%.*}"
    done
    takes 1 succeeds ours sh sign app.exe signed.exe "$now"
    verified signed.exe
done
pass
