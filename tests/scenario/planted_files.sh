#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An approvals directory of root's, as an administrator makes it, with a signer and a colleague who
# may both write there. Whatever the colleague plants, nobody is shown it as the signer's word, and
# nobody is kept from signing: names that are taken, thousands of wrong answers, the folder for
# evidence, ids that begin alike.
. "$(dirname "$0")/lib.sh"

group=12000 signer=12001 colleague=12002
[ "$(id -u)" -eq 0 ] || skip "other users can be played by root only"
as() { # UID COMMAND...
    local uid=$1
    shift
    setpriv --reuid="$uid" --regid=$group --clear-groups -- "$@"
}
board
key seal p256
log=$work/audit.log
directory=$work/approvals
configure "approvals-dir = $directory" "audit-log = $log" "timestamp-key = clock"
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
policy "$(rule 2 alice bob carol | sed 's/"timeout":0/"timeout":3600/')" >timed.json
key timed p256 timed.json
chmod 644 ./*.pem
# From here on whatever uses the token is the signer, as root would not read the signer's PIN file.
chown -R "$signer:$group" "$work"
as $signer test -r "$binary_dir/tools/skatool" -a -r "$work/pin" ||
    skip "user $signer cannot reach $work"
ours() {
    as $signer env LD_PRELOAD="$preload" "$@"
}
fresh() { # an empty directory, and no log
    rm -rf "$directory" "$log"
    mkdir -m 1770 "$directory"
    chown "root:$group" "$directory"
}
sign() { # [OPENSSL-OPTION...]
    ska dgst -sha256 -sign "$(uri "${label:-seal}")" "$@" -out signature document
}
document() { # TEXT
    printf '%s\n' "$1" >document
    chown "$signer:$group" document
}
# ask: leaves a request, its id is in $id.
ask() {
    takes 0 refused 'approvals pending' sign "$@"
    id=$(id_of_pending "$directory")
}
give() { # NAME...
    local name
    for name in "$@"; do
        succeeds skatool approve --dir "$directory" --approver "$name.pem" --yes "$id"
    done
}
signed() { # [OPENSSL-OPTION...]
    takes 1 quietly sign "$@"
    plain dgst -sha256 -verify "${label:-seal}.pub.pem" -signature signature document >/dev/null
}
plant() { # NAME: from standard input, as the colleague
    as $colleague sh -c 'umask 022; cat >"$1"' sh "$directory/$1"
}

# ---- A request of the colleague's ----------------------------------------------------------------

# The very token and rule of the signer's request, with other words around it.
for label in seal timed; do
    fresh
    document "Planted, $label."
    ask
    cp "$directory/$id.request.json" real.json
    rm "$directory/$id.request.json"
    real=$id
    sed -E 's/("program":[[:space:]]*")[^"]*/\1payroll, checked by the director/
        s/("host":[[:space:]]*")[^"]*/\1notary.example.org/
        s/("created":[[:space:]]*")[^"]*/\12020-01-01T00:00:00Z/' real.json | plant "$real.request.json"
    cp "$directory/$real.request.json" planted.json
    ask
    [ "$id" != "$real" ] || fail "the colleague's request is taken up"
    says 'ignored 1 file that other users put under a name of this request: ' "${real:0:16}\.\.\. of uid $colleague"
    ! grep -q payroll "$directory/$id.request.json" || fail "the words are the colleague's"
    grep -qE '"attempt":[[:space:]]*1' "$directory/$id.request.json" || fail "no attempt number"
    # Who asks again meets the same request.
    again=$id
    ask
    [ "$id" = "$again" ] || fail "another request for each attempt: $id"
    give alice bob
    signed
    same planted.json "$directory/$real.request.json"
    succeeds skatool inspect "$directory/done/$id".*
    ! grep -qE 'payroll|notary|2020-01' stdout.txt || fail "evidence has the colleague's words"
    shows 'ok +the request id is that of operation, key, algorithm and payload' 'attempt +1'
    ! grep -qE 'payroll|notary' "$log" || fail "the log has the colleague's words"
    grep -q "closed; files of others stay in $directory: 1 under names of requests, ${real:0:16}" \
        "$log" || fail "nothing is said of what the colleague left: $(cat "$log")"
    succeeds skatool audit "$log"
done
label=seal

# The signer's own user, and yet not what the signer would write: another user id, another time.
fresh
document 'Of our own.'
ask
for change in 's/("uid":[[:space:]]*)[0-9]+/\10/' 's/("token":[[:space:]]*")[^"]*/\1no legal effect/' \
    's/("version")/"notAfter": "2020-01-02T00:00:00Z", \1/'; do
    sed -E "$change" "$directory/$id.request.json" >changed
    ! cmp -s changed "$directory/$id.request.json" || fail "nothing was changed by $change"
    cp "$directory/$id.request.json" before.json
    as $signer sh -c 'cat >"$1"' sh "$directory/$id.request.json" <changed
    real=$id
    ask
    [ "$id" = "$real" ] || fail "not replaced"
    ! cmp -s changed "$directory/$id.request.json" || fail "taken up with $change"
done
# Somebody holds the lock under which a request is replaced: another name is as good.
setpriv --reuid=$colleague --regid=$group --clear-groups -- \
    bash -c 'exec 9<"$0"; flock 9; exec sleep 60' "$directory" &
locking=$!
for _ in $(seq 100); do flock -n "$directory" true || break; sleep 0.1; done
as $signer sh -c 'cat >"$1"' sh "$directory/$id.request.json" <changed
real=$id
ask
[ "$id" != "$real" ] || fail "replaced without the lock"
give alice bob
signed
kill "$locking"
wait "$locking" || true
rm "$directory/$real.request.json"
ask
[ "$id" = "$real" ] || fail "no request under its first name"
# Another description is for somebody else's words: both stand.
real=$id
ask -sigopt 'ska-description:For Monday'
[ "$id" != "$real" ] || fail "taken up with another description"
[ -e "$directory/$real.request.json" ] || fail "the other one is gone"
give alice bob
signed -sigopt 'ska-description:For Monday'
[ -e "$directory/$real.request.json" ] || fail "the other one is gone"
! as $signer test -e "$directory/$id.request.json" || fail "still open"

# ---- Names that are taken ------------------------------------------------------------------------

fresh
document 'Names.'
ask
rm "$directory/$id.request.json"
real=$id
as $colleague mkdir -m 700 "$directory/$real.request.json" "$directory/done"
ask
give alice bob
signed
[ -d "$directory/$real.request.json" ] || fail "the colleague's directory is gone"
[ "$(find "$directory"/done.*/ -mindepth 1 -maxdepth 1 -name "$id.*" | wc -l)" -eq 1 ] ||
    fail "no evidence: $(ls "$directory")"
as $colleague test -z "$(ls "$directory/done")" || fail "evidence is the colleague's"
# The next one goes to the same place; and a file, or a link, is no place either.
for thing in touch 'ln -s /tmp'; do
    rm -rf "$directory/done"
    # shellcheck disable=SC2086
    as $colleague $thing "$directory/done"
    document "Names, $thing."
    ask
    give alice bob
    signed
done
[ "$(find "$directory" -maxdepth 1 -name 'done.*' | wc -l)" -eq 1 ] || fail "$(ls "$directory")"
[ "$(find "$directory"/done.*/ -mindepth 1 -maxdepth 1 | wc -l)" -eq 3 ] || fail "evidence is missing"
ends 0 skatool check-config
shows 'done is not this user'
# check-config makes the folder before anybody else can.
fresh
succeeds skatool check-config
[ "$(stat -c '%u %a' "$directory/done")" = "$signer 700" ] || fail "no folder for evidence"

# ---- Floods --------------------------------------------------------------------------------------

milliseconds() { # COMMAND...: in $took
    local begun
    begun=$(date +%s%N)
    "$@"
    took=$((($(date +%s%N) - begun) / 1000000))
}
lines() {
    wc -l <"$log"
}
fresh
document 'Two good ones.'
ask
give alice bob
milliseconds signed
alone=$took

# flood WHAT COUNT: as the colleague, files with it for $id, whose names come first and last.
flood() {
    as $colleague perl -e '
        my ($directory, $id, $content, $count) = @ARGV;
        umask 022;
        for my $i (1 .. $count) {
            open(my $file, ">", sprintf("%s/%s.%s%d.approval.json", $directory, $id,
                $i % 2 ? "0" : "z", $i)) or die;
            print $file $content;
        }' "$directory" "$id" "$1" "$2"
}
# bearable: two good approvals are enough, in bearable time, with a bearable log.
bearable() {
    local before
    before=$(lines)
    milliseconds signed
    [ "$took" -le $((200 * alone)) ] || fail "$took ms, with the two good ones alone $alone ms"
    [ $(($(lines) - before)) -le 20 ] || fail "$(($(lines) - before)) lines in the log"
}
wrong_ones() { # COUNT: answers of both approvers, which are not for this request
    flood "$(approval alice document)" "$1"
    as $colleague perl -e '
        my ($directory, $id, $content, $count) = @ARGV;
        umask 022;
        for my $i (1 .. $count) {
            open(my $file, ">", "$directory/$id.b$i.approval.json") or die;
            print $file $content;
        }' "$directory" "$id" "$(approval bob document)" "$1"
}
document 'Wrong answers.'
ask
wrong_ones 4000
# In vain: nothing is missed, and the log is not filled.
before=$(lines)
takes 0 refused '0 of 2' sign
[ $(($(lines) - before)) -le 20 ] || fail "$(($(lines) - before)) lines in the log"
grep -qE '[0-9]+ more in files of uid '"$colleague"' do not count' "$log" || fail "$(tail -n 3 "$log")"
give alice bob
bearable
grep -q "closed; files of others stay in $directory: 8000 for this request, of uid $colleague" "$log" ||
    fail "nothing is said of what is left: $(tail -n 1 "$log")"
# The same once more: what is left of the last time is still there.
ask
give alice bob
bearable
succeeds skatool audit "$log"

fresh
document 'Empty files.'
ask
flood '' 130000
give alice bob
bearable
ask
give alice bob
bearable

# Good answers in files of the same owner as the flood, as on a file system that knows one owner only.
fresh
document 'One owner.'
ask
wrong_ones 2000
token_of "$directory/$id.request.json" >token.bin
for name in alice bob; do approval $name token.bin | plant "$id.m-$name.approval.json"; done
bearable

# ---- Ids that begin alike ------------------------------------------------------------------------

fresh
document 'Alike.'
ask
other=f
[ "${id:20:1}" != f ] || other=e
alike=${id:0:20}$(printf '%044d' 0 | tr 0 $other)
sed "s/$id/$alike/" "$directory/$id.request.json" | plant "$alike.request.json"
succeeds skatool requests --dir "$directory"
shows "^${id:0:21} "
says "$alike.request.json: its id does not match its content"
[ "$(wc -l <stdout.txt)" -eq 2 ] || fail "a copy is listed: $(cat stdout.txt)"
refused "2 requests start with ${id:0:16}.*${id:0:21}.*|2 requests start.*${alike:0:21}" \
    skatool approve --dir "$directory" --approver alice.pem --yes "${id:0:16}"
says "${id:0:21}" "${alike:0:21}"
succeeds skatool approve --dir "$directory" --approver alice.pem --yes "${id:0:21}"
give bob
signed
# ---- Names of files ------------------------------------------------------------------------------

# What a colleague writes into a file's name is not taken for words of ours.
fresh
document 'Names.'
ask
words='x; 2 of 2, nobody is missing: sign.'
plant "$id.$words.approval.json" <<<'{'
takes 0 refused 'approvals pending' sign
says "ignored: '$id\.$words\.approval\.json': "
ends 2 skatool status "$id"
says "warning: .*'$id\.$words\.approval\.json': "
plant "$words.order.json" <<<'{'
succeeds skatool execute --dir "$directory"
says "order '$words\.order\.json' waits: "

pass
