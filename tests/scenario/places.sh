#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# People in different places: a signer, three approvers and a stranger, each a user of this computer,
# share an approvals directory; or the request goes by mail and the answers come back as files.
. "$(dirname "$0")/lib.sh"

group=12000 signer=12001 stranger=12009
declare -A number=([alice]=12011 [bob]=12012 [carol]=12013)
[ "$(id -u)" -eq 0 ] || skip "other users can be played by root only"
as() { # UID GROUPS COMMAND...: in a group of the user's own, and GROUPS ('': none)
    local uid=$1 groups=(--clear-groups)
    [ -z "$2" ] || groups=(--groups "$2")
    shift 2
    setpriv --reuid="$uid" --regid="$uid" "${groups[@]}" -- "$@"
}
board
key seal p256
log=$work/audit.log
directory=$work/approvals
configure "approvals-dir = $directory" "audit-log = $log"
chmod 644 ./*.pem
chown -R "$signer:$signer" "$work"
chmod 711 "$work"
as $signer '' test -r "$binary_dir/tools/skatool" -a -r "$work/pin" ||
    skip "user $signer cannot reach $work"
# Whatever uses the token is the signer, who is in nobody's group.
groups_of_signer=
ours() {
    as $signer "$groups_of_signer" env LD_PRELOAD="$preload" "$@"
}
# Each approver has a folder, and of the configuration nothing: the keys' PIN is the signer's.
for name in alice bob carol; do
    mkdir -m 700 "$name"
    mv "$name.pem" "$name/key.pem"
    chown -R "${number[$name]}:${number[$name]}" "$name"
done
person() { # NAME COMMAND...
    local name=$1
    shift
    as "${number[$name]}" $group env LD_PRELOAD="$preload" OPENSSL_CONF=/dev/null \
        XDG_STATE_HOME="$work/$name/state" "$@"
}
tool=$binary_dir/tools/skatool
place() { # MODE OWNER:GROUP
    rm -rf "$directory"
    mkdir "$directory"
    chown "$2" "$directory"
    chmod "$1" "$directory"
}
sign() { # [OPENSSL-OPTION...]
    ska dgst -sha256 -sign "$(uri seal)" "$@" -out signature document
}
document() { # TEXT
    printf '%s\n' "$1" >document
    chown "$signer:$signer" document
}
ask() {
    takes 0 refused 'approvals pending' sign "$@"
    id=$(id_of_pending "$directory")
}
give() { # NAME...
    local name
    for name in "$@"; do
        succeeds person "$name" "$tool" approve --dir "$directory" --approver "$work/$name/key.pem" \
            --yes "$id"
    done
}
signed() { # [OPENSSL-OPTION...]
    takes 1 quietly sign "$@"
    plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null
}

# ---- The directory -------------------------------------------------------------------------------

# As documented: setgid, so that the signer, whose directory it is, need not be one of the group; in
# one of root's he has to be.
for owner in $signer root; do
    [ $owner != root ] || groups_of_signer=$group
    place 3770 "$owner:$group"
    document "Documented, $owner."
    ends 0 skatool check-config
    shows "^ok +approvals-dir +$directory, shared with the group $group"
    ask
    ! grep -q 'cannot read' stderr.txt || fail "says that it is not shared: $(cat stderr.txt)"
    [ "$(stat -c '%g %a' "$directory/$id.request.json")" = "$group 640" ] || fail "not the group's"
    succeeds person alice "$tool" requests --dir "$directory"
    shows "^${id:0:16} "
    give alice carol
    signed
    [ "$(stat -c '%u %a' "$directory/done")" = "$signer 700" ] || fail "evidence is open"
    refused 'Permission denied' as $stranger '' "$tool" requests --dir "$directory"
    groups_of_signer=
done

# Not setgid: requests are of the signer's group, and everybody is told.
place 1770 "$signer:$group"
document 'Not setgid.'
ends 3 skatool check-config
shows "^FAILED +approvals-dir .*$group.*chmod 3770 $directory"
ask
says "directory's group \($group\) cannot read the request.*chmod g\+s $directory"
ends 4 person alice "$tool" requests --dir "$directory"
! grep -rq 'no open requests' stdout.txt stderr.txt || fail "what cannot be read is not there"
says '1 (of the )?requests? in .*(could|can) ?not be read'
ends 4 person alice "$tool" approve --approver "$work/alice/key.pem" --dir "$directory"
! grep -rqi 'nothing in' stdout.txt stderr.txt || fail "what cannot be read is not there"
# Who waits need not wait to hear it.
configure "approvals-dir = $directory" "progress = yes"
refused 'approvals pending' sign -sigopt ska-approvals-timeout:1
says "^ska: the directory's group \($group\) cannot read"
configure "approvals-dir = $directory" "audit-log = $log"
# Or the signer is one of the group.
groups_of_signer=$group
document 'A member.'
ends 0 skatool check-config
ask
! grep -q 'cannot read' stderr.txt || fail "says that it is not shared: $(cat stderr.txt)"
give alice bob
signed
groups_of_signer=

# The other ways in which a group is kept out, or the signer.
place 3770 "root:$group"
ends 3 skatool check-config
shows "^FAILED +approvals-dir .*uid $signer, who signs, cannot leave requests there: chown $signer $directory"
place 3750 "$signer:$group"
ends 3 skatool check-config
shows "^FAILED +approvals-dir .*mode 3750.*chmod 3770 $directory"
# The command can be pasted.
cp -a "$directory" "$work/ap pr"
configure "approvals-dir = $work/ap pr"
ends 3 skatool check-config
shows "mode 3750.*chmod 3770 '$work/ap pr'$"
configure "approvals-dir = $directory" "audit-log = $log"
place 3770 "$signer:$group"
chmod 700 "$work"
ends 3 skatool check-config
shows "^FAILED +approvals-dir .*cannot get there: $work has mode 0700.*chmod o\+x $work"
chmod 711 "$work"
place 700 "$signer:$signer"
ends 0 skatool check-config
shows '^ok +approvals-dir .*not shared'

# ---- File systems of other computers -------------------------------------------------------------

# What number has put it there is nobody whom this computer knows.
place 3770 "$signer:$group"
document 'From afar.'
ask
succeeds person alice "$tool" approve --dir "$directory" --approver "$work/alice/key.pem" --yes "$id"
shows "What this computer can confirm: its user number $signer"
for kind in 0x6969 0x65735546 0xFF534D42 0xFE534D42; do # NFS, FUSE, CIFS, SMB2
    rm "$directory/$id".*.approval.json
    preload="$preload $programs/libremote_disk.so" REMOTE_KIND=$kind \
        succeeds person alice "$tool" approve --dir "$directory" \
        --approver "$work/alice/key.pem" --yes "$id"
    shows "not known here: the directory is$" "user number $signer may be anybody"
    ! grep -qE 'certain|of this computer|can confirm' stdout.txt || fail "certain: $(cat stdout.txt)"
done

# ---- By mail -------------------------------------------------------------------------------------

# three_copies WHAT: as attachments that keep their names, approved in parallel; the answers come
# back as alice.json, bob.json and carol.json.
three_copies() {
    local name
    for name in alice bob carol; do
        cp "$1" "$name/$id.request.json"
        chown "${number[$name]}" "$name/$id.request.json"
        succeeds person $name "$tool" approve --approver "$work/$name/key.pem" --yes \
            "$work/$name/$id.request.json"
        cp "$name/$id.request.json" "$name.json"
        rm "$name/$id.request.json"
    done
    chown "$signer:$signer" alice.json bob.json carol.json
    chmod 644 alice.json bob.json carol.json
    sha256sum alice.json bob.json carol.json >sums
}
unchanged() {
    sha256sum --quiet -c sums || fail "import has changed a file"
}
place 3770 "$signer:$group"
document 'By mail.'
ask
cp "$directory/$id.request.json" mailed.json
chmod 644 mailed.json
three_copies mailed.json
# Who is missing can be asked of the files alone, without an HSM and a configuration.
for name in alice bob; do
    ends 2 person alice "$tool" status "$work/$name.json"
    shows 'board +2 +1 ' 'what the requester says'
done
ends 0 person alice "$tool" status "$work/alice.json" "$work/bob.json"
shows 'board +2 +2 +alice, bob'
succeeds person alice "$tool" inspect "$work/alice.json" "$work/bob.json" "$work/carol.json"
[ "$(grep -c 'is a signature over this token by' stdout.txt)" -eq 3 ] || fail "$(cat stdout.txt)"
# A whole folder that came by mail: its files are now who unpacked it, which says nothing of who sent it.
as "${number[bob]}" $group sh -c 'umask 077; mkdir "$1"; cat >"$1/$2.request.json"' sh \
    "$work/bob/folder" "$id" <mailed.json
refused "is a folder: for a request in it give --dir" person bob "$tool" approve \
    --approver "$work/bob/key.pem" --yes "$work/bob/folder"
refused "is a folder" person bob "$tool" status "$work/bob/folder"
succeeds person bob "$tool" approve --approver "$work/bob/key.pem" --dir "$work/bob/folder" --yes "$id"
tr -s ' \n' ' ' <stdout.txt >told.txt
grep -q "number ${number[bob]}, that is you, has put .* this computer does not know who" told.txt ||
    fail "$(cat stdout.txt)"
rm -r bob/folder
# Into the directory, each into a file of the importer's; twice is once.
succeeds person carol "$tool" import --dir "$directory" "$work/alice.json"
says "Put alice's approval of request ${id:0:16} to sign with key 'seal' into .* \(1 of 2"
succeeds skatool import alice.json bob.json
says "alice.json: nothing new: alice's approval of request .* is already there"
! grep -q "Put alice's approval" stderr.txt || fail "taken twice: $(cat stderr.txt)"
[ "$(stat -c %u "$directory/$id".*.approval.json | sort -u | tr '\n' ' ')" = \
    "$signer ${number[carol]} " ] || fail "whose are the answers?"
unchanged
signed
# What comes too late opens nothing again.
succeeds skatool import carol.json
says 'was signed at .*; nothing to do'
[ ! -e "$directory/$id.request.json" ] || fail "opened again"

# A whole request asks in the name of who imports it, in the words of whoever sent it: it is put where
# none of its id stands, but never by the way, and it says who has imported it.
document 'Whole.'
ask -sigopt ska-description:'Rent of May; all checked.'
mv "$directory/$id.request.json" whole.json
chmod 644 whole.json
ends 4 ours setsid -w "$binary_dir/tools/skatool" import --dir "$directory" whole.json
says 'whole.json: not taken: it is a whole request.*--requests' 'not all was taken, for the reasons above: whole.json$' \
    'description +Rent of May; all checked' "requester +user id $signer" 'in YOUR name'
[ ! -e "$directory/$id.request.json" ] || fail "a request came in by the way"
succeeds skatool import --requests whole.json
says "Put request ${id:0:16} to sign with key 'seal' into" 'description +Rent of May; all checked' "key name +'?seal" \
    "requester +user id $signer" 'NOT protected by the HSM'
says "$(plain dgst -sha256 -r document | cut -c 1-4)"
grep -qF "\"importer\":{\"uid\":$signer}" < <(tr -d '[:space:]' <"$directory/$id.request.json") ||
    fail "nobody has imported it"
succeeds skatool import whole.json
says "nothing new: request ${id:0:16} is already there"
succeeds skatool requests
shows "$signer, by a file"
succeeds skatool inspect "$directory/$id.request.json"
shows "imported +from a file, by user id $signer"
if has_terminal; then
    mv "$directory/$id.request.json" aside.json
    for answer in no yes; do
        status=0
        ours "$programs/skatool_terminal" 'in your name? Type yes or no:' $answer -- "$tool" import whole.json \
            >typed.txt 2>stderr.txt || status=$?
        [ "$status" -eq $([ $answer = yes ] && echo 0 || echo 4) ] || fail "$status: $(cat typed.txt stderr.txt)"
        grep -q 'Rent of May; all checked' typed.txt || fail "not shown: $(cat typed.txt)"
    done
    [ -e "$directory/$id.request.json" ] || fail "not taken after a yes"
fi
[ "$(stat -c '%u %g' "$directory/$id.request.json")" = "$signer $group" ] || fail "not the signer's"
token_of whole.json >token.bin
cp alice/key.pem alice.pem
cp bob/key.pem bob.pem
cp carol/key.pem carol.pem
chown "$signer:$signer" alice.pem
for name in alice bob carol; do approval $name token.bin >"answer of $name"; done
chmod 644 answer*
succeeds skatool import 'answer of alice'
succeeds person bob "$tool" reject --approver "$work/bob/key.pem" --yes -o "$work/bob/no.json" \
    "$work/whole.json"
cp bob/no.json no.json
chmod 644 no.json
succeeds skatool import no.json
says "Put bob's rejection"
ends 2 skatool status "${id:0:16}"
shows 'Rejected by: bob'
succeeds person carol "$tool" approve --dir "$directory" --approver "$work/carol/key.pem" --yes "$id"
shows "WARNING: user number $signer took this request from a"
succeeds skatool import 'answer of carol'
says "'answer of carol': nothing new: carol's approval"
signed -sigopt ska-description:'Rent of May; all checked.'
# What was withdrawn does not come back without a word.
mkdir -m 700 state-dir
chown "$signer:$signer" state-dir
configure "approvals-dir = $directory" "audit-log = $log" "state-dir = $work/state-dir"
document 'Withdrawn.'
ask
cp "$directory/$id.request.json" back.json
chmod 644 back.json
succeeds skatool withdraw "$id"
ends 4 ours setsid -w "$binary_dir/tools/skatool" import back.json
says "not taken: request ${id:0:16} is not open here: it was withdrawn at 20[0-9: -]+ UTC"
! grep -q 'In the approval token' stderr.txt || fail "offered: $(cat stderr.txt)"
# Nor does an answer to it, whole or alone, or its id lead to something else.
succeeds person alice "$tool" approve --approver "$work/alice/key.pem" --yes -o "$work/alice/late.json" \
    "$work/back.json"
cp alice/late.json late.json
chmod 644 late.json
ends 4 ours setsid -w "$binary_dir/tools/skatool" import late.json
says 'is not open here: it was withdrawn at'
rm late.json
token_of back.json >token.bin
approval alice token.bin >"$id.late.approval.json"
chmod 644 "$id.late.approval.json"
ends 4 skatool import "$id.late.approval.json"
says "for request ${id:0:16} by its name, which is not open in .* \(it was withdrawn at "
for digits in "$id" "${id:0:16}" "${id:0:6}"; do
    ends 1 skatool status "$digits"
    says "request is not open: ${digits:0:16} in $directory: it was withdrawn at "
done
[ ! -e "$directory/$id.request.json" ] || fail "came back"
succeeds skatool import --requests back.json
says 'WARNING: this very request was here before: it was withdrawn at'
succeeds skatool withdraw "$id"
configure "approvals-dir = $directory" "audit-log = $log"
# What is wrong is named, not taken, and does no harm to the rest.
document 'Wrong.'
ask
cp "$directory/$id.request.json" mailed.json
chmod 644 mailed.json
three_copies mailed.json
plain genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out dave.pem -quiet
token_of mailed.json >token.bin
approval dave token.bin >unlisted.json
bundle mailed.json "$(approval alice document)" >invalid.json
sed 's/"label":[^,]*/"label": "other"/' mailed.json >label.json
echo '{' >half.json
approval carol document >strange.json
chmod 644 ./*.json
for wrong in unlisted invalid label half strange missing; do
    ends 4 skatool import "$wrong.json" bob.json
    says "$wrong.json: not taken: " "not all was taken, for the reasons above: $wrong.json\$"
done
[ "$(find "$directory" -name '*.approval.json' | wc -l)" -eq 1 ] || fail "$(ls "$directory")"
ends 4 skatool import alice.json half.json -o merged.json
says 'half.json: not taken'
rm merged.json

# Copies that say other things of the same request: whose words are true nobody can tell.
sed -E 's/("created":[[:space:]]*")20/\119/' alice.json >other-words.json
chmod 644 other-words.json
ends 4 skatool import bob.json other-words.json -o merged.json
says 'other-words.json: not taken: its "created" is different in bob.json'
[ "$(grep -c approverPublicKey merged.json)" -eq 1 ] || fail "taken all the same"
rm merged.json
refused 'other-words.json and bob.json are copies of one request, but differ in "created"' \
    skatool status bob.json other-words.json
refused 'differ in "created"' skatool execute --key "$(uri seal)" bob.json other-words.json -o by-files.sig
ends 0 skatool inspect bob.json other-words.json
says 'other-words.json is a copy of the request before, but differs in "created"'
shows '==> other-words.json' "created +'19"
# In a directory its answers count, and it is said that their approver may have seen other words.
succeeds skatool import other-words.json
says 'warning: other-words.json: its "created" differs from that of request' "Put alice's approval"
rm "$directory/$id".*.approval.json
succeeds skatool import bob.json

# Without a directory: one bundle, or the files as they are.
succeeds skatool import alice.json bob.json carol.json -o merged.json
says 'Wrote request .* to merged.json \(3 of 2'
unchanged
takes 1 quietly ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-approvals-file:merged.json \
    -out signature document
for name in alice bob; do
    refused 'approvals missing' ska dgst -sha256 -sign "$(uri seal)" \
        -sigopt "ska-approvals-file:$name.json" -out signature document
done
takes 1 quietly ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-approvals-file:alice.json \
    -sigopt ska-approvals-file:bob.json -sigopt ska-approvals-file:alice.json -out signature document
plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null
takes 1 succeeds skatool execute --key "$(uri seal)" alice.json carol.json -o by-files.sig
plain dgst -sha256 -verify seal.pub.pem -signature by-files.sig document >/dev/null
unchanged
refused 'not a copy of' skatool execute --key "$(uri seal)" alice.json whole.json -o by-files.sig
takes 0 refused 'alice.json and whole.json hold different requests|for other data' ska dgst -sha256 \
    -sign "$(uri seal)" -sigopt ska-approvals-file:alice.json -sigopt ska-approvals-file:whole.json \
    -out signature document

# The same thing asked for at another time is another request, though its id is the same.
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
configure "approvals-dir = $directory" "timestamp-key = clock"
policy "$(rule 2 alice bob carol | sed 's/"timeout":0/"timeout":3600/')" >timed-policy.json
key timed p256 timed-policy.json
before=''
for copy in first second; do
    request timed $copy.json document
    until [ "$(token_of $copy.json | plain dgst -sha256)" != "$before" ]; do
        request timed $copy.json document
    done
    before=$(token_of $copy.json | plain dgst -sha256)
    succeeds skatool approve --approver alice.pem --yes $copy.json
done
refused 'second.json is not a copy of first.json' skatool status first.json second.json
ends 4 skatool import first.json second.json -o both.json
says 'second.json: not taken: it is not a copy of request'
[ "$(grep -c approverPublicKey both.json)" -eq 1 ] || fail "merged"
succeeds skatool import --requests second.json
ends 4 skatool import first.json
says 'first.json: not taken: another request for the same thing'
[ "$(find "$directory" -name '*.approval.json' -newer first.json | wc -l)" -eq 1 ] || fail "$(ls "$directory")"

# Of an approver whose approval was spoilt in one copy the good one of another counts.
request seal mailed.json document
for name in alice bob; do
    cp mailed.json $name.json
    succeeds skatool approve --approver $name.pem --yes $name.json
done
token_of mailed.json >token.bin
bundle mailed.json "$(approval alice document)" >spoilt.json
takes 1 quietly ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-approvals-file:spoilt.json \
    -sigopt ska-approvals-file:alice.json -sigopt ska-approvals-file:bob.json -out signature document
takes 1 succeeds skatool execute --key "$(uri seal)" spoilt.json alice.json bob.json -o merged.sig
ends 4 skatool import spoilt.json alice.json bob.json -o merged-all.json
says 'spoilt.json: not taken: the signature of alice is not over request' 'Wrote request .* to .merged-all.json. \(2 of 2'

# What was approved in parallel unblocks and modifies as well.
policy "$(rule 3 alice bob carol)" >three.json
for operation in block unblock modify; do
    options=()
    [ $operation != modify ] || options=(--policy three.json)
    rm -f order.json
    succeeds skatool request --key "$(uri seal)" --operation $operation "${options[@]}" -o order.json
    chmod 644 order.json
    three_copies order.json
    ends 2 skatool execute --key "$(uri seal)" alice.json
    succeeds skatool execute --key "$(uri seal)" alice.json bob.json
    unchanged
done
succeeds skatool show --key "$(uri seal)"
shows '3 of'

# ---- Ids and files -------------------------------------------------------------------------------

document 'An id.'
ask
# Without a configuration nobody knows where; with one it is its directory.
refused 'looks like a request id: add --dir' person alice "$tool" approve \
    --approver "$work/alice/key.pem" --yes "$id"
refused 'looks like a request id: add --dir' person alice "$tool" status "${id:0:16}"
refused 'looks like a request id: add --dir' person bob "$tool" reject \
    --approver "$work/bob/key.pem" --yes "$id"
ends 2 skatool status "${id:0:16}"
chown "$signer:$signer" bob.pem
succeeds skatool reject --approver bob.pem --yes "${id:0:16}"
# An approval is not hidden inside a request that stands there, also of who has no configuration and
# knows nothing of directories: before anything is asked. A copy of one's own may keep its name.
refused "use --dir $directory ${id:0:16}, or -o FILE" skatool approve --approver alice.pem --yes \
    "$directory/$id.request.json"
refused "use --dir $directory ${id:0:16}, or -o FILE" person alice "$tool" approve \
    --approver "$work/alice/key.pem" "$directory/$id.request.json"
! grep -qi 'terminal' stderr.txt || fail "asks first: $(cat stderr.txt)"
cp "$directory/$id.request.json" copied.json
for folder in mine shared answered; do
    mkdir "$work/bob/$folder"
    cp copied.json "$work/bob/$folder/$id.request.json"
    chown -R "${number[bob]}:$group" "$work/bob/$folder"
done
chmod 3770 bob/shared
echo '{}' >"bob/answered/$id.x.approval.json"
for folder in shared answered; do
    refused "use --dir $work/bob/$folder ${id:0:16}" person bob "$tool" approve --yes \
        --approver "$work/bob/key.pem" "$work/bob/$folder/$id.request.json"
done
# What cannot be replaced is told before anything is shown, with the way out.
mkdir sticky kept
cp copied.json sticky/q.json
cp copied.json kept/q.json
chown "$signer:$signer" sticky sticky/q.json kept kept/q.json
chmod 644 sticky/q.json kept/q.json
chmod 1777 sticky
chmod 755 kept
for file in sticky kept; do
    ends 3 person bob "$tool" approve --yes --approver "$work/bob/key.pem" "$work/$file/q.json"
    says "$file/q.json cannot be replaced: .*-o FILE writes elsewhere"
    [ ! -s stdout.txt ] || fail "shown all the same: $(cat stdout.txt)"
    ! grep -q '"approved"' bob/state/ska/history.jsonl || ! grep -q "$id" < <(tail -n 1 bob/state/ska/history.jsonl) ||
        fail 'the history says that it is approved'
done
succeeds person bob "$tool" reject --yes --approver "$work/bob/key.pem" "$work/bob/mine/$id.request.json"
succeeds person bob "$tool" approve --yes --approver "$work/bob/key.pem" "$work/bob/mine/$id.request.json"

pass
