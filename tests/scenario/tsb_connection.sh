#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# How a broker is reached by the openssl command, and what is said when it is not: certificates of the
# server that are of another CA, too old, or another's; certificates and keys of ours; proxies; times
# and credentials that change; interruptions. Nothing that is secret is shown.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/broker.sh"

ca authority
ca stranger
leaf server authority 'subjectAltName = IP:127.0.0.1'
leaf elsewhere authority 'subjectAltName = DNS:broker.example'
leaf foreign stranger 'subjectAltName = IP:127.0.0.1'
leaf client authority 'extendedKeyUsage = clientAuth'
leaf impostor stranger 'extendedKeyUsage = clientAuth'
plain req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout old.key -out old.csr \
    -subj /CN=old 2>/dev/null
mkdir issued
: >issued/index
printf '%s\n' '[ca]' 'default_ca = authority' '[authority]' 'database = issued/index' \
    'new_certs_dir = issued' 'rand_serial = yes' 'default_md = sha256' 'policy = any' \
    '[any]' 'commonName = supplied' '[server]' 'subjectAltName = IP:127.0.0.1' >issuing.cnf
for times in 'old 20200101000000Z 20210101000000Z' 'early 20480101000000Z 20490101000000Z'; do
    read -r name start end <<<"$times"
    cp -f old.key "$name.key.new" && mv "$name.key.new" "$name.key"
    plain ca -config issuing.cnf -batch -notext -extensions server -in old.csr -cert authority.pem \
        -keyfile authority.key -startdate "$start" -enddate "$end" -out "$name.pem" 2>/dev/null
    : >issued/index
done
printf 'A document.\n' >document
p256='"algorithm":"EC","curveOid":"1.2.840.10045.3.1.7"'
sign=(ska dgst -sha256 -sign ska:object=seal -out seal.sig document)
signs() {
    quietly "${sign[@]}"
    verified document seal.pub.pem seal.sig -sha256
}

# ---- The server's certificate --------------------------------------------------------------------

approver alice
broker
create seal "$p256" null
create board "$p256" "$(rest_policy "$(rest_rule 1 0 0 alice)")"
configure_broker
signs

# presented NAME: the broker has this certificate.
cp server.pem right.pem
cp server.key right.key
presented() {
    stop "$server"
    cp "$1.pem" server.pem
    cp "$1.key" server.key
    rm -f tsb.calls
    broker "call-log = $work/tsb.calls"
    configure_broker
}
# untold NAME PATTERN: it is refused, and the broker is told nothing.
untold() {
    presented "$1"
    refused "$url: .*$2" "${sign[@]}"
    ends 3 skatool check-config
    shows "FAILED +tsb-url .*$2"
    [ ! -s tsb.calls ] || fail "told: $(cat tsb.calls)"
}
untold foreign 'certificate'
untold old 'its certificate has expired'
untold early 'is not valid yet'
untold elsewhere "127.0.0.1"
presented right
signs

# No other CA is believed than the one that is named, and none that is none.
sed -i 's/authority.pem/stranger.pem/' openssl.cnf
SSL_CERT_FILE=$work/authority.pem CURL_CA_BUNDLE=$work/authority.pem \
    refused "$url: .*certificate" "${sign[@]}"
sed -i 's/stranger.pem/none.pem/' openssl.cnf
refused 'none.pem: No such file' "${sign[@]}"
printf 'no certificate\n' >none.pem
refused "none.pem: there is no certificate in it, in PEM .*tsb-ca" "${sign[@]}"
configure_broker
SSLKEYLOGFILE=$work/keylog refused 'SSLKEYLOGFILE is set' "${sign[@]}"
[ ! -e keylog ] || fail "keys of the connection are written down"

# ---- Where to ------------------------------------------------------------------------------------

configured_url() {
    configure_broker
    sed -i "s#^tsb-url = .*#tsb-url = $1#" openssl.cnf
}
configured_url http://broker.example
refused 'https: is needed; http: is accepted only for this computer' "${sign[@]}"
configured_url http://127.0.0.1.broker.example
refused 'https: is needed' "${sign[@]}"
configured_url ftp://127.0.0.1
refused 'tsb-url: .*https://HOST' "${sign[@]}"
configured_url https://me:s3cret@127.0.0.1
refused 'tsb-url: .*https://HOST' "${sign[@]}"
! grep -q s3cret stderr.txt || fail "shows a password"
configured_url "$url/"
signs
configured_url "$url/elsewhere"
refused 'refused .404' "${sign[@]}"
port=$(free_port)
configured_url "https://127.0.0.1:$port"
refused "https://127.0.0.1:$port: .*onnect" "${sign[@]}"

# ---- Proxies -------------------------------------------------------------------------------------

# Not by the environment.
configure_broker
unset no_proxy
http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 HTTPS_PROXY=http://127.0.0.1:1 \
    ALL_PROXY=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 signs
# By the configuration, whatever the environment says. It learns where to, and no more.
printf 'me:proxy-s3cret\n' >credentials
printf 'jwt-s3cret\n' >jwt
chmod 600 credentials jwt
broker_pid=$server
start_plain proxy.txt "$programs/tsb_connection" proxy
proxy=$server
within 30 'no proxy' grep -q . proxy.txt
proxy_url=http://127.0.0.1:$(sed -n 1p proxy.txt)
configure_broker "tsb-proxy = $proxy_url" "tsb-proxy-source = file:$work/credentials" \
    "tsb-token-source = file:$work/jwt"
no_proxy='*' signs
succeeds skatool check-config
shows 'ok +tsb-url' "ok +tsb-proxy-source +$work/credentials" "ok +tsb-proxy +$proxy_url" \
    "ok +tsb-token-source +$work/jwt" 'warning tsb-ca +.*: the certificate of the CA .* expires at 2' \
    '^- +tsb-client-cert +not set' '^- +tsb-client-key +not set' '^- +tsb-key-password-source'
# Of several CAs each that ends is named; that none is left is a failure.
cat authority.pem old.pem >cas.pem
configure_broker "tsb-ca = $work/cas.pem"
signs
succeeds skatool check-config
shows "warning tsb-ca +$work/cas.pem: the certificate of the CA .* expires at 2" \
    "warning tsb-ca +$work/cas.pem: the certificate of .* expired at 2"
configure_broker "tsb-ca = $work/old.pem"
ends 3 skatool check-config
shows "FAILED +tsb-ca +$work/old.pem: the certificate of .* expired at 2"
without_end authority.pem >unreadable.pem
configure_broker "tsb-ca = $work/unreadable.pem"
ends 3 skatool check-config
shows "FAILED +tsb-ca +$work/unreadable.pem: the certificate of .* has an end date that cannot be read"
configure_broker "tsb-proxy = $proxy_url" "tsb-proxy-source = file:$work/credentials" \
    "tsb-token-source = file:$work/jwt"
chmod 644 credentials
succeeds skatool check-config
shows 'tsb-proxy-source +others may read or change the file: chmod 600'
chmod 600 credentials
# A broker asks approvers itself, and signatures wait for it; other sources would only stop them.
configure_broker 'approvals-timeout = 25'
succeeds skatool check-config
shows '^ok +approvals-timeout +signatures wait for 25 seconds$'
mkdir -m 700 approvals
configure_broker 'approvals-timeout = 25' "approvals-dir = $work/approvals" "agent = $work/agent"
refused 'behind a broker, .*leave it out' ska dgst -sha256 -sign ska:object=board -out seal.sig document
ends 1 skatool check-config
for source in approvals agent; do
    shows "^FAILED +(approvals-dir|agent) +$work/$source: a broker asks approvers itself, .*leave it out\$"
done
shows '^ok +approvals-timeout +signatures wait for 25 seconds$'
ends 2 skatool check-config --json
shows '"failed"'
configure_broker "tsb-proxy = $proxy_url" "tsb-proxy-source = file:$work/credentials" \
    "tsb-token-source = file:$work/jwt"
# What is no proxy's business it does not get; nor what is no TLS.
configured_url "https://${proxy_url#http://}"
refused "${proxy_url#http://}: " "${sign[@]}"
stop "$proxy"
grep -q "^CONNECT ${url#https://} " proxy.txt || fail "the proxy was told: $(cat proxy.txt)"
grep -q "^Proxy-Authorization: Basic $(printf me:proxy-s3cret | b64)" proxy.txt ||
    fail "no credentials for the proxy: $(cat proxy.txt)"
! grep -qE 'jwt-s3cret|^Authorization' proxy.txt || fail "the proxy has the token: $(cat proxy.txt)"
configure_broker "tsb-proxy = $proxy_url"
refused 'onnect' "${sign[@]}"
export no_proxy='*'

# ---- A certificate of ours -----------------------------------------------------------------------

server=$broker_pid
stop "$server"
broker "client-ca = $work/authority.pem" 'client-auth = need'
configure_broker
refused 'does not recognize the caller .*tsb-client-cert.*403' "${sign[@]}"
by_certificate() { # NAME KEY [LINE...]
    local name=$1 key=$2
    shift 2
    configure_broker "tsb-client-cert = $work/$name.pem" "tsb-client-key = $work/$key" "$@"
}
by_certificate client client.key
signs
succeeds skatool check-config --key ska:object=seal
shows 'warning tsb-client-cert +.*: the certificate of .* expires at 2' "ok +tsb-client-key +$work/client.key"
by_certificate old old.key
ends 3 skatool check-config
shows "FAILED +tsb-client-cert +$work/old.pem: the certificate of .* expired at 2"
by_certificate server.key none.key
ends 3 skatool check-config
shows 'FAILED +tsb-client-cert .*No such' \
    'FAILED +tsb-client-key +.*none.key: No such file'
by_certificate impostor impostor.key
refused 'does not recognize the caller .*tsb-client-cert.*403' "${sign[@]}"
by_certificate client impostor.key
unfit="tsb-client-key: $work/impostor.key is not the key of the certificate in $work/client.pem \(tsb-client-cert\)"
refused "$unfit" "${sign[@]}"
ends 1 skatool check-config
shows "^FAILED +tsb-client-key +bad configuration: $unfit"
[ "$(grep -c tsb-client-key stdout.txt)" -eq 1 ] || fail "twice: $(cat stdout.txt)"
by_certificate client none.key
refused 'none.key: No such file' "${sign[@]}"
configure_broker "tsb-client-cert = $work/client.pem"
refused 'tsb-client-cert and tsb-client-key' "${sign[@]}"
# An encrypted key, and its password, which is nobody else's.
printf 'key-s3cret\n' >password
printf 'wrong-s3cret\n' >wrong
chmod 600 password wrong
plain pkcs8 -topk8 -in client.key -passout file:password -out locked.key
by_certificate client locked.key
refused 'tsb-client-key: .*locked.key is encrypted: tsb-key-password-source' "${sign[@]}"
by_certificate client locked.key "tsb-key-password-source = file:$work/wrong"
refused "$url: " "${sign[@]}"
! grep -q s3cret stderr.txt || fail "shows a password"
by_certificate client locked.key "tsb-key-password-source = file:$work/password"
signs
by_certificate impostor locked.key "tsb-key-password-source = file:$work/password"
refused 'locked.key is not the key of the certificate in .*impostor.pem' "${sign[@]}"

# ---- A password of a key at the broker -----------------------------------------------------------

stop "$server"
broker
configure_broker
ask 201 POST /v1/key "{\"label\":\"locked\",\"password\":\"key-s3cret\",$p256,\"attributes\":
    {\"decrypt\":false,\"sign\":true,\"unwrap\":false},\"policy\":null}"
member publicKey | plain base64 -d -A | plain pkey -pubin -inform DER -out locked.pub.pem
sign_locked=(ska dgst -sha256 -sign ska:object=locked -out locked.sig document)
refused 'the password of the key \(tsb-key-password-source\)' "${sign_locked[@]}"
configure_broker "tsb-key-password-source = file:$work/wrong"
refused 'the password of the key \(tsb-key-password-source\)' "${sign_locked[@]}"
! grep -q s3cret stderr.txt || fail "shows a password"
configure_broker "tsb-key-password-source = file:$work/password"
quietly "${sign_locked[@]}"
verified document locked.pub.pem locked.sig -sha256

# ---- Waiting that ends otherwise -----------------------------------------------------------------

stop "$server"
broker 'fault = pending' "call-log = $work/tsb.calls"
configure_broker 'approvals-timeout = 3'
sign_board=(ska dgst -sha256 -sign ska:object=board -out board.sig document)
refused 'approvals pending.*it was withdrawn, since without state-dir' "${sign_board[@]}"
nothing_waits() {
    ask 200 POST /v1/filteredRequests '{"requestStatusList":["PENDING","APPROVED"]}'
    has '"requests":\[\]'
}
nothing_waits
# Interrupted in a program that handles the signal.
waits_for_it() {
    ask 200 POST /v1/filteredRequests '{"requestStatusList":["PENDING"]}'
    grep -q '"id"' answer.json
}
mkdir -m 700 state
for line in "state-dir = $work/state" 'progress = no'; do
    configure_broker 'approvals-timeout = 600' "$line" "audit-log = $work/audit.log"
    broker_pid=$server
    start interrupted.txt env --default-signal=INT "$programs/tsb_connection" interrupted ska:object=board
    signer=$server
    within 30 "hands nothing in: $(cat interrupted.txt)" waits_for_it
    sleep 0.2
    kill -INT "$signer"
    ! wait "$signer" || fail "signed"
    grep -q 'interrupted while waiting:.*request [0-9a-f-]* at the broker was withdrawn' interrupted.txt ||
        fail "interrupted: $(cat interrupted.txt)"
    nothing_waits
    [ -z "$(find state -name 'broker-*')" ] || fail "remembers what was withdrawn: $(ls state)"
    server=$broker_pid
done

# ---- Credentials in a program that stays ---------------------------------------------------------

stop "$server"
rm -f tsb.calls
broker 'access-tokens = token-1, token-2' 'keyOperationToken = operation-1' \
    'keyManagementToken = management-1' "call-log = $work/tsb.calls"
printf 'token-1\n' >jwt
printf 'stale-1\nmanagement-1\nstale-2\noperation-1\n' >keys
chmod 600 keys
configure_broker "tsb-token-source = file:$work/jwt" "tsb-api-key-source = file:$work/keys"
start signing.txt "$programs/tsb_connection" again ska:object=seal
signer=$server
within 30 "does not sign: $(cat signing.txt)" grep -q 'signed 2' signing.txt
# Which key is good for what is found out once.
calls=$(grep -c 'synchronousSign 401' tsb.calls)
[ "$calls" -eq 3 ] || fail "$calls calls with other keys, should be 3: $(cat tsb.calls)"
printf 'token-2\n' >jwt.new
mv jwt.new jwt
within 30 "does not sign: $(cat signing.txt)" grep -q 'signed 4' signing.txt
printf 'token-3\n' >jwt
within 30 "signs with a token that is wrong: $(cat signing.txt)" grep -q 'does not accept this token' signing.txt
! grep -qE 'token-3|stale|operation-1' signing.txt || fail "shows credentials"
printf 'token-1\n' >jwt
grep -c signed signing.txt >count
signs_again() {
    [ "$(grep -c signed signing.txt)" -gt "$(cat count)" ]
}
within 30 "does not sign again: $(cat signing.txt)" signs_again
stop "$signer"

# One that runs out while a signature waits is renewed by somebody.
configure_broker "tsb-token-source = file:$work/jwt" "tsb-api-key-source = file:$work/keys" \
    'approvals-timeout = 120'
headers=(-H 'Authorization: Bearer token-2' -H 'X-API-KEY: operation-1')
start waiting.txt openssl dgst -sha256 -sign ska:object=board -out board.sig document
signer=$server
within 30 "hands nothing in: $(cat waiting.txt)" waits_for_it
id=$(member id)
printf 'token-3\n' >jwt
refused_looks() {
    [ "$(grep -c "^GET /v1/request/$id 40" tsb.calls)" -ge 2 ]
}
within 60 'does not look' refused_looks
headers=()
approve_task alice Sign "$id"
printf 'token-2\n' >jwt
wait "$signer" || fail "$(cat waiting.txt)"
verified document board.pub.pem board.sig -sha256
pass
