#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Time limits as users of openssl meet them: a request that waits in an approvals directory carries
# the HSM's time, is too early before its window and expired after it, and an expired one is
# replaced by a fresh one, of which nobody has approved anything.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
mkdir -m 700 approvals
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
policy "$(rule 2 alice bob carol | sed 's/"timelock":0,"timeout":0/"timelock":600,"timeout":60/')" \
    >policy.json
configure 'timestamp-key = clock'
key seal p256 policy.json

# at SECONDS: the HSM's clock, that much later than ours.
at() {
    printf 'call-log = %s\nclock-offset = %s\n' "$work/calls.log" "$1" >skasim.cnf
}
sign() {
    ska dgst -sha256 -sign "$(uri seal)" -out signature document
}
now='20[0-9-]+T[0-9:]+Z'

# Without a key that makes timestamps nobody is asked.
configure "approvals-dir = $work/approvals"
takes 0 refused 'timestamp-key' sign
[ -z "$(ls approvals)" ] || fail 'a request that nobody could use'

configure "approvals-dir = $work/approvals" 'timestamp-key = clock'
takes 0 refused 'approvals pending' sign
id=$(grep -oE '\b[0-9a-f]{64}\b' stderr.txt | sort -u)
both() {
    succeeds skatool approve --dir approvals --approver alice.pem --yes "$id"
    succeeds skatool approve --dir approvals --approver carol.pem --yes "$id"
}
both
# The HSM is asked, since its clock decides, and says no; the request stays open.
for seconds in 0 500; do
    at "$seconds"
    refused "too early:.*not before $now; the HSM's clock says $now" sign
    [ -f "approvals/$id.request.json" ] || fail 'the request is gone'
done
# The window is one minute wide; this machine may take some seconds of it.
at 610
takes 1 quietly sign
plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null
[ ! -e "approvals/$id.request.json" ] || fail 'the request is still open'

# The next one is let go by.
at 0
rm signature
takes 0 refused 'approvals pending' sign
both
token_of "approvals/$id.request.json" >old.token
at 700
refused "approvals (pending|expired)" sign
token_of "approvals/$id.request.json" >new.token
! cmp -s old.token new.token || fail 'the expired request was not replaced'
[ ! -s signature ] || fail 'signed with what had expired'
refused 'approvals pending' sign
token_of "approvals/$id.request.json" >newer.token
same new.token newer.token
skatool status --key "$(uri seal)" "approvals/$id.request.json" >stdout.txt 2>stderr.txt &&
    fail 'old approvals count for the fresh request'
grep -q '0 of 2' stderr.txt || fail "$(cat stderr.txt)"
both
at 1310
takes 1 quietly sign
plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null

# A bundle in a file is sent as it is, and cannot be replaced: then it is said.
at 0
request seal bundle.json document --timestamp-key clock
approve bundle.json alice bob
at 610
takes 1 quietly ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-approvals-file:bundle.json \
    -out signature document
at 700
refused "approvals expired:.*expired at $now; the HSM's clock says $now" \
    ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-approvals-file:bundle.json -out signature \
    document

# The name of the key whose clock it is may be of any length.
for length in 255 256; do
    clock=$(printf "%0${length}d" "$length")
    at 0
    succeeds skatool keygen --timestamp --key "$(uri "$clock")" --algorithm EC
    request seal bundle.json document --timestamp-key "$clock"
    approve bundle.json alice bob
    refused "too early:.*not before $now; the HSM's clock says $now" \
        ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-approvals-file:bundle.json -out signature \
        document
done
pass
