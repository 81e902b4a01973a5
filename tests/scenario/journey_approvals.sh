#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What doc/approvals.md says that an approval means, and does not mean, is so.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
two=$(rule 2 alice bob carol)

sign() { # BUNDLE [OPTION...]
    ska dgst -sha256 -sign "$(uri seal)" -sigopt "ska-approvals-file:$1" "${@:2}" -out signature \
        document
}
verified() { # [OPTION...]
    plain dgst -sha256 -verify seal.pub.pem "$@" -signature signature document >verified.txt ||
        fail "the signature is wrong"
}
# change OPERATION BUNDLE [OPTION...]: requested and approved by alice and bob.
change() {
    succeeds skatool request --key "$(uri seal)" --operation "$1" -o "$2" "${@:3}"
    approve "$2" alice bob
}
execute() {
    succeeds skatool execute --key "$(uri seal)" "$1"
}

# ---- What it says: operation, name, payload ------------------------------------------------------

key seal p256
key other p256
approved seal sign.json document
change block block.json
printf 'Another document.\n' >another
refused 'payload|other data' ska dgst -sha256 -sign "$(uri seal)" \
    -sigopt ska-approvals-file:sign.json -out signature another
refused 'another key' ska dgst -sha256 -sign "$(uri other)" \
    -sigopt ska-approvals-file:sign.json -out signature document
refused 'operation' sign block.json

# ---- It is not for once --------------------------------------------------------------------------

for _ in 1 2; do
    takes 1 quietly sign sign.json
    verified
done
change unblock unblock.json
for _ in 1 2; do
    execute block.json
    refused blocked sign sign.json
    execute unblock.json
    quietly sign sign.json
done

# ---- It is not for this version of the rules -----------------------------------------------------

printf '{"ruleUse":%s}' "$two" >old-rules.json
printf '{"ruleUse":%s}' "$(rule 2 alice carol)" >new-rules.json
change modify back.json --policy old-rules.json
change modify forth.json --policy new-rules.json
request seal later.json document
approve later.json alice carol
for _ in 1 2; do
    execute forth.json
    refused 'is not an approver' sign sign.json
    quietly sign later.json
    execute back.json
    quietly sign sign.json
done

# ---- It is not for this key, but for every key of its name ---------------------------------------

succeeds p11 --delete-object --type privkey --label seal
succeeds p11 --delete-object --type pubkey --label seal
cp seal.pub.pem old.pub.pem
key seal p256
! cmp -s old.pub.pem seal.pub.pem || fail "the same key again"
refused "for a key 'seal' whose public key differs from the one on token 'tok'.*new request" \
    sign sign.json
# But what a request says of the key is not what was approved: anyone can change it.
request seal now.json document
of_now() { # MEMBER
    tr -d '\n\t' <now.json | grep -oE "\"$1\": *\"[^\"]*\"" | head -n 1
}
tr -d '\n\t' <sign.json | sed -E "s|\"publicKey\": *\"[^\"]*\"|$(of_now publicKey)|
    s|\"id\": *\"[^\"]*\"|$(of_now id)|; s|\"requestId\": *\"[^\"]*\"|$(of_now requestId)|" >revived.json
quietly sign revived.json
verified
# Nobody can tell that the label was in use.
refused 'in use' skatool keygen --key "$(uri seal)" --algorithm EC --policy policy.json

# ---- A timeout that comes later ends it ----------------------------------------------------------

succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
configure 'timestamp-key = clock'
printf '{"ruleUse":%s}' "${two/\"timeout\":0/\"timeout\":600}" >limited.json
change modify limited.req.json --policy limited.json
quietly sign revived.json
execute limited.req.json
refused 'approvals expired.*contains no HSM time' sign revived.json
approved seal fresh.json document
quietly sign fresh.json
verified

# ---- It is not for this mechanism, but a digest is not taken for a message -----------------------

succeeds p11 --delete-object --type privkey --label seal
succeeds p11 --delete-object --type pubkey --label seal
configure
key seal rsa2048
approved seal pss.json document --padding pss --salt-length 32
quietly sign pss.json -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
verified -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
pss20=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20)
refused 'other data' sign pss.json "${pss20[@]}"
sed -E 's/("saltLength":[[:space:]]*)32/\120/' pss.json >pss20.json
quietly sign pss20.json "${pss20[@]}"
verified -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20
# With PKCS#1 padding the payload names the digest.
refused 'payload|other data' sign pss.json
plain dgst -sha256 -binary -out digest document
refused 'digest' skatool request --key "$(uri seal)" --payload message digest
pass
