#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Signing with approver agents: openssl that asks them, several for one signature, agents that are
# dead, refuse, hang or lie, and a TLS server whose key an agent approves handshakes for.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/servers.sh
. "$source_dir/tests/scenario/servers.sh"
board
approver mallory
policy "$(rule 1 alice bob)" >one.json
key web p256 one.json
key seal rsa2048
client=$programs/agent
printf 'A document.\n' >document

# agent NAME RULE...: the agent of NAME on NAME.socket; ${agents[NAME]} is its process id.
declare -A agents
agent() {
    local name=$1
    shift
    start "$name.log" "$binary_dir/tools/skatool" agent --socket "$name.socket" \
        --approver "$name.pem" "${@/#/--allow=}"
    within 10 "the agent of $name does not listen" grep -q "listening on" "$name.log"
    agents[$name]=$server
}
# fake TEXT: an agent on fake.socket that answers this once.
fake() {
    start_plain fake.log "$client" fake fake.socket "$1"
    within 10 "no fake agent" grep -q listening fake.log
}
sign=(ska dgst -sha256 -out signature)
signs() { # LABEL AGENTS
    takes 1 quietly "${sign[@]}" -sign "$(uri "$1")" -sigopt "ska-agent:$2" document
    plain dgst -sha256 -verify "$1.pub.pem" -signature signature document >/dev/null
}
# refuses PATTERN LABEL AGENTS: at once, and it says so.
refuses() {
    local begun=${EPOCHREALTIME/./}
    takes 0 refused "$1" "${sign[@]}" -sign "$(uri "$2")" -sigopt "ska-agent:$3" document
    [ $((${EPOCHREALTIME/./} - begun)) -lt 4500000 ] || fail "it took long to fail: $1"
}

# ---- One agent, several agents -------------------------------------------------------------------

refuses 'agent alice.socket: there is no such socket' web alice.socket
agent alice key={web,seal},payload=any
agent bob key=seal,payload=any
signs web alice.socket
plain dgst -sha256 -binary document >digest
takes 1 quietly ska pkeyutl -sign -inkey "$(uri web)" -in digest -out signature \
    -pkeyopt ska-agent:alice.socket
plain pkeyutl -verify -pubin -inkey web.pub.pem -in digest -sigfile signature >/dev/null
# Two of three, by two agents: none of them is enough.
signs seal alice.socket,bob.socket
signs seal bob.socket,nobody.socket,alice.socket
refuses 'still needed: bob or carol' seal alice.socket
refuses 'nobody.socket: there is no such socket' seal alice.socket,nobody.socket
# What an agent refuses another one may approve; else it is told who refused what.
signs web bob.socket,alice.socket
refuses 'bob.socket: .*does not approve for this key' web bob.socket
# By URI and by configuration.
takes 1 quietly "${sign[@]}" -sign "$(uri web)?agent=alice.socket" document
configure 'agent = alice.socket'
takes 1 quietly "${sign[@]}" -sign "$(uri web)" document
configure
# With a directory, which people fill: the agent first, then carol.
mkdir approvals
chmod 700 approvals
takes 0 refused 'approvals pending' "${sign[@]}" -sign "$(uri seal)" -sigopt ska-agent:bob.socket \
    -sigopt "ska-approvals-dir:$work/approvals" document
id=$(id_of_pending)
succeeds skatool approve --dir approvals --approver carol.pem --yes "$id"
takes 1 quietly "${sign[@]}" -sign "$(uri seal)" -sigopt ska-agent:bob.socket \
    -sigopt "ska-approvals-dir:$work/approvals" document
plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null

# ---- Agents that fail ----------------------------------------------------------------------------

stop "${agents[alice]}" KILL
refuses 'agent alice.socket: nothing is listening there' web alice.socket
agent alice key={web,seal},payload=any
signs web alice.socket
# Killed while it is asked: the end of the connection is noticed at once. The system lists sockets by
# their names, so this one is called as no other is.
doomed=alice-$$
cp alice.pem $doomed.pem
agent $doomed key=web,payload=any
asked() { # the socket that listens, and the connection that it has not taken
    [ "$(grep -c " $doomed.socket\$" /proc/net/unix)" -ge 2 ]
}
kill -STOP "${agents[$doomed]}"
(within 30 "nobody asks" asked && kill -KILL "${agents[$doomed]}") &
refuses "agent $doomed.socket: it closed the connection" web $doomed.socket
# Hung: five seconds.
kill -STOP "${agents[alice]}"
begun=${EPOCHREALTIME/./}
takes 0 refused 'agent alice.socket: no answer within 5 seconds' "${sign[@]}" \
    -sign "$(uri web)" -sigopt ska-agent:alice.socket document
took=$((${EPOCHREALTIME/./} - begun))
[ "$took" -ge 5000000 ] && [ "$took" -lt 10000000 ] || fail "it took $took microseconds"
kill -CONT "${agents[alice]}"
signs web alice.socket
fake '{"approvals":[{"approverPublicKey":"MFkwEwYH'
refuses 'agent fake.socket: it closed the connection in the middle' web fake.socket
fake $'garbage\n'
refuses 'agent fake.socket: what it sent is not an answer' web fake.socket
fake $'{"error":"\\u001b[2J no"}\n'
refuses 'agent fake.socket: ' web fake.socket
! grep -q $'\033' stderr.txt || fail "an escape sequence"
# Approvals that do not count: of other bytes, which the HSM finds out, and then we who is meant; and of
# somebody who is not listed.
fake "{\"approvals\":[$(approval alice document)]}"$'\n'
takes 1 refused 'fake.socket: alice has no valid signature' "${sign[@]}" -sign "$(uri web)" \
    -sigopt ska-agent:fake.socket document
request web request.json document
token_of request.json >token.bin
fake "{\"approvals\":[$(approval mallory token.bin)]}"$'\n'
refuses 'fake.socket' web fake.socket
# They do not spoil those of others: the HSM refuses once.
fake "{\"approvals\":[$(approval alice document),$(approval mallory token.bin)]}"$'\n'
takes 2 quietly "${sign[@]}" -sign "$(uri web)" -sigopt ska-agent:fake.socket,alice.socket document
# With an audit log nothing is sent that was not verified: each line says what an answer was worth.
configure "audit-log = $work/agents.log"
fake "{\"approvals\":[$(approval alice document)]}"$'\n'
refuses 'fake.socket: alice has no valid signature' web fake.socket
fake "{\"approvals\":[$(approval alice document)]}"$'\n'
signs web fake.socket,alice.socket
configure
# A good one in another's name is as good as any: signatures count, not sockets.
fake "{\"approvals\":[$(approval bob token.bin)]}"$'\n'
signs web fake.socket

# ---- A web server --------------------------------------------------------------------------------

stop "${agents[alice]}"
agent alice key=web,payload=tls13-server
plain req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.pem -subj /CN=CA \
    -addext basicConstraints=critical,CA:TRUE -out ca.crt 2>/dev/null
plain req -new -key mallory.pem -subj /CN=localhost -out mallory.csr
plain x509 -req -in mallory.csr -CA ca.crt -CAkey ca.pem -days 2 -out mallory.crt 2>/dev/null
plain x509 -req -in mallory.csr -force_pubkey web.pub.pem -CA ca.crt -CAkey ca.pem -days 2 \
    -out web.crt 2>/dev/null
connect() { # S_CLIENT-OPTION...
    plain s_client -connect "localhost:$port" -verify_return_error -CAfile ca.crt -brief "$@"
}
port=$(free_port)
start server.log openssl s_server -accept "$port" -www -cert web.crt \
    -key "$(uri web)?payload=message&agent=alice.socket"
within 10 "no server" listening "$port"
for suite in TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384; do
    takes 1 succeeds connect -tls1_3 -ciphersuites $suite
    grep -q '^Verification: OK' stderr.txt || fail "no verified server"
done
takes 0 refused alert connect -tls1_2
within 5 "the server does not say why" \
    grep -q 'what a TLS 1.3 server signs and nothing else' server.log
takes 1 succeeds connect -tls1_3
# Whoever has the server's key, socket and user cannot seal a document.
takes 0 refused 'as a message and not as a digest' "${sign[@]}" -sign "$(uri web)" \
    -sigopt ska-agent:alice.socket document
takes 0 refused 'nothing else' "${sign[@]}" -sign "$(uri web)" -sigopt ska-payload:message \
    -sigopt ska-agent:alice.socket document
takes 0 refused . ska req -x509 -key "$(uri web)?payload=message&agent=alice.socket" -subj /CN=x \
    -config "$source_dir/tests/scenario/certificates.cnf" -out out.crt
# Nor is it somebody's client.
web_port=$port
port=$(free_port)
start_plain asking.log openssl s_server -accept "$port" -www -cert mallory.crt \
    -key mallory.pem -Verify 1 -CAfile ca.crt
within 10 "no server" listening "$port"
takes 0 refused 'nothing else' ska s_client -connect "localhost:$port" -tls1_3 -quiet \
    -cert web.crt -key "$(uri web)?payload=message&agent=alice.socket"
# For one who may be a client there is a rule too, and that one is no server's.
stop "${agents[bob]}"
agent bob key=web,payload=tls13-client
takes 1 succeeds ska s_client -connect "localhost:$port" -tls1_3 -brief \
    -cert web.crt -key "$(uri web)?payload=message&agent=bob.socket"
takes 0 refused 'a TLS 1.3 client signs, as a message' "${sign[@]}" -sign "$(uri web)" \
    -sigopt ska-agent:bob.socket document
stop "${agents[bob]}"
stop "$server"

# The agent dies: handshakes fail at once, the server stays, and the next agent is all it takes.
port=$web_port
stop "${agents[alice]}" KILL
takes 0 refused alert connect -tls1_3
within 5 "the server does not say why" \
    grep -q 'agent alice.socket: nothing is listening there' server.log
agent alice key={web,turning},payload=tls13-server
takes 1 succeeds connect -tls1_3

# ---- Other rules while it serves -----------------------------------------------------------------

# Who may approve is read with the key, and again when it does not come to a signature: by the rule
# that was, alice's approval is enough, and the HSM says no.
for name in alice mallory; do policy "$(rule 1 $name)" >$name.json; done
key turning p256 alice.json
plain x509 -req -in mallory.csr -force_pubkey turning.pub.pem -CA ca.crt -CAkey ca.pem -days 2 \
    -out turning.crt 2>/dev/null
agent mallory key=turning,payload=tls13-server
change() { # OPERATION APPROVER [POLICY]
    rm -f change.json
    succeeds skatool request --key "$(uri turning)" --operation "$1" ${3:+--policy "$3"} -o change.json
    approve change.json "$2"
    succeeds skatool execute --key "$(uri turning)" change.json
}
serve_turning() {
    start turning.log openssl s_server -accept "$port" -www -cert turning.crt \
        -key "$(uri turning)?payload=message&agent=alice.socket,mallory.socket"
    serving "$port" turning.log
}
# Nothing is tried twice where the rule is what it was; by mallory, as the rule is now.
blocked_at_once() {
    change block mallory
    takes 1 refused alert connect -tls1_3
    within 5 "the server does not say why" grep -q "key is blocked:.*'turning'" turning.log
    change unblock mallory
    stop "$server"
}
port=$(free_port)
serve_turning
takes 1 succeeds connect -tls1_3
change modify alice mallory.json
takes 2 succeeds connect -tls1_3
grep -q 'approved request' mallory.log || fail "the other agent was not asked"
! grep -q 'error' turning.log || fail "it is told as a failure: $(cat turning.log)"
takes 1 succeeds connect -tls1_3
blocked_at_once
serve_turning
takes 1 succeeds connect -tls1_3
blocked_at_once

# An HSM that fails may have signed, and is not asked once more; the new rule counts the next time.
printf 'call-log = %s\nfault = C_SKASign=CKR_DEVICE_ERROR\n' "$work/calls.log" >failing.cnf
SKASIM_CONF=$work/failing.cnf start turning.log openssl s_server -accept "$port" -www \
    -cert turning.crt -key "$(uri turning)?payload=message&agent=alice.socket,mallory.socket"
serving "$port" turning.log
change modify mallory alice.json
approved=$(grep -c "approved .* key 'turning'" alice.log)
takes 1 refused alert connect -tls1_3
within 5 "the server does not say why" grep -q 'CKR_DEVICE_ERROR' turning.log
[ "$(grep -c "approved .* key 'turning'" alice.log)" -eq "$approved" ] || fail "asked once more"
takes 1 refused alert connect -tls1_3
[ "$(grep -c "approved .* key 'turning'" alice.log)" -gt "$approved" ] || fail "not by the new rule"
stop "$server"

# The audit log names approvers as the rule does now: another name alone makes no signature fail.
configure "audit-log = $work/audit.log"
start turning.log openssl s_server -accept "$port" -www -cert turning.crt \
    -key "$(uri turning)?payload=message&agent=alice.socket,mallory.socket"
serving "$port" turning.log
approver_in_log() {
    grep '"detail":"alice.socket"' audit.log | tail -n 1 | grep -o '"approver":"[^"]*"'
}
takes 1 succeeds connect -tls1_3
[ "$(approver_in_log)" = '"approver":"alice"' ] || fail "$(approver_in_log)"
sed 's/"name":"alice"/"name":"alice of accounting"/g' alice.json >renamed.json
change modify alice renamed.json
takes 1 succeeds connect -tls1_3
[ "$(approver_in_log)" = '"approver":"alice of accounting"' ] || fail "$(approver_in_log)"
if grep -qE "$sanitizer_finding" ./*.log; then
    fail "$(cat ./*.log)"
fi
pass
