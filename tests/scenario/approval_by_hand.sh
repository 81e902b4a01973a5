#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Approvals made without our tool, by openssl dgst over the decoded approval token, count.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document

sign() { # LABEL BUNDLE
    takes 1 quietly ska dgst -sha256 -sign "$(uri "$1")" -sigopt "ska-approvals-file:$2" \
        -out signature document
    plain dgst -sha256 -verify "$1.pub.pem" -signature signature document >/dev/null
}

for label in rsa2048 p256; do
    key $label $label
    request $label request.json document
    token_of request.json >token.bin

    # One by the tool, one by hand; then both by hand; with keys of all kinds.
    bundle request.json "$(approval alice token.bin)" >bundle.json
    approve bundle.json bob
    sign $label bundle.json
    bundle request.json "$(approval bob token.bin)" "$(approval carol token.bin)" >bundle.json
    sign $label bundle.json
    succeeds skatool inspect bundle.json
    succeeds skatool status --key "$(uri $label)" bundle.json

    # More than are needed do no harm.
    bundle request.json "$(approval carol token.bin)" "$(approval alice token.bin)" \
        "$(approval bob token.bin)" >bundle.json
    sign $label bundle.json
done

# As text and in a file: one request with the approvals of both. Two requests, though for the same,
# are not merged: the HSM's time in them differs, and with it what was approved.
both() {
    ska dgst -sha256 -sign "$(uri "$1")" -sigopt "ska-approvals:$(cat one.json)" \
        -sigopt ska-approvals-file:other.json -out signature document
}
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
configure 'timestamp-key = clock'
policy "$(rule 2 alice bob carol | sed 's/"timeout":0/"timeout":600/')" >limited.json
key limited p256 limited.json
request limited request.json document
cp request.json one.json
cp request.json other.json
approve one.json alice
approve other.json bob
takes 1 quietly both limited
within_a_second=$(token_of request.json | plain dgst -sha256)
until [ "$(token_of other.json | plain dgst -sha256)" != "$within_a_second" ]; do
    rm other.json
    request limited other.json document
done
approve other.json bob
takes 0 refused 'ska-approvals and ska-approvals-file hold different requests' both limited

# In an approvals directory: one approval object in a file of its own.
mkdir -m 700 approvals
takes 0 refused 'approvals pending' ska dgst -sha256 -sign "$(uri p256)" \
    -sigopt ska-approvals-dir:approvals -out signature document
id=$(id_of_pending)
token_of "approvals/$id.request.json" >token.bin
for name in alice bob; do
    approval $name token.bin >"approvals/$id.$name.tmp"
    mv "approvals/$id.$name.tmp" "approvals/$id.$name.approval.json"
done
takes 1 quietly ska dgst -sha256 -sign "$(uri p256)" -sigopt ska-approvals-dir:approvals \
    -out signature document
plain dgst -sha256 -verify p256.pub.pem -signature signature document >/dev/null

# An approver whose certificate is in the rule, who approves with it.
plain req -x509 -key carol.pem -subj /CN=Carol -days 30 -out carol.crt
certified='{"tokens":[{"name":"seal","timelock":0,"timeout":0,"groups":[{"name":"board","quorum":1,
    "approvals":[{"type":"certificate","name":"carol","file":"carol.crt"}]}]}]}'
policy "$certified" >certified.json
key certified p256 certified.json
request certified request.json document
token_of request.json >token.bin
signature=$(plain dgst -sha256 -sign carol.pem token.bin | plain base64 -A)
certificate=$(plain x509 -in carol.crt -outform DER | plain base64 -A)
bundle request.json '{"approverCertificate":"'"$certificate"'","approvalDigestAlgorithm":"SHA-256","signature":"'"$signature"'"}' \
    >bundle.json
sign certified bundle.json
bundle request.json "$(approval carol token.bin)" >bundle.json
sign certified bundle.json
refused 'the certificate does not belong to the key of --approver' skatool approve --approver alice.pem --cert carol.crt \
    --yes request.json
succeeds skatool approve --approver carol.pem --cert carol.crt --yes request.json
sign certified request.json
pass
