#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A module whose approval tokens are for something else than it was asked for, or that does not
# answer what kind of key a key is: nothing is signed, and nobody is asked to approve anything.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
for label in free seal; do
    policy=policy.json
    [ $label != free ] || policy=empty.json
    key $label p256 $policy
done

configure
mkdir -m 700 approvals
sed "s|^pkcs11-module = .*|pkcs11-module = $programs/libhsm_device.so|" openssl.cnf >lying.cnf
mv lying.cnf openssl.cnf
takes 1 succeeds ska dgst -sha256 -sign "$(uri free)" -out signature document
plain dgst -sha256 -verify free.pub.pem -signature signature document >/dev/null
rm signature

# nobody PATTERN LABEL: nothing is signed with such a token, and nobody is asked.
nobody() {
    local lies=$1 label=$2
    [ "$label" != free ] ||
        takes 0 refused "$lies" ska dgst -sha256 -sign "$(uri free)" -out signature document
    takes 0 refused "$lies" ska dgst -sha256 -sign "$(uri "$label")" \
        -sigopt ska-approvals-dir:approvals -out signature document
    takes 0 refused "$lies" skatool request --key "$(uri "$label")" -o request.json document
    [ -z "$(ls approvals)" ] || fail "people are shown it: $(ls approvals)"
    [ ! -s signature ] || fail "there is a signature"
    [ ! -e request.json ] || fail "there is a request"
}
lie() { # WORD COMMAND...
    local HSM_DEVICE_TOKEN=$1
    shift
    export HSM_DEVICE_TOKEN
    "$@"
    export -n HSM_DEVICE_TOKEN
}
for label in free seal; do
    lie other-data nobody 'the approval token is for other data' $label
    lie other-operation nobody 'allows a different operation' $label
    lie other-key nobody "the approval token is for key '.*', not for '$label'" $label
    lie too-long nobody 'C_CreateApprovalToken' $label
done

# ---- The HSM's time ------------------------------------------------------------------------------

succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
policy "$(rule 2 alice bob carol | sed 's/"timeout":0/"timeout":3600/')" >timed.json
key timed p256 timed.json
echo 'timestamp-key = clock' >>openssl.cnf
export HSM_DEVICE_OLD=$work/old
asks() {
    succeeds skatool request --key "$(uri timed)" -o request.json document
}
lie no-timestamp nobody 'no timestamp, but was given one' timed
lie old-timestamp asks
rm request.json
sleep 1.1
lie old-timestamp nobody 'not have the timestamp that it was given' timed

# ---- A rule that cannot be read ------------------------------------------------------------------

# Such a key is not taken for an ordinary one, for which nobody would be asked.
for answer in 0x2 0x5 0x6 0x13 0x30 0x54 0x80000018; do
    export HSM_DEVICE_RULE_ANSWER=$answer
    takes 0 refused 'C_GetAttributeValue' ska dgst -sha256 -sign "$(uri seal)" -out signature document
done
# One that the HSM keeps to itself is named as what it is where nobody can say who is missing.
export HSM_DEVICE_RULE_ANSWER=0x11
rm -f request.json
succeeds skatool request --key "$(uri seal)" -o request.json document
succeeds skatool approve --approver alice.pem --yes request.json
takes 1 refused '1 of 1 approvals have a valid signature; the HSM refused \(.*\) and does not disclose the rule' \
    ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-approvals-file:request.json -out signature document
refused "the HSM does not disclose the rule of 'seal'; skatool inspect shows whose approvals are there" \
    skatool status --key "$(uri seal)" request.json
unset HSM_DEVICE_RULE_ANSWER
pass
