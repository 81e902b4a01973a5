#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A key is blocked while people are asked to sign with it: the wait ends and says so, the request is
# closed, and nobody is asked any more. The HSM is asked seldom for that, and without a login.
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/servers.sh"
board
approver rita
two=$(rule 2 alice bob carol)
printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":null,"ruleModify":null}\n' "$two" \
    "$(rule 1 rita)" >policy.json
key seal p256
mkdir -m 700 approvals state
configure "approvals-dir = $work/approvals" "state-dir = $work/state" "audit-log = $work/audit.log"
printf 'A document.\n' >document

waiting() { # NUMBER: each waits for a minute; their request is in $id
    local i
    for ((i = 0; i < $1; i++)); do
        ours openssl dgst -sha256 -sign "$(uri seal)" -sigopt ska-approvals-timeout:60 \
            -out "signature.$i" document 2>"messages.$i" &
    done
    within 10 "no request" compgen -G 'approvals/*.request.json'
    id=$(basename approvals/*.request.json .request.json)
}
ended() { # NUMBER: all of them, because the key is blocked
    local i status
    for ((i = 0; i < $1; i++)); do
        status=0
        wait -n || status=$?
        [ "$status" -eq 1 ] || fail "status $status"
    done
    for ((i = 0; i < $1; i++)); do
        grep -q "key is blocked:.*'seal'" "messages.$i" ||
            fail "it does not say why: $(cat "messages.$i")"
        [ ! -s "signature.$i" ] || fail "signed"
    done
    [ -z "$(find approvals -maxdepth 1 -name '*.json')" ] || fail "still open: $(ls approvals)"
}
unblock() {
    succeeds skatool request --key "$(uri seal)" --operation unblock --force -o unblock.json
    succeeds skatool execute --key "$(uri seal)" unblock.json
}
succeeds skatool request --key "$(uri seal)" --operation block -o block.json
succeeds skatool approve --approver rita.pem --yes block.json

# ---- By way of the directory: at once ------------------------------------------------------------

# Junk of others is news, and all the same there is no login for it.
waiting 3
sleep 1.2
logins() { # SoftHSM writes it anew at each login
    stat -c '%y %i' tokens/*/token.object
}
before=$(logins)
for i in $(seq 200); do echo '{}' >"approvals/$id.$i.approval.json"; done
sleep 2.5
[ "$(logins)" = "$before" ] || fail "logs in while it waits"
succeeds skatool request --key "$(uri seal)" --operation block --dir approvals
succeeds skatool approve --approver rita.pem --yes --dir approvals "$(cat stdout.txt)"
started=$EPOCHREALTIME
succeeds skatool execute --dir approvals
shows "key 'seal' is blocked"
says "closed request ${id:0:16} to sign with key '[a-z]+': the key is blocked"
ended 3
awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { exit b - a > 8 }' || fail "noticed too late"
refusals() { # DETAIL: how many signatures were refused, so the log says, and by whose request
    grep -F "\"event\":\"refused\",\"requestId\":\"$id\",\"operation\":\"SIGN\"" audit.log |
        grep -cF "\"detail\":\"the key is blocked; $1\"" || true
}
[ "$(refusals 'the request was closed')" -eq 3 ] || fail "not one for each: $(cat audit.log)"
succeeds skatool requests --dir approvals
says 'There are no open requests'

# ---- By a file -----------------------------------------------------------------------------------

# In the configured directory it is noticed at once, too.
unblock
waiting 1
succeeds skatool execute --key "$(uri seal)" block.json
says "closed request ${id:0:16} to sign with key '[a-z]+': the key is blocked"
ended 1
# From here on by somebody of whom nobody in the directory hears.
grep -v '^approvals-dir' openssl.cnf >elsewhere.cnf

# An answer comes: then it is asked for, before more people approve.
unblock
waiting 1
succeeds skatool execute --config elsewhere.cnf --key "$(uri seal)" block.json
sleep 1.2
succeeds skatool approve --approver alice.pem --yes --dir approvals "$id"
says "key 'seal' is blocked: approvals are useless until it is unblocked"
ended 1

# Nobody answers: it is noticed all the same.
unblock
waiting 1
succeeds skatool execute --config elsewhere.cnf --key "$(uri seal)" block.json
ended 1

# Who asks again is told at once, and what stood there is closed.
unblock
takes 0 refused 'approvals pending' ska dgst -sha256 -sign "$(uri seal)" -out signature document
succeeds skatool execute --config elsewhere.cnf --key "$(uri seal)" block.json
before=$(refusals 'the request was closed')
takes 0 refused 'is blocked' ska dgst -sha256 -sign "$(uri seal)" -out signature document
[ -z "$(find approvals -maxdepth 1 -name '*.json')" ] || fail "still open: $(ls approvals)"
[ "$(refusals 'the request was closed')" -eq $((before + 1)) ] || fail "not once: $(cat audit.log)"
# Nothing stands there: nobody is asked, and that it was tried is in the log; so it is of a seal.
printf 'Another document.\n' >another
refused 'is blocked' ska dgst -sha256 -sign "$(uri seal)" -out signature another
[ "$(grep -c 'the key is blocked; nobody was asked' audit.log)" -eq 1 ] || fail "$(cat audit.log)"
plain req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.pem -subj /CN=CA -days 30 \
    -addext basicConstraints=critical,CA:TRUE -out ca.crt 2>/dev/null
plain x509 -new -force_pubkey seal.pub.pem -subj /CN=seal -days 300 -CA ca.crt -CAkey ca.pem -out seal.crt 2>/dev/null
refused 'is blocked' skatool seal --key "$(uri seal)" --cert seal.crt another
[ "$(grep -c 'the key is blocked; nobody was asked' audit.log)" -eq 2 ] || fail "$(cat audit.log)"
succeeds skatool audit audit.log
shows ' refused .* SIGN +seal +the key is blocked; nobody was asked'
# Other keys are nobody's business.
unblock
key other p256
takes 0 refused 'approvals pending' ska dgst -sha256 -sign "$(uri other)" -out signature document
succeeds skatool request --key "$(uri seal)" --operation block --dir approvals
succeeds skatool approve --approver rita.pem --yes --dir approvals "$(cat stdout.txt)"
succeeds skatool execute --dir approvals
[ "$(find approvals -maxdepth 1 -name '*.request.json' | wc -l)" -eq 1 ] || fail "another key's is closed"
succeeds skatool audit audit.log
pass
