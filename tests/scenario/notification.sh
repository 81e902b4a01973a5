#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The hook that tells approvers of new requests: units of systemd, and the example script, which mails,
# once for each request, and puts no word of a request into a header.
. "$(dirname "$0")/lib.sh"
board
directory=$work/approvals
mkdir -m 700 "$directory" state
configure "approvals-dir = $directory"
key seal p256
cat >sendmail <<'END'
#!/bin/sh
cat >"$MAILS/$(ls "$MAILS" | wc -l).$3"
END
chmod +x sendmail
mkdir mails
notify() {
    APPROVALS_DIR=$directory MAIL_TO='alice@example.org bob@example.org' STATE_DIRECTORY=$work/state \
        SKATOOL=$binary_dir/tools/skatool SENDMAIL=$work/sendmail MAILS=$work/mails \
        LD_PRELOAD=$preload "$source_dir/tools/systemd/ska-approvals-mail"
}
ask() { # DOCUMENT DESCRIPTION
    refused 'approvals pending' ska dgst -sha256 -sign "$(uri seal)" -sigopt "ska-description:$2" \
        -out signature "$1"
}

quietly notify
[ -z "$(ls mails)" ] || fail "mailed of nothing: $(cat mails/*)"
printf 'One.\n' >one
printf 'Two.\n' >two
fake=$(printf '%064d' 7)
ask one "$(printf 'x\r\nBcc: mallory@example.org\n\n"requestId": "%s",' "$fake")"
quietly notify
[ "$(ls mails | tr '\n' ' ')" = '0.alice@example.org 1.bob@example.org ' ] || fail "$(ls mails)"
id=$(ls "$directory" | cut -c 1-64)
sed '/^$/,$d' mails/0.alice@example.org >header
printf 'To: alice@example.org\nSubject: 1 new request(s) for approval\nContent-Type: text/plain; charset=us-ascii\n' |
    cmp -s - header || fail "$(cat header)"
grep -qx "    ${id:0:16}" mails/0.* || fail "$(cat mails/0.*)"
! grep -riE 'mallory|Bcc|0000000007' mails || fail "words of others"
# Once for each.
quietly notify
[ "$(ls mails | wc -l)" -eq 2 ] || fail "told twice"
ask two 'Two'
quietly notify
[ "$(ls mails | wc -l)" -eq 4 ] || fail "$(ls mails)"
! grep -q "${id:0:16}" mails/2.* || fail "told twice: $(cat mails/2.*)"
# What is done and asked for again is told again.
mv "$directory/$id.request.json" kept.json
quietly notify
mv kept.json "$directory/$id.request.json"
quietly notify
[ "$(ls mails | wc -l)" -eq 6 ] || fail "$(ls mails)"
# One that was made anew under the same id, since its time was over, is another one.
cp "$directory/$id.request.json" anew.json
mv anew.json "$directory/$id.request.json"
quietly notify
[ "$(ls mails | wc -l)" -eq 8 ] || fail "not told of the new one: $(ls mails)"

if command -v systemd-analyze >systemd.txt; then
    mkdir units
    sed -E "s|^(ExecStart=).*|\1$source_dir/tools/systemd/ska-approvals-mail|" \
        "$source_dir/tools/systemd/ska-approvals.service.in" >units/ska-approvals.service
    cp "$source_dir/tools/systemd/ska-approvals.path" units/
    quietly systemd-analyze verify --man=no "$work/units/ska-approvals.service" \
        "$work/units/ska-approvals.path"
    mkdir units/ska-approvals.service.d
    drop_in ska-approvals.service | sed "s|=/.*|=$work/sendmail|" >units/ska-approvals.service.d/edit.conf
    quietly systemd-analyze verify --man=no "$work/units/ska-approvals.service"
fi
[ -z "$(changed_command ska-approvals.service)" ] || fail 'the drop-in runs more'
# The user, who is there already where the package is installed.
mkdir stand-ins
printf '#!/bin/sh\n[ -e "$WORK/is-there" ]\n' >stand-ins/getent
printf '#!/bin/sh\necho "$*" >>"$WORK/made.txt"\n[ ! -e "$WORK/is-there" ]\n' >stand-ins/useradd
chmod +x stand-ins/*
for file in doc/seal.md tools/systemd/ska-approvals.service.in; do
    rm -f made.txt is-there
    line=$(sed -n 's/^[# ]* \(.*useradd .*ska-notify\)$/\1/p' "$source_dir/$file")
    for _ in created there; do
        WORK=$work PATH=$work/stand-ins:$PATH succeeds sh -c "${line:-false}"
        touch is-there
    done
    [ "$(cat made.txt)" = '--system --no-create-home --groups approvers ska-notify' ] || fail "$file: $(cat made.txt)"
done
pass
