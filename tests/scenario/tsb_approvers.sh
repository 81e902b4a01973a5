#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Approvers at the broker, by skatool with a URL and a key and nothing else: what waits for them, what
# they are told, approvals and rejections, by keys of each kind and by certificates; what a requester
# says beside the approval token decides nothing. Requests are handed in by curl, signatures verified
# by plain openssl.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/broker.sh"

ca authority
ca stranger
leaf server authority 'subjectAltName = IP:127.0.0.1'
board
approver erin -algorithm ED25519
approver mallory
approver dave
plain req -x509 -key dave.pem -subj /CN=Dave -days 30 -out dave.crt
broker 'execution-delay = 100' 'approverToken = approver-key' 'keyManagementToken = management' \
    'keyOperationToken = operation'
printf 'stale\napprover-key\n' >approver-keys
chmod 600 approver-keys
key() { # KIND
    headers=(-H "X-API-KEY: $1")
}
p256='"algorithm":"EC","curveOid":"1.2.840.10045.3.1.7"'
key management
create seal "$p256" "$(rest_policy "$(rest_rule 2 0 600 alice bob carol)")"
create rsa '"algorithm":"RSA","keySize":2048' "$(rest_policy "$(rest_rule 2 0 0 dave erin)")"
key operation
# Nobody has a configuration.
rm -f openssl.cnf
export OPENSSL_CONF=/dev/null

printf 'We have a deal.\n' >document
plain dgst -sha256 -binary document >digest
meta() { # JSON
    printf '%s' "$1" | b64
}
# hand_in LABEL ALGORITHM FILE METADATA: $request is its id.
hand_in() {
    ask 201 POST /v1/sign "{\"signRequest\":{\"payload\":\"$(b64 <"$3")\",\"signKeyName\":\"$1\",
        \"signatureAlgorithm\":\"$2\",\"metaData\":\"$4\"}}"
    request=$(member signRequestId)
}
ours_meta() { # [MEMBER...]
    meta "{\"app\":\"ska-provider\",\"time\":\"2026-01-05T09:31:00Z\",\"description\":\"the deal\",
        \"requester\":{\"uid\":4711,\"host\":\"signer\",\"program\":\"openssl\"}${1+,$1}}"
}
# signed_by FILE LABEL: the result of the request, verified.
signed_by() {
    becomes "$request" EXECUTED
    member result | plain base64 -d -A >result.sig
    verified "$1" "$2.pub.pem" result.sig -sha256
}
# The commands of an approver: NAME is the file of the key.
at=(--tsb "$url" --tsb-ca authority.pem --tsb-api-key-source "file:$work/approver-keys")
tasks_of() { # NAME OPTION...
    local name=$1
    shift
    skatool requests --approver "$name.pem" "${at[@]}" "$@"
}
# Nobody looks, so what is approved is said.
approves() { # NAME ID LABEL FILE OPTION...
    local name=$1 id=$2 label=$3 file=$4
    shift 4
    succeeds skatool approve --approver "$name.pem" "${at[@]}" --yes --key "$label" \
        --document "$file" "$@" "$id"
}
# A person reads it, and says yes; the page is in stdout.txt, unfolded.
reads() { # NAME ID OPTION...
    local name=$1 id=$2
    shift 2
    succeeds "$programs/skatool_terminal" 'Type yes or no: ' yes -- "$binary_dir/tools/skatool" approve \
        --approver "$name.pem" "${at[@]}" "$@" "$id"
    unfolded <stdout.txt | tr -s ' \n' ' ' >page.txt
    mv page.txt stdout.txt
}
task_id() { # NAME: of the only one
    succeeds tasks_of "$1" --json
    sed -nE 's/.*"(requestId|id)":[[:space:]]*"([^"]*)".*/\2/p' stdout.txt | head -1
}

# ---- What waits ----------------------------------------------------------------------------------

succeeds tasks_of alice
says "Nothing in $url waits for this approver.*the right key"
hand_in seal NONE_WITH_ECDSA digest "$(ours_meta '"noSignedContent":"NO_STRUCTURE"')"
succeeds tasks_of alice
shows '^ID +WHAT +KEY' ' sign +seal ' 'the deal'
id=$(task_id alice)
[ "${#id}" -eq 36 ] || fail "no id of a task: $id"
succeeds tasks_of alice --key other
says 'None of the open requests'
succeeds tasks_of mallory
says 'Nothing in'
refused 'approvers add --approver' skatool requests "${at[@]}"

# ---- Approving -----------------------------------------------------------------------------------

# Told is what is in the token, and what nobody confirms as that.
approves alice "${id:0:6}" seal document
shows 'asked to approve a SIGNATURE' 'has this name' '\| seal' 'NOT CONFIRMED' 'User number 4711 on the computer' \
    '\| the deal' "came from the broker '?$url" 'does not say to approvers' 'HSM.s time in the request' 'if the key.s'
says "Sent '?alice.pem'?'s approval of request .* to '?$url"
status_is "$request" PENDING || fail "one is enough: $(cat answer.json)"
holds "\"approvedBy\":[\"$(public alice)\"]"
succeeds tasks_of alice
says 'Nothing in'
# Whoever has answered is told so, as in a directory.
TZ='XST-5:30' succeeds skatool approve --approver alice.pem "${at[@]}" --yes --key seal --document document "$id"
says 'this key has already approved request .*, at 20.* XST \(.* UTC\) \(skatool history\); nothing to do'
ends 2 skatool reject --approver alice.pem "${at[@]}" --yes "$id"
says 'declined.*this key has already approved request .*an approval cannot be taken back; nothing was sent'
refused 'has nothing with this id for this approver' skatool approve --approver mallory.pem "${at[@]}" --yes \
    --key seal --document document "$request"
# By the id of the request, as somebody may have told it on the telephone; with the document in hand.
ends 2 skatool approve --approver bob.pem "${at[@]}" --yes --key seal --document dave.crt "$request"
says 'NOT the document'
# Where nobody looks, an id says nothing of what is approved.
yes_alone=(skatool approve --approver bob.pem "${at[@]}" --yes)
refused 'anything under an id.*--key LABEL, and --document FILE' "${yes_alone[@]}" "$request"
refused 'anything under an id' "${yes_alone[@]}" --key seal "$request"
refused 'anything under an id' "${yes_alone[@]}" --document document "$request"
refused 'anything under an id' "${yes_alone[@]}" --operation block "$request"
refused 'anything under an id' "${yes_alone[@]}" --operation sign --key seal "$request"
refused 'new rules at a broker must be read by a person' "${yes_alone[@]}" --operation modify --key seal "$request"
refused 'is unknown: sign, block' "${yes_alone[@]}" --operation sing --key seal "$request"
mkdir mine
cp document mine
refused 'any key that you guard' "${yes_alone[@]}" --documents mine
ends 2 skatool approve --approver bob.pem "${at[@]}" --yes --operation block --key seal "$request"
says 'would be to sign, and not to block'
ends 2 skatool approve --approver bob.pem "${at[@]}" --yes --key rsa --document document "$request"
says "would be for key 'seal', and not for 'rsa'"
# A key may be named as it is elsewhere, by a URI, but by nothing that would not be compared.
ends 2 skatool approve --approver bob.pem "${at[@]}" --yes --key ska:object=rsa --document document "$request"
says "would be for key 'seal', and not for 'rsa'"
for more in 'token=hsm;object=seal' 'object=seal;id=%01' 'object=seal;type=public' 'object=seal?pin-value=1' \
    'object=seal?unknown=1'; do
    refused 'nothing else of this URI could be compared: .* ska:object=seal' \
        skatool approve --approver bob.pem "${at[@]}" --yes --key "ska:$more" --document document "$request"
done
for none in '' 'token=hsm' 'object=seal%00'; do
    refused 'no label of a key|object' \
        skatool approve --approver bob.pem "${at[@]}" --yes --key "ska:$none" --document document "$request"
done
refused 'did you mean ska:object=seal\?' skatool request --key seal document
for wanted in ska:object=seal 'pkcs11:object=seal;type=private'; do
    succeeds tasks_of bob --key "$wanted"
    shows ' sign +seal '
done
succeeds tasks_of bob --key ska:object=rsa
says 'None of the open requests'
status_is "$request" PENDING && holds "\"approvedBy\":[\"$(public alice)\"]"
approves bob "$request" ska:object=seal document
shows 'Is it the file you gave, .*YES, exactly'
# Once more, by the id that was given.
succeeds skatool approve --approver bob.pem "${at[@]}" --yes --key seal --document document "$request"
says 'this key has already approved request .*; nothing to do'
signed_by document seal
succeeds skatool history --key ska:object=seal
shows 'approved +SIGN +seal'

# Whichever of its ids it was approved or rejected by, it is known by each of them afterwards: that of
# the task, the requester's, and the broker's own.
count=0
# id_of DIGEST: as doc/formats.md says, of a signature with seal.
id_of() {
    local part
    for part in <(printf SIGN) seal.der <(printf seal) <(printf NONE_WITH_ECDSA) "$1"; do
        perl -0777 -ne 'print pack("Q>", length($_)), $_' "$part"
    done | plain dgst -sha256 -r | cut -c 1-64
}
plain pkey -pubin -in seal.pub.pem -outform DER -out seal.der
paper_for_bob() { # sets paper, and all three of a new request
    paper=paper$((++count))
    echo "$paper" >"$paper"
    plain dgst -sha256 -binary "$paper" >"$paper.digest"
    stated=$(id_of "$paper.digest")
    hand_in seal NONE_WITH_ECDSA "$paper.digest" "$(ours_meta "\"requestId\":\"$stated\",\"publicKey\":\"$(b64 <seal.der)\"")"
    task=$(task_id bob)
}
for by in task stated request; do
    paper_for_bob
    approves bob "${!by}" seal "$paper"
    for again in "$task" "$stated" "$request"; do
        approves bob "$again" seal "$paper"
        says "this key has already approved request $again, at 20.*; nothing to do"
        ends 2 skatool reject --approver bob.pem "${at[@]}" --yes "$again"
        says "declined.*this key has already approved request $again, at 20.*cannot be taken back; nothing was sent"
    done
    ask 200 DELETE "/v1/request/$request"
    paper_for_bob
    succeeds skatool reject --approver bob.pem "${at[@]}" --yes "${!by}"
    for again in "$task" "$stated" "$request"; do
        succeeds skatool reject --approver bob.pem "${at[@]}" --yes "$again"
        says "this key has already rejected request $again, at 20.*; nothing to do"
        ends 2 skatool approve --approver bob.pem "${at[@]}" --yes --key seal --document "$paper" "$again"
        says "declined.*this key has already rejected request $again, at 20.* a rejection is final"
    done
    ask 200 DELETE "/v1/request/$request"
done

# Other kinds of keys, and certificates.
hand_in rsa SHA256_WITH_RSA document "$(meta 'just words')"
succeeds tasks_of dave
says 'Nothing in'
succeeds tasks_of dave --cert dave.crt
shows 'just words'
approves dave "$request" rsa document --cert dave.crt
shows 'Exactly this text' '\| We have a deal.' '\| just words'
approves erin "$request" rsa document
signed_by document rsa
hand_in rsa NONESHA256_WITH_RSA digest "$(meta '{"app":"other","x":"y"}')"
approves erin "$request" rsa document
shows 'not in this request' '"app":"other"'
approves dave "$request" rsa document --cert dave.crt
signed_by document rsa

# ---- Lies ----------------------------------------------------------------------------------------

# What was hashed is shown only where it was.
digest_of() { # FILE
    printf '"digest":{"algorithm":"SHA256","value":"%s"}' "$(plain dgst -sha256 -r "$1" | cut -c 1-64)"
}
printf 'We have no deal.\n' >other
hand_in seal NONE_WITH_ECDSA digest \
    "$(ours_meta "$(digest_of document),\"signedContent\":\"$(b64 <other)\"")"
refused 'signedContent' \
    skatool approve --approver alice.pem "${at[@]}" --yes --key seal --document document "$request"
ask 200 DELETE "/v1/request/$request"
hand_in seal NONE_WITH_ECDSA digest \
    "$(ours_meta "$(digest_of document),\"signedContent\":\"$(b64 <document)\"")"
approves alice "$request" seal document
shows 'Exactly this text' '\| We have a deal.'
ask 200 DELETE "/v1/request/$request"
# Of signed attributes a file is a part only; what else there is to read, a person has to.
plain cms -sign -binary -nosmimecap -in document -signer dave.crt -inkey dave.pem -outform DER -out cms.der
place=$(plain asn1parse -inform DER -in cms.der | grep 'cont \[ 0 \]' | tail -n 1)
offset=$((${place%%:*}))
length=$(sed -E 's/.*hl=([0-9]+) l= *([0-9]+) .*/\1 + \2/' <<<"$place")
{ printf '\x31' && tail -c +$((offset + 2)) cms.der | head -c $((length - 1)); } >attributes
plain dgst -sha256 -binary attributes >attributes.digest
for words in '' 'the \u202edeal'; do
    hand_in seal NONE_WITH_ECDSA attributes.digest "$(meta "{\"app\":\"ska-provider\",\"description\":\"$words\",
        $(digest_of attributes),\"signedContent\":\"$(b64 <attributes)\"}")"
    if [ -z "$words" ]; then
        approves alice "$request" seal document
        shows 'This is .*CMS'
    else
        ends 2 skatool approve --approver alice.pem "${at[@]}" --yes --key seal --document document "$request"
        says 'a person has to read what else is on the page'
        status_is "$request" PENDING
        holds '"approvedBy":[]'
    fi
    ask 200 DELETE "/v1/request/$request"
done
# Though key and document are the right ones, what the page warns of is for a person to read.
warned() { # WARNING NAME LABEL ALGORITHM DIGEST METADATA FILE
    local warning=$1 name=$2 file=$7
    shift 2
    rm -rf warned
    mkdir warned
    cp "$file" warned
    hand_in "$1" "$2" "$3" "$4"
    ends 2 skatool approve --approver "$name.pem" "${at[@]}" --yes --key "$1" --document "$file" "$request"
    says "$file is the document, but a person has to read .*\(WARNING: $warning.*: without --yes"
    succeeds skatool approve --approver "$name.pem" "${at[@]}" --yes --key "$1" --documents warned
    says "is left: a person has to read it: WARNING: $warning" '0 approved, 0 rejected, 1 left'
    status_is "$request" PENDING
    holds '"approvedBy":[]'
    if has_terminal; then
        reads "$name" "$request" --key "$1" --document "$file"
        shows "WARNING: $warning" 'the file you gave.*YES, exactly|This is .*CMS'
    fi
    ask 200 DELETE "/v1/request/$request"
}
old='the fingerprint is of an old kind \(SHA-1\)'
plain dgst -sha1 -binary document >document.sha1
plain dgst -sha1 -binary attributes >attributes.sha1
sha1_of() { # FILE
    printf '"digest":{"algorithm":"SHA1","value":"%s"}' "$(plain dgst -sha1 -r "$1" | cut -c 1-40)"
}
warned "$old" alice seal NONE_WITH_ECDSA document.sha1 "$(ours_meta)" document
warned "$old" alice seal NONE_WITH_ECDSA document.sha1 "$(ours_meta "$(sha1_of document)")" document
warned "$old" erin rsa NONESHA1_WITH_RSA document.sha1 "$(ours_meta)" document
# Of attributes both digests count: that of the document in them, and theirs.
warned "$old" erin rsa NONESHA1_WITH_RSA attributes.sha1 \
    "$(ours_meta "$(sha1_of attributes),\"signedContent\":\"$(b64 <attributes)\"")" document
warned 'this file could also be what a signature of ANOTHER document is made over' alice seal NONE_WITH_ECDSA \
    attributes.digest "$(ours_meta)" attributes
hand_in seal NONE_WITH_ECDSA digest "$(ours_meta "$(digest_of other)")"
succeeds tasks_of alice
shows ' sign +seal +cannot be shown by this version'
refused 'cannot show what an approval would allow .*about a different digest than the one in the approval token' \
    skatool approve --approver alice.pem "${at[@]}" --yes --key seal --document document "$request"
ask 200 DELETE "/v1/request/$request"
# Words that cannot be read keep nobody from reading the token, only from not reading it.
for words in '"digest":{"algorithm":"SHA256","value":"?"}' '"requester":{"uid":"x"}' \
    '"requestId":"abababababababababababababababababababababababababababababababab"'; do
    hand_in seal NONE_WITH_ECDSA digest "$(meta "{\"app\":\"ska-provider\",\"description\":\"deal\",$words}")"
    refused 'not as it should be' skatool approve --approver alice.pem "${at[@]}" --yes --key seal \
        --document document "$(task_id alice)"
    reads alice "$(task_id alice)" --document document
    shows 'Is it the file you gave, document\? YES' 'WARNING: what they say is not as it should be: .metaData: ' '"?deal'
    status_is "$request" PENDING || fail "$(cat answer.json)"
    holds "\"approvedBy\":[\"$(public alice)\"]"
    ask 200 DELETE "/v1/request/$request"
done
# In base64, too.
hand_in seal NONE_WITH_ECDSA digest "$(ours_meta "\"digest\":{\"algorithm\":\"SHA256\",\"value\":\"$(b64 <digest)\"}")"
approves alice "$(task_id alice)" seal document
ask 200 DELETE "/v1/request/$request"
# A digest that is called a message.
hand_in seal SHA256_WITH_ECDSA digest "$(ours_meta)"
refused 'look like a digest' skatool approve --approver alice.pem "${at[@]}" --yes --key seal \
    --document document "$request"
ask 200 DELETE "/v1/request/$request"
# Words that would write on a terminal.
hand_in seal NONE_WITH_ECDSA digest "$(printf '\033[2Jyes' | b64)"
succeeds tasks_of alice
shows '\\x1B\[2Jyes' '^ID +WHAT +KEY +DESCRIPTION$' '^[0-9a-f]+ +sign +seal +[^ ?]'
! grep -q "$(printf '\033')" stdout.txt || fail "lets words through to the terminal"

# ---- Refusing ------------------------------------------------------------------------------------

refused 'a broker has no place for a reason' skatool reject --approver alice.pem "${at[@]}" --yes \
    --reason 'too much' "$request"
succeeds skatool reject --approver alice.pem "${at[@]}" --yes "$request"
shows 'about to REJECT'
says "Sent .*alice.pem'?'s rejection of request .* to '?$url"
status_is "$request" PENDING
holds "\"rejectedBy\":[\"$(public alice)\"]"
succeeds skatool reject --approver alice.pem "${at[@]}" --yes "$request"
says 'this key has already rejected request .*; nothing to do'
ends 2 skatool approve --approver alice.pem "${at[@]}" --yes --key seal --document document "$request"
says 'declined.*this key has already rejected request .* a rejection is final'
succeeds skatool reject --approver bob.pem "${at[@]}" --yes "$request"
becomes "$request" REJECTED
succeeds tasks_of carol
says 'Nothing in'

# ---- Changes of keys -----------------------------------------------------------------------------

# What is warned of is read by a person here, too.
ask 201 POST /v1/block "{\"blockRequest\":{\"blockKeyName\":\"seal\",
    \"metaData\":\"$(meta '{"app":"ska-provider","description":"the \u202edeal"}')\"}}"
request=$(member blockKeyRequestId)
ends 2 skatool approve --approver alice.pem "${at[@]}" --yes --key seal --operation block "$request"
says 'declined.* a person has to read .*\(WARNING: look closely'
status_is "$request" PENDING
holds '"approvedBy":[]'
ask 200 DELETE "/v1/request/$request"
ask 201 POST /v1/block '{"blockRequest":{"blockKeyName":"seal"}}'
request=$(member blockKeyRequestId)
for name in alice bob; do
    succeeds skatool approve --approver "$name.pem" "${at[@]}" --yes --key seal --operation block "$request"
    shows 'that a key is BLOCKED' 'The key stops signing'
done
becomes "$request" EXECUTED
key management
ask 201 POST /v1/modify "{\"modifyRequest\":{\"modifyKeyName\":\"seal\",
    \"policy\":{\"ruleUse\":$(rest_rule 1 0 600 mallory),\"ruleBlock\":null,\"ruleUnblock\":null,\"ruleModify\":null}}}"
request=$(member modifyKeyRequestId)
key operation
for name in bob carol; do
    if has_terminal; then
        reads "$name" "$request"
        shows 'a CHANGE OF THE RULES of a key' 'mallory'
    else
        approve_task "$name" ModifyKey "$request"
    fi
done
becomes "$request" EXECUTED

# ---- What is signed as it is ----------------------------------------------------------------------

key management
create raw '"algorithm":"RSA","keySize":2048' "$(rest_policy "$(rest_rule 1 0 0 alice)")"
create ec "$p256" "$(rest_policy "$(rest_rule 1 0 0 alice)")"
ask 201 POST /v1/key "{\"label\":\"dec\",\"algorithm\":\"RSA\",\"keySize\":2048,\"attributes\":{\"decrypt\":true,
    \"sign\":false,\"unwrap\":true,\"destroyable\":true},\"policy\":$(rest_policy "$(rest_rule 1 0 0 alice)")}"
key operation
# A DigestInfo is what it says; with it a document can be compared.
{ printf '\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20' && cat digest; } >info
hand_in raw NONE_WITH_RSA info "$(ours_meta)"
approves alice "$request" raw document
shows 'the file you gave.*YES, exactly'
signed_by document raw
# Anything else is shown, with a warning, and read by a person.
printf 'abc' >abc
for kind in raw:NONE_WITH_RSA ec:NONE_WITH_ECDSA; do
    hand_in "${kind%:*}" "${kind#*:}" abc "$(ours_meta)"
    succeeds tasks_of alice
    shows " sign +${kind%:*} +the deal"
    refused 'contains no digest that a document can be compared with' skatool approve --approver alice.pem "${at[@]}" --yes \
        --key "${kind%:*}" --document abc "$request"
    if has_terminal; then
        reads alice "$request"
        shows 'WARNING: these 3 bytes are not the fingerprint of a document' '6162 ?63'
        ! status_is "$request" PENDING || fail "not approved: $(cat answer.json)"
        holds "\"approvedBy\":[\"$(public alice)\"]" # whatever the HSM makes of it
    else
        ask 200 DELETE "/v1/request/$request"
    fi
done

# ---- What cannot be shown ------------------------------------------------------------------------

# unshown PATH BODY ID-MEMBER: a request at the broker.
unshown() {
    ask 201 POST "/v1/$1" "$2"
    request=$(member "$3")
}
# rejected KEY WHAT: what was handed in just now is named everywhere, and can only be rejected.
rejected() {
    succeeds tasks_of alice
    shows "^[0-9a-f]+ +$2 +$1 .*cannot be shown by this version"
    ! grep -q 'warning' stderr.txt || fail "warns: $(cat stderr.txt)"
    id=$(task_id alice)
    shows "\"kind\":[[:space:]]*\"$2\"" "\"label\":[[:space:]]*\"$1\"" '"cannotBeShown":'
    for option in '' --yes; do
        # shellcheck disable=SC2086
        refused "which is an? $2, according to the broker, with key '?$1'?: skatool cannot show .*vendor's app, or reject" \
            skatool approve --approver alice.pem "${at[@]}" ${option:+$option --key "$1" --document document} "$id"
    done
    mkdir -p nothing
    succeeds skatool approve --approver alice.pem "${at[@]}" --yes --key "$1" --documents nothing
    says "Left unanswered: request ${id:0:16}, which is an? $2.*skatool reject .*$id" '0 approved, 0 rejected, 1 left'
    succeeds skatool reject --approver alice.pem "${at[@]}" --yes "$id"
    tr -s ' \n' ' ' <stdout.txt >page.txt
    mv page.txt stdout.txt
    shows 'about to REJECT what cannot be shown' "an? $2, according to the broker" '\| for tests'
    says 'Sent .*rejection of request'
    becomes "$request" REJECTED
    succeeds skatool history --json
    grep -q "$2 that cannot be shown by this version: for tests" stdout.txt || fail "$(cat stdout.txt)"
    succeeds skatool reject --approver alice.pem "${at[@]}" --yes "$id"
    says 'already rejected'
}
words="\"metaData\":\"$(meta 'for tests')\""
head -c 256 /dev/zero | b64 >zeros
unshown decrypt "{\"decryptRequest\":{\"encryptedPayload\":\"$(cat zeros)\",\"decryptKeyName\":\"dec\",
    \"cipherAlgorithm\":\"RSA_PADDING_OAEP_WITH_SHA256\",$words}}" decryptRequestId
rejected dec decryption
unshown unwrap "{\"unwrapKeyRequest\":{\"wrappedKey\":\"$(cat zeros)\",\"label\":\"new\",\"unwrapKeyName\":\"dec\",
    \"wrapMethod\":\"RSA_WRAP_OAEP\",\"attributes\":{\"encrypt\":true,\"decrypt\":true,\"sign\":false,\"unwrap\":false},$words}}" unwrapRequestId
rejected dec 'unwrapping of a key'
unshown certificate/request "{\"csrSignRequest\":{\"signKeyName\":\"raw\",\"signatureAlgorithm\":\"SHA256_WITH_RSA\",
    \"validity\":365,\"standardCertificateAttributes\":{\"commonName\":\"X\"},\"keyUsage\":[\"DIGITAL_SIGNATURE\"],
    \"extendedKeyUsage\":[\"CODE_SIGNING\"],$words}}" signRequestId
rejected raw 'certificate request'
unshown certificate/selfsign "{\"selfSignCertificateRequest\":{\"signKeyName\":\"ec\",\"validity\":365,
    \"signatureAlgorithm\":\"SHA256_WITH_ECDSA\",\"commonName\":\"X\",\"certificateAuthority\":true,
    \"keyUsage\":[\"KEY_CERT_SIGN\"],\"extendedKeyUsage\":[\"ANY_EXTENDED_KEY_USAGE\"],$words}}" signRequestId
rejected ec 'self-signed certificate'

# ---- The inbox -----------------------------------------------------------------------------------

if has_terminal; then
    for i in 1 2 3; do
        printf 'contract %s\n' "$i" >"contract$i"
        plain dgst -sha256 -binary "contract$i" >"contract$i.digest"
        hand_in rsa NONESHA256_WITH_RSA "contract$i.digest" "$(ours_meta)"
        requests[i]=$request
    done
    mkdir folder
    cp contract1 contract2 folder
    # A rejection is final here, so there is a way back.
    succeeds "$programs/skatool_terminal" 'm(ore), q(uit): ' y 'q(uit): ' y 'q(uit): ' r 'Reject it?' n \
        'q(uit): ' r 'Reject it?' y -- \
        "$binary_dir/tools/skatool" approve --approver erin.pem "${at[@]}" --documents folder
    unfolded <stdout.txt >shown.txt
    grep -q '3 requests in .* wait for you' shown.txt || fail "not three: $(cat shown.txt)"
    grep -q '2 match a file, 1 does not' shown.txt || fail "no files: $(cat shown.txt)"
    grep -q 'with key rsa. That is final' < <(tr -s ' \n' ' ' <shown.txt) || fail "not final: $(cat shown.txt)"
    grep -q '2 approved, 1 rejected, 0 left' shown.txt || fail "not all: $(cat shown.txt)"
    status_is "${requests[1]}" PENDING && holds "\"approvedBy\":[\"$(public erin)\"]"
    becomes "${requests[3]}" REJECTED
    for i in 1 2; do
        request=${requests[i]}
        approves dave "$request" rsa "contract$i" --cert dave.crt
        signed_by "contract$i" rsa
    done
fi

# ---- Who is asked --------------------------------------------------------------------------------

hand_in rsa NONESHA256_WITH_RSA digest "$(ours_meta)"
at=(--tsb "$url" --tsb-ca authority.pem)
refused 'access refused by the server: .*requires an API key for this call, and none is given .*--tsb-api-key-source' tasks_of erin
at=(--tsb "$url" --tsb-ca stranger.pem --tsb-api-key-source "file:$work/approver-keys")
refused "$url: .*must be issued by a CA in .*stranger.pem .*--tsb-ca" tasks_of erin
at=(--tsb "$url" --tsb-api-key-source "file:$work/approver-keys")
refused "$url: .*does not know, name that CA.s file with .*--tsb-ca" tasks_of erin
at=(--tsb "$url" --tsb-ca stranger.pem --tsb-api-key-source "file:$work/approver-keys")
cp approver-keys open-keys
chmod 644 open-keys
succeeds skatool requests --approver erin.pem --tsb "$url" --tsb-ca authority.pem \
    --tsb-api-key-source file:open-keys
says 'open-keys has API keys, and every user of this computer can read it: chmod go= '
refused 'tsb-api-key-source: file:FILE expected' skatool requests --approver erin.pem --tsb "$url" \
    --tsb-api-key-source approver-key
! grep -q approver-key stderr.txt || fail "repeats an API key: $(cat stderr.txt)"
refused 'https' skatool requests --approver erin.pem --tsb http://broker.example
refused '^skatool: .*--tsb: https://HOST' skatool requests --approver erin.pem --tsb broker.example
! grep -q 'tsb-url\|configuration' stderr.txt || fail "nobody has configured it: $(cat stderr.txt)"
refused 'digest: there is no certificate in it, in PEM \(.*--tsb-ca' \
    skatool requests --approver erin.pem --tsb "$url" --tsb-ca digest
# As the vendor's tables have it.
for written in "$url/v1" "$url/v1/" "HTTPS${url#https}"; do
    succeeds skatool requests --approver erin.pem --tsb "$written" --tsb-ca authority.pem \
        --tsb-api-key-source "file:$work/approver-keys"
done
# A failure of all is said once, and not of each task as well.
refused 'it may be one for https:' skatool requests --approver erin.pem --tsb "http://${url#https://}"
[ "$(wc -l <stderr.txt)" -eq 1 ] || fail "$(cat stderr.txt)"
refused 'cannot be used together' skatool requests --approver erin.pem --dir . --tsb "$url"
# A configuration is for the broker that it names, and for no other.
OPENSSL_CONF=$work/openssl.cnf
configure_broker "tsb-api-key-source = file:$work/approver-keys"
succeeds skatool requests --approver erin.pem
shows 'the deal'
succeeds skatool requests --approver erin.pem --tsb "$url/v1"
shows 'the deal'
configure "tsb-url = https://127.0.0.1:9" "tsb-ca = $work/authority.pem" \
    "tsb-api-key-source = file:$work/approver-keys"
sed -i -E '/^(pkcs11-module|token|pin-source) = /d' openssl.cnf
refused 'requires an API key for this call, and none is given' skatool requests --approver erin.pem --tsb "$url"
stop "$server"
OPENSSL_CONF=/dev/null
refused "$url: " skatool requests --approver erin.pem "${at[@]}"
pass
