#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Signatures that people approve at the broker: handed in, waited for and fetched by the openssl
# command, approved with curl and openssl dgst alone; the same command goes on; how it ends when
# somebody says no, when time is over, when nobody can come back; and what is said when something is
# wrong on the way.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/broker.sh"

ca authority
leaf server authority 'subjectAltName = IP:127.0.0.1'
approver alice
approver bob -algorithm RSA -pkeyopt rsa_keygen_bits:2048
approver carol
approver erin -algorithm ED25519
printf 'A document.\n' >document
mkdir -m 700 state
p256='"algorithm":"EC","curveOid":"1.2.840.10045.3.1.7"'
broker 'execution-delay = 200'
create seal "$p256" "$(rest_policy "$(rest_rule 2 0 0 alice bob carol)")"
create rsa '"algorithm":"RSA","keySize":2048' "$(rest_policy "$(rest_rule 1 0 600 alice)")"
create ed '"algorithm":"ED"' "$(rest_policy "$(rest_rule 1 0 0 erin)")"
create never "$p256" "$(rest_policy '{"tokens":[]}')"

# begin OUTPUT COMMAND...: starts a command that waits, and finds the id of its request at the broker.
begin() {
    local output=$1
    shift
    ask 200 POST /v1/filteredRequests '{"requestStatusList":["PENDING","APPROVED"]}'
    cp answer.json before.json
    start "$output" "$@"
    within 30 "no request at the broker: $(cat "$output")" is_new
}
is_new() {
    ask 200 POST /v1/filteredRequests '{"requestStatusList":["PENDING","APPROVED"]}'
    # shellcheck disable=SC2013
    for id in $(grep -oE '"id":"[^"]*"' answer.json | cut -d'"' -f4); do
        grep -q "$id" before.json || return 0
    done
    return 1
}
# finishes OUTPUT: what was begun ends well, without a word.
finishes() {
    wait "$server" || fail "ended with $?: $(cat "$1")"
    [ ! -s "$1" ] || fail "says: $(cat "$1")"
}
waits_600='approvals-timeout = 600'
openssl=(openssl dgst -sha256)

# ---- Two people approve --------------------------------------------------------------------------

configure_broker "$waits_600" "audit-log = $work/audit.log"
begin out.txt "${openssl[@]}" -sign ska:object=seal -out seal.sig document
approve_task alice Sign "$id"
tasks bob Sign '"detailLevel":"level2"'
member metaData | plain base64 -d -A >meta.json
plain dgst -sha256 -r document | cut -d' ' -f1 >hash
grep -q "\"value\":\"$(cat hash)\"" meta.json && grep -q '"app":"ska-provider"' meta.json ||
    fail "metaData: $(cat meta.json)"
approve_task bob Sign "$id"
finishes out.txt
verified document seal.pub.pem seal.sig -sha256
succeeds skatool audit audit.log
grep -q "\"detail\":\"done $id\"" audit.log || fail "not in the log: $(cat audit.log)"
# Who it was, by the rule's names and the broker's word.
for name in alice bob; do
    grep -F '"event":"approval"' audit.log | grep -F "\"approver\":\"$name\"" |
        grep -qF "\"approverKey\":\"$(plain pkey -in $name.pem -pubout -outform DER | plain dgst -sha256 -r | cut -d' ' -f1)\"" ||
        fail "no approval of $name in the log: $(cat audit.log)"
done

for padding in pkcs1 pss; do
    begin out.txt "${openssl[@]}" -sigopt "rsa_padding_mode:$padding" -sign ska:object=rsa \
        -out rsa.sig document
    approve_task alice Sign "$id"
    finishes out.txt
    verified document rsa.pub.pem rsa.sig -sha256 -sigopt "rsa_padding_mode:$padding"
done
begin out.txt openssl pkeyutl -sign -rawin -in document -inkey ska:object=ed -out ed.sig
approve_task erin Sign "$id"
finishes out.txt
plain pkeyutl -verify -rawin -in document -pubin -inkey ed.pub.pem -sigfile ed.sig >/dev/null ||
    fail "Ed25519 does not verify"

# ---- A rule that needs nobody --------------------------------------------------------------------

# Sent as any other, and in the log.
create loose "$p256" '{"ruleUse":null,"ruleBlock":null,"ruleUnblock":null,"ruleModify":null}'
quietly ska dgst -sha256 -sign ska:object=loose -out loose.sig document
verified document loose.pub.pem loose.sig -sha256
[ "$(grep -c '"event":"request".*"key":"loose"' audit.log)" -eq 1 ] || fail "not in the log: $(cat audit.log)"
succeeds skatool audit audit.log
# Also where another alternative has a time limit: a log would want a request of our own making.
two='{"tokens":[{"name":"now","timelock":0,"timeout":0,"groups":null},{"name":"later","timelock":0,"timeout":600,"groups":null}]}'
create either "$p256" "{\"ruleUse\":$two,\"ruleBlock\":null,\"ruleUnblock\":null,\"ruleModify\":null}"
quietly ska dgst -sha256 -sign ska:object=either -out either.sig document
verified document either.pub.pem either.sig -sha256
# A program that has the key asks people as soon as its rule wants them, by a key reference, too.
for log in "" "audit-log = $work/audit.log"; do
    configure_broker "$waits_600" "state-dir = $work/state" "$log"
    create changes "$p256" '{"ruleUse":null,"ruleBlock":null,"ruleUnblock":null,"ruleModify":null}'
    ask 200 POST /v1/filteredRequests '{"requestStatusList":["PENDING","APPROVED"]}'
    start out.txt "$programs/processes" sign-again ska:object=changes signed
    signer=$server
    within 30 "not signed: $(cat out.txt)" test -e signed
    policy "$(rule 1 alice | sed 's/"timeout":0/"timeout":600/')" >use.json
    succeeds skatool request --key ska:object=changes --operation modify --policy use.json
    succeeds skatool execute "$(cat stdout.txt)"
    for i in 1 2; do
        ask 200 POST /v1/filteredRequests '{"requestStatusList":["PENDING","APPROVED"]}'
        cp answer.json before.json
        rm -f signed
        within 30 "nobody is asked: $(cat out.txt)" is_new
        approve_task alice Sign "$id"
    done
    server=$signer
    finishes out.txt
    ask 200 DELETE /v1/key/changes
done
succeeds skatool audit audit.log

# ---- The same command goes on --------------------------------------------------------------------

configure_broker "state-dir = $work/state" "audit-log = $work/second.log"
sign=(ska dgst -sha256 -sign ska:object=seal -out seal.sig document)
refused 'approvals pending.*0 of 2; still needed: 2 of alice, bob and carol.*and then the same command' \
    "${sign[@]}"
id=$(sed -nE 's/.*request ([0-9a-f-]{36}) .*/\1/p' stderr.txt)
[ "$(find state -name 'broker-*' | wc -l)" -eq 1 ] || fail "nothing remembered: $(ls state)"
approve_task carol Sign "$id"
refused "1 of 2; still needed: alice or bob.*request $id" "${sign[@]}"
approve_task alice Sign "$id"
becomes "$id" EXECUTED
quietly "${sign[@]}"
verified document seal.pub.pem seal.sig -sha256
[ -z "$(find state -name 'broker-*')" ] || fail "remembers what is done: $(ls state)"

# An application knows the id that the log has before anybody is asked, whoever makes the token.
printf 'pay ten' >ten
for label in seal rsa; do
    succeeds ours "$programs/approval_request" id "ska:object=$label"
    cp stdout.txt "$label.id"
    refused 'approvals pending' ska dgst -sha256 -sign "ska:object=$label" ten
    grep -qx "broker-$(cat "$label.id")" < <(ls state) || fail "not $(cat "$label.id"): $(ls state)"
    grep -qF "\"requestId\":\"$(cat "$label.id")\"" second.log || fail "not in the log: $(cat "$label.id")"
    id=$(sed -nE 's/.*request ([0-9a-f-]{36}) .*/\1/p' stderr.txt)
    ask 200 DELETE "/v1/request/$id"
done
refused 'has time limits|time limits' ours "$programs/approval_request" print ska:object=rsa
rm state/broker-*

# Somebody says no, and then too few are left; the next time they are asked anew.
refused 'approvals pending' "${sign[@]}"
id=$(sed -nE 's/.*request ([0-9a-f-]{36}) .*/\1/p' stderr.txt)
reject_task alice Sign "$id"
refused '0 of 2; .*rejected by alice' "${sign[@]}"
reject_task bob Sign "$id"
becomes "$id" REJECTED
refused "rejected.*request $id.*rejected by alice, bob|rejected by bob, alice" "${sign[@]}"
refused 'approvals pending.*0 of 2; still needed: 2 of alice, bob and carol' "${sign[@]}"
next=$(sed -nE 's/.*request ([0-9a-f-]{36}) .*/\1/p' stderr.txt)
[ "$next" != "$id" ] || fail "the rejected request is asked about again"
# Withdrawn by somebody else: that is said before people are asked anew.
ask 200 DELETE "/v1/request/$next"
refused "request $next \([0-9a-f]{16}\) at the broker: it says that it was withdrawn" "${sign[@]}"
refused 'approvals pending' "${sign[@]}"
grep -q "$next" stderr.txt && fail "goes on with what was withdrawn"

# ---- Nobody comes back ---------------------------------------------------------------------------

pending() { # COUNT
    ask 200 POST /v1/filteredRequests '{"requestStatusList":["PENDING","APPROVED"]}'
    [ "$(grep -o '"id"' answer.json | wc -l)" -eq "$1" ] || fail "not $1: $(cat answer.json)"
}
pending 1
configure_broker
refused 'ask for them in vain.*state-dir' "${sign[@]}"
pending 1
configure_broker 'approvals-timeout = 2' "audit-log = $work/withdrawn.log"
refused 'approvals pending.*it was withdrawn, since without state-dir' "${sign[@]}"
pending 1
id=$(sed -nE 's/.*request ([0-9a-f-]{36}) .*/\1/p' stderr.txt)
grep '"event":"withdrawn","requestId":"[0-9a-f]*"' withdrawn.log |
    grep -qF "\"detail\":\"by the signature that waited, at the broker $id\"" ||
    fail "not in the log: $(cat withdrawn.log)"
# skatool is interrupted: without state-dir its request goes with it, with state-dir it stays. It ends by the signal.
plain x509 -new -CA authority.pem -CAkey authority.key -force_pubkey seal.pub.pem -subj /CN=Seal -days 30 \
    -out seal.crt 2>/dev/null
sealing=(env --default-signal=INT,TERM,HUP OPENSSL_CONF="$work/openssl.cnf" "$binary_dir/tools/skatool" seal
    --key ska:object=seal --cert seal.crt)
# interrupted SIGNAL PATTERN DOCUMENT...: a moment later.
interrupted() {
    local signal=$1 pattern=$2 status=0
    shift 2
    begin out.txt "${sealing[@]}" "$@"
    [ "$#" -eq 1 ] || within 30 "$(cat out.txt)" grep -q 'documents wait' out.txt
    # Twice, as timeout(1) sends it; it may be quick enough to have ended by then.
    kill "-$signal" "$server"
    kill "-$signal" "$server" 2>/dev/null || :
    wait "$server" || status=$?
    [ "$status" -eq $((128 + $(kill -l "$signal"))) ] || fail "status $status by $signal: $(cat out.txt)"
    [ "$(grep -cE -- "interrupted while waiting: [a-z]+: request $pattern" out.txt)" -eq "$#" ] || fail "$(cat out.txt)"
}
id_pattern='[0-9a-f-]{36} at the broker'
configure_broker "$waits_600" 'progress = no'
for signal in INT TERM HUP; do
    interrupted "$signal" "$id_pattern was withdrawn" document
    pending 1
done
grep -q 'document: asks again for the approvals of the seal.*state-dir' out.txt || fail "$(cat out.txt)"
interrupted INT "$id_pattern was withdrawn" document ten
pending 1
# A second one ends it at once, whatever it waits for.
begin out.txt "${sealing[@]}" document
kill -STOP "${servers[0]}"
status=0
kill -INT "$server"
sleep 0.5
kill -INT "$server"
waited=$EPOCHSECONDS
wait "$server" || status=$?
[ "$status" -eq 130 ] && [ $((EPOCHSECONDS - waited)) -le 2 ] ||
    fail "status $status after $((EPOCHSECONDS - waited)) seconds: $(cat out.txt)"
! grep -q withdrawn out.txt || fail "not at once: $(cat out.txt)"
kill -CONT "${servers[0]}"
ask 200 DELETE "/v1/request/$id"
pending 1
# After one, nobody waits long for a broker that is silent; what it has done is not known, and no log says so.
configure_broker "$waits_600" 'progress = no' "audit-log = $work/silent.log"
begin out.txt "${sealing[@]}" document
kill -STOP "${servers[0]}"
status=0
waited=$EPOCHSECONDS
kill -TERM "$server"
wait "$server" || status=$?
kill -CONT "${servers[0]}"
[ "$status" -eq 143 ] && [ $((EPOCHSECONDS - waited)) -le 9 ] ||
    fail "status $status after $((EPOCHSECONDS - waited)) seconds: $(cat out.txt)"
grep -q "request $id at the broker may be open, executed or withdrawn: the broker does not say" out.txt ||
    fail "$(cat out.txt)"
! grep -q '"event":"withdrawn"' silent.log || fail "who knows: $(cat silent.log)"
ask 200 DELETE "/v1/request/$id"
pending 1
configure_broker "$waits_600" "state-dir = $work/state"
interrupted TERM "$id_pattern stays open; the same command continues" document
pending 2
grep -q 'continues the seal' out.txt || fail "$(cat out.txt)"
# Also where another process has locked the file that remembers the request.
start_plain lock.txt flock -o "$(grep -l "$id" state/broker-*)" sleep 60
holder=$server
sleep 0.5
start out.txt "${sealing[@]}" document
sleep 1
status=0
waited=$EPOCHSECONDS
kill -TERM "$server" || fail "$(cat out.txt lock.txt)"
kill -TERM "$server" 2>/dev/null || true # it may have ended by the first
wait "$server" || status=$?
[ "$status" -eq 143 ] && [ $((EPOCHSECONDS - waited)) -le 5 ] && grep -q 'interrupted.*another process submits' out.txt ||
    fail "status $status after $((EPOCHSECONDS - waited)) seconds: $(cat out.txt)"
stop "$holder"
ask 200 DELETE "/v1/request/$id"
rm -f ./*.ska-pending
# What people have approved meanwhile is taken, also where it is found only after withdrawing.
is_executed() {
    ask 200 POST /v1/filteredRequests '{"requestStatusList":["EXECUTED"]}'
    grep -q "$id" answer.json
}
taken() { # LOG: by an interrupted seal
    local status=0
    configure_broker "$waits_600" 'progress = no' "audit-log = $work/$1"
    rm -f document.p7s
    begin out.txt "${sealing[@]}" document
    kill -STOP "$server"
    approve_task alice Sign "$id"
    approve_task bob Sign "$id"
    within 30 'not executed' is_executed
    kill -TERM "$server"
    kill -CONT "$server"
    wait "$server" || status=$?
    [ "$status" -eq 143 ] || fail "status $status: $(cat out.txt)"
    plain cms -verify -binary -inform DER -in document.p7s -content document -certfile seal.crt -CAfile authority.pem \
        -purpose any -out /dev/null 2>verify.txt || fail "no seal: $(cat out.txt verify.txt)"
    ! grep -q 'withdrawn' out.txt "$1" || fail "not withdrawn: $(cat out.txt "$1")"
    grep -qF "\"detail\":\"done $id\"" "$1" || fail "not in the log: $(cat "$1")"
    pending 1
    rm document.p7s
}
taken taken.log
configure_broker "$waits_600" "state-dir = $work/state" 'progress = yes'
rm -f state/*
begin out.txt "${openssl[@]}" -sign ska:object=seal -out none.sig document
progress="request $id ([0-9a-f]*) at the broker: 0 of 2; still needed: 2 of alice, bob and carol"
(within 20 'no progress' grep -q "$progress" out.txt) || fail "$(cat out.txt)"
stop "$server" KILL
[ ! -s none.sig ] || fail "signed"
# Killed, it is remembered all the same, and two who want the same have one request.
start one.txt "${openssl[@]}" -sign ska:object=seal -out one.sig document
one=$server
start two.txt "${openssl[@]}" -sign ska:object=seal -out two.sig document
two=$server
approve_task alice Sign "$id"
approve_task bob Sign "$id"
wait "$one" || fail "$(cat one.txt)"
wait "$two" || fail "$(cat two.txt)"
same one.sig two.sig
[ -z "$(find state -name 'broker-*')" ] || fail "remembers what is done: $(ls state)"

# In ASYNC jobs: six that wait at once, of which two are never resumed, and their requests withdrawn.
configure_broker "$waits_600" "state-dir = $work/state"
ours "$programs/async_jobs" 6 2 ska:object=rsa >jobs.txt 2>jobs.err &
jobs=$!
within 60 "no jobs: $(cat jobs.err)" grep -q waiting jobs.txt
ask 200 POST /v1/filteredRequests '{"requestStatusList":["PENDING","APPROVED"]}'
cp answer.json open.json
for i in 0 1 2 3 4 5; do
    printf 'message %d' "$i" >message.txt
    hash=$(plain dgst -sha256 -binary message.txt | b64)
    tasks alice Sign '"detailLevel":"level2"'
    grep -q "\"payload\":\"$hash\"" answer.json || fail "no task for job $i"
done
tasks alice Sign '"detailLevel":"level2"'
cp answer.json tasks.json
for i in 0 1 2 3; do
    printf 'message %d' "$i" >message.txt
    hash=$(plain dgst -sha256 -binary message.txt | b64)
    task=$(tr '{' '\n' <tasks.json | grep -F "\"payload\":\"$hash\"")
    encoded=$(sed -E 's/.*"approvalToBeSigned":"([^"]*)".*/\1/' <<<"$task")
    plain base64 -d -A <<<"$encoded" >token.bin
    ask 200 POST /v1/approval "{\"id\":\"$(sed -E 's/.*"id":"([^"]*)".*/\1/' <<<"$task")\",
        \"approvalToBeSigned\":\"$encoded\",\"signature\":\"$(signed alice token.bin)\",
        \"approvalDigestAlgorithm\":\"SHA-256\",$(who alice)}"
done
wait "$jobs" || fail "the jobs did not end well: $(cat jobs.err)"
for i in 0 1 2 3; do
    printf 'message %d' "$i" >message.txt
    verified message.txt rsa.pub.pem "signature.$i" -sha256
done
pending 1 # of before
[ -z "$(find state -name 'broker-*')" ] || fail "remembers what was withdrawn: $(ls state)"

# ---- What cannot be ------------------------------------------------------------------------------

refused 'rule.*nobody can satisfy' ska dgst -sha256 -sign ska:object=never document
configure_broker "$waits_600" "approvals-dir = $work/state"
refused 'is behind a broker.*approvals-dir has no effect' "${sign[@]}"
configure_broker "$waits_600"
refused 'is behind a broker.*agent has no effect' ska dgst -sha256 -sigopt "ska-agent:$work/none" \
    -sign ska:object=seal document

# ---- Evidence ------------------------------------------------------------------------------------

# What was asked, what the broker says, and the signature: the approvals themselves it keeps.
mkdir -m 700 evidence
configure_broker "$waits_600" "evidence-dir = $work/evidence" "audit-log = $work/evidence.log" \
    "state-dir = $work/state"
begin out.txt "${openssl[@]}" -sign ska:object=seal -out seal.sig document
approve_task alice Sign "$id"
approve_task bob Sign "$id"
finishes out.txt
folder=$(echo evidence/*)
[ "$(ls "$folder" | xargs)" = 'SHA256SUMS broker.json request.json signature' ] || fail "$(ls evidence/*)"
(cd "$folder" && sha256sum --quiet -c SHA256SUMS) || fail "sums"
same "$folder/signature" seal.sig
verified document seal.pub.pem "$folder/signature" -sha256
succeeds skatool inspect --audit-log evidence.log "$folder"
shows 'Submitted to a broker' "its request +$id" 'approved by +alice, bob|approved by +bob, alice' \
    'rule +2 of 2' 'ok +file broker.json: is the one in SHA256SUMS' 'ok +audit log: line [0-9]+ names this' \
    'ok +the request id is that' 'ok +signature: by the key given here' '- +approvals: a broker keeps them' \
    'ok +file signature: is the signature of the request'
succeeds skatool inspect --of seal.sig evidence
shows "==> $folder <=="
grep -q "\"detail\":\"done $id\"" evidence.log || fail "$(cat evidence.log)"
# Whatever is changed is found.
forged() { # PATTERN SED-SCRIPT FILE
    rm -rf forged
    cp -a "$folder" forged
    sed -i -E "$2" "forged/$3"
    ends 4 skatool inspect forged
    shows "$1"
}
forged 'WRONG +file broker.json: is NOT the one' 's/"EXECUTED"/"PENDING"/' broker.json
forged 'WRONG +.*broker.json' 's/"approvedBy"/"approvers"/' broker.json
forged 'WRONG +file request.json: is NOT the one' 's/"description"/"executed"/; s/"program":\t"[^"]*"/"program":\t"x"/' request.json
forged 'WRONG +file broker.json: is NOT the one' 's/broker.json/token/' SHA256SUMS
# Also where the sums fit: what is the broker's word is called that, and must make sense at least.
resealed() { # SED-SCRIPT
    rm -rf forged
    cp -a "$folder" forged
    sed -i -E "$1" forged/broker.json
    (cd forged && grep '^#' "$OLDPWD/$folder/SHA256SUMS" && sha256sum request.json broker.json signature) >sums
    cp sums forged/SHA256SUMS
}
tr -d '\n\t' <"$folder/broker.json" >told.txt
key_of() { # NUMBER: of those who have approved
    sed -E 's/.*"approvedBy":[[:space:]]*\[([^]]*)\].*/\1/' told.txt | tr -d ' "' | cut -d, -f "$1"
}
resealed ''
succeeds skatool inspect forged
shows 'ok +file broker.json: is the one' '- +rule as given here: satisfied, if those whom the broker names have approved' \
    '- +approvals: .* only it says .* nothing here proves it'
! grep -q 'HSM has checked' stdout.txt || fail "who could know that: $(cat stdout.txt)"
for state in REJECTED PENDING FAILED; do
    resealed "s/\"EXECUTED\"/\"$state\"/"
    ends 4 skatool inspect forged
    shows "WRONG +according to the broker, the status is $state"
done
# One of two, twice the same, and nobody.
first=$(key_of 1)
second=$(key_of 2)
resealed "s#\"${second//+/\\+}\"#\"$first\"#"
ends 4 skatool inspect forged
shows 'WRONG +rule as given here: NOT satisfied by those whom the broker names: 1 of 2'
resealed "s#\"${second//+/\\+}\"#\"AAAA\"#"
ends 4 skatool inspect forged
shows 'WRONG +rule as given here: NOT satisfied'
resealed ''
tr -d '\n\t' <forged/broker.json | sed -E 's/"approvedBy":[^]]*\],?//' >bare.json
cp bare.json forged/broker.json
(cd forged && grep '^#' "$OLDPWD/$folder/SHA256SUMS" && sha256sum request.json broker.json signature) >sums
cp sums forged/SHA256SUMS
succeeds skatool inspect forged
shows 'approved by +not known' '- +rule: the broker has not said who approved'
cp -a "$folder"/. forged
rm forged/broker.json
cp "$folder/SHA256SUMS" forged
ends 4 skatool inspect forged
shows 'MISSING +file token'
# A directory that others may write in is none; nobody is asked then.
chmod 777 evidence
before=$(grep -c intent evidence.log)
refused 'evidence-dir .* must be' "${sign[@]}"
[ "$(grep -c intent evidence.log)" -eq "$before" ] || fail "somebody was asked"
chmod 700 evidence
rm -f state/*

# ---- What is wrong on the way --------------------------------------------------------------------

# faulty FAULT: the broker goes on with its requests, and has this fault.
faulty() {
    stop "$broker_pid"
    broker 'execution-delay = 200' "fault = $1"
    broker_pid=$server
    configure_broker 'approvals-timeout = 40' "audit-log = $work/audit.log"
}
broker_pid=${servers[0]}
# signs_in_spite FAULT: a signature comes about all the same.
signs_in_spite() {
    faulty "$1"
    begin out.txt "${openssl[@]}" -sign ska:object=rsa -out rsa.sig document
    approve_task alice Sign "$id"
    finishes out.txt
    verified document rsa.pub.pem rsa.sig -sha256
}
# fails_with FAULT PATTERN: with approval.
fails_with() {
    faulty "$1"
    rm -f rsa.sig
    begin out.txt "${openssl[@]}" -sign ska:object=rsa -out rsa.sig document
    approve_task alice Sign "$id"
    ! wait "$server" || fail "signed with $1"
    grep -qE -- "$2" out.txt || fail "with $1 does not say '$2': $(cat out.txt)"
    [ ! -s rsa.sig ] || fail "a signature with $1"
}
faulty 'html-502@/v1/request/*1'
taken late.log
signs_in_spite 'html-502@/v1/request/*2'
signs_in_spite 'lost-answer@/v1/request/*2'
signs_in_spite 'half-answer@/v1/request/*1, huge-answer@/v1/request/*1, plain-401@/v1/request/*1, empty-body@/v1/request/*1'
signs_in_spite 'hsm-error@/v1/request/*1, api-key-missing@/v1/request/*1, slow@/v1/request/*2'
signs_in_spite 'blank-result, missing-lists, extra-members, no-zone, air-gapped'
fails_with foreign-result 'does not verify with the key.s public key'
fails_with no-result 'executed, but has no signature'
# Nor is anybody asked for more where enough have approved, and the same command may come back.
faulty no-result
configure_broker 'approvals-timeout = 2' "state-dir = $work/state"
begin out.txt "${openssl[@]}" -sign ska:object=rsa -out rsa.sig document
approve_task alice Sign "$id"
! wait "$server" || fail "signed without a signature"
grep -q 'executed, but has no signature' out.txt && ! grep -q 'to approve' out.txt || fail "$(cat out.txt)"
[ -z "$(ls -A state)" ] || fail "remembered for ever: $(ls -A state)"
faulty pending
configure_broker 'approvals-timeout = 2' "state-dir = $work/state"
begin out.txt "${openssl[@]}" -sign ska:object=rsa -out rsa.sig document
approve_task alice Sign "$id"
! wait "$server" || fail "signed, though it stays pending"
grep -q 'no more approvals are needed.*has not executed it yet: run the same' out.txt || fail "$(cat out.txt)"
faulty 'pending, empty-body@/v1/request/'
configure_broker 'approvals-timeout = 1' "state-dir = $work/state"
refused "key 'rsa': request [0-9a-f-]{36}: the broker's answer cannot be read .*: the same command asks again" \
    ska dgst -sha256 -sign ska:object=rsa document
rm -f state/*
refused_handing_in() { # FAULT PATTERN
    faulty "$1"
    refused "$2" ska dgst -sha256 -sign ska:object=rsa document
}
refused_handing_in lost-answer@/v1/sign 'whether the broker has the request is not known'
refused_handing_in empty-body@/v1/sign 'whether the broker has the request is not known'
refused_handing_in html-502@/v1/sign 'status 502.*whether the broker has the request is not known'
refused_handing_in half-answer@/v1/sign 'whether the broker has the request is not known'
refused_handing_in huge-answer@/v1/sign 'more than 1048576 bytes.*whether the broker has the request is not known'
refused_handing_in plain-401@/v1/sign 'status 401.*recognize the caller'
refused_handing_in api-key-missing@/v1/sign 'requires an API key for this call, and none is given'
refused_handing_in hsm-error@/v1/sign '701'
# Nobody waits: it is withdrawn, however the broker says that this is done.
faulty 'pending, delete-204'
configure_broker 'approvals-timeout = 1'
ask 200 POST /v1/filteredRequests '{"requestStatusList":["PENDING","APPROVED"]}'
cp answer.json before.json
refused 'it was withdrawn' ska dgst -sha256 -sign ska:object=rsa ten
! is_new || fail "not withdrawn: $(cat answer.json)"
refused_handing_in signer-not-allowed@/v1/sign 'a signer that it knows'
# Killed while it waits, and back again.
faulty slow@/v1/versionInfo
begin out.txt "${openssl[@]}" -sign ska:object=rsa -out rsa.sig document
signer=$server
stop "$broker_pid" KILL
sleep 2
broker_again
approve_task alice Sign "$id"
server=$signer
finishes out.txt
verified document rsa.pub.pem rsa.sig -sha256
pass
