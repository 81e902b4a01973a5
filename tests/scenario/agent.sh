#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# skatool agent: it approves what its rules allow and nothing else, for nobody but those who may
# ask, whatever others do to its socket meanwhile.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/servers.sh
. "$source_dir/tests/scenario/servers.sh"
open= # a directory that others may enter
at_end() {
    while [ "${#servers[@]}" -gt 0 ]; do stop "${servers[0]}"; done
    [ -z "$open" ] || rm -rf "$open"
}
board
policy "$(rule 1 alice bob)" >one.json
key web p256 one.json
key web-rsa rsa2048 one.json
key web-ed ed25519 one.json
comma='a%2C%20%5Cb' # a, \b
key "$comma" p256 one.json
client=$programs/agent

# agent NAME RULE...: the agent of alice on NAME.socket; $server is its process id.
agent() {
    local name=$1 rules=() one
    shift
    for one in "$@"; do rules+=(--allow "$one"); done
    start "$name.log" "$binary_dir/tools/skatool" agent --socket "$name.socket" \
        --approver alice.pem "${rules[@]}"
    within 10 "the agent $name does not listen" grep -q "listening on $name.socket" "$name.log"
}
# approves NAME REQUEST: the answer holds an approval.
approves() {
    "$client" ask "$1.socket" "$2" >answer.json || fail "no answer"
    grep -q '^{"approvals":\[{"approverPublicKey":' answer.json ||
        fail "the agent $1 does not approve $2: $(cat answer.json)"
}
# counts NAME REQUEST LABEL: it does, and that is enough for the HSM.
counts() {
    approves "$1" "$2"
    bundle "$2" "$(sed 's/^{"approvals":\[//; s/\]}$//' answer.json)" >bundle.json
    takes 1 succeeds skatool execute --key "$(uri "$3")" --force -o signature bundle.json
}
# declines NAME REQUEST PATTERN: the answer is an error that says so, and the log says it too.
declines() {
    "$client" ask "$1.socket" "$2" >answer.json || fail "no answer"
    grep -q '^{"error":".*"}$' answer.json || fail "the agent $1 approves $2: $(cat answer.json)"
    grep -qE -- "$3" answer.json || fail "the agent $1 says about $2: $(cat answer.json)"
    grep -qE -- "uid $(id -u) pid [0-9]+: refused.*$3" < <(tail -n 1 "$1.log") ||
        fail "the log of $1 does not say $3: $(cat "$1.log")"
}
# message FILE [LABEL [OPTION...]]: a request that says its payload is this message.
message() {
    request "${2-web}" "$1.json" "$1" --payload message "${@:3}"
}

# ---- Starting ------------------------------------------------------------------------------------

no_agent() { # PATTERN ARGUMENT...
    local pattern=$1
    shift
    refused "$pattern" skatool agent --approver alice.pem "$@"
}
no_agent 'names no key.*write --allow key=LABEL,payload=any' --socket a.socket --allow payload=any
no_agent 'names no payload.*write --allow key=web,payload=tls13-server' --socket a.socket \
    --allow key=web
# As it was written once, when conditions of several --allow were added up.
no_agent 'names no payload.*write --allow key=web,payload=any,rate=5/s' --socket a.socket \
    --allow key=web --allow payload=any --allow rate=5/s
no_agent "'keys=web'" --socket a.socket --allow key=web,keys=web,payload=any
no_agent "'key=b': the second of its kind" --socket a.socket --allow key=a,key=b,payload=any
no_agent 'missing option: --socket' --allow key=web,payload=any
no_agent 'missing option: --allow' --socket a.socket
refused 'missing option: --approver' skatool agent --socket a.socket --allow key=web,payload=any
no_agent "'b': a condition is" --socket a.socket --allow key=a,b,payload=any
no_agent "'payload=tls': a payload is" --socket a.socket --allow key=web,payload=tls
no_agent "'uid=www-data'" --socket a.socket --allow key=web,payload=any,uid=www-data
no_agent "'rate=10'" --socket a.socket --allow key=web,payload=any,rate=10
no_agent 'twice' --socket a.socket --socket b.socket --allow key=web,payload=any
no_agent 'has 1 to 107 bytes' --socket "$(printf '%0108d' 0)" --allow key=web,payload=any
refused 'alice.pub.pem: ' skatool agent --socket a.socket \
    --approver alice.pub.pem --allow key=web,payload=any
[ ! -e a.socket ] || fail "an agent that did not start made a socket"

# What would be approved, without a key: the same words as in the log of one that starts.
two=(--allow key=web,payload=tls13-server,uid=33,rate=50/s --allow key=web-rsa,payload=any)
succeeds skatool agent --explain "${two[@]}"
cat >expected.txt <<END
This agent approves without asking anybody:
* for key 'web', what a TLS 1.3 server signs in a handshake and nothing else, when uid 33 asks, at most 50 times in a second
* for key 'web-rsa', whatever is to be signed, documents too, when uid $(id -u) asks (the agent's own user)
It approves nothing else, and no change of a key.
END
diff expected.txt stdout.txt || fail "--explain says something else"
succeeds skatool agent --explain --socket a.socket --approver nobody.pem "${two[@]}"
diff expected.txt stdout.txt || fail "--explain says something else"
[ ! -e a.socket ] || fail "an agent that only explains made a socket"
refused 'names no payload' skatool agent --explain --allow key=web

# What stands there stays, but for a socket of its own that nobody listens on.
echo precious >a.socket
no_agent 'is not a socket; it is left alone' --socket a.socket --allow key=web,payload=any
[ "$(cat a.socket)" = precious ] || fail "the agent replaced a file"
rm a.socket
ln -s elsewhere a.socket
no_agent 'is not a socket; it is left alone' --socket a.socket --allow key=web,payload=any
rm a.socket
agent a key=web,payload=any
first=$server
[ "$(stat -c %a a.socket)" = 600 ] || fail "the socket has mode $(stat -c %a a.socket)"
no_agent 'is already listening there' --socket a.socket --allow key=web,payload=any
grep -q error < <("$client" ask a.socket /dev/null) || fail "a second agent disturbed the first"
stop "$first" KILL
[ -S a.socket ] || fail "nothing is left of a killed agent"
agent a key=web,payload=any # in its place
stop "$server" TERM
[ "$ended_with" -eq 0 ] || fail "SIGTERM: status $ended_with"
[ ! -e a.socket ] || fail "the agent left its socket"
agent a key=web,payload=tls13-server,uid=33,rate=50/s key=web-rsa,payload=any
sed -n "s/^skatool: agent: \*/*/p" a.log >logged.txt
sed -n '/^\*/p' expected.txt | diff - logged.txt || fail "the log explains something else"
stop "$server" INT
[ "$ended_with" -eq 0 ] && [ ! -e a.socket ] || fail "SIGINT: status $ended_with"

# A socket that others could reach from the moment on in which it is made.
open_to_others() {
    preload="$preload $programs/libignored_umask.so"
    refused 'can be reached by others as soon as it is made' ours timeout 30 \
        "$binary_dir/tools/skatool" agent --approver alice.pem --socket b.socket \
        --allow key=web,payload=any
}
(umask 022 && open_to_others)
[ ! -e b.socket ] || fail "an agent that did not start left its socket"

# An agent that ends leaves the socket that another one has put there since.
agent a key=web,payload=any
first=$server
rm a.socket
agent a key=web,payload=any
stop "$first" TERM
grep -q error < <("$client" ask a.socket /dev/null) || fail "the first agent took the second one's socket"
stop "$server"
[ ! -e a.socket ] || fail "the second agent left its socket"

# ---- The units of systemd ------------------------------------------------------------------------

if command -v systemd-analyze >systemd.txt; then
    mkdir -p units
    sed -E "s|^(ExecStart=)[^ ]*|\1$binary_dir/tools/skatool|" \
        "$source_dir/tools/systemd/ska-agent@.service.in" >units/ska-agent@web.service
    cp "$source_dir/tools/systemd/ska-agent@.socket" units/ska-agent@web.socket
    quietly systemd-analyze verify --man=no "$work/units/ska-agent@web.service" \
        "$work/units/ska-agent@web.socket"
    succeeds systemd-analyze security --offline=yes --threshold=10 \
        "$work/units/ska-agent@web.service" # 1.0 of 10
    mkdir units/ska-agent@web.service.d
    drop_in ska-agent@.service | sed "s|@SKA_BIN_DIR@|$binary_dir/tools|" >units/ska-agent@web.service.d/edit.conf
    quietly systemd-analyze verify --man=no "$work/units/ska-agent@web.service"
fi
# Another key, as the comment of the unit says.
# shellcheck disable=SC2016
words=$(changed_command ska-agent@.service |
    sed 's|%t/ska-agent/%i|unit|; s|URI|alice.pem|; s|${ALLOW}|key=web,payload=any|; s|$OPTIONS||')
# shellcheck disable=SC2086
start unit.log "$binary_dir/tools/skatool" $words
within 10 'no agent' grep -q listening unit.log
stop "$server"

# ---- TLS servers ---------------------------------------------------------------------------------

agent tls key={web,web-rsa,web-ed},payload=tls13-server
server_context='TLS 1.3, server CertificateVerify'
client_context='TLS 1.3, client CertificateVerify'
for label in web web-rsa web-ed; do
    padding=
    [ $label != web-rsa ] || padding='--padding pss'
    "$client" tls13 "$server_context" 32 >handshake
    message handshake $label $padding
    counts tls handshake.json $label
done
# With an algorithm that TLS 1.3 has not.
message handshake web-rsa --padding pkcs1
declines tls handshake.json 'does not sign with SHA256_WITH_RSA'
message handshake web --digest SHA1
declines tls handshake.json 'does not sign with SHA1_WITH_ECDSA'
"$client" tls13 "$server_context" 48 >handshake
message handshake
approves tls handshake.json
who="uid $(id -u) pid [0-9]+"
grep -qE "$who: approved request [0-9a-f]{64}: TLS 1.3 server handshake, key 'web'" tls.log ||
    fail "the log does not say it: $(cat tls.log)"

printf 'A document.\n' >document
request web digest.json document
declines tls digest.json 'as a message and not as a digest'
message document
declines tls document.json 'nothing else'
"$client" tls13 "$client_context" 32 >client
message client
declines tls client.json 'nothing else'
"$client" tls13 "$server_context" 33 >longer
message longer
declines tls longer.json 'nothing else'
"$client" tls13 "$server_context" 31 >shorter
message shorter
declines tls shorter.json 'nothing else'
# TLS 1.2: both randoms, the curve and the server's share.
head -c 64 /dev/urandom >tls12
printf '\003\000\035\040' >>tls12
head -c 32 /dev/urandom >>tls12
message tls12
declines tls tls12.json 'nothing else'
"$client" tls13 "$server_context" 32 >handshake
message handshake "$comma"
declines tls handshake.json 'does not approve for this key'

# ---- Several rules -------------------------------------------------------------------------------

# One for a client, one for documents: neither helps the other.
agent client key=web,payload=tls13-client key=web-ed,payload=any
"$client" tls13 "$client_context" 48 >client
message client
counts client client.json web
grep -qE "$who: approved request [0-9a-f]{64}: TLS 1.3 client handshake, key 'web'" client.log ||
    fail "the log does not say it: $(cat client.log)"
message handshake
declines client handshake.json 'what a TLS 1.3 client signs and nothing else'
declines client document.json 'what a TLS 1.3 client signs and nothing else'
declines client digest.json 'as a message and not as a digest'
message document web-ed
counts client document.json web-ed
message document

# ---- What no agent approves ----------------------------------------------------------------------

agent any key={web,web-rsa,web-ed,'a\, \\b'},payload=any
counts any digest.json web
approves any document.json
message handshake "$comma"
counts any handshake.json "$comma"
for operation in block unblock; do
    succeeds skatool request --key "$(uri web)" --operation $operation --force -o change.json
    declines any change.json 'no change of a key'
done
succeeds skatool request --key "$(uri web)" --operation modify --policy empty.json --force -o change.json
declines any change.json 'no change of a key'

# A digest that is called a message: for a key of any kind, since the request may lie about it.
for length in 20 32 36; do
    head -c $length /dev/urandom >disguised
    message disguised web-ed
    declines any disguised.json 'looks like a digest'
done
request web-rsa digest-info.json document
tr -d '\n\t' <digest-info.json | sed -E 's/.*"payload": *"([^"]*)".*/\1/' |
    plain base64 -d -A >disguised
message disguised web-ed
declines any disguised.json 'looks like a digest'

# Outside it says another thing than the token inside.
sed 's/"label":\([[:space:]]*\)"web"/"label":\1"web-rsa"/' digest.json >other.json
declines any other.json 'approval token is for key .web'
sed 's/"operation":\([[:space:]]*\)"SIGN"/"operation":\1"BLOCK"/' digest.json >other.json
declines any other.json 'approval token is for SIGN'
printf 'Another document.\n' >another
request web another.json another
plain base64 -A -in <(token_of another.json) >another.b64
sed -E 's|("approvalToBeSigned":[[:space:]]*)"[^"]*"|\1"'"$(cat another.b64)"'"|' digest.json \
    >other.json
declines any other.json 'payload is not the one in its approval token'

# It shows content that is not what would be signed.
for content in document another; do
    sed 's|"approvalToBeSigned"|"signedContent":"'"$(plain base64 -A -in $content)"'",&|' digest.json \
        >$content.shown.json
done
approves any document.shown.json
declines any another.shown.json 'is not what would be signed'

# A token that names no key would be good for any: there is no name, or an empty one.
nameless() { # LENGTH NAME-ELEMENT: other.json
    {
        printf "$1"'\0\0\0\x3b\0\x04\0\x01\0\0\0'"$2"'\x57\x10\x20\0'
        plain dgst -sha256 -binary document
    } >nameless
    sed -E 's|("approvalToBeSigned":[[:space:]]*)"[^"]*"|\1"'"$(plain base64 -A -in nameless)"'"|' \
        digest.json >other.json
}
nameless '\x2c' ''
declines any other.json 'key name is missing'
nameless '\x30' '\x02\x10\0\0'
declines any other.json 'not bound to a key'

# Somebody else is to approve.
policy "$(rule 1 bob carol)" >others.json
key others p256 others.json
agent others key=others,payload=any
request others others-request.json document
declines others others-request.json 'not one of those who may approve'
# An approver who is listed with a certificate approves with it.
plain req -x509 -new -key alice.pem -subj /CN=Alice -out alice.crt \
    -config "$source_dir/tests/scenario/certificates.cnf"
stop "$server"
start others.log "$binary_dir/tools/skatool" agent --socket others.socket --approver alice.pem \
    --cert alice.crt --allow key=web,payload=any
within 10 "no agent" grep -q listening others.log
grep -q '^{"approvals":\[{"approverCertificate":' < <("$client" ask others.socket digest.json) ||
    fail "the approval names no certificate"
refused 'does not belong to the key of --approver' skatool agent --socket x.socket --approver bob.pem --cert alice.crt \
    --allow key=web,payload=any

# ---- How often -----------------------------------------------------------------------------------

agent rate key=web,payload=tls13-server,rate=5/s
message handshake web
ten=(handshake.json handshake.json handshake.json handshake.json handshake.json)
ten+=("${ten[@]}")
# What is refused anyway is not counted.
"$client" ask rate.socket document.json document.json document.json document.json document.json \
    document.json document.json >refused.txt
[ "$(grep -c 'nothing else' refused.txt)" -eq 7 ] || fail "$(cat refused.txt)"
"$client" ask rate.socket "${ten[@]}" >answers.txt
approved=$(grep -c '^{"approvals"' answers.txt)
[ "$approved" -ge 5 ] && [ "$approved" -le 9 ] || fail "$approved of 10 at once with rate=5/s"
grep -q 'more than 5 approvals in a second' answers.txt || fail "$(cat answers.txt)"
sleep 1
approves rate handshake.json

# ---- Others --------------------------------------------------------------------------------------

if [ "$(id -u)" -eq 0 ]; then
    open=$(mktemp -d)
    chmod 755 "$open"
    cp "$client" "$open/client"
    cp digest.json "$open"
    chmod 644 "$open/digest.json"
    cd "$open"
    other() {
        setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
    }
    for rules in key=web,payload=any key=web,payload=any,uid=0; do
        start closed.log "$binary_dir/tools/skatool" agent --socket closed.socket \
            --approver "$work/alice.pem" --allow $rules
        within 10 "no agent" grep -q listening closed.log
        refused 'Permission denied' other ./client ask closed.socket digest.json
        chmod 666 closed.socket # the mode gone, the kernel's word about the peer stays
        other ./client ask closed.socket digest.json >answer.json
        grep -q '^{"error":"uid 65534 may not ask this agent"}$' answer.json ||
            fail "another uid: $(cat answer.json)"
        grep -qE 'uid 65534 pid [0-9]+: refused: uid 65534 may not ask' closed.log ||
            fail "the log: $(cat closed.log)"
        # Nor does it take a place there: whoever says nothing is sent away at once.
        other ./client send closed.socket </dev/null >answer.json || fail "somebody waits for it"
        grep -q '^{"error":"uid 65534 may not ask this agent"}$' answer.json ||
            fail "another uid that is silent: $(cat answer.json)"
        grep -q '^{"approvals":' < <(./client ask closed.socket digest.json) || fail "own uid"
        stop "$server"
    done
    # A socket of systemd, for another user.
    start inherited.log ./client inherit inherited.socket 600 "$binary_dir/tools/skatool" agent \
        --socket inherited.socket --approver "$work/alice.pem" --allow key=web,payload=any,uid=65534
    within 10 "no agent" grep -q listening inherited.log
    chown 65534 inherited.socket
    grep -q '^{"approvals":' < <(other ./client ask inherited.socket digest.json) || fail "inherited"
    stop "$server"
    [ "$ended_with" -eq 0 ] && [ -S inherited.socket ] || fail "removed a socket of systemd"
    rm inherited.socket
    refused 'LISTEN_FDS is another one' ./client inherit other.socket 600 \
        "$binary_dir/tools/skatool" agent --socket inherited.socket \
        --approver "$work/alice.pem" --allow key=web,payload=any
    # Whoever has the agent's own uid does not get at its memory, and with it at its key.
    mkdir -m 777 own
    cp "$work/alice.pem" "$binary_dir/tools/skatool" own
    chown 65534 own/alice.pem
    start own.log setpriv --reuid=65534 --regid=65534 --clear-groups own/skatool agent \
        --socket own/agent.socket --approver own/alice.pem --allow key=web,payload=any
    within 10 "no agent" grep -q listening own.log
    refused 'Permission denied' other cat "/proc/$server/environ"
    grep -q '^{"approvals":' < <(other ./client ask own/agent.socket digest.json) || fail "own agent"
    stop "$server"
    # Nobody else's socket is replaced.
    mkdir -m 777 public
    setpriv --reuid=65534 --regid=65534 --clear-groups ./client fake public/theirs.socket x \
        >theirs.txt &
    within 5 "no socket" test -S public/theirs.socket
    refused 'socket of another user' skatool agent --socket public/theirs.socket \
        --approver "$work/alice.pem" --allow key=web,payload=any
    ./client ask public/theirs.socket digest.json >answer.json # it ends
    cd "$work"
fi

# ---- Whatever comes ------------------------------------------------------------------------------

agent busy key=web,payload=any
busy=$server
descriptors() { # root alone can count those of a process that keeps a key
    if [ -r "/proc/$busy/fd" ]; then find "/proc/$busy/fd" -mindepth 1 | wc -l; else echo 0; fi
}
idle=$(descriptors)
says_no() { # COMMAND...: what it writes, the agent answers with an error and a line in its log
    "$@" | "$client" send busy.socket >answer.json || fail "no answer to: $*"
    grep -qE '^(\{"error":"[^"]+"\})' answer.json || fail "the agent answers $(cat answer.json)"
}
says_no printf '\n'
says_no printf 'garbage\n'
says_no printf '{}\n'
says_no printf '[[[[[[[[[[[[[[[[[[[[[[\n'
says_no printf '\0\n'
says_no printf 'GET / HTTP/1.0\r\n\r\n'
says_no printf '{"version":1,"version":1}\n'
says_no printf '{"requestId":"\033[2J\xe2\x80\xae\xff"}\n'
says_no head -c 2000000 /dev/zero # no end of the line within 1 MiB
says_no sh -c 'head -c 1048576 /dev/zero | tr "\0" " "; echo'
! LC_ALL=C grep -q $'[\033\200-\377]' busy.log || fail "the log holds escape sequences"
head -c 300000 /dev/urandom >noise
"$client" send busy.socket <noise >/dev/null || true
printf '{"version":1' | "$client" send busy.socket >half.txt && fail "half a request is answered"
[ ! -s half.txt ] || fail "half a request is answered"
approves busy digest.json

for _ in $(seq 50); do "$client" leave busy.socket digest.json; done
approves busy digest.json

# A thousand that send nothing, and others are served at once.
"$client" hold busy.socket 1000 >held.txt &
holder=$!
within 30 "the agent does not take connections" grep -q held held.txt
for _ in 1 2 3 4 5; do
    before=${EPOCHREALTIME/./}
    approves busy digest.json
    [ $((${EPOCHREALTIME/./} - before)) -lt 5000000 ] || fail "an answer takes too long"
done
[ "$(descriptors)" -le $((idle + 64)) ] || fail "$(descriptors) descriptors are open"
# Five seconds later they are gone.
are_gone() {
    [ "$(descriptors)" -le "$idle" ]
}
within 7 "connections that send nothing stay" are_gone
kill "$holder"
wait "$holder" 2>/dev/null || true
approves busy digest.json
kill -0 "$busy" || fail "the agent has ended: $(cat busy.log)"
stop "$busy"
[ "$ended_with" -eq 0 ] || fail "status $ended_with: $(cat busy.log)"
if grep -qE "$sanitizer_finding" ./*.log; then
    fail "$(cat ./*.log)"
fi
pass
