#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Keys with rules: the HSM signs what enough people have approved, and nothing else.
. "$(dirname "$0")/lib.sh"
people
policy "$(rule 2 alice bob carol)" >policy.json
policy null >empty.json

# A rule that needs nobody.
if tried_key free p256 empty.json; then
    signs free document
else
    note "a rule that needs nobody: refused: $(reason)"
fi

for spec in p256 rsa2048; do
    key seal-$spec $spec
    succeeds skatool show --key "$(uri seal-$spec)"
    shows alice bob carol '2 of'
    request seal-$spec $spec.json document
    cp $spec.json $spec.asked.json
    signs_not 'approvals missing' seal-$spec document $spec.json
    approve $spec.json alice
    signs_not 'approvals missing.*1 of 2' seal-$spec document $spec.json
    approve $spec.json bob
    signs seal-$spec document $spec.json
    signs_not 'approved for other data' seal-$spec other $spec.json
done
note 'two of three: an EC and an RSA key are taken as approvers'

# The HSM itself is asked with what the provider would take for too few, or for another's.
token_of p256.asked.json >token
bundle p256.asked.json "$(approval alice token)" "$(approval carol token)" >by-hand.json
signs seal-p256 document by-hand.json
bundle p256.asked.json "$(approval alice token)" "$(approval alice token)" >twice.json
signs_not '' seal-p256 document twice.json
bundle p256.asked.json "$(approval alice token)" "$(approval dave token)" >stranger.json
signs_not '' seal-p256 document stranger.json
printf 'something else' >forged
bundle p256.asked.json "$(approval alice token)" "$(approval bob forged)" >forged.json
signs_not '' seal-p256 document forged.json
signs_not '' seal-rsa2048 document p256.json

# What is not public of the device.
notes 'the same approvals once more' seal-p256 p256.json
bundle p256.asked.json "$(approval alice token)" "$(approval bob token)" "$(approval carol forged)" \
    >surplus.json
notes 'an approval that does not verify, together with enough that do' seal-p256 surplus.json
pass
