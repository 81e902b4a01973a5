# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the parts of tests/device/run share: the scenarios' words (tests/scenario/lib.sh) for the token of
# somebody's HSM. A part stands in a directory of its own, with openssl.cnf for that token; its keys have
# labels that begin with a prefix, and are written down before they are made, so that they can be removed.
# It ends with `pass`. From tests/device/run:
#
#   device_conf     the section of the provider, for this token
#   device_prefix   of labels, of this run alone
#   device_dir      where `made` has the labels, `notes` what is worth a word in the report, and calls.log
#                   the calls into the module
#   device_people   a directory with NAME.pem and NAME.crt of alice, bob, carol and dave; empty: they make
#                   keys here

device=yes
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scenario/lib.sh"
export SKA_DEBUG=$device_dir/calls.log:2

uri() { # NAME
    printf 'ska:object=%s-%s' "$device_prefix" "$1"
}
label() { # NAME
    printf '%s-%s' "$device_prefix" "$1"
}
# makes NAME: before the key is made.
makes() {
    printf '%s-%s\n' "$device_prefix" "$1" >>"$device_dir/made"
}
note() { # TEXT
    printf '%s\n' "$*" >>"$device_dir/notes"
}
# What was said last, without where in libcrypto's queue.
reason() {
    tail -n 1 stderr.txt | sed -E 's/^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):[^:]*:[0-9]+:/\1: /'
}
# tried_key NAME SPEC [POLICY-FILE]: as key, but that it cannot be made is no failure.
tried_key() {
    makes "$1"
    # shellcheck disable=SC2046
    skatool keygen --key "$(uri "$1")" $(key_options "$2") --policy "${3:-policy.json}" \
        >stdout.txt 2>stderr.txt || return 1
    succeeds ska pkey -in "$(uri "$1")" -pubout -out "$1.pub.pem"
}
key() { # NAME SPEC [POLICY-FILE]
    tried_key "$@" || fail "key '$(label "$1")' ($2) cannot be made: $(cat stderr.txt)"
}

# Those who approve. In SAM mode they need certificates of a CA that the partition knows.
approver_type=public_key approver_file=pub.pem
if [ -n "$device_people" ]; then
    approver_type=certificate approver_file=crt
fi
people() {
    local name
    if [ -n "$device_people" ]; then
        for name in alice bob carol dave; do
            cp "$device_people/$name.pem" "$device_people/$name.crt" .
        done
        return
    fi
    approver alice
    approver bob -algorithm RSA -pkeyopt rsa_keygen_bits:2048
    approver carol -algorithm EC -pkeyopt ec_paramgen_curve:P-384
    approver dave
}
rule() { # QUORUM NAME..., with $timelock and $timeout
    local quorum=$1 list='' name
    shift
    for name in "$@"; do
        list+="${list:+,}{\"type\":\"$approver_type\",\"name\":\"$name\",\"file\":\"$name.$approver_file\"}"
    done
    printf '{"tokens":[{"name":"seal","timelock":%s,"timeout":%s,"groups":[{"name":"board","quorum":%s,"approvals":[%s]}]}]}' \
        "${timelock:-0}" "${timeout:-0}" "$quorum" "$list"
}

# verifies NAME DOCUMENT: plain openssl verifies the signature.
verifies() {
    plain dgst -sha256 -verify "$1.pub.pem" -signature signature "$2" >verified.txt 2>&1 ||
        fail "a signature by '$(label "$1")' that does not verify"
}
# signs NAME DOCUMENT [BUNDLE]: a signature that verifies.
signs() {
    local name=$1 document=$2
    quietly ska dgst -sha256 -sign "$(uri "$name")" ${3:+-sigopt "ska-approvals-file:$3"} \
        -out signature "$document"
    verifies "$name" "$document"
}
# signs_not PATTERN NAME DOCUMENT [BUNDLE]
signs_not() {
    refused "$1" ska dgst -sha256 -sign "$(uri "$2")" ${4:+-sigopt "ska-approvals-file:$4"} \
        -out signature "$3"
}
# may_sign NAME BUNDLE: whether the document is signed; why not is in stderr.txt. A signature must verify.
may_sign() {
    ska dgst -sha256 -sign "$(uri "$1")" -sigopt "ska-approvals-file:$2" -out signature document \
        >stdout.txt 2>stderr.txt || return 1
    verifies "$1" document
}
# notes WHAT NAME BUNDLE: for the report, what the device does where that is not public.
notes() {
    if may_sign "$2" "$3"; then
        note "$1: signed"
    else
        note "$1: refused: $(reason)"
    fi
}

cp "$device_conf" openssl.cnf
printf 'A document.\n' >document
printf 'Another document.\n' >other
