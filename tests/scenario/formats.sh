#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# doc/formats.md: each example is taken by what reads it in earnest, each member that is written
# stands in the table of its section, what it says of approvals holds, and its commands run.
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/servers.sh"
. "$source_dir/tests/scenario/journey_page.sh"
export OPENSSL_CONF=$work/openssl.cnf SOFTHSM2_CONF=$work/softhsm2.conf SKASIM_CONF=$work/skasim.cnf
PATH=$binary_dir/tools:$PATH
page=$source_dir/doc/formats.md

# example KIND: the block of the page that begins with ```KIND.
example() {
    awk -v fence="\`\`\`$1" '
        $0 == "```" { inside = 0 }
        inside
        $0 == fence { inside = 1; found++ }
        END { exit found != 1 }' "$page" || fail "no one example of $1"
}
# member NAME FILE: the last text of this name.
member() {
    tr -d '\n\t' <"$2" | grep -oE "\"$1\": *\"[^\"]*\"" | tail -n 1 | sed -E 's/.*: *"(.*)"/\1/'
}
hex() {
    od -An -v -tx1 | tr -d ' \n'
}
page_words() {
    tr -c 'A-Za-z0-9_-' '\n' <"$page" | sort -u
}

# ---- Examples ------------------------------------------------------------------------------------

example 'text token' | plain base64 -d -A >token
succeeds skatool inspect token
shows 'operation: sign' 'key name: seal-2026' 'timestamp key name: clock'
# What is shown of it stands in it, in this order.
left=$(hex <token)
while read -r line; do
    case $left in
    *"$line"*) left=${left#*"$line"} ;;
    *) fail "$line does not stand in the token, or not there" ;;
    esac
done < <(example hex | sed -E 's/^ +//; s/  .*//; s/\.\.\.//; s/ //g')

example 'json request' >request.json
token_of request.json >same.token
same token same.token
succeeds skatool inspect request.json
shows 'ok +HSM time' 'ok +the request id' 'ok +approval: .* alice' 'ok +approval: .* bob' 'ok +notAfter'
# identified FILE ALGORITHM: its id, by plain openssl.
part() { # with its length before it
    printf '%016x' "$(wc -c <"$1")" | sed 's/../\\x&/g' | xargs -0 printf '%b'
    cat "$1"
}
identified() {
    local number
    member operation "$1" | tr -d '\n' >part.1
    member publicKey "$1" | plain base64 -d -A >part.2
    member label "$1" | tr -d '\n' >part.3
    printf '%s' "$2" >part.4
    member payload "$1" | plain base64 -d -A >part.5
    tr -d '\n\t' <"$1" | sed -nE 's/.*"attempt": *([0-9]+).*/\1/p' | tr -d '\n' >part.6
    for number in 1 2 3 4 5 $([ ! -s part.6 ] || echo 6); do part part.$number; done | plain dgst -sha256 -r >part.id
    [ "$(cut -d ' ' -f 1 part.id)" = "$(member requestId "$1")" ] || fail "$1: id $(cat part.id)"
}
identified request.json NONE_WITH_ECDSA

# public NAME: the key that an approval or a refusal names.
public() {
    member approverPublicKey "$1.json" | plain base64 -d -A | plain pkey -pubin -inform DER -out "$1.pub"
    member signature "$1.json" | plain base64 -d -A >"$1.sig"
}
example 'json approval' >approval.json
public approval
quietly plain dgst -sha256 -verify approval.pub -signature approval.sig -out verified token
succeeds skatool inspect approval.json

example 'json rejection' >refusal.json
public refusal
{ printf 'SKA-REJECT-1\0' && plain dgst -sha256 -binary token; } >refused.bytes
succeeds plain pkeyutl -verify -rawin -pubin -inkey refusal.pub -sigfile refusal.sig -in refused.bytes
succeeds skatool inspect refusal.json

example 'json policy' >policy.json
key by-the-page p256 policy.json
succeeds skatool show --key "$(uri by-the-page)"
shows alice bob carol

empty=$(example 'text rule')
grep -q "\"$empty\"" "$source_dir/tests/vectors/approval-tokens.json" || fail "not the vendor's: $empty"

example 'json audit' >audit.log
chmod 600 audit.log
succeeds skatool audit audit.log
example 'json continuation' >continuation.log
succeeds skatool audit audit.log continuation.log
succeeds skatool audit continuation.log

example 'text reference' >reference.pem
succeeds skatool inspect reference.pem
shows seal-2026

# ---- Names and numbers ---------------------------------------------------------------------------

page_words >words.txt
{
    sed -n '/^enum ska_wire_type/,/^}/p' "$source_dir/provider/base/wire.h" | grep -oE '0x[0-9A-F]+'
    grep -oE '"[A-Z0-9]*_WITH_[A-Z_]*"|"EDDSA"' "$source_dir/provider/request/algorithm.c" | tr -d '"'
    sed -n '/event_names\[\]/,/};/p' "$source_dir/provider/record/audit.c" | grep -oE '"[a-z-]+"' | tr -d '"'
    printf '%s\n' repair continuation
} >names.txt
[ "$(wc -l <names.txt)" -ge 50 ] || fail "which names are there? $(cat names.txt)"
while read -r name; do
    grep -qx -- "$name" words.txt || fail "the page does not know $name"
done <names.txt

# ---- Members -------------------------------------------------------------------------------------

# members HEADING...: the names in the tables of these sections, "key.label" being label.
members() {
    local heading
    for heading in "$@"; do
        awk -v heading="$heading" '
            /^##* / { inside = $0 == "## " heading || $0 == "### " heading }
            inside && /^\| `/ { print $2 }' FS='|' "$page" | tr -d '` ' | sed 's/.*\.//; s/\[\]//'
    done | sort -u
}
# written FILE...: the names of all members in JSON, but those of rules unless asked for.
written() {
    cat "$@" | grep -oE '"[A-Za-z0-9]+":' | tr -d '":' | sort -u
}
# tells WHAT UNWRITTEN HEADING... : written.txt has all members of these sections but UNWRITTEN.
tells() {
    local what=$1 unwritten=$2
    shift 2
    members "$@" >told.txt
    [ -s told.txt ] || fail "no table: $*"
    comm -13 told.txt written.txt | grep . && fail "$what: written, but not on the page"
    comm -23 told.txt written.txt | grep -vxE -- "$unwritten" && fail "$what: on the page, but not written"
    :
}

board
limited=$(rule 2 alice bob carol | sed 's/"timeout":0/"timeout":600/')
policy "$limited" >limited.json
printf 'A document.\n' >document
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
mkdir -m 700 approvals
configure 'timestamp-key = clock' "audit-log = $work/live.log" "approvals-dir = $work/approvals"
key live rsa2048 limited.json
sign_live() {
    ska dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt "ska-description:why" -sign "$(uri live)" \
        -out signature document
}
refused 'approvals pending' sign_live
# Something else has its name: the next attempt, which is a part of the id.
taken=$(basename approvals/*.request.json .request.json)
echo 'no request' >"approvals/$taken.request.json"
refused 'approvals pending' sign_live
id=$(find approvals -name '*.request.json' ! -name "$taken.*" -printf '%f')
id=${id%.request.json}
succeeds skatool reject --dir approvals --approver carol.pem --yes "$id"
succeeds skatool approve --dir approvals --approver alice.pem --yes "$id"
succeeds skatool approve --dir approvals --approver bob.pem --yes "$id"
cp approvals/*.approval.json approvals/*.reject.json .
quietly sign_live
folder=$(echo approvals/done/*)
(cd "$folder" && sha256sum --quiet -c SHA256SUMS) || fail "SHA256SUMS"
quietly plain dgst -sha256 -sigopt rsa_padding_mode:pss -verify live.pub.pem -out verified \
    -signature "$folder/signature" document
for file in "$folder"/*; do
    grep -qx "| \`${file##*/}\` |.*" "$page" || fail "the page does not know ${file##*/}"
done
succeeds skatool inspect --audit-log live.log "$folder"

written ./*.approval.json ./*.reject.json >written.txt
tells approvals approverCertificate Approval
mkdir -m 700 mailed
request live mailed.json document
succeeds skatool import --dir mailed --requests mailed.json
written "$folder/request.json" mailed/*.request.json >written.txt
salt=$(tr -d '\n\t' <"$folder/request.json" | sed -E 's/.*"saltLength":([0-9]+).*/\1/')
identified "$folder/request.json" "NONESHA256_WITH_RSA_PSS $salt SHA256"
tells requests 'approverCertificate|signedContent|anySaltLength' 'Request and bundle' Approval Rule
printf '{"ruleBlock":%s}' "$limited" >new.json
succeeds skatool request --key "$(uri live)" --operation modify --policy new.json -o modify.json
identified modify.json ""
written modify.json >written.txt
tells 'a modification' '.*' 'Request and bundle' Approval Rule 'Policy file'
mkdir -m 700 ordered
for operation in block modify; do
    case $operation in block) rules=() ;; modify) rules=(--policy new.json) ;; esac
    OPENSSL_CONF=/dev/null succeeds skatool request --key 'ska:token=tok;object=live;id=01' \
        --operation $operation "${rules[@]}" --description 'Stop it' --dir ordered
done
written ordered/*.order.json >written.txt
tells orders 'file|keyStatus|blocked|rule[A-Z].*' Order Rule 'Policy file'
rm ordered/*
example 'json order' >example.order.json
sed 's/"demo"/"tok"/; s/"seal-2026"/"live"/' example.order.json >ordered/example.order.json
succeeds skatool execute --dir ordered
grep -q 'order example.order.json of uid .*: request [0-9a-f]* to block key' stderr.txt ||
    fail "the example is no order: $(cat stderr.txt)"
echo '{"version":1,"operation":"BLOCK","key":{"label":"nobody"}}' >ordered/nobody.order.json
succeeds skatool execute --dir ordered
written ordered/*.refused.json >written.txt
tells 'a refused order' '' 'Refused order'
written policy.json >written.txt
tells policies 'value' 'Policy file' Rule
written live.log >written.txt
tells 'the audit log' '' 'Audit log'
succeeds skatool reject --approver alice.pem --yes --reason no -o history1.json modify.json
written "$XDG_STATE_HOME/ska/history.jsonl" >written.txt
# These two are written for tasks of a broker only.
tells 'the history' 'brokerId|statedId' 'History'
# What the example says is known afterwards.
succeeds skatool request --key "$(uri live)" --operation modify --policy new.json --force -o modify.json
example 'json history' | sed 's/"seal-2026"/"live"/' >"$XDG_STATE_HOME/ska/history.jsonl"
succeeds skatool reject --approver bob.pem --yes -o history2.json modify.json
grep -q "had ANOTHER KEY in an earlier request" stdout.txt || fail "$(cat stdout.txt)"
! grep -q 'history.jsonl' stderr.txt || fail "$(cat stderr.txt)"

# ---- What an approval may be made with -----------------------------------------------------------

approver rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
approver ec
approver ed25519 -algorithm ED25519
approver ed448 -algorithm ED448
quietly plain genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -out dsa.param -quiet
approver dsa -paramfile dsa.param
configure
policy "$(rule 1 rsa ec ed25519 ed448 dsa)" >policy.json
key all p256
request all request.json document
token_of request.json >token
# made NAME DIGEST [SIGNATURE]: an approval object with the signature in made.sig.
made() {
    printf '{"approverPublicKey":"%s","approvalDigestAlgorithm":"%s","signature":"%s"}' \
        "$(plain pkey -in "$1.pem" -pubout -outform DER | plain base64 -A)" "$2" \
        "${3:-$(plain base64 -A -in made.sig)}"
}
sign_with() { # APPROVAL
    bundle request.json "$1" >bundle.json
    ska dgst -sha256 -sign "$(uri all)" -sigopt ska-approvals-file:bundle.json -out signature document
}
for name in rsa ec dsa; do
    for digest in SHA-224 SHA-256 SHA-384 SHA-512 SHA3-224 SHA3-256 SHA3-384 SHA3-512; do
        grep -q "\`$digest\`" "$page" || fail "the page does not know $digest"
        plain dgst "-${digest/SHA-/SHA}" -sign $name.pem -out made.sig token
        quietly sign_with "$(made $name $digest)"
    done
    plain dgst -sha1 -sign $name.pem -out made.sig token
    refused "'SHA-1' is not" sign_with "$(made $name SHA-1)"
done
for name in ed25519 ed448; do
    plain pkeyutl -sign -rawin -inkey $name.pem -in token -out made.sig
    quietly sign_with "$(made $name EdDSA)"
    quietly sign_with "$(made $name SHA-512)"
done
plain dgst -sha256 -sign rsa.pem -sigopt rsa_padding_mode:pss -out made.sig token
refused 'does not verify' sign_with "$(made rsa SHA-256)"
plain base64 -A -in token | plain dgst -sha256 -sign rsa.pem -out made.sig
refused 'does not verify' sign_with "$(made rsa SHA-256)"

plain dgst -sha256 -sign ec.pem -out made.sig token
refused "'SHA256' is not" sign_with "$(made ec SHA256)"
encoded=$(plain base64 -A -in made.sig)
quietly sign_with "$(made ec SHA-256 "$encoded")"
case $encoded in *=) refused 'base64' sign_with "$(made ec SHA-256 "${encoded%%=*}")" ;; esac
refused 'base64' sign_with "$(made ec SHA-256 "-_$encoded")"
# As r and s, which the page knows how to convert.
plain asn1parse -inform DER -in made.sig | awk -F: '/INTEGER/ { printf "%64s\n", $NF }' | tr ' ' 0 |
    tr -d '\n' | sed 's/../\\x&/g' | xargs -0 printf '%b' >rs.bin
[ "$(wc -c <rs.bin)" -eq 64 ] || fail "r and s: $(wc -c <rs.bin) bytes"
refused 'does not verify' sign_with "$(made ec SHA-256 "$(plain base64 -A -in rs.bin)")"
example 'sh convert' >convert.sh
(unset -f hex && OPENSSL_CONF=/dev/null bash -e convert.sh)
same alice.sig made.sig
quietly sign_with "$(made ec SHA-256 "$(plain base64 -A -in alice.sig)")"

# ---- An agent ------------------------------------------------------------------------------------

start agent.log "$binary_dir/tools/skatool" agent --socket socket --approver ec.pem \
    --allow key=all,payload=any
within 10 "the agent does not listen" grep -q 'listening on socket' agent.log
key other p256
request other other.json document
"$programs/agent" ask socket request.json other.json >answers.json
example 'json agent' >agent.json
[ "$(tail -n 1 answers.json)" = "$(tail -n 1 agent.json)" ] || fail "it says $(tail -n 1 answers.json)"
written answers.json >written.txt
tells 'an agent' approverCertificate Agent Approval
written agent.json | diff - written.txt || fail "an agent answers in another way"
stop "${servers[0]}"

# ---- Versions ------------------------------------------------------------------------------------

# row WHAT VERSION: stands in the table of versions.
row() {
    grep -qE "^\| $1.*\| $2 \|" < <(awk '/^## / { inside = $0 == "## Versions" } inside' "$page") ||
        fail "the page has another version of $1 than $2"
}
number_in() { # FILE
    tr -d '\n\t' <"$1" | grep -oE '"version": *[0-9]+' | head -n 1 | grep -oE '[0-9]+'
}
row 'request, bundle' "$(number_in request.json)"
row 'order, refused order' "$(number_in example.order.json)"
row 'key reference' "$(plain asn1parse -in reference.pem | awk -F: '/INTEGER/ { print $NF + 0; exit }')"
interface=$(sed -n 's/^#define SKA_PROVIDER_INTERFACE //p' "$source_dir/include/ska/provider.h")
row 'library interface' "$interface"
# The changelog says the same of the release that skatool says it is.
release=$(skatool --version | awk '{ print $2 }')
awk -v release="$release" '/^## \[/ { inside = index($0, "[" release "]") == 4 } inside && ++count <= 5' \
    "$source_dir/CHANGELOG.md" | tr '\n' ' ' >versions.txt
grep -q "Library interface $interface; requests, orders .* version 1, key references version 0" versions.txt ||
    fail "CHANGELOG.md has other versions of $release: $(cat versions.txt)"

# ---- Commands ------------------------------------------------------------------------------------

unset OPENSSL_CONF SOFTHSM2_CONF SKASIM_CONF
play_page "$page"
pass
