#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The request that an application takes out of a signature context.
. "$(dirname "$0")/lib.sh"
board
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC --curve P-256
configure 'timestamp-key = clock'
policy "$(rule 2 alice bob carol)" | sed 's/"timeout":0/"timeout":300/g' >limited.json
printf 'pay ten' >document

taken() { # WHAT LABEL
    ours "$programs/approval_request" "$1" "$(uri "$2")"
}
timestamps() {
    grep -cs '^C_GetTimestamp ' calls.log || true
}

for spec in rsa2048 p256 ed25519; do
    key "$spec" "$spec" limited.json
    before=$(timestamps)
    takes 0 quietly taken again-and-again "$spec"
    # One for the request, one for the one of other data, one for other words to it.
    [ "$(($(timestamps) - before))" -eq 3 ] || fail "$(($(timestamps) - before)) timestamps"

    takes 0 taken print "$spec" >request.json
    approve request.json carol bob
    takes 1 taken duplicate "$spec" <request.json >signature
    if [ "$spec" = ed25519 ]; then
        succeeds plain pkeyutl -verify -rawin -pubin -inkey "$spec.pub.pem" -in document \
            -sigfile signature
    else
        succeeds plain dgst -sha256 -verify "$spec.pub.pem" -signature signature document
    fi
    # The id is that of skatool's request for the same thing.
    request "$spec" again.json document
    for file in request again; do
        grep -o '"requestId":[^,]*' "$file.json" >"$file.id"
    done
    same request.id again.id
    refused 'there is nothing to sign yet' taken too-early "$spec"
done

takes 0 quietly taken other-salts rsa2048

# What is signed is the request that was taken, also where an agent approves it by a rule that is
# newer than the key that was loaded.
# shellcheck source=tests/scenario/servers.sh
. "$source_dir/tests/scenario/servers.sh"
policy "$(rule 1 alice)" >single.json
sed 's/"name":"alice"/"name":"alice of accounting"/g' single.json >renamed.json
key later p256 single.json
start agent.log "$binary_dir/tools/skatool" agent --socket agent.socket --approver alice.pem \
    --allow key=later,payload=any
within 10 "no agent" grep -q 'listening on' agent.log
mkfifo changed
LD_PRELOAD=$preload "$programs/approval_request" later "$(uri later)?agent=agent.socket" \
    <changed >loaded 2>later.err &
later=$!
exec 5>changed
within 10 "the key is not loaded" grep -q loaded loaded
succeeds skatool request --key "$(uri later)" --operation modify --policy renamed.json -o change.json
approve change.json alice
succeeds skatool execute --key "$(uri later)" change.json
: >calls.log
exec 5>&-
wait "$later" || fail "$(cat later.err)"
[ "$(grep -c '^C_CreateApprovalToken ' calls.log)" -eq 1 ] || fail "$(cat calls.log)"
grep -q '^C_SKASign later CKR_OK' calls.log || fail "$(cat calls.log)"

succeeds skatool keygen --key "$(uri ordinary)" --algorithm EC --curve P-256 --policy none
refused 'ordinary key: it needs no approvals' taken print ordinary
pass
