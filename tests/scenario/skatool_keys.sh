#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Keys and requests of every kind that skatool makes, what it warns of, and what it does not make.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
plain req -x509 -new -key carol.pem -subj '/CN=Carol Example' -out carol.crt \
    -config "$source_dir/tests/scenario/certificates.cnf"

# four USE BLOCK UNBLOCK MODIFY: a policy of these rules.
four() {
    printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":%s,"ruleModify":%s}' "$@"
}
never='{"tokens":[]}'
two=$(rule 2 alice bob carol)
keygen() { # LABEL OPTION...
    skatool keygen --key "$(uri "$1")" "${@:2}"
}

# ---- Rules ---------------------------------------------------------------------------------------

four "$two" "$two" "$two" "$two" >policy.json
succeeds keygen quiet --algorithm ec --policy policy.json
[ "$(grep -c '^skatool: warning' stderr.txt)" -eq 1 ] || fail "not one warning: $(cat stderr.txt)"
says "approvals to sign with 'quiet' never expire: .* signed again" '"timeout" in seconds' \
    'skatool keygen --timestamp'
grep -q '^ska:token=tok;.*object=quiet' stdout.txt
four null "$two" "$two" null >policy.json
succeeds keygen open --algorithm ED25519 --policy policy.json
says 'anyone with the PIN can sign' 'anyone with the PIN can change'
four "$never" null "$never" "$two" >policy.json
succeeds keygen dead --algorithm ec --blocked --policy policy.json
says "nobody can sign with 'dead'\$" 'nobody can unblock'
four "$never" "$two" "$never" "$never" >policy.json
succeeds keygen waste --algorithm ec --policy policy.json
says "nobody can sign with 'waste', and nobody can ever change that" \
    "the rules of 'waste' stay as they are forever" "once 'waste' is blocked, it stays so"
printf '{"ruleUse":{"tokens":[{"name":"daily","timelock":0,"timeout":0,"groups":[
    {"name":"board","quorum":1,"approvals":[{"type":"public_key","name":"alice","file":"alice.pub.pem"},
                                            {"type":"public_key","name":"bob","file":"bob.pub.pem"}]},
    {"name":"risk","quorum":1,"approvals":[{"type":"certificate","file":"carol.crt"}]}]},
  {"name":"emergency","timelock":0,"timeout":0,"groups":[
    {"name":"all","quorum":2,"approvals":[{"type":"public_key","name":"alice","file":"alice.pub.pem"},
                                          {"type":"public_key","name":"bob","file":"bob.pub.pem"}]}]}]},
  "ruleBlock":null,"ruleUnblock":null,"ruleModify":{"tokens":[]},"keyStatus":{"blocked":true}}' \
    >policy.json
succeeds keygen groups --algorithm EC --curve P-384 --policy policy.json
succeeds skatool show --key "$(uri groups)"
cat >expected <<'END'
    blocked         yes
    SAM-approved    no
    use             'daily': 'board' 1 of 2: alice, bob
                    and 'risk' 1 of 1: 'Carol Example'
                    or 'emergency': 'all' 2 of 2: alice, bob
    block           always satisfied: no approval needed
    unblock         always satisfied: no approval needed
    modify          never satisfied: nobody can do this
END
sed -n '/^    blocked/,/^    modify/p' stdout.txt >shown
same expected shown
sed -n '/BEGIN/,$p' stdout.txt | plain pkey -pubin -noout || fail "show prints no public key"

four null null null null >policy.json
refused 'for RSA' keygen wrong --algorithm EC --size 2048 --policy policy.json
refused 'for EC' keygen wrong --algorithm RSA --curve P-256 --policy policy.json
refused '1024' keygen wrong --algorithm RSA --size 1024 --policy policy.json
refused '3072x' keygen wrong --algorithm RSA --size 3072x --policy policy.json
refused 'P-1; known curves are P-256, P-384' keygen wrong --algorithm EC --curve P-1 --policy policy.json
refused 'CKR_CURVE_NOT_SUPPORTED' keygen wrong --algorithm EC --curve P-224 --policy policy.json
refused 'CKR_KEY_SIZE_RANGE' keygen wrong --algorithm RSA --size 8192 --policy policy.json
refused "'DSA' is unknown: RSA, RSA-PSS, EC" keygen wrong --algorithm DSA --policy policy.json
for file in document alice.pem /bin/true carol.crt; do
    untouched refused "bad policy: $file: not a policy: a JSON object is expected, with ruleUse" \
        keygen wrong --algorithm EC --policy "$file"
done
sed 's/ruleUse/ruleUsage/' policy.json >wrong.json
untouched refused 'ruleUsage: unknown member; there are ruleUse, ruleBlock' \
    keygen wrong --algorithm EC --policy wrong.json
untouched refused 'unknown attribute tokn: there are token, .*type before the "\?", pin-source, ' \
    skatool keygen --key 'ska:tokn=tok;object=wrong' --algorithm EC --policy policy.json
refused 'ordinary' keygen wrong --algorithm EC --blocked --policy none
refused 'twice' keygen wrong --algorithm EC --algorithm EC --policy none
refused "unknown command 'rejects' .did you mean reject\?.; see" skatool rejects --approver alice.pem request.json
refused "unknown command 'aprove' .did you mean approve\?." skatool aprove
refused "unknown command 'frobnicate'; see" skatool frobnicate
refused "unknown command 'help' .did you mean --help\?.; see" skatool help keygen
refused "unknown option '-verson' .did you mean --version\?.; see" skatool -verson
refused 'unknown option --aprover .did you mean --approver\?.; see' skatool reject --aprover alice.pem request.json
refused 'unknown option --tsb_ca=x .did you mean --tsb-ca\?.' skatool reject --tsb_ca=x request.json
refused 'unknown or wrong option --colour; see' skatool reject --colour request.json
refused 'unknown or wrong option --yes=no; see' skatool reject --yes=no request.json
refused "key not found: .*\"wrong\"; skatool list shows the keys that are there" \
    skatool show --key "$(uri wrong)"

# ---- Approvals by certificate, two policy tokens -------------------------------------------------

request groups groups.json document
approve groups.json bob
! skatool status --key "$(uri groups)" groups.json >stdout.txt 2>stderr.txt || fail "one is enough"
says 'still needed: .*.Carol Example. \(alternative daily, group risk\); or else alice'
approve groups.json carol
grep -q approverCertificate groups.json || fail "the listed certificate is not in the approval"
refused 'blocked' skatool execute --key "$(uri groups)" -o signature groups.json
skatool status --key "$(uri groups)" --json groups.json >stdout.txt 2>stderr.txt &&
    fail "a blocked key is ready to sign"
says blocked
grep -qE '"satisfied":\s+true' stdout.txt
grep -qE '"blocked":\s+true' stdout.txt

# ---- Requests ------------------------------------------------------------------------------------

policy "$two" >policy.json
key rsa rsa2048
key pss rsapss
key p521 p521
key ed448 ed448

# made LABEL OPTION...: requested, approved, executed, and verified by openssl with VERIFY.
made() {
    local label=$1
    shift
    approved "$label" made.json document "$@"
    takes 1 quietly skatool execute --key "$(uri "$label")" -o signature made.json
    plain "${verify[@]}" -signature signature document >stdout.txt 2>stderr.txt ||
        fail "the signature by $label does not verify: $*"
    rm made.json signature
}
verify=(dgst -sha256 -verify rsa.pub.pem)
made rsa
made rsa --payload message --digest SHA-256
verify=(dgst -sha1 -verify rsa.pub.pem)
made rsa --digest sha1
verify=(dgst -sha512 -verify rsa.pub.pem -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:64)
made rsa --digest sha512 --padding pss
made rsa --digest sha512 --padding PSS --salt-length digest --payload message
verify=(dgst -sha256 -verify rsa.pub.pem -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20)
made rsa --padding pss --salt-length 20
verify=(dgst -sha256 -verify pss.pub.pem -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32)
made pss
verify=(dgst -sha256 -verify p521.pub.pem)
made p521
verify=(dgst -sha512 -verify p521.pub.pem)
made p521 --digest SHA512 --payload message
approved ed448 made.json document
takes 1 quietly skatool execute --key "$(uri ed448)" -o signature made.json
plain pkeyutl -verify -rawin -pubin -inkey ed448.pub.pem -in document -sigfile signature >/dev/null

# From standard input, and by the words of the URI and of the configuration.
skatool request --key "$(uri rsa)?payload=message" <document >made.json
grep -q SHA256_WITH_RSA made.json
grep -q NONESHA256 made.json && fail "the URI's payload is not heeded"
configure 'payload = message'
request rsa made.json document
grep -q NONESHA256 made.json && fail "the configuration's payload is not heeded"
request rsa made.json document --payload digest
grep -q NONESHA256_WITH_RSA made.json

# not_made PATTERN LABEL OPTION...: refused before anybody is asked.
not_made() {
    refused "$1" skatool request --key "$(uri "$2")" -o made.json "${@:3}" document
}
configure
head -c 32 /dev/zero >digest
not_made 'has no input' rsa --operation block
not_made 'unknown' rsa --operation sing
not_made 'without one' ed448 --digest sha256
not_made 'messages only' ed448 --payload digest
not_made 'for RSA' p521 --padding pss
not_made 'oaep' rsa --padding oaep
not_made 'pss' rsa --salt-length 20
not_made '300' rsa --padding pss --salt-length 300
not_made '20x' rsa --padding pss --salt-length 20x
not_made 'md5' rsa --digest md5
not_made 'SHA1' rsa --digest sha1 --padding pss
not_made 'PSS|PKCS' pss --padding pkcs1
not_made 'payload' rsa --payload hash
not_made 'ordinary|not found' nothing
succeeds keygen ordinary --algorithm EC --policy none
not_made 'ordinary' ordinary
refused 'looks like a digest' skatool request --key "$(uri rsa)" --payload message digest
refused 'longer than' skatool request --key "$(uri rsa)" --payload message "$simulator"
untouched refused 'No such file' skatool request --key "$(uri rsa)" nowhere
pass
