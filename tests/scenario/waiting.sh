#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A signature that waits for people: until they have approved, until its time is over, until it is
# interrupted, until too many have rejected it.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/approvals_dir.sh
. "$source_dir/tests/scenario/approvals_dir.sh"
board
key seal p256
key fast ed25519
mkdir dir
printf 'the contract\n' >document

ms_since() { # START (of date +%s%N): whole milliseconds
    echo $((($(date +%s%N) - $1) / 1000000))
}
open_id() {
    until compgen -G 'dir/*.request.json' >/dev/null; do sleep 0.02; done
    basename dir/*.request.json .request.json
}
approve_open() { # NAME...
    approve_in_dir "$(open_id)" "$@"
}
verified() {
    succeeds plain dgst -sha256 -verify seal.pub.pem -signature signature document
    [ "$(ls dir)" = done ] || fail "left behind: $(ls dir)"
}

# ---- Enough, at last --------------------------------------------------------------------------------

aside takes 1 quietly sign ska-approvals-timeout:60
approve_open alice
sleep 0.3
kill -0 "$aside" || fail "did not wait for the second"
start=$(date +%s%N)
approve_open bob
wait "$aside" || fail "was not signed"
verified
[ "$(ms_since "$start")" -lt 2000 ] || fail "noticed late"

# Without the kernel's notification it is found within two seconds; the wall clock does not count.
without_notice() {
    preload="$preload $programs/liblost_notice.so"
    takes 1 quietly sign ska-approvals-timeout:60
}
aside without_notice
approve_open bob
sleep 3
approve_open carol
start=$(date +%s%N)
wait "$aside" || fail "was not signed"
[ "$(ms_since "$start")" -lt 2000 ] || fail "found late: $(ms_since "$start") ms"
verified

# ---- Not enough in time -----------------------------------------------------------------------------

start=$(date +%s%N)
refused 'approvals pending:[^:]*:[0-9]+:waiting for 2 of alice, bob and carol; 0 of 2; key .seal., request ([0-9a-f]{16}); .*--dir dir \1' \
    sign ska-approvals-timeout:1
took=$(ms_since "$start")
[ "$took" -ge 1000 ] && [ "$took" -lt 2500 ] || fail "a timeout of 1 s took $took ms"

# Files keep arriving: three that name listed approvers with random signatures, and more and more.
id=$(open_id)
forged() { # NAME NUMBER
    printf '{"approverPublicKey":"%s","approvalDigestAlgorithm":"SHA-256","signature":"%s"}' \
        "$(plain pkey -in "$1.pem" -pubout -outform DER | plain base64 -A)" \
        "$(head -c 70 /dev/urandom | plain base64 -A)" >"dir/$id.$2.part"
    mv "dir/$id.$2.part" "dir/$id.$2.approval.json"
}
# pending_in_time WHO: the signature gives up after its two seconds, and says whose approval is wrong.
pending_in_time() {
    local start took
    start=$(date +%s%N)
    takes 0 refused "ignored: .*approval.json: $1 has no valid signature" \
        sign ska-approvals-timeout:2
    took=$(ms_since "$start")
    [ "$took" -lt 3500 ] || fail "a timeout of 2 s took $took ms"
}
(for i in $(seq 1 100); do
    for name in alice bob carol; do forged "$name" "$name$i"; done
done) 2>/dev/null &
forging=$!
pending_in_time '(alice|bob|carol)'
kill "$forging" 2>/dev/null || true
wait "$forging" || true
rm -f dir/"$id".*.approval.json dir/"$id".*.part

# So many at once, shortly before the end, that looking at all of them would take long.
one=$(approval carol document)
{
    printf '{"approvalToBeSigned":"%s","approvals":[%s' \
        "$(token_of "dir/$id.request.json" | plain base64 -A)" "$one"
    printf ',%.0s'"$one" $(seq 999)
    printf ']}'
} >many.json
(
    sleep 1
    for i in $(seq 200); do ln many.json "dir/$id.many$i.approval.json"; done
) &
linking=$!
pending_in_time carol
wait "$linking"
rm -f dir/"$id".many*

# The next attempt finds the request; the good ones count among bad ones.
forged alice zero
approve_open alice
echo '{"approverPublicKey":' >"dir/$id.half.approval.json"
ln -s /etc/passwd "dir/$id.link.approval.json"
aside takes 1 quietly sign ska-approvals-timeout:60
approve_open carol
wait "$aside" || fail "was not signed"
verified

# ---- Interrupted ------------------------------------------------------------------------------------

LD_PRELOAD=$preload env --default-signal=INT openssl dgst -sha256 -sign "$(uri seal)" \
    -sigopt ska-approvals-dir:dir -sigopt ska-approvals-timeout:60 -out signature document &
aside=$!
id=$(open_id)
start=$(date +%s%N)
kill -INT "$aside"
wait "$aside" && fail "was not interrupted"
[ "$(ms_since "$start")" -lt 1000 ] || fail "interrupted after $(ms_since "$start") ms"
[ -f "dir/$id.request.json" ] || fail "the request is gone"
approve_open alice bob
takes 1 quietly sign
verified

# ---- Refused ----------------------------------------------------------------------------------------

refuse() { # NAME: a refusal, made by openssl alone
    local id
    id=$(open_id)
    token_of "dir/$id.request.json" >token
    {
        printf 'SKA-REJECT-1\0'
        plain dgst -sha256 -binary token
    } >refusal
    approval "$1" refusal >"dir/$id.$1.part"
    mv "dir/$id.$1.part" "dir/$id.$1.reject.json"
}
aside takes 0 refused 'rejected by approvers:.*:0 of 2; rejected by bob, carol; left: alice; key .seal., request [0-9a-f]{16}; talk to those who rejected it: .* skatool withdraw --dir [^ ]+ [0-9a-f]{16} and run the same command again' \
    sign ska-approvals-timeout:60
open_id >/dev/null
refuse bob
sleep 0.2
kill -0 "$aside" || fail "two are still willing"
refuse carol
wait "$aside" || fail "was not told"
# Bob changes his mind: his approval outweighs.
approve_open alice bob
takes 1 quietly sign
verified

# Whoever waits looks at all there is before the end, and says nothing else.
rm -f dir/*.json
printf 'Nobody approves this.\n' >document
refused 'approvals pending' sign ska-approvals-timeout:1
! grep -q 'too many files' stderr.txt || fail "$(cat stderr.txt)"
rm -f dir/*.json
printf 'the contract\n' >document

# An approval is not a refusal, nor a refusal an approval.
refused 'approvals pending' sign
id=$(open_id)
token_of "dir/$id.request.json" >token
approval bob token >"dir/$id.bob.reject.json"
refuse carol
cp "dir/$id.carol.reject.json" "dir/$id.carol.approval.json"
refused 'bob has no valid rejection of this request there' sign
grep -q 'carol has no valid signature' stderr.txt || fail "a refusal counts as an approval"
rm dir/*.json

# ---- By the configuration and the URI; what people see ----------------------------------------------

configure "approvals-dir = $work/dir" 'approvals-timeout = 60' 'progress = yes'
ska dgst -sha256 -sign "$(uri seal)" -out signature document 2>progress.txt &
aside=$!
approve_open alice
sleep 0.5
approve_open bob
wait "$aside" || fail "was not signed"
verified
grep -qE "^ska: waiting for 2 of alice, bob and carol; 0 of 2; (1:00|0:59) left; request [0-9a-f]{16}$" \
    progress.txt || fail "$(cat progress.txt)"
grep -qE '^ska: waiting for bob or carol; 1 of 2; approved by alice; (1:00|0:[0-9]+) left; ' progress.txt ||
    fail "$(cat progress.txt)"
[ "$(wc -l <progress.txt)" -le 3 ] || fail "repeats itself: $(cat progress.txt)"
configure
start=$(date +%s%N)
refused 'approvals pending' ska dgst -sha256 -out unused \
    -sign "$(uri seal)?approvals-dir=$work/dir&approvals-timeout=1" document
[ "$(ms_since "$start")" -ge 1000 ] || fail "approvals-timeout of the URI is not heard"
refused 'approvals-timeout: seconds' ska dgst -sha256 -out unused \
    -sign "$(uri seal)?approvals-timeout=1m" document
refused 'ska-approvals-timeout: seconds' sign ska-approvals-timeout:soon
rm dir/*.json
pass
