#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What cannot be recorded is not done, and what was done and could not be recorded is not handed out:
# the disk fails at each line of the audit log, at the head of it, and at each file of evidence.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
log=$work/audit.log
mkdir -m 700 approvals state
configure "audit-log = $log" "state-dir = $work/state"
for spec in p256 rsa2048; do
    key $spec $spec
    request $spec $spec.json document
    approve $spec.json alice bob
done

# failing CALL PATH FROM COMMAND...
failing() {
    LD_PRELOAD="$preload $programs/libfailing_disk.so" FAILING_CALL=$1 FAILING_PATH=$2 \
        FAILING_FROM=$3 "${@:4}"
}
lines() { # EVENT
    grep -c "\"event\":\"$1\"" "$log" || true
}
sign() { # SPEC
    "$programs/unrecorded" "$(uri "$1")" "$1.json" document
}

# ---- The audit log -------------------------------------------------------------------------------

takes 3 succeeds ours "$programs/unrecorded" "$(uri p256)" p256.json document
[ "$(lines decision)" -eq 3 ] || fail "$(cat "$log")"
# Of the first signature the first line is that of the request, with approvals; then intent, decision.
for call in write pwrite fsync; do
    place=audit.log
    [ $call != pwrite ] || place=state/audit-
    for spec in p256 rsa2048; do
        for from in 1 2; do
            takes 0 ends 2 failing $call $place $from sign $spec
            says 'audit log cannot be written'
        done
        # Only the first way comes so far; the others fail at once.
        takes 1 ends 2 failing $call $place 3 sign $spec
        says 'audit log cannot be written'
    done
    [ "$(lines decision)" -ge 3 ] || fail "lines are gone"
    # However it has ended, the log goes on.
    takes 1 quietly ska dgst -sha256 -sign "$(uri p256)" -sigopt ska-approvals-file:p256.json \
        -out signature document
    succeeds skatool audit "$log"
done
# A key is not blocked, nor is a signature written, where that cannot be told.
succeeds skatool request --key "$(uri p256)" --operation block -o block.json
approve block.json alice bob
refused 'audit-log' failing write audit.log 2 "$binary_dir/tools/skatool" execute --key "$(uri p256)" \
    block.json
succeeds skatool show --key "$(uri p256)"
! grep -qE 'blocked +yes' stdout.txt || fail "$(cat stdout.txt)"
takes 1 refused 'audit-log' failing write audit.log 3 "$binary_dir/tools/skatool" execute \
    --key "$(uri p256)" -o executed p256.json
succeeds skatool audit "$log"

# ---- A request for the application ---------------------------------------------------------------

before=$(lines request)
chmod 660 "$log"
refused 'chmod go-w' ours "$programs/approval_request" print "$(uri p256)"
chmod 600 "$log"
refused 'cannot be written' failing write audit.log 1 "$programs/approval_request" print "$(uri p256)"
[ "$(lines request)" -eq "$before" ] || fail "a request that was not given out"
succeeds ours "$programs/approval_request" print "$(uri p256)"
[ "$(lines request)" -eq "$((before + 1))" ] || fail "a request that was given out is not recorded"

# ---- Evidence ------------------------------------------------------------------------------------

configure "audit-log = $log" "state-dir = $work/state" "approvals-dir = $work/approvals"
number=0
# Synced are two files before the HSM is asked, three behind it, the folder, and done/.
for failure in 'renameat .part 1' 'renameat /done 2' 'fsync .part 3' 'fsync .part 6' 'fsync /done 7'; do
    read -r call place from <<<"$failure"
    printf 'Document %s.\n' $((++number)) >other
    refused 'approvals pending' ska dgst -sha256 -sign "$(uri p256)" -out signature other
    id=$(id_of_pending)
    for name in alice carol; do
        succeeds skatool approve --dir approvals --approver $name.pem --yes "$id"
    done
    evidence=$(lines evidence) decisions=$(lines decision)
    takes 1 refused 'the HSM has signed, but the evidence cannot be written' failing $call $place $from \
        openssl dgst -sha256 -sign "$(uri p256)" -out signature other
    [ "$(lines evidence)" -eq "$evidence" ] || fail "evidence that is not there is recorded"
    [ "$(lines decision)" -eq "$((decisions + 1))" ] || fail "a decision is missing"
    grep -q '"detail":"done"' < <(tail -n 1 "$log") || fail "$(tail -n 1 "$log")"
    # What was signed is not lost.
    [ -n "$(find approvals/done -path "*$id*" '(' -name signature -o -name complete.json ')')" ] ||
        fail "no signature: $(find approvals/done)"
    takes 1 quietly ska dgst -sha256 -sign "$(uri p256)" -out signature other
    [ "$(lines evidence)" -eq "$((evidence + 1))" ] || fail "evidence is not recorded"
done
# What stands before is not asked of the HSM.
printf 'The last document.\n' >other
refused 'approvals pending' ska dgst -sha256 -sign "$(uri p256)" -out signature other
id=$(id_of_pending)
for name in alice carol; do
    succeeds skatool approve --dir approvals --approver $name.pem --yes "$id"
done
takes 0 refused 'evidence cannot be written' failing fsync .part 1 openssl dgst -sha256 \
    -sign "$(uri p256)" -out signature other
takes 1 quietly ska dgst -sha256 -sign "$(uri p256)" -out signature other
succeeds skatool audit "$log"
pass
