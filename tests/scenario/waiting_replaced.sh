#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Several requests for one signature: what is handed in and what stands in the directory, a request
# that is replaced while it is waited for, an alternative of the rule that closes meanwhile. Nothing
# of others is removed, nobody waits for what can no longer come.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/servers.sh
. "$source_dir/tests/scenario/servers.sh"
# shellcheck source=tests/scenario/approvals_dir.sh
. "$source_dir/tests/scenario/approvals_dir.sh"
board
printf 'A document.\n' >document
mkdir -m 700 dir
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
policy "$(rule 2 alice bob carol | sed 's/"timeout":0/"timeout":3600/')" >policy.json
configure 'timestamp-key = clock'
key seal p256 policy.json

verified() {
    succeeds plain dgst -sha256 -verify seal.pub.pem -signature signature document
    rm signature
}
alone() {
    [ "$(ls dir)" = done ] || fail "left behind: $(ls dir)"
}
# another: an open request in dir, of a process that has ended.
another() {
    takes 0 refused 'approvals pending' sign
    id=$(basename dir/*.request.json .request.json)
}

# ---- Handed in, while another one stands in the directory ----------------------------------------

request seal bundle.json document --timestamp-key clock
approve bundle.json alice
another
aside takes 1 quietly sign ska-approvals-file:bundle.json ska-approvals-timeout:60
sleep 0.5
approve_in_dir "$id" bob carol
wait "$aside" || fail "was not signed with the request that stands in the directory"
verified
alone
another
takes 0 refused '0 of 2.*given are for a different request' sign ska-approvals-file:bundle.json
rm -f dir/*.json

# Complete, it needs nothing of the directory, and takes nothing from it.
another
approve_in_dir "$id" alice
ls dir >before
approve bundle.json bob
takes 1 quietly sign ska-approvals-file:bundle.json
verified
ls dir >after
same before after
approve_in_dir "$id" bob
takes 1 quietly sign
verified
alone

# What is handed in may say what it likes of the rule: people are shown the key's.
sed -E 's/("quorum":[[:space:]]*)2/\11/' bundle.json >claims.json
! cmp -s bundle.json claims.json || fail 'nothing was changed'
bundle claims.json >none.json
takes 0 refused 'approvals pending' sign ska-approvals-file:none.json
! grep -qE '"quorum":[[:space:]]*1' dir/*.request.json || fail 'people are shown another rule'
rm dir/*.json

# ---- Replaced while it is waited for -------------------------------------------------------------

aside takes 1 quietly sign ska-approvals-timeout:60
within 10 "no request" compgen -G 'dir/*.request.json'
id=$(basename dir/*.request.json .request.json)
approve_in_dir "$id" alice
sleep 0.3
request seal other.json document --timestamp-key clock
mv other.json "dir/$id.request.json"
rm "dir/$id".*.approval.json
approve_in_dir "$id" alice carol
wait "$aside" || fail "waited for a request that was replaced"
verified
alone

# An agent has approved, and then another process was faster with its request: it is asked again.
start agent.log "$binary_dir/tools/skatool" agent --socket agent.socket --approver alice.pem \
    --allow key=seal,payload=any
within 10 "the agent does not listen" grep -q "listening on" agent.log
kill -STOP "$server"
aside takes 1 quietly sign ska-agent:agent.socket ska-approvals-timeout:60
sleep 1
another
kill -CONT "$server"
sleep 0.5
approve_in_dir "$id" bob
wait "$aside" || fail "the agent's approval was lost"
verified
alone

# ---- An alternative that has closed --------------------------------------------------------------

at() { # SECONDS: the HSM's clock, that much later than ours
    printf 'call-log = %s\nclock-offset = %s\n' "$work/calls.log" "$1" >skasim.cnf
}
soon=$(rule 1 alice bob carol | sed 's/"timeout":0/"timeout":60/')
late=$(rule 2 alice bob carol | sed 's/"timeout":0/"timeout":3600/')
policy "${soon%]\}},${late#\{\"tokens\":[}" >policy.json
key either p256 policy.json
sign() {
    ska dgst -sha256 -sign "$(uri either)" -sigopt ska-approvals-dir:dir \
        -sigopt "ska-approvals-timeout:${1:-0}" -out signature document
}
another
approve_in_dir "$id" alice
at 120
aside takes 1 quietly sign 60
sleep 1
kill -0 "$aside" || fail "did not wait for the second"
approve_in_dir "$id" bob
wait "$aside" || fail "was not signed by two"
succeeds plain dgst -sha256 -verify either.pub.pem -signature signature document
alone
pass
