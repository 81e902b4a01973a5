#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Of approvers' certificates that end soon, and of the seal's, people hear in time: by show, check-config, in its
# JSON too, and seal.
. "$(dirname "$0")/lib.sh"
board
plain genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out dora.pem
plain genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out dan.pem
plain req -x509 -new -key dora.pem -subj /CN=dora -days 30 -out dora.crt
plain req -x509 -new -key dan.pem -subj /CN=dan -days 300 -out dan.crt
rule='{"tokens":[{"timelock":0,"timeout":0,"groups":[{"name":"board","quorum":2,"approvals":[
    {"type":"certificate","name":"dora","file":"dora.crt"},{"type":"certificate","name":"dan","file":"dan.crt"}]}]}]}'
printf '{"ruleUse":%s,"ruleBlock":null,"ruleUnblock":%s,"ruleModify":{"tokens":[]}}' "$rule" "$rule" >policy.json
key guarded p256 policy.json
key ordinary p256 empty.json
soon='the certificate of dora expires within 60 days: renew it'
gone='within 60 days too few approvers will have a valid certificate to satisfy the rule to'

succeeds skatool show --key "$(uri guarded)"
says "warning: $soon" "warning: $gone use the key" "warning: $gone unblock the key"
[ "$(grep -c 'of dora' stderr.txt)" -eq 1 ] || fail "said twice: $(cat stderr.txt)"
! grep -q 'to block\|to modify\|of dan' stderr.txt || fail "warned of what is fine: $(cat stderr.txt)"
succeeds skatool show --key "$(uri guarded)" --json
grep -q '"ruleUse"' stdout.txt || fail "$(cat stdout.txt)"

succeeds skatool check-config --key "$(uri guarded)"
shows "warning key +$soon" "warning key +$gone use the key"

# For monitoring: the exit status is that of the worst line.
ends 0 skatool check-config --json --key "$(uri ordinary)"
shows '"worst":.*"ok"' '"about":.*"login"' '"verdict":.*"unset"'
ends 1 skatool check-config --json --key "$(uri guarded)"
shows '"worst":.*"warning"' "\"text\":.*\"$soon"
ends 2 skatool check-config --json --key "$(uri nothing)"
shows '"worst":.*"failed"' '"verdict":.*"failed"'
ends 2 skatool check-config --json --config nowhere.cnf
shows '"worst":.*"failed"'
refused '--json does not go with --plan' skatool check-config --json --plan

# The seal's own.
key sealing p256 empty.json
succeeds ours openssl pkey -in "$(uri sealing)" -pubout -out sealing.pub.pem
printf 'keyUsage = critical, nonRepudiation\n' >extensions
plain x509 -new -force_pubkey sealing.pub.pem -subj /CN=seal -days 30 -CA dan.crt -CAkey dan.pem \
    -extfile extensions -out seal.crt
printf 'A document.\n' >document
succeeds skatool seal --key "$(uri sealing)" --cert seal.crt document
says 'warning: seal.crt: this certificate expires within 60 days'
pass
