#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The commands of the table in doc/openssl-commands.md with keys behind a broker: an ordinary one, one whose rule
# needs nobody, and one whose signatures a person approves at the broker, who here approves whatever
# she is asked. Each makes as many signatures as the table says. Then `skatool seal`.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/broker.sh"
# shellcheck source=tests/scenario/command_rows.sh
. "$source_dir/tests/scenario/command_rows.sh"
uri() {
    printf 'ska:object=%s' "$1"
}
signing_calls() {
    grep -cE '^POST /v1/(sign 201|synchronousSign 200)$' tsb.calls || true
}
every_key=ska:

ca authority
leaf server authority 'subjectAltName = IP:127.0.0.1'
approver alice
p256='"algorithm":"EC","curveOid":"1.2.840.10045.3.1.7"'
broker "call-log = $work/tsb.calls" 'execution-delay = 50'
create rsa2048 '"algorithm":"RSA","keySize":2048' null
create p256 "$p256" '{"ruleUse":null}'
create guarded "$p256" "$(rest_policy "$(rest_rule 1 0 600 alice)")"
configure_broker 'approvals-timeout = 100'
: >tsb.calls

approve_all() {
    set +eE
    while sleep 0.2 && [ ! -e enough ]; do
        (
            tasks alice Sign '"detailLevel":"level1","paging":{"pageNumber":0,"pageSize":1,"sortOrder":"CREATION_DATE_ASC"}'
            grep -q approvalToBeSigned answer.json || exit 0
            member approvalToBeSigned | plain base64 -d -A >token.bin
            ask 200 POST /v1/approval "{\"id\":\"$(member id)\",\"approvalToBeSigned\":\"$(b64 <token.bin)\",
                \"signature\":\"$(signed alice token.bin)\",\"approvalDigestAlgorithm\":\"SHA-256\",$(who alice)}"
        )
    done
}
mkdir approver
cp alice.pem authority.pem approver
(cd approver && exec </dev/null >approving.txt 2>&1 && approve_all) &
approving=$!
at_end() {
    kill "$approving" 2>/dev/null || true
    stop_all
}

port=$(free_port)
for label in rsa2048 p256 guarded; do
    prepare $label
    rows
    # With sanitizers each command takes its time; that they run is enough then.
    [ -z "$preload" ] || pass
done
sed -n '/^<!-- openssl commands:/,/^<!-- end of openssl commands -->/p' "$source_dir/doc/openssl-commands.md" >page.md
for command in "${commands[@]}"; do
    grep -qF "| \`${command/%noout ska:/noout ska:token=seals}\` | ${signatures[$command]} |" page.md ||
        fail "${signatures[$command]} signatures, and doc/openssl-commands.md says: $(grep -F "$command" page.md)"
done
[ "${#commands[@]}" -eq "$(grep -c '^| `openssl' page.md)" ] ||
    fail "${#commands[@]} commands, and doc/openssl-commands.md has $(grep -c '^| `openssl' page.md)"

# ---- Seals ---------------------------------------------------------------------------------------

mkdir -m 700 state
configure_broker 'approvals-timeout = 100' "state-dir = $work/state"
printf 'basicConstraints = CA:FALSE\nkeyUsage = nonRepudiation\n' >extensions
for label in rsa2048 p256 guarded; do
    plain x509 -new -force_pubkey "$label.pub.pem" -subj "/CN=$label" -CA authority.pem \
        -CAkey authority.key -days 30 -extfile extensions -out "$label.crt"
    printf 'A contract with %s.\n' "$label" >"$label.txt"
    succeeds skatool seal --key "$(uri "$label")" --cert "$label.crt" "$label.txt"
    succeeds plain cms -verify -binary -inform DER -in "$label.txt.p7s" -content "$label.txt" \
        -CAfile authority.pem -purpose any -out content
done
# What people have not approved yet the same command goes on with.
touch approver/enough
wait "$approving" || true
configure_broker "state-dir = $work/state"
printf 'Another contract.\n' >other.txt
seal=(skatool seal --key ska:object=guarded --cert guarded.crt other.txt)
ends 2 "${seal[@]}"
ends 2 "${seal[@]}"
ask 200 POST /v1/filteredRequests '{"requestStatusList":["PENDING"]}'
[ "$(grep -o '"id"' answer.json | wc -l)" -eq 1 ] || fail "not one request: $(cat answer.json)"
id=$(member id)
approve_task alice Sign "$id"
becomes "$id" EXECUTED
succeeds "${seal[@]}"
succeeds plain cms -verify -binary -inform DER -in other.txt.p7s -content other.txt \
    -CAfile authority.pem -purpose any -out content
# Begun again, each request that stays open is named, with what ends it; not those that have ended.
printf 'A third contract.\n' >third.txt
seal=(skatool seal --key ska:object=guarded --cert guarded.crt third.txt)
ids=()
for i in 1 2 3; do
    sleep 1
    ends 2 "${seal[@]}" --restart
    [ "$(grep -c 'same document' stderr.txt)" -eq ${#ids[@]} ] || fail "not ${#ids[@]}: $(cat stderr.txt)"
    for id in "${ids[@]}"; do
        says "^skatool: third.txt: request $id at $url is open for the same document and key, too; skatool withdraw $id ends it if it is not wanted\$"
    done
    ask 200 POST /v1/filteredRequests '{"requestStatusList":["PENDING"]}'
    mapfile -t ids < <(grep -oE '"id":"[^"]*"' answer.json | cut -d '"' -f 4)
    [ ${#ids[@]} -eq "$i" ] || fail "not $i: $(cat answer.json)"
done
succeeds skatool withdraw "${ids[0]}"
ask 200 DELETE "/v1/request/${ids[1]}"
sleep 1
ends 2 "${seal[@]}" --restart
says "request ${ids[2]} at $url is open for the same document"
[ "$(grep -c 'same document' stderr.txt)" -eq 1 ] || fail "others, too: $(cat stderr.txt)"
pass
