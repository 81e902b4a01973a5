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
    id=$(grep -oE '\b[0-9a-f]{64}\b' stderr.txt | sort -u)
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
says "$id.request.json: Permission denied" '1 of the requests'
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

# The other ways in which a group is kept out.
place 3750 "$signer:$group"
ends 3 skatool check-config
shows "^FAILED +approvals-dir .*mode 3750.*chmod 3770 $directory"
place 3770 "$signer:$group"
chmod 700 "$work"
ends 3 skatool check-config
shows "^FAILED +approvals-dir .*cannot get there: $work has mode 0700.*chmod o\+x $work"
chmod 711 "$work"
place 700 "$signer:$signer"
ends 0 skatool check-config
shows '^ok +approvals-dir .*shared with nobody'

# ---- File systems of other computers -------------------------------------------------------------

# What number has put it there is nobody whom this computer knows.
place 3770 "$signer:$group"
document 'From afar.'
ask
succeeds person alice "$tool" approve --dir "$directory" --approver "$work/alice/key.pem" --yes "$id"
shows "This much is certain: user number $signer of this computer"
for kind in 0x6969 0x65735546 0xFF534D42 0xFE534D42; do # NFS, FUSE, CIFS, SMB2
    rm "$directory/$id".*.approval.json
    preload="$preload $programs/libremote_disk.so" REMOTE_KIND=$kind \
        succeeds person alice "$tool" approve --dir "$directory" \
        --approver "$work/alice/key.pem" --yes "$id"
    shows "not known here: the directory is$" "user number $signer may be anybody"
    ! grep -qE 'certain|of this computer' stdout.txt || fail "certain: $(cat stdout.txt)"
done

pass
