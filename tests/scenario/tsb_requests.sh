#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An owner's requests at the broker, by skatool: handed in, listed, looked after, withdrawn, fetched;
# to sign, block, unblock and modify. Approvals are made by curl and plain openssl, signatures
# verified by plain openssl; the same request is taken up by whatever asks for the same.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/broker.sh"

ca authority
leaf server authority 'subjectAltName = IP:127.0.0.1'
board
approver mallory
broker 'execution-delay = 100'
p256='"algorithm":"EC","curveOid":"1.2.840.10045.3.1.7"'
create seal "$p256" "$(rest_policy "$(rest_rule 2 0 600 alice bob carol)")"
create rsa '"algorithm":"RSA","keySize":2048' "$(rest_policy "$(rest_rule 1 0 0 alice)")"
create ed '"algorithm":"ED"' "$(rest_policy "$(rest_rule 1 0 0 alice)")"
printf 'We have a deal.\n' >document
seq 20000 >long
configure_broker
refused 'sets no state-dir' skatool request --key ska:object=seal document
refused 'sets no state-dir.* \(approvers add --approver KEY\)' skatool requests
for command in withdraw status execute; do
    refused 'sets no state-dir' skatool $command 12345678
    ! grep -e --approver stderr.txt || fail "$command has no --approver"
done
mkdir -m 700 state evidence
configure_broker "state-dir = $work/state" "audit-log = $work/log" "evidence-dir = $work/evidence"
at_broker() { # NAME: the only request of alice's
    tasks "$1" All
    member id
}

# The id by which lists and pages go, on both sides, of what was handed in just now.
own() {
    own=$(sed -nE 's/.*request [0-9a-f-]{36} \(([0-9a-f]{16})\) .*/\1/p' stderr.txt)
    [ "${#own}" -eq 16 ] || fail "no id of ours: $(cat stderr.txt)"
}

# ---- To sign -------------------------------------------------------------------------------------

succeeds skatool requests
says "state-dir remembers no open requests at $url, and the broker was not asked"
succeeds skatool request --key ska:object=seal --description 'the deal' document
id=$(cat stdout.txt)
[ "${#id}" -eq 36 ] || fail "no id: $id"
says "request $id \([0-9a-f]{16}\) is open at $url; approvers: skatool approve --approver KEY --tsb $url $id"
own
says "when they have approved: skatool execute ${own:0:8} -o FILE"
status_is "$id" PENDING
# The same is found again; by the command that signs, too.
succeeds skatool request --key ska:object=seal document
[ "$(cat stdout.txt)" = "$id" ] || fail "another request"
says 'was already open'
! grep -q description stderr.txt || fail "$(cat stderr.txt)"
succeeds skatool request --key ska:object=seal --description 'the deal' document
! grep -q 'description' stderr.txt || fail "$(cat stderr.txt)"
succeeds skatool request --key ska:object=seal --description 'another deal' document
[ "$(cat stdout.txt)" = "$id" ] || fail "another request"
says "warning: the request was already open with the description 'the deal': yours is not used"
refused "request $id .* at the broker .*the same command again" \
    ska dgst -sha256 -sign ska:object=seal -out early.sig document
ends 2 skatool status "${own:0:8}"
shows "Request $own[0-9a-f]{48}, to sign" "The broker calls it $id"
ends 2 skatool status "${id:0:8}"
shows "Request $own[0-9a-f]{48}, to sign" 'At the broker it is pending' 'board +2 +0' 'alice, bob, carol'
ends 2 skatool status "${id^^}"
shows "The broker calls it $id"
ends 2 skatool execute "${id:0:8}" -o none.sig
says 'still needed'
[ ! -e none.sig ] || fail "a signature out of nothing"
approve_task alice Sign "$id"
# An approver finds it by the same, and by either id of the broker's.
alices=(--approver alice.pem --tsb "$url" --tsb-ca authority.pem)
succeeds skatool requests --approver bob.pem --tsb "$url" --tsb-ca authority.pem --json
task=$(sed -nE 's/.*"requestId":[[:space:]]*"([^"]*)".*/\1/p' stdout.txt | head -1)
shows "\"statedId\":[[:space:]]*\"$own"
succeeds skatool requests --approver bob.pem --tsb "$url" --tsb-ca authority.pem
shows "^${own:0:8} +sign +seal"
for name in "${own:0:8}" "${own^^}" "${task:0:8}" "$task" "${task^^}" "$id" "${id^^}"; do
    refused "would be for key .seal., and not for .other." \
        skatool approve --approver bob.pem --tsb "$url" --tsb-ca authority.pem --key other \
        --document document --yes "$name"
done
# The broker finds its own id only whole, and tells approvers no more of it.
refused 'own id of a request must be given in full' \
    skatool approve --approver bob.pem --tsb "$url" --tsb-ca authority.pem --key seal --document document \
    --yes "${id:0:8}"
refused "'123' is not a request id.* at a broker also 32 with hyphens" skatool execute 123 -o none.sig
refused 'has nothing with this id' skatool approve "${alices[@]}" --key seal --document document --yes "${own:0:8}"
succeeds skatool requests
shows "^${own:0:8} +sign +seal +1 of 2 +alice +- " ' pending +the deal' ' ASKED BY +STATE +DESCRIPTION'
succeeds skatool requests --json
shows '"atBroker":[[:space:]]*"pending"' '"state":[[:space:]]*"open"'
succeeds skatool requests --key other
says 'None of the open requests'
approve_task bob Sign "$id"
becomes "$id" EXECUTED
succeeds skatool requests
shows ' executed +the deal'
succeeds skatool status "$id"
shows 'At the broker it is executed'
succeeds skatool execute "${id:0:8}" -o document.sig
verified document seal.pub.pem document.sig -sha256
refused 'remembers no request' skatool execute "${id:0:8}" -o again.sig
succeeds skatool requests
says 'state-dir remembers no open requests'
succeeds skatool audit log
folder=$(echo evidence/*)
[ "$(ls "$folder" | xargs)" = 'SHA256SUMS broker.json request.json signature' ] ||
    fail "other evidence: $(ls evidence/*)"
succeeds skatool inspect --audit-log log "$folder"
succeeds skatool inspect --of document.sig evidence
# The broker's words are at odds with each other.
cp -r "$folder" told
sed -i -E 's/"rejectedBy":[[:space:]]*\[[^]]*\]/"rejectedBy": ["'"$(public alice | sed 's#/#\\/#g')"'"]/' told/broker.json
grep -q '"rejectedBy": \["' told/broker.json || fail "not changed: $(cat told/broker.json)"
(cd told && sha256sum broker.json request.json signature >SHA256SUMS)
ends 4 skatool inspect told
shows "WRONG +according to the broker, the same people have approved and rejected it: alice" "approvals: a broker keeps them"
# By whatever coding of the key.
compressed=$(plain ec -in alice.pem -pubout -conv_form compressed -outform DER | b64 | sed 's#/#\\/#g')
sed -i -E 's/"rejectedBy":[[:space:]]*\[[^]]*\]/"rejectedBy": ["'"$compressed"'"]/' told/broker.json
grep -qF "$(plain ec -in alice.pem -pubout -conv_form compressed -outform DER | b64)" told/broker.json || fail "not changed"
(cd told && sha256sum broker.json request.json signature >SHA256SUMS)
ends 4 skatool inspect told
shows "WRONG +according to the broker, the same people have approved and rejected it: alice"
# Other kinds of keys and digests.
one_of() { # LABEL FILE OPTION...
    local label=$1 file=$2
    shift 2
    succeeds skatool request --key "ska:object=$label" "$@" "$file"
    id=$(cat stdout.txt)
    approve_task alice Sign "$id"
    becomes "$id" EXECUTED
    succeeds skatool execute --key "ska:object=$label" "$id" -o "$label.sig" --force
}
one_of rsa long --digest SHA512
verified long rsa.pub.pem rsa.sig -sha512
one_of rsa long --padding pss
verified long rsa.pub.pem rsa.sig -sha256 -sigopt rsa_padding_mode:pss
one_of rsa document --payload message
verified document rsa.pub.pem rsa.sig -sha256
one_of ed document
plain pkeyutl -verify -rawin -in document -pubin -inkey ed.pub.pem -sigfile ed.sig >/dev/null ||
    fail "ed does not verify"

# What a program has handed in is listed and fetched as well.
refused 'the same command again' ska dgst -sha384 -sign ska:object=seal -out early.sig document
succeeds skatool requests --json
id=$(sed -nE 's/.*"(requestId|id)":[[:space:]]*"([^"]*)".*/\2/p' stdout.txt | head -1)
approve_task alice Sign "$id"
approve_task carol Sign "$id"
becomes "$id" EXECUTED
succeeds skatool execute "$id" -o long.sig
verified document seal.pub.pem long.sig -sha384

# ---- A seal --------------------------------------------------------------------------------------

# Its signature is of use to the seal only, whatever approvers are told of what is signed.
printf 'basicConstraints=critical,CA:false\nkeyUsage=critical,nonRepudiation\n' >seal.ext
plain x509 -new -force_pubkey seal.pub.pem -subj /CN=Seal -days 30 -CA authority.pem -CAkey authority.key \
    -extfile seal.ext -out seal.crt
for content in structures none; do
    configure_broker "state-dir = $work/state" "request-content = $content"
    seal=(skatool seal --key ska:object=seal --cert seal.crt -o "$content.p7s" document)
    ends 2 "${seal[@]}"
    says 'approvals pending'
    succeeds skatool requests --json
    id=$(sed -nE 's/.*"(requestId|id)":[[:space:]]*"([^"]*)".*/\2/p' stdout.txt | head -1)
    approve_task alice Sign "$id"
    approve_task bob Sign "$id"
    becomes "$id" EXECUTED
    refused 'the same command again \(skatool seal\)' skatool execute "${id:0:8}" -o raw.sig
    [ ! -e raw.sig ] || fail 'the signature of a seal was taken away'
    succeeds "${seal[@]}"
    plain cms -verify -binary -inform DER -in "$content.p7s" -content document -CAfile authority.pem \
        -purpose any -out /dev/null
    succeeds skatool requests
    says 'state-dir remembers no open requests'
done
configure_broker "state-dir = $work/state" "audit-log = $work/log" "evidence-dir = $work/evidence"

# ---- Ends ----------------------------------------------------------------------------------------

succeeds skatool request --key ska:object=seal long
id=$(cat stdout.txt)
approve_task alice Sign "$id"
succeeds skatool withdraw "${id:0:8}"
says "Withdrew request [0-9a-f]{16} to [a-z ]+ key '[a-z]+', which 1 person had approved \\(alice\\); copies of the approvals stay good until"
ask 200 GET "/v1/request/$id"
has CANCELLED
# Under the id that the line of its making has.
withdrawn() { # ID COMMAND
    grep -F "\"detail\":\"with skatool $2, at the broker $1\"" log | grep '"event":"withdrawn"' >line.txt ||
        fail "not in the log: $(tail -n 3 log)"
    grep -qF "$(grep -oE '"requestId":"[0-9a-f]{64}"' line.txt)" < <(grep '"detail":"made, for the broker"' log) ||
        fail "another id: $(cat line.txt)"
    [ "$(wc -l <line.txt)" -eq 1 ] || fail "not once: $(cat line.txt)"
}
withdrawn "$id" withdraw
refused 'remembers no request' skatool status "$id"
succeeds skatool request --key ska:object=seal long
other=$(cat stdout.txt)
[ "$other" != "$id" ] || fail "a request that was withdrawn"
reject_task alice Sign "$other"
reject_task bob Sign "$other"
becomes "$other" REJECTED
succeeds skatool requests
shows ' alice, bob ' ' rejected '
ends 2 skatool status "$other"
says 'at the broker it is rejected'
ends 2 skatool execute "$other" -o long.sig --force
says 'rejected'
# It was forgotten as it was told; what is dead and was not is cleared away.
succeeds skatool requests
says 'state-dir remembers no open requests'
succeeds skatool request --key ska:object=seal long
id=$(cat stdout.txt)
reject_task alice Sign "$id"
reject_task bob Sign "$id"
becomes "$id" REJECTED
succeeds skatool request --key ska:object=seal document
other=$(cat stdout.txt)
own
succeeds skatool requests --clean --yes
says 'Withdrew request [0-9a-f]{16}'
withdrawn "$id" requests
succeeds skatool audit log
succeeds skatool requests
shows "^${own:0:8} " " $(id -un) "
[ "$(wc -l <stdout.txt)" -eq 2 ] || fail "not only the open one: $(cat stdout.txt)"
succeeds skatool withdraw "$other"
# Another's result is not handed out.
succeeds skatool request --key ska:object=seal long
id=$(cat stdout.txt)
ask 200 DELETE "/v1/request/$id"
ends 2 skatool execute "$id" -o none.sig
[ ! -e none.sig ] || fail "a signature for what was withdrawn"

# ---- Changes of keys -----------------------------------------------------------------------------

# change OPERATION KIND NAME... -- OPTION...
change() {
    local operation=$1 kind=$2 names=()
    shift 2
    while [ "$1" != -- ]; do
        names+=("$1")
        shift
    done
    shift
    succeeds skatool request --key ska:object=seal --operation "$operation" "$@"
    id=$(cat stdout.txt)
    for name in "${names[@]}"; do
        approve_task "$name" "$kind" "$id"
    done
    becomes "$id" EXECUTED
    succeeds skatool execute "${id:0:8}"
}
succeeds skatool request --key ska:object=seal --operation block --description 'stolen'
id=$(cat stdout.txt)
own
succeeds skatool requests
shows "^${own:0:8} +block +seal +0 of 2 " ' pending +stolen'
ends 2 skatool execute "$id"
says 'still needed'
for name in alice carol; do
    succeeds skatool approve --approver "$name.pem" --tsb "$url" --tsb-ca authority.pem \
        --operation block --key seal --yes "$own"
    shows 'that a key is BLOCKED' '\| stolen'
done
becomes "$id" EXECUTED
succeeds skatool execute "$id"
shows "^key 'seal' is blocked"
succeeds skatool show --key ska:object=seal
shows 'blocked +yes'
change unblock Unblock --
shows "^key 'seal' is unblocked"
# All rules are replaced, and none according to the broker of what it is.
printf '{"ruleUse":%s,"ruleUnblock":null}' "$(rule 1 mallory)" >use.json
refused 'name these too: ruleBlock, ruleModify .*only the broker says' \
    skatool request --key ska:object=seal --operation modify --policy use.json
all_rules() { # USE-RULE
    printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":null,"ruleModify":%s}' "$1" \
        "$(rule 2 alice bob carol)" "$(rule 2 alice bob carol)"
}
all_rules "$(rule 1 mallory)" >use.json
change modify ModifyKey bob carol -- --policy use.json
shows "^key 'seal' has new rules"
ask 200 POST /v1/key/attributes '{"label":"seal"}'
has '"ruleUse":\{"tokens":\[\{"name":"seal".*"quorum":1.*"name":"mallory"' '"ruleBlock":\{.*"quorum":2' \
    '"ruleUnblock":null'
all_rules "$(rule 1 mallory | sed 's/"timeout":0/"timeout":90/')" >use.json
refused 'multiple of 60' \
    skatool request --key ska:object=seal --operation modify --policy use.json
# A rule that needs nobody: no approver is spoken of, and nothing of before is taken for the result.
create free "$p256" "$(rest_policy "$(rest_rule 1 0 0 alice)" | sed 's/"ruleModify":.*,"keyStatus"/"ruleModify":null,"keyStatus"/')"
printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":null,"ruleModify":null}' "$(rule 1 bob)" "$(rule 1 bob)" >free.json
succeeds skatool request --key ska:object=free --operation modify --policy free.json
says "the rule needs no approvals, so the broker executes it by itself: skatool execute [0-9a-f]{8} shows"
! grep -qE 'has these rules already|approvers:' stderr.txt || fail "speaks of others: $(cat stderr.txt)"
becomes "$(cat stdout.txt)" EXECUTED
succeeds skatool execute "$(cat stdout.txt)"
shows "^key 'free' has new rules"
succeeds skatool request --key ska:object=free --operation modify --policy free.json
says 'has these rules already: the request would change nothing'
# With approvals that are there it is done at once, where no rule has time limits.
succeeds skatool request --key ska:object=rsa --operation block -o block.json
refused 'APPROVALS|approvals|still needed' skatool execute --key ska:object=rsa block.json
approve block.json alice
succeeds skatool execute --key ska:object=rsa block.json
shows "^key 'rsa' is blocked"
all_rules "$(rule 1 bob)" >use.json
succeeds skatool request --key ska:object=rsa --operation modify --policy use.json -o modify.json
approve modify.json alice
succeeds skatool execute --key ska:object=rsa modify.json
succeeds skatool show --key ska:object=rsa
shows 'blocked +yes' 'use +.*1 of 1: bob' 'block +.*2 of 3: alice' 'unblock +.*always|unblock +.*nobody|unblock'
pass
