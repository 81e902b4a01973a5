#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# skatool inspect and approve on files of strangers: everything is shown, nothing does harm, what is
# wrong is found out without an HSM. No configuration, no vendor call.
. "$(dirname "$0")/lib.sh"
board
approver dave
printf 'A document.\n' >document
key seal p256
key rsa rsa2048
key ed ed25519

# inspected STATUS PATH [PATTERN]...: without any configuration.
inspected() {
    local expected=$1 path=$2 status=0 pattern
    shift 2
    OPENSSL_CONF=/dev/null "$binary_dir/tools/skatool" inspect "$path" >stdout.txt 2>stderr.txt ||
        status=$?
    [ "$status" -eq "$expected" ] || {
        cat stdout.txt stderr.txt >&2
        fail "status $status, should be $expected: inspect $path"
    }
    for pattern in "$@"; do
        grep -qE -- "$pattern" stdout.txt stderr.txt || {
            cat stdout.txt stderr.txt >&2
            fail "inspect $path does not show $pattern"
        }
    done
    # Nothing that a terminal would obey, whatever is in the file.
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80[\x8b-\x8f\xaa-\xae]' \
        stdout.txt stderr.txt || fail "inspect $path shows control characters"
}

# ---- Requests and bundles ------------------------------------------------------------------------

request seal seal.json document --description "$(printf 'line\033[31m red \xe2\x80\xae txt')"
inspected 0 seal.json 'operation +sign' "key name +'seal'" 'description +line\\x1B\[31m red' \
    'xE2.x80.xAE' "requester +user id $(id -u)" 'algorithm +NONE_WITH_ECDSA' 'NOT protected' \
    "who may use +'seal': 'board' 2 of 3: alice, bob, carol" 'ok +the request id' 'ok +the digest' \
    'not satisfied yet' 'signature: none'
approve seal.json alice bob
inspected 0 seal.json 'Approvals: 2' 'ok +approval: .* by alice' 'ok +approval: .* by bob' \
    'rule as given here: satisfied'

request rsa pss.json document --padding pss --digest sha384
inspected 0 pss.json NONESHA384_WITH_RSA_PSS 'PSS +salt of 48 bytes, MGF1 with SHA384'
request rsa salted.json document --padding pss --salt-length 20
inspected 0 salted.json 'salt of 20 bytes, MGF1 with SHA256'
request rsa message.json document --payload message
inspected 0 message.json 'a message of 12 bytes' 'A document'
request ed ed.json document
inspected 0 ed.json EDDSA 'a message of 12 bytes'
for bundle in pss salted message ed; do
    approve $bundle.json alice carol
    inspected 0 $bundle.json 'rule as given here: satisfied'
done

# The token does not tell a key that signs messages from one that signs digests.
head -c 32 /dev/zero >digest
request ed caution.json digest
inspected 0 caution.json 'a message of 32 bytes' 'caution .*digest of a document'
sed 's/"EDDSA"/"SHA256_WITH_ECDSA"/; s/"publicKey":\([ \t]*\)"[^"]*"/"publicKey":\1"'"$(
    plain pkey -pubin -in seal.pub.pem -outform DER | plain base64 -A | sed 's|/|\\/|g'
)"'"/' caution.json >disguised.json
cp disguised.json before.json
refused 'looks? like a digest' skatool approve --approver alice.pem --yes disguised.json
same before.json disguised.json

# Nor is a key that cannot be read taken for one that signs messages: the algorithm of RSA or EC, and
# bits that are no key.
unreadable() { # HEX ALGORITHM
    local key
    key=$(printf '%b' "$(sed 's/../\\x&/g' <<<"$1")" | plain base64 -A)
    sed 's|"EDDSA"|"'"$2"'"|; s|"publicKey":\([ \t]*\)"[^"]*"|"publicKey":\1"'"$key"'"|' \
        caution.json >disguised.json
    refused 'looks? like a digest' skatool approve --approver alice.pem --yes disguised.json
}
unreadable 3014300d06092a864886f70d010101050003030000ff SHA256_WITH_RSA
unreadable 3019301306072a8648ce3d020106082a8648ce3d030107030200ff SHA256_WITH_ECDSA

# Members of a later version are shown; members that are wrong are shown too, and are an error.
sed 's/"version"/"novelty": {"level": 7}, "version"/' seal.json >later.json
inspected 0 later.json 'novelty = \{"level":7\}'
sed 's/"SIGN"/"BLOCK"/' seal.json >wrong.json
inspected 4 wrong.json 'operation = "BLOCK"' 'key name: seal'
sed 's/"requestId":\([ \t]*\)"....../"requestId":\1"000000/' seal.json >renamed.json
inspected 4 renamed.json 'WRONG +the request id'
head -c 300 seal.json >cut.json
inspected 4 cut.json JSON
: >empty
inspected 4 empty empty
head -c 2000000 /dev/zero >big
inspected 3 big
inspected 3 nowhere 'No such file'
mkfifo fifo
inspected 3 fifo 'not a regular file'

# One changed byte in an approval.
first=$(tr -d '\n\t' <seal.json | grep -oE '"signature": *"[^"]{8}' | head -n 1 | tail -c 9)
flipped=$(tr 'A-Za-z0-9' 'B-ZAb-za1-90' <<<"$first")
sed "s|$first|$flipped|" seal.json >forged.json
inspected 4 forged.json 'WRONG +approval: is NOT a signature over this token'
# approve replaces an approval in one's own name that is none.
cp forged.json mended.json
succeeds skatool approve --approver alice.pem --yes mended.json
grep -q replaced stderr.txt
inspected 0 mended.json 'Approvals: 2' satisfied

# Somebody who is not listed, and the same approval twice: they are no fault, they do not count.
token_of seal.json >token.bin
bundle seal.json "$(approval alice token.bin)" "$(approval alice token.bin)" \
    "$(approval dave token.bin)" >odd.json
inspected 0 odd.json 'does not count a second time' 'somebody the rule does not list' \
    'not satisfied yet'

# ---- Tokens --------------------------------------------------------------------------------------

inspected 0 token.bin 'operation: sign' 'key name: seal'
plain base64 <token.bin >token.b64
inspected 0 token.b64 'key name: seal'
# What is written in the same way is called by its name. Bytes as \xNN, until the end.
escaped() { # FILE
    od -An -v -tx1 "$1" | tr -d '\n' | sed 's/ /\\x/g'
}
bytes() { # ESCAPED
    # shellcheck disable=SC2059
    printf "$1"
}
number() { # COUNT BYTES: little endian
    local at
    for ((at = 0; at < $2; at++)); do printf '\\x%02x' $((($1 >> (8 * at)) & 255)); done
}
element() { # TYPE ESCAPED-VALUE
    local length=$((${#2} / 4)) at
    printf '%s%s%s' "$(number "$1" 2)" "$(number "$length" 2)" "$2"
    for ((at = length; at % 4 != 0; at++)); do printf '\\x00'; done
}
container() { # ESCAPED-ELEMENTS
    printf '%s%s' "$(number $((${#1} / 4)) 4)" "$1"
}
rule_of() { # QUORUM SECONDS-ELEMENT: of alice
    container "$(element 0x59 "$(number 1 4)")$2$(element 0x5a "$(number 1 4)")$(
        element 0x5b "$(number "$1" 4)")$(element 3 "$(number 1 4)")$(
        element 0x1002 "$(escaped <(printf alice))")$(
        element 0x1052 "$(escaped <(plain pkey -pubin -in alice.pub.pem -outform DER))")"
}
minutes=$(element 0x55 "$(number 2 4)")$(element 0x55 "$(number 0 4)")
seconds=$(element 0x56 "$(number 5 4)")$(element 0x56 "$(number 61 4)")
bytes "$(rule_of 1 "$minutes")" >rule.bin
inspected 0 rule.bin '^Rule, [0-9]+ bytes' 'timelock: 120 s' 'name of approver: alice' \
    'rule: one person must approve: alice'
bytes "$(rule_of 1 "$seconds")" | plain base64 >rule.b64
inspected 0 rule.b64 '^Rule, [0-9]+ bytes' 'timelock: 5 s' 'timeout: 61 s' 'name of alternative|rule:'
bytes "$(container "$(element 0x59 "$(number 1 4)")$(element 0x99 "$(number 1 4)")")" >later.bin
inspected 0 later.bin '^Rule' 'unknown element 0x0099' 'does not know; nothing was verified'
bytes "$(container "$(element 0x59 "$(number 2 4)")$minutes")" >short-rule.bin
inspected 4 short-rule.bin '^Rule' 'serialized rule, at byte'
bytes "$(container "$(element 0x59 "$(number 1 4)")\\x02\\x10\\xff\\xff")" >long.bin
inspected 4 long.bin '^Rule' 'element 0x1002 is longer than 65534 bytes' 'a form that is not supported'

bytes "$(container "$(element 0x104e "$(rule_of 1 "$minutes")")$(
    element 0x1051 "$(container "$(element 0x59 "$(number 0 4)")")")")" >modify.bin
inspected 0 modify.bin '^Modify payload' 'use rule: [0-9]+ bytes' 'use: one person must approve' \
    'modify: '
stamp=$(container "$(element 0x1057 "$(escaped document)")$(
    element 0x107 "$(number 1700000000 8)")$(element 0x1002 "$(escaped <(printf clock))")")
bytes "$stamp" >stamp.bin
inspected 0 stamp.bin '^Timestamp' 'time: 2023-11-14 22:13:20 UTC' 'timestamp key name: clock'

signature_of_bob() { # FILE
    plain asn1parse -noout -out /dev/stdout -genconf <(printf '%s\n' 'asn1 = SEQUENCE:all' '[all]' \
        'a = SEQUENCE:algorithm' "b = FORMAT:HEX,BITSTRING:$(
            plain dgst -sha256 -sign bob.pem "$1" | od -An -v -tx1 | tr -d ' \n')" \
        '[algorithm]' 'a = OID:sha256WithRSAEncryption' 'b = NULL')
}
approval_by() { # SIGNED-FILE SIGNER-ELEMENT
    container "$(element 0x1055 "$(escaped token.bin)")$(
        element 0x1056 "$(escaped <(signature_of_bob "$1"))")$2"
}
bob=$(escaped <(plain pkey -pubin -in bob.pub.pem -outform DER))
bytes "$(approval_by token.bin "$(element 0x1052 "$bob")")" >approval.bin
inspected 0 approval.bin '^Serialized approval' 'approval token: [0-9]+ bytes' \
    '^      key name: seal' 'signature: SHA-256' 'public key: RSA' \
    'ok +signature: over the approval token in it'
bytes "$(approval_by document "$(element 0x1052 "$bob")")" >approval.bin
inspected 4 approval.bin '^Serialized approval' 'WRONG +signature: NOT over the approval token'
plain req -x509 -new -key bob.pem -subj /CN=Bob -out bob.crt \
    -config "$source_dir/tests/scenario/certificates.cnf"
bob=$(escaped <(plain x509 -in bob.crt -outform DER))
bytes "$(approval_by token.bin "$(element 0x1009 "$bob")")" >approval.bin
inspected 0 approval.bin 'certificate: RSA' 'ok +signature: over the approval token in it'
bytes "$(approval_by token.bin '')" >approval.bin
inspected 4 approval.bin 'it is not token, signature, and key or certificate'

# An element of a later version: shown in hexadecimal, no failure.
{
    printf '\x40\x00\x00\x00'
    tail -c +5 token.bin
    printf '\x99\x10\x02\x00\xab\xcd\x00\x00'
} >unknown.bin
[ "$(stat -c %s unknown.bin)" -eq 64 ] || fail "the test assumes a token of 56 bytes"
printf '\x3c' | dd of=unknown.bin conv=notrunc status=none
inspected 0 unknown.bin abcd 'does not know'
sed "s|\"approvalToBeSigned\":\([ \t]*\)\"[^\"]*\"|\"approvalToBeSigned\":\1\"$(
    plain base64 -A <unknown.bin
)\"|" seal.json >unknown.json
inspected 0 unknown.json abcd 'nothing was verified'
refused '' skatool approve --approver carol.pem --yes unknown.json
head -c 40 token.bin >short.bin
inspected 4 short.bin
head -c 300 /dev/urandom >noise
inspected 4 noise

# ---- Evidence ------------------------------------------------------------------------------------

mkdir approvals
configure "approvals-dir = $work/approvals"
sign=(ska dgst -sha256 -sign "$(uri seal)" -out signature document)
refused 'approvals pending' "${sign[@]}"
id=$(id_of_pending)
succeeds skatool approve --dir approvals --approver alice.pem --yes "$id"
succeeds skatool approve --dir approvals --approver carol.pem --yes "$id"
quietly "${sign[@]}"
evidence=$(echo approvals/done/"$id".*)
inspected 0 "$evidence" 'ok +signature: by the key' 'rule as given here: satisfied' \
    'ok +file token' 'ok +file signature' 'executed'
# spoilt FILE OFFSET PATTERN: one byte changed.
spoilt() {
    rm -rf spoilt
    cp -r "$evidence" spoilt
    printf 'Z' | dd of="spoilt/$1" bs=1 seek="$2" conv=notrunc status=none
    ! cmp -s "$evidence/$1" "spoilt/$1" || # it was a Z
        printf 'Y' | dd of="spoilt/$1" bs=1 seek="$2" conv=notrunc status=none
    inspected 4 spoilt "$3"
}
spoilt token 20 'WRONG +file token: is NOT the token'
spoilt signature 20 'WRONG +file signature: is NOT the signature'
place() { # MEMBER: the offset of its value in the request, a few digits in
    LC_ALL=C grep -obUaP "\"$1\":\s*\"\K" "$evidence/request.json" | tail -n 1 | cut -d: -f1
}
for member in approvalToBeSigned payload publicKey signature; do
    spoilt request.json $(($(place $member) + 12)) 'WRONG|bad '
done
rm -rf spoilt
cp -r "$evidence" spoilt
rm spoilt/token
inspected 4 spoilt 'MISSING +file token'
rm spoilt/signature spoilt/SHA256SUMS
inspected 4 spoilt 'MISSING +file token' 'MISSING +file signature' 'MISSING +file SHA256SUMS'
(cd spoilt && inspected 4 . 'MISSING +file token')
cp stdout.txt stderr.txt spoilt
! grep -q WRONG spoilt/stdout.txt || fail "what is missing is called wrong"
rm spoilt/request.json
inspected 4 spoilt 'not a folder of evidence'
inspected 4 . 'not a folder of evidence'
ln -s /etc/passwd spoilt/request.json
inspected 4 spoilt 'symbolic link'
! grep -q root: stdout.txt stderr.txt || fail "a link was followed"

# ---- Approvals and rejections alone --------------------------------------------------------------

printf 'Yet another document.\n' >document
refused 'approvals pending' "${sign[@]}"
id=$(id_of_pending)
succeeds skatool approve --dir approvals --approver alice.pem --yes "$id"
approval=$(echo approvals/"$id".*.approval.json)
inspected 0 "$approval" Approval 'approver +alice' 'ok +signature: over the approval token' \
    'ok +approver: listed' "request +$id"
succeeds skatool reject --dir approvals --approver bob.pem --yes "$id"
refusal=$(echo approvals/"$id".*.reject.json)
inspected 0 "$refusal" Rejection 'approver +bob' 'ok +signature: over the rejection'
# Away from their request they are shown, and that is all.
cp "$approval" alone.json
inspected 0 alone.json 'approver +.*key' 'signature: its request is not here'
# An approval is no refusal, whatever its name is; a name may lead to nothing.
cp "$approval" approvals/"$id".x.reject.json
inspected 4 approvals/"$id".x.reject.json 'WRONG +signature: an APPROVAL'
cp "$refusal" approvals/"$id".y.approval.json
inspected 0 approvals/"$id".y.approval.json 'Rejection: the approver says no'
approval dave token.bin >approvals/"$id".z.approval.json
inspected 4 approvals/"$id".z.approval.json 'WRONG +signature: NEITHER' 'NOT listed'
printf '{"approvalToBeSigned":"%s",%s' "$(plain base64 -A <token.bin)" \
    "$(approval alice token.bin | tail -c +2)" >vendor.json
inspected 0 vendor.json 'ok +signature: over the approval token'
cp vendor.json approvals/"$id".v.approval.json
inspected 4 approvals/"$id".v.approval.json 'WRONG +approval token: the one inside is NOT'
printf '{"approverPublicKey":"QQ==","signature":"QQ==","approvals":[]}' >odd.json
inspected 4 odd.json
printf '{"approverPublicKey":"QQ==","signature":"QQ=="}' >odd.json
inspected 4 odd.json approverPublicKey

# ---- Key references ------------------------------------------------------------------------------

quietly ska pkey -in "$(uri seal)" -out seal.ref.pem
inspected 0 seal.ref.pem 'no secret' 'URI +ska:.*object=seal' 'EC P-256, SHA-256 [0-9a-f]{64}' \
    'BEGIN PUBLIC KEY'
sed 's/^MI/MA/' seal.ref.pem >broken.ref.pem
! cmp -s seal.ref.pem broken.ref.pem || sed 's/^M./MA/' seal.ref.pem >broken.ref.pem
inspected 4 broken.ref.pem
sed '/^M/,$d' seal.ref.pem >cut.ref.pem
inspected 4 cut.ref.pem
quietly skatool pem --key "$(uri seal)" --pkcs8 -o seal.p8.pem
inspected 0 seal.p8.pem 'reference in PKCS#8' 'no secret' 'URI +ska:.*object=seal' 'EC P-256, SHA-256 [0-9a-f]{64}'
# What the provider would not load is not shown as a reference either.
sed '/BEGIN/a Comment: words\n' seal.ref.pem >headed.ref.pem
inspected 4 headed.ref.pem
refused 'bad key reference:.*not base64' ska pkey -in headed.ref.pem -pubout -out out.pem
# A private key that somebody names by mistake is not shown.
inspected 4 alice.pem
! grep -q "$(sed -n 2p alice.pem | cut -c1-20)" stdout.txt stderr.txt || fail "a key was shown"
pass
