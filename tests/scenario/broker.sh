# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For scenarios with a simulator of the broker: sourced after lib.sh. A CA and its certificates, the
# broker by TLS, and what curl asks of it, as approvers and owners of keys do without our programs.
. "$(dirname "${BASH_SOURCE[0]}")/servers.sh"
[ -x "$binary_dir/simulator/skatsb" ] || skip "built without SKA_TSB"
command -v curl >/dev/null || skip "no curl"
export no_proxy='*'
# It uses libcrypto, and our provider is none of its business.
curl() {
    OPENSSL_CONF=/dev/null command curl "$@"
}

# ---- Certificates --------------------------------------------------------------------------------

ca() { # NAME
    plain req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" \
        -out "$1.pem" -subj "/CN=$1" -days 30 -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign -addext subjectKeyIdentifier=hash 2>/dev/null
}
leaf() { # NAME CA EXTENSION...
    plain req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" \
        -subj "/CN=$1" 2>/dev/null
    printf '%s\n' 'subjectKeyIdentifier = hash' 'authorityKeyIdentifier = keyid' "${@:3}" >"$1.ext"
    plain x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 30 \
        -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}
# ---- The broker ----------------------------------------------------------------------------------

# broker [LINE...]: starts it with these lines in its configuration, over TLS.
broker() {
    printf '%s\n' "token = $token" "pin-source = file:$work/pin" "$@" >tsb.cnf
    start tsb.log "$binary_dir/simulator/skatsb" --listen 127.0.0.1:0 --database tsb.db \
        --tls-cert server.pem --tls-key server.key --config tsb.cnf
    within 60 "skatsb does not listen: $(cat tsb.log)" grep -q 'listening on' tsb.log
    url=$(sed -n 's/.*listening on //p' tsb.log)
}
# The same at the same place, as before it was stopped.
broker_again() {
    start tsb.log "$binary_dir/simulator/skatsb" --listen "127.0.0.1:${url##*:}" --database tsb.db \
        --tls-cert server.pem --tls-key server.key --config tsb.cnf
    within 60 "skatsb does not listen: $(cat tsb.log)" grep -q 'listening on' tsb.log
}

headers=()
# ask STATUS METHOD PATH [BODY]: the answer is in answer.json.
ask() {
    local expected=$1 method=$2 path=$3 status
    shift 3
    status=$(curl -sS --max-time 60 --cacert authority.pem -X "$method" -o answer.json \
        -w '%{http_code}' -H 'Content-Type: application/json' "${headers[@]}" \
        ${1+--data-binary "$1"} "$url$path" 2>curl.txt) || status=curl-$?
    [ "$status" = "$expected" ] ||
        fail "$method $path: $status, should be $expected: $(cat curl.txt answer.json 2>/dev/null)"
}
# has PATTERN...: the last answer.
has() {
    local pattern
    for pattern in "$@"; do
        grep -qE -- "$pattern" answer.json || fail "no '$pattern' in: $(cat answer.json)"
    done
}
# holds TEXT...: the same, letter for letter.
holds() {
    local text
    for text in "$@"; do
        grep -qF -- "$text" answer.json || fail "no '$text' in: $(cat answer.json)"
    done
}
member() { # NAME: a text in the last answer, the last one of this name
    sed -E 's/.*"'"$1"'":"([^"]*)".*/\1/;q' answer.json
}
b64() {
    plain base64 -A
}
public() { # NAME
    plain pkey -in "$1.pem" -pubout -outform DER | b64
}
signed() { # NAME FILE: a signature in base64
    if [ "$1" = erin ]; then
        plain pkeyutl -sign -inkey "$1.pem" -rawin -in "$2" | b64
    else
        plain dgst -sha256 -sign "$1.pem" "$2" | b64
    fi
}
digest_name() { # NAME
    case $1 in erin) echo EdDSA ;; *) echo SHA-256 ;; esac
}
# The key or certificate of an approver as a member.
who() { # NAME
    if [ -f "$1.crt" ]; then
        printf '"approverCertificate":"%s"' "$(plain x509 -in "$1.crt" -outform DER | b64)"
    else
        printf '"approverPublicKey":"%s"' "$(public "$1")"
    fi
}
# proof NAME [TIME]: members that show who calls.
proof() {
    printf '%s' "${2:-$(date -u +%Y-%m-%dT%H:%M:%SZ)}" >time.txt
    printf '"timestamp":"%s","timestampSignature":"%s","timestampDigestAlgorithm":"%s",%s' \
        "$(cat time.txt)" "$(signed "$1" time.txt)" "$(digest_name "$1")" "$(who "$1")"
}
# tasks NAME KIND [MEMBER]
tasks() {
    ask 200 POST "/v1/filtered$2ApprovalTask" "{$(proof "$1")${3+,$3}}"
}
# approve_task NAME KIND REQUEST-ID: as the vendor's tutorial does it.
approve_task() {
    tasks "$1" "$2" "\"requestId\":\"$3\""
    has '"id":"'
    member approvalToBeSigned | plain base64 -d -A >token.bin
    ask 200 POST /v1/approval "{\"id\":\"$(member id)\",\"approvalToBeSigned\":\"$(b64 <token.bin)\",
        \"signature\":\"$(signed "$1" token.bin)\",\"approvalDigestAlgorithm\":\"$(digest_name "$1")\",$(who "$1")}"
    [ ! -s answer.json ] || fail "an approval is answered with: $(cat answer.json)"
}
reject_task() { # NAME KIND REQUEST-ID
    tasks "$1" "$2" "\"requestId\":\"$3\""
    ask 200 PATCH /v1/task "{\"id\":\"$(member id)\",$(proof "$1")}"
}
status_is() { # ID STATUS
    ask 200 GET "/v1/request/$1"
    grep -q "\"status\":\"$2\"" answer.json
}
becomes() { # ID STATUS
    within 30 "request $1 does not become $2" status_is "$1" "$2"
}
create() { # LABEL ALGORITHM-MEMBERS POLICY
    ask 201 POST /v1/key "{\"label\":\"$1\",$2,\"attributes\":{\"decrypt\":false,\"sign\":true,
        \"unwrap\":false,\"destroyable\":true},\"policy\":$3}"
    member publicKey | plain base64 -d -A | plain pkey -pubin -inform DER -out "$1.pub.pem"
}
sign_body() { # LABEL ALGORITHM FILE
    printf '{"signRequest":{"payload":"%s","payloadType":"UNSPECIFIED","signKeyName":"%s",
        "signatureAlgorithm":"%s"},"requestSignature":null}' "$(b64 <"$3")" "$1" "$2"
}
rest_rule() { # QUORUM TIMELOCK TIMEOUT NAME...
    local quorum=$1 timelock=$2 timeout=$3 separator='' name
    shift 3
    printf '{"tokens":[{"name":"T","timelock":%s,"timeout":%s,"groups":[{"name":"board",' \
        "$timelock" "$timeout"
    printf '"quorum":%s,"approvals":[' "$quorum"
    for name in "$@"; do
        if [ -f "$name.crt" ]; then
            printf '%s{"type":"certificate","value":"%s"}' "$separator" \
                "$(plain x509 -in "$name.crt" -outform DER | b64)"
        else
            printf '%s{"type":"public_key","name":"%s","value":"%s"}' "$separator" "$name" \
                "$(public "$name")"
        fi
        separator=,
    done
    printf ']}]}]}'
}
rest_policy() { # RULE
    printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":null,"ruleModify":%s,"keyStatus":{"blocked":false}}' \
        "$1" "$1" "$1"
}

# ---- Approvers whose keys the broker makes -------------------------------------------------------

hex() { # FILE
    od -An -v -tx1 "$1" | tr -d ' \n'
}
code_members() { # CODE
    printf '"oneTimeCode":[%s]' "$(sed 's/./"&",/g; s/,$//' <<<"$1")"
}
transport=AnMrg9Ho5PLqqR8kmHhfgsvp8iT2OlpW
fetch_key() { # STATUS NAME CODE: as the vendor's app does it
    ask "$1" POST /v1/approver/onboard "{\"approverName\":\"$2\",$(code_members "$3"),\"transportPassword\":\"$transport\"}"
}
# key_fetched PASSWORD NAME: what the last answer has, as NAME.pem and NAME.crt
key_fetched() {
    member initializationVector | plain base64 -d -A >vector
    member encryptedPayload | plain base64 -d -A |
        "$programs/skatsb_operations" "$transport" "$(hex vector)" >"$2.p12"
    plain pkcs12 -in "$2.p12" -passin "pass:$1" -nodes -nocerts 2>/dev/null | plain pkey -out "$2.pem"
    plain pkcs12 -in "$2.p12" -passin "pass:$1" -nokeys 2>/dev/null | plain x509 -out "$2.crt"
}

# ---- Our provider with it ------------------------------------------------------------------------

# configure_broker [LINE...]: the configuration that names the broker at $url.
configure_broker() {
    configure "tsb-url = $url" "tsb-ca = $work/authority.pem" "$@"
    sed -i -E '/^(pkcs11-module|token|pin-source) = /d' openssl.cnf
}
# verified FILE PUBLIC-KEY SIGNATURE [OPTION...]
verified() {
    local file=$1 key=$2 signature=$3
    shift 3
    plain dgst -verify "$key" -signature "$signature" "$@" "$file" >/dev/null ||
        fail "the signature does not verify: $signature"
}
