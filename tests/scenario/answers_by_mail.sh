#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Answers that come back as files: what is taken, what is there already and what is of no use is told by
# what was signed, not by who has signed something there before. A wrong file is called what it is.
. "$(dirname "$0")/lib.sh"
board
key seal p256
mkdir -m 700 approvals
configure "approvals-dir = $work/approvals"

# ask NAME: an open request for the document NAME.txt, in $id; a copy in NAME.json, its token in NAME.bin.
ask() {
    printf '%s\n' "$1" >"$1.txt"
    takes 0 refused 'approvals pending' ska dgst -sha256 -sign "$(uri seal)" -out signature "$1.txt"
    id=$(id_of_pending)
    cp "approvals/$id.request.json" "$1.json"
    token_of "$1.json" >"$1.bin"
}
# rejection NAME REQUEST FILE [OPTION...]: by somebody who has nothing but a copy of the request.
rejection() {
    rm -f "$3"
    succeeds ours env OPENSSL_CONF=/dev/null "$binary_dir/tools/skatool" reject --approver "$1.pem" \
        --yes "${@:4}" -o "$3" "$2.json"
}
answers() { # KIND
    find approvals -maxdepth 1 -name "*.$1.json" | wc -l
}
not_taken() { # PATTERN FILE...
    local before after pattern=$1
    shift
    before=$(ls approvals)
    ends 4 skatool import "$@"
    says "not taken: .*$pattern" 'skatool: bad request or bundle: not all was taken, for the reasons above: [^:]+$'
    after=$(ls approvals)
    [ "$before" = "$after" ] || fail "not taken, but $after"
    ! grep -q 'nothing new' stderr.txt || fail "$(cat stderr.txt)"
}

# ---- Which request an answer is for --------------------------------------------------------------

ask gone
gone=$id
rejection bob gone gone-no.json
approval bob gone.bin >gone-yes.json
approval carol gone.bin >gone-carol.json
succeeds skatool withdraw "$gone"
ask first
first=$id
named="request ${first:0:16} to sign with key 'seal'"
# That bob has rejected another request says nothing of this answer of his.
rejection bob first no.json --reason 'The amount is wrong.'
# A copy under another id, which comes first, is nobody's request.
none=$(printf '0%.0s' {1..64})
sed "s/$first/$none/" first.json >"approvals/$none.request.json"
succeeds skatool import no.json
rm "approvals/$none.request.json"
says "^Put bob's rejection of $named into .* \(0 of 2"
for answer in gone-no.json gone-yes.json gone-carol.json; do
    not_taken 'does not answer any open request.*skatool requests --dir .*approvals' "$answer"
done
# Nor does a name: one that is closed is said to be.
cp gone-no.json "$gone.mail.reject.json"
not_taken "for request ${gone:0:16} by its name, which is not open" "$gone.mail.reject.json"
cp gone-yes.json "$first.mail.approval.json"
not_taken 'does not answer any open request' "$first.mail.approval.json"
approver dave
approval dave first.bin >stranger.json
not_taken 'who is not an approver of any open request' stranger.json
# A request of another user's calls approvers what that user likes: they are named by their key.
if [ "$(id -u)" -eq 0 ]; then
    ask planted
    planted=$id
    chown 12003 "approvals/$planted.request.json"
    approval bob planted.bin >planted-yes.json
    hash=$(plain pkey -pubin -in bob.pub.pem -outform DER | sha256sum | cut -c1-16)
    for said in '^Put' 'nothing new:'; do
        succeeds skatool import planted-yes.json
        says "$said key $hash's approval of request ${planted:0:16} to sign with key 'seal' \(of uid 12003, who calls this approver bob\)"
        ! grep -q "bob's" stderr.txt || fail "a colleague names approvers: $(cat stderr.txt)"
    done
    rm approvals/"$planted".*
fi
# His word on a second request is taken for that, whatever it is called.
ask second
second=$id
approval bob second.bin >"$first.x.approval.json"
succeeds skatool import "$first.x.approval.json"
says "^Put bob's approval of request ${second:0:16} to sign with key 'seal' into .* \(1 of 2"
[ "$(answers reject) $(answers approval)" = '1 1' ] || fail "$(ls approvals)"
succeeds skatool import "$first.x.approval.json"
says "nothing new: bob's approval of request ${second:0:16} .* is already there"
[ "$(answers approval)" -eq 1 ] || fail "taken twice"

# ---- The same, another reason, another word ------------------------------------------------------

succeeds skatool import no.json
says "nothing new: bob's rejection of $named is already there"
# Signed anew it is the same answer, and so is one that only gives no reason.
rejection bob first again.json --reason 'The amount is wrong.'
rejection bob first bare.json
for answer in again.json bare.json; do
    succeeds skatool import "$answer"
    says "nothing new: bob's rejection"
done
rejection bob first other.json --reason 'And the name.'
succeeds skatool import other.json
says "^Put bob's rejection of $named into .*, in place of the one before"
[ "$(answers reject)" -eq 1 ] || fail "both are there: $(ls approvals)"
ends 2 skatool status "$first"
shows "Rejected by: bob \('And the name.'\)"
# Nobody else can change the words.
sed 's/And the name/It is fine/' other.json >forged.json
not_taken 'does not answer any open request' forged.json
# Another word: an approval counts after a rejection, a rejection after an approval does not.
approval bob first.bin >yes.json
succeeds skatool import yes.json
says "^Put bob's approval of $named into .*, in place of the rejection, which no longer counts \(1 of 2"
for answer in other.json bare.json; do
    not_taken "bob has approved $named already, and this is a rejection: an approval cannot be taken back" \
        "$answer"
done

# An approval that was sent as a file is known by the approver's history, before the page.
ask sent
succeeds skatool approve --approver carol.pem --yes -o sent-yes.json sent.json
refused 'this key has already approved request [0-9a-f]{16}, and an approval cannot be taken back; nothing was written' \
    skatool reject --approver carol.pem --yes -o sent-no.json sent.json
[ ! -e sent-no.json ] && [ ! -s stdout.txt ] || fail "$(cat stdout.txt)"
rejection alice sent sent-no.json
succeeds skatool withdraw "$id"
# Copies of a request that the directory never had may be meant for one file.
request seal elsewhere.json sent-no.json
not_taken 'it is a whole request, .*--requests takes it, in your name; .*copies of one request, -o FILE' elsewhere.json

# ---- Inside of requests --------------------------------------------------------------------------

# A copy with an approval in the name of somebody who has approved: only the same one is there already.
bundle second.json "$(cat "$first.x.approval.json")" >same.json
succeeds skatool import same.json
says "nothing new: bob's approval"
bundle second.json "$(cat yes.json)" >changed.json
not_taken "the signature of bob is not over request ${second:0:16}" changed.json
ends 4 skatool import same.json changed.json -o merged.json
says 'changed.json: not taken: the signature of bob is not over request'
rm merged.json
# Beside a file lie rejections: who has rejected is not missing there, either.
mkdir beside
cp same.json beside/request.json
succeeds skatool reject --approver carol.pem --yes beside/request.json
ends 2 skatool execute --key "$(uri seal)" -o beside/signature beside/request.json
says '1 of 2; still needed: alice; rejected by carol'
succeeds skatool reject --approver alice.pem --yes beside/request.json
for command in "execute --key $(uri seal) -o beside/signature" status; do
    # shellcheck disable=SC2086
    ends 2 skatool $command beside/request.json
    says '1 of 2; rejected by (alice, carol|carol, alice); left: nobody'
done
rejection carol second carol-no.json
ends 4 skatool import second.json carol-no.json -o merged.json
says 'not taken: carol rejects request .* a bundle has no place for rejections.*--dir'
rm merged.json
approval carol first.bin >carol-first.json
ends 4 skatool import second.json carol-first.json -o merged.json
says 'carol-first.json: not taken: the signature of carol is not over'
rm merged.json

# ---- Files that are no answers -------------------------------------------------------------------

wanted='what an approver sends back is a file in JSON that skatool approve or skatool reject has written'
wrong() { # WHAT FILE
    not_taken "it is $1.*$wanted" "$2"
}
printf 'Dear all,\nplease sign this.\n' >letter.txt
printf '%%PDF-1.7\n%%\xe2\xe3\n' >contract.pdf
head -c 2000000 /dev/zero >long
: >empty.json
printf '\n' >blank.json
printf '{"a":1}' >strange.json
plain req -x509 -new -key alice.pem -subj /CN=alice -out alice.crt
plain x509 -in alice.crt -outform DER -out alice.cer
mkdir folder
wrong 'a document or the like' letter.txt
wrong 'a document or the like' contract.pdf
wrong 'too long for an answer' long
wrong 'empty: ask for it again' empty.json
wrong 'empty: ask for it again' blank.json
wrong 'JSON of something else' strange.json
wrong 'a certificate' alice.crt
wrong 'a certificate' alice.cer
wrong 'a public key' alice.pub.pem
wrong 'a private key, which nobody but its owner should have' alice.pem
wrong 'an approval token' first.bin
wrong 'a directory: name the files in it' folder
not_taken 'No such file' missing.json
# What was cut off or damaged on the way is said to be.
head -c 100 yes.json >cut.json
not_taken 'cut off or changed on the way: ask for it again' cut.json
sed 's/"signature":"/"signature":"*/' yes.json >damaged.json
not_taken 'signature: base64 .*it was changed on the way, .*: ask for it again' damaged.json
succeeds ours env OPENSSL_CONF=/dev/null "$binary_dir/tools/skatool" request --operation block \
    --key ska:object=seal --dir approvals
mv approvals/*.order.json order.json
wrong 'an order' order.json
# The other way round: an answer is not what is approved.
for command in 'approve --yes --approver alice.pem' status; do
    # shellcheck disable=SC2086
    refused "this is an approver's answer, and not the request: skatool import takes it" \
        skatool $command yes.json
done
# The request that one has sent oneself.
succeeds skatool import second.json
says "nothing new: request ${second:0:16} is already there, and this copy of it contains no answer; $wanted"
# Evidence of a signature that is made.
succeeds skatool import carol-first.json
takes 1 quietly ska dgst -sha256 -sign "$(uri seal)" -out signature first.txt
succeeds skatool import approvals/done/*/request.json
says "request ${first:0:16} was signed at 20[0-9: -]+ UTC; nothing to do"
pass
