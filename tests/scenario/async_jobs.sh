#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Waiting in libcrypto's ASYNC jobs: many in one thread, each with a descriptor to wait for; those
# that are never resumed leave nothing but their requests.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/servers.sh
. "$source_dir/tests/scenario/servers.sh"
board
policy "$(rule 1 alice bob carol)" >single.json
mkdir dir
configure "approvals-dir = $work/dir" 'approvals-timeout = 60'

all_approve() { # waits until COUNT requests stand in dir, then alice approves them all
    local id
    until [ "$(find dir -name '*.request.json' | wc -l)" -eq "$1" ]; do sleep 0.1; done
    for id in dir/*.request.json; do
        id=${id#dir/}
        succeeds skatool approve --approver alice.pem --yes --dir dir "${id%.request.json}"
    done
}

for spec in p256 rsa2048; do
    key "$spec" "$spec" single.json
    takes 30 ours "$programs/async_jobs" 30 0 "$(uri "$spec")" >jobs.txt &
    jobs=$!
    all_approve 30
    wait "$jobs" || fail "the jobs did not end well"
    for i in $(seq 0 29); do
        printf 'message %d' "$i" >document
        succeeds plain dgst -sha256 -verify "$spec.pub.pem" -signature "signature.$i" document
    done
    [ "$(ls dir)" = done ] || fail "left behind: $(ls dir)"
done

# Five of eight are resumed; the requests of the others stay open.
mkdir open
configure "approvals-dir = $work/open" 'approvals-timeout = 60'
ours "$programs/async_jobs" 8 3 "$(uri p256)" >jobs.txt 2>jobs.err &
jobs=$!
until [ "$(find open -name '*.request.json' | wc -l)" -eq 8 ]; do sleep 0.1; done
for i in 0 1 2 3 4; do
    printf 'message %d' "$i" >document
    succeeds skatool request --key "$(uri p256)" --force -o request.json document
    id=$(sed -n 's/.*"requestId":[^0-9a-f]*\([0-9a-f]*\).*/\1/p' request.json)
    succeeds skatool approve --approver alice.pem --yes --dir open "$id"
done
wait "$jobs" || { cat jobs.err; fail "abandoned jobs did not end well"; }
[ "$(find open -name '*.request.json' | wc -l)" -eq 3 ] || fail "requests: $(ls open)"

# None of six is resumed while an agent does not answer.
start agent.log "$binary_dir/tools/skatool" agent --socket agent.socket --approver alice.pem \
    --allow key=p256,payload=any
within 10 "no agent" grep -q listening agent.log
kill -STOP "$server"
succeeds ours "$programs/async_jobs" 6 6 "$(uri p256)?agent=agent.socket"
kill -CONT "$server"

# The stack of a job is small.
succeeds ours "$programs/async_jobs" nested "$(uri p256)"
grep -q 'deep' stderr.txt || fail "refused for another reason: $(cat stderr.txt)"
pass
