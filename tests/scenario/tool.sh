#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# skatool from key to signature: what it prints where, and the status it ends with.
. "$(dirname "$0")/lib.sh"
board
approver dave
printf 'A document.\n' >document
printf 'Another document.\n' >another

# answers STATUS COMMAND...: and whatever is refused is refused with words, not on standard output.
answers() {
    ends "$@"
    [ "$1" -eq 0 ] || { [ -s stderr.txt ] && [ ! -s stdout.txt ]; } ||
        fail "no message on standard error, or something on standard output: $*"
}

# ---- Help and wrong use --------------------------------------------------------------------------

answers 0 skatool --help
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' stdout.txt)
[ "$(wc -w <<<"$commands")" -gt 10 ] || fail "--help lists too few commands"
for command in keygen list show request inspect requests approve reject status execute check-config; do
    grep -qw -- "$command" stdout.txt || fail "--help does not mention $command"
done
for command in $commands; do
    answers 0 skatool "$command" --help
    [ -s stdout.txt ] && [ ! -s stderr.txt ] || fail "$command --help"
    ! grep -E '^.{81}' stdout.txt || fail "$command --help: wider than a terminal"
    answers 1 skatool "$command" --no-such-option
done
answers 1 skatool
answers 1 skatool no-such-command
answers 1 skatool keygen --key "$(uri seal)" --algorithm EC
grep -q -- '--policy' stderr.txt || fail "does not ask for --policy"
answers 1 skatool keygen --key "$(uri seal)" --algorithm DSA --policy policy.json
answers 1 skatool keygen --key "ska:token=$token" --algorithm EC --policy policy.json

# ---- Keys ----------------------------------------------------------------------------------------

key seal p256
key free rsa2048 empty.json
key ordinary ed25519 none
answers 0 skatool list
[ ! -s stderr.txt ] || fail "messages: $(cat stderr.txt)"
for label in seal free ordinary; do
    [ "$(grep -cw $label stdout.txt)" -eq 1 ] || fail "list does not show $label once"
done
answers 0 skatool list --json
grep -q '"seal"' stdout.txt
answers 0 skatool list --token "$token"
answers 3 skatool list --token nowhere
answers 0 skatool show --key "$(uri seal)"
for word in alice bob carol board '2 of 3|2 of:|quorum'; do
    grep -qE "$word" stdout.txt || fail "show does not mention $word: $(cat stdout.txt)"
done
answers 3 skatool show --key "$(uri nothing)"
answers 1 skatool show --key 'file:alice.pem'
answers 2 skatool keygen --key "$(uri seal)" --algorithm EC --policy policy.json
grep -q 'in use' stderr.txt

# Policies that are wrong, each with the place.
bad_policy() { # PATTERN POLICY [STATUS]
    printf '%s' "$2" >bad.json
    answers "${3:-4}" skatool keygen --key "$(uri bad)" --algorithm EC --policy bad.json
    grep -qE -- "$1" stderr.txt || fail "the message lacks $1: $(cat stderr.txt)"
}
bad_policy 'quorum' "$(policy "$(rule 3 alice bob)")"
bad_policy 'alice' "$(policy "$(rule 2 alice alice)")"
bad_policy 'nobody' "$(policy "$(rule 1 nobody)")" 3
bad_policy 'ruleModify' "$(policy null | sed 's/,"ruleModify":null//')"
bad_policy 'ruleUsed' "$(policy null | sed 's/ruleUse"/ruleUsed"/')"
bad_policy 'JSON' '{'
answers 3 skatool keygen --key "$(uri bad)" --algorithm EC --policy nowhere.json
answers 3 skatool show --key "$(uri bad)"

# ---- Request, approve, status, execute -----------------------------------------------------------

answers 0 skatool request --key "$(uri seal)" --description 'For the bicycle' -o request.json document
cp request.json fresh.json
answers 0 skatool request --key "$(uri seal)" document
grep -q approvalToBeSigned stdout.txt || fail "a request goes to standard output without -o"
answers 0 skatool inspect request.json
for word in seal 'For the bicycle' 'NOT protected'; do
    grep -qE "$word" stdout.txt || fail "inspect does not show $word: $(cat stdout.txt)"
done
token_of request.json >token.bin
answers 0 skatool inspect token.bin
grep -q seal stdout.txt

# counted NEEDED HAS FILE: what status says of the board; its own status tells whether it is enough.
counted() {
    local status=0
    skatool status --key "$(uri seal)" "$3" >stdout.txt 2>stderr.txt || status=$?
    [ "$status" -eq $(($2 < $1 ? 2 : 0)) ] || fail "status ends with $status at $2 of $1"
    grep -qE "board +$1 +$2 " stdout.txt || fail "status: $(cat stdout.txt)"
}
counted 2 0 request.json
takes 1 answers 2 skatool execute --key "$(uri seal)" -o signature request.json
[ ! -s signature ] || fail "a signature without approvals"
answers 0 skatool approve --approver alice.pem --document document --yes request.json
counted 2 1 request.json
grep -qE 'alice +bob, carol' stdout.txt || fail "status: $(cat stdout.txt)"
takes 1 answers 2 skatool execute --key "$(uri seal)" -o signature request.json
grep -q '1 of 2' stderr.txt

# Another document, an approver who is not listed, an approver who has approved already.
cp request.json before.json
answers 2 skatool approve --approver bob.pem --document another --yes request.json
answers 2 skatool approve --approver dave.pem --yes request.json
same before.json request.json

# Nobody at the terminal, no --yes: nothing is approved.
status=0
skatool approve --approver bob.pem request.json >stdout.txt 2>stderr.txt </dev/null || status=$?
[ "$status" -ne 0 ] || fail "approved without a yes"
same before.json request.json

answers 0 skatool approve --approver bob.pem --yes -o complete.json request.json
same before.json request.json
counted 2 2 complete.json
takes 1 answers 0 skatool execute --key "$(uri seal)" -o signature complete.json
[ ! -s stdout.txt ] && [ ! -s stderr.txt ] || fail "words after success"
plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null
takes 1 answers 0 skatool execute --key "$(uri seal)" complete.json
plain dgst -sha256 -verify seal.pub.pem -signature stdout.txt document >/dev/null
takes 0 answers 2 skatool execute --key "$(uri free)" -o signature2 complete.json
[ ! -s signature2 ]

# What is not a request.
answers 4 skatool approve --approver alice.pem --yes document
answers 4 skatool status --key "$(uri seal)" document
answers 4 skatool execute --key "$(uri seal)" document
answers 3 skatool status --key "$(uri seal)" nowhere.json
# A request whose words do not fit its token.
sed 's/"label":\([ \t]*\)"seal"/"label":\1"soul"/' fresh.json >forged.json
answers 2 skatool approve --approver alice.pem --yes forged.json

# Approvers' keys of other kinds.
approver erin -algorithm ED25519
approver frank -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1
policy "$(rule 2 erin frank)" >mixed.json
key mixed p384 mixed.json
request mixed mixed.req.json document --digest sha384
approve mixed.req.json erin frank
takes 1 quietly ska dgst -sha384 -sign "$(uri mixed)" -sigopt ska-approvals-file:mixed.req.json \
    -out signature document
plain dgst -sha384 -verify mixed.pub.pem -signature signature document >/dev/null

# No secret in what people are shown.
! grep -q "$pin" stdout.txt stderr.txt || fail "the PIN was shown"
pass
