#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Many signatures with keys behind a broker: how many calls they take; threads; memory that does not
# grow; a hundred that wait while the broker is killed and comes back, and all end as they should.
# By hand with SKA_MANY=10000: so many signatures in a row; the default is 1,000.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/broker.sh"
in_a_row=${SKA_MANY:-1000}
growth=1024
if [ -n "$preload" ]; then
    in_a_row=100
    growth=-1 # what a sanitizer keeps is its own
fi

ca authority
leaf server authority 'subjectAltName = IP:127.0.0.1'
approver alice
p256='"algorithm":"EC","curveOid":"1.2.840.10045.3.1.7"'
log=("call-log = $work/tsb.calls" 'execution-delay = 100')
broker "${log[@]}"
create ordinary "$p256" null
create empty "$p256" '{"ruleUse":null}'
create rsa '"algorithm":"RSA","keySize":2048' null
create guarded '"algorithm":"RSA","keySize":2048' '{"ruleUse":null}'
create seal "$p256" "$(rest_policy "$(rest_rule 1 0 0 alice)")"
configure_broker

# calls PATTERN: how many there have been since the log began anew.
calls() {
    grep -cE "$1" tsb.calls || true
}
makes() { # COUNT PATTERN
    [ "$(calls "$2")" -eq "$1" ] || fail "$(calls "$2") calls $2, should be $1: $(sort tsb.calls | uniq -c)"
}

# ---- One call for a signature --------------------------------------------------------------------

for label in ordinary empty; do
    rm tsb.calls
    quietly ours "$programs/tsb_many" "$in_a_row" "$growth" "ska:object=$label"
    makes "$in_a_row" '^POST /v1/synchronousSign 200$'
    makes 1 '^POST /v1/key/attributes 200$'
    makes $((in_a_row + 1)) .
done
# A reference is loaded without one; the first signature finds the key.
succeeds ska pkey -in ska:object=ordinary -out ordinary.pem
rm tsb.calls
succeeds ska pkey -in ordinary.pem -noout
[ ! -e tsb.calls ] || fail "loading a reference makes calls: $(cat tsb.calls)"
quietly ours "$programs/tsb_many" 10 -1 ordinary.pem
makes 11 .

# ---- Threads -------------------------------------------------------------------------------------

rm tsb.calls
quietly ours "$programs/processes" threads 3 ska:object=ordinary ska:object=empty ska:object=rsa \
    ska:object=guarded
makes $((16 * 3 * 4)) '^POST /v1/synchronousSign 200$'

# ---- As many looks as a wait of this length may take ---------------------------------------------

waiting() { # COUNT: so many wait
    ask 200 POST /v1/filteredRequests '{"requestStatusList":["PENDING"]}'
    [ "$(grep -o '"id"' answer.json | wc -l)" -eq "$1" ]
}
executed() { # COUNT
    ask 200 POST /v1/filteredRequests '{"requestStatusList":["EXECUTED"]}'
    [ "$(grep -o '"id"' answer.json | wc -l)" -eq "$1" ]
}
configure_broker 'approvals-timeout = 600'
broker_pid=$server
rm tsb.calls
began=${EPOCHREALTIME/./}
start looks.txt "$programs/tsb_many" 1 -1 ska:object=seal
signer=$server
within 60 "nothing is handed in: $(cat looks.txt)" waiting 1
id=$(member id)
sleep 9
approve_task alice Sign "$id"
within 30 'not executed' executed 1
before=$(calls "^GET /v1/request/$id ")
wait "$signer" || fail "$(cat looks.txt)"
seconds=$(((${EPOCHREALTIME/./} - began) / 1000000))
looks=$(calls "^GET /v1/request/$id ")
[ "$looks" -le $((5 + seconds / 10)) ] || fail "$looks looks in $seconds seconds"
[ $((looks - before)) -le 1 ] || fail "looked $((looks - before)) times at what is executed"
makes 1 '^POST /v1/sign 201$'
makes 0 '^POST /v1/synchronousSign'
makes 0 '^DELETE '

# ---- A hundred wait, and the broker goes and comes -----------------------------------------------

# tasks_of COUNT: the waiting tasks of alice, "ID TOKEN PAYLOAD" on a line each, in todo.txt.
tasks_of() {
    tasks alice Sign '"detailLevel":"level2","paging":{"pageNumber":0,"pageSize":200,"sortOrder":"CREATION_DATE_ASC"}'
    tr '{' '\n' <answer.json | grep approvalToBeSigned |
        sed -E 's/.*"id":"([^"]*)".*"approvalToBeSigned":"([^"]*)".*"payload":"([^"]*)".*/\1 \2 \3/' >todo.txt
    [ "$(wc -l <todo.txt)" -eq "$1" ] || fail "$(wc -l <todo.txt) tasks, should be $1: $(head -c 600 answer.json)"
}
# In one run of curl. decide: from standard input, "METHOD PATH BODY" on a line each, all answered 200.
decide() {
    local method path body first=yes
    while read -r method path body; do
        [ "$first" = yes ] || echo next
        first=no
        printf 'url = "%s%s"\nrequest = "%s"\noutput = "/dev/null"\nwrite-out = "%%{http_code}\\n"\n' \
            "$url" "$path" "$method"
        printf 'header = "Content-Type: application/json"\ndata = "%s"\ncacert = "%s"\nsilent\n' \
            "${body//\"/\\\"}" "$work/authority.pem"
    done >decide.curl
    curl --max-time 120 -K decide.curl >statuses.txt 2>curl.txt || fail "$(cat curl.txt)"
    ! grep -qv '^200$' statuses.txt || fail "decided: $(sort statuses.txt | uniq -c)"
}
approvals() { # from "ID TOKEN PAYLOAD"
    local task encoded rest
    while read -r task encoded rest; do
        plain base64 -d -A <<<"$encoded" >token.bin
        printf 'POST /v1/approval {"id":"%s","approvalToBeSigned":"%s","signature":"%s",%s,%s}\n' "$task" \
            "$encoded" "$(signed alice token.bin)" '"approvalDigestAlgorithm":"SHA-256"' "$(who alice)"
    done
}
refusals() {
    local task rest
    while read -r task rest; do
        printf 'PATCH /v1/task {"id":"%s",%s}\n' "$task" "$(proof alice)"
    done
}
signers=()
for first in 0 50; do
    # shellcheck disable=SC2046
    start "signers.$first" "$programs/many_waits" ska:object=seal $(seq $first $((first + 49)))
    signers+=("$server")
done
within 120 "not a hundred wait: $(cat signers.*)" waiting 100
tasks_of 100
sed -n 1,30p todo.txt | approvals | decide
stop "$broker_pid" KILL
sleep 1
broker_again
tasks_of 70
sed -n 1,10p todo.txt >refused.txt
sed -n 11,70p todo.txt | approvals | decide
refusals <refused.txt | decide
for signer in "${signers[@]}"; do
    wait "$signer" || [ $? -eq 1 ] || fail "ended with $?: $(cat signers.*)"
done
for i in $(seq 0 99); do
    printf 'message %d' "$i" >document
    if grep -qF " $(plain dgst -sha256 -binary document | b64)" refused.txt; then
        [ ! -e "signature.$i" ] || fail "signed, and refused: $i"
    else
        verified document seal.pub.pem "signature.$i" -sha256
    fi
done
[ "$(cat signers.* | grep -c 'rejected')" -ge 10 ] || fail "not ten rejections: $(cat signers.*)"
! grep -qv rejected signers.* || fail "says more: $(cat signers.*)"
makes 0 '^DELETE '
pass
