#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Time limits, by the clock of the HSM: too early, in time, too late. It waits as long as that takes.
. "$(dirname "$0")/lib.sh"
people
makes clock
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
echo "timestamp-key = $(label clock)" >>openssl.cnf

# What came out at a moment that a slow machine has let pass says nothing: then again, with more time.
elapsed() {
    echo $((SECONDS - begun))
}
until_elapsed() { # SECONDS
    while [ "$(elapsed)" -lt "$1" ]; do sleep 0.5; done
}
attempt() { # TIMELOCK TIMEOUT: 1: too slow
    local timelock=$1 timeout=$2 status=0 end=$(($1 + $2))
    policy "$(rule 1 alice)" >policy.json
    key "timed-$timelock" p256
    request "timed-$timelock" timed.json document
    begun=$SECONDS
    approve timed.json alice
    may_sign "timed-$timelock" timed.json || status=$?
    [ "$(elapsed)" -lt $((timelock - 1)) ] || return 1
    [ $status -ne 0 ] || fail "signed before the timelock of $timelock seconds was over"
    until_elapsed $((timelock + 2))
    status=0
    may_sign "timed-$timelock" timed.json || status=$?
    [ "$(elapsed)" -lt $((timeout - 1)) ] || return 1
    [ $status -eq 0 ] || fail "not signed in time: $(cat stderr.txt)"
    until_elapsed $((timeout + 2))
    status=0
    may_sign "timed-$timelock" timed.json || status=$?
    [ "$(elapsed)" -lt $((end - 1)) ] || return 1
    if [ $status -eq 0 ]; then
        note 'a timeout is counted from the end of the timelock'
    else
        note "a timeout is counted from the timestamp: $(reason)"
    fi
    until_elapsed $((end + 2))
    signs_not '' "timed-$timelock" document timed.json
}
for factor in 1 4 12; do
    if attempt $((6 * factor)) $((20 * factor)); then
        signed=yes
        break
    fi
done
[ -n "${signed-}" ] || fail 'this machine is too slow to say'
pass
