#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# nginx, curl and Python with keys behind a broker, by the configurations of their pages: an ordinary
# key, and one that signs at once as long as it is not blocked.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/scenario/broker.sh
. "$source_dir/tests/scenario/broker.sh"
# shellcheck source=tests/applications/nginx/lib.sh
. "$source_dir/tests/applications/nginx/lib.sh"
needs nginx curl pgrep /usr/bin/python3

uri() {
    printf 'ska:object=%s' "$1"
}
signing_calls() {
    grep -c '^POST /v1/synchronousSign 200$' tsb.calls || true
}
# broker_key NAME ALGORITHM POLICY [SUBJECT]
broker_key() {
    create "$1" "$2" "$3"
    succeeds ska pkey -in "$(uri "$1")" -out "$1.pem"
    certificate "$1" "${4:-localhost}"
}
# turned Block|Unblock NAME: alice has it done.
turned() {
    local what=$1 lower
    lower=$(tr BU bu <<<"$what")
    ask 201 POST "/v1/$lower" "{\"${lower}Request\":{\"${lower}KeyName\":\"$2\"}}"
    id=$(member "${lower}KeyRequestId")
    approve_task alice "${what}Key" "$id"
    becomes "$id" EXECUTED
}

authority
ca issuer
mv issuer.pem authority.pem
mv issuer.key authority.key
leaf server authority 'subjectAltName = IP:127.0.0.1'
broker "call-log = $work/tsb.calls" 'execution-delay = 50'
broker_pid=$server
configure_broker
p256='"algorithm":"EC","curveOid":"1.2.840.10045.3.1.7"'
rsa='"algorithm":"RSA","keySize":2048'
officer=$(rest_rule 1 0 0 alice)
empty="{\"ruleUse\":null,\"ruleBlock\":$officer,\"ruleUnblock\":$officer,\"ruleModify\":{\"tokens\":[]}}"
broker_key rsa "$rsa" null
broker_key www "$p256" "$empty"
broker_key client "$p256" "$empty" 'Example client'
plain_key partner

# ---- nginx ---------------------------------------------------------------------------------------

site rsa
rsa_port=$port
site www
www_port=$port
main_configuration
# The configuration is read without the broker.
: >tsb.calls
succeeds ours nginx -t -e stderr -c "$work/nginx.conf"
[ ! -s tsb.calls ] || fail "calls: $(cat tsb.calls)"
start_nginx
for port in "$rsa_port" "$www_port"; do
    takes 1 connects -tls1_2
    takes 1 connects -tls1_3
done
reload
takes 1 connects -tls1_3
[ "$(visit)" = Hello ] || fail "no answer"
turned Block www
refuses
log_says "key is blocked.*'www'|www.*blocked"
turned Unblock www
connects
# The broker goes and comes.
log_is_empty
stop "$broker_pid" KILL
refuses
log_says "$url: .*onnect"
broker_again
connects
log_is_empty
stop_nginx

# ---- curl ----------------------------------------------------------------------------------------

partner_port=$(free_port)
example curl/curlrc >curlrc
start_plain partner.log openssl s_server -accept "$partner_port" -www -cert partner.crt \
    -key partner.pem -Verify 1 -verify_return_error -CAfile ca.crt
serving "$partner_port" partner.log
# With the sanitizers' runtime curl does not start.
if [ -z "$preload" ]; then
    for version in 1.2 1.3; do
        takes 1 succeeds ours "$(type -P curl)" -sS --config curlrc --cacert ca.crt \
            "--tlsv$version" --tls-max $version -o answer "https://localhost:$partner_port/"
        grep -q 'Ciphers supported' answer || fail "no answer: $(cat answer)"
    done
fi

# ---- Python --------------------------------------------------------------------------------------

port=$(free_port)
example python/server.py >server.py
example python/client.py >client.py
start python.log /usr/bin/python3 server.py "$port"
serving "$port" python.log
takes 1 connects -tls1_2
takes 1 connects -tls1_3
visitors=()
for _ in {1..16}; do
    visit >>answers &
    visitors+=($!)
done
wait "${visitors[@]}"
[ "$(grep -c '^Hello$' answers)" -eq 16 ] || fail "answers: $(cat answers python.log)"
takes 1 succeeds ours /usr/bin/python3 client.py "https://localhost:$partner_port/"
grep -q 'Ciphers supported' stdout.txt || fail "no answer: $(cat stdout.txt)"
pass
