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
now='20[0-9-]+ [0-9:]+ UTC'

# Without a key that makes timestamps nobody is asked.
configure "approvals-dir = $work/approvals"
takes 0 refused 'timestamp-key' sign
[ -z "$(ls approvals)" ] || fail 'a request that nobody could use'

configure "approvals-dir = $work/approvals" 'timestamp-key = clock'
takes 0 refused 'approvals pending' sign
id=$(id_of_pending)
both() {
    succeeds skatool approve --dir approvals --approver alice.pem --yes "$id"
    succeeds skatool approve --dir approvals --approver carol.pem --yes "$id"
}
both
# The HSM is asked, since its clock decides, and says no; the request stays open.
for seconds in 0 500; do
    at "$seconds"
    refused "too early:.*cannot be used before $now; the HSM's clock says $now" sign
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

# Too early and too late is said whatever else is wrong.
spoilt() { # NAME: bundle.json with alice's approval, and one of NAME that is not valid
    token_of bundle.json >token.bin
    printf x >x
    bundle bundle.json "$(approval alice token.bin)" "$(approval "$1" x)" >spoilt.json
}
with_bundle() { # FILE
    ska dgst -sha256 -sign "$(uri seal)" -sigopt "ska-approvals-file:$1" -out signature document
}
status_says() { # PATTERN
    ends 2 skatool status --key "$(uri seal)" spoilt.json
    grep -qE "$1" stderr.txt || fail "status does not say '$1': $(cat stderr.txt)"
}
early="the approvals cannot be used before $now; the HSM's clock says $now"
late="the approvals expired at $now; the HSM's clock says $now. Make a new request"
approver mallory
for name in bob mallory; do
    spoilt $name
    at 0
    refused "invalid approval:.*$early; .*does not verify.*1 of 2" with_bundle spoilt.json
    status_says "approvals missing: 1 of 2.*; $early"
    refused "approvals missing:.*$early; 1 of 2" \
        skatool execute --key "$(uri seal)" -o signature spoilt.json
    at 700
    refused "approvals expired:.*$late; .*does not verify.*1 of 2" with_bundle spoilt.json
    status_says "approvals expired: 1 of 2.*; $late"
    refused "approvals expired:.*$late; 1 of 2" \
        skatool execute --key "$(uri seal)" -o signature spoilt.json
done
# Enough of them, and one that spoils it.
token_of bundle.json >token.bin
bundle bundle.json "$(approval alice token.bin)" "$(approval bob token.bin)" "$(approval carol x)" \
    >spoilt.json
at 0
refused "invalid approval:.*$early; .*does not verify" with_bundle spoilt.json
status_says "too early: there are enough approvals; $early"
refused "too early:.*$early" skatool execute --key "$(uri seal)" -o signature spoilt.json
at 700
refused "approvals expired:.*$late; .*does not verify" with_bundle spoilt.json

# The name of the key whose clock it is may be of any length.
for length in 255 256; do
    clock=$(printf "%0${length}d" "$length")
    at 0
    succeeds skatool keygen --timestamp --key "$(uri "$clock")" --algorithm EC
    request seal bundle.json document --timestamp-key "$clock"
    approve bundle.json alice bob
    refused "too early:.*cannot be used before $now; the HSM's clock says $now" \
        ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-approvals-file:bundle.json -out signature \
        document
done

# The time that is named is that of an alternative which can still succeed.
at 0
people() { # NAME...
    local name separator=''
    for name in "$@"; do
        printf '%s{"type":"public_key","file":"%s.pub.pem","name":"%s"}' "$separator" "$name" "$name"
        separator=,
    done
}
alternative() { # NAME TIMEOUT APPROVER...
    printf '{"name":"%s","timelock":0,"timeout":%s,"groups":[{"name":"%s","quorum":2,"approvals":[%s]}]}' \
        "$1" "$2" "$1" "$(people "${@:3}")"
}
policy "{\"tokens\":[$(alternative long 86400 alice bob),$(alternative short 3600 alice carol)]}" >two.json
key two p256 two.json
configure "approvals-dir = $work/approvals" 'timestamp-key = clock'
ask_two() {
    takes 0 refused "$1" ska dgst -sha256 -sign "$(uri two)" -out signature document
}
clock() { # TIME: as people read it
    printf '%s %s UTC' "${1%T*}" "$(sed 's/.*T\(.*\)Z/\1/' <<<"$1")"
}
# until ID: what the table says, in UTC; window NAME: what status says.
export TZ=UTC
until_of() {
    succeeds skatool requests --json
    clock "$(tr -d ' \n\t' <stdout.txt | grep -oE '"usable":"[a-z]+"(,"opens":"[^"]*")?,"closes":"[^"]*"' |
        head -n 1 | sed 's/.*"closes":"\([^"]*\)"/\1/')"
}
window_of() {
    skatool status "$id" >stdout.txt 2>stderr.txt && fail 'there are not enough'
    awk -v name="$1" '$1 == name && $5 ~ /^20/ { print $5, $6, $7, $8 }' stdout.txt
}
ask_two 'approvals pending'
id=$(id_of_pending)
long=$(window_of long)
short=$(window_of short)
[ "${long##* }" = open ] && [ "${short##* }" = open ] || fail "$(cat stdout.txt)"
long=${long% *}
short=${short% *}
[ "$long" != "$short" ] || fail "one time for both: $long"
ask_two "the same command again, before $long \(alternative short only before $short\)"
[ "$(until_of)" = "$long" ] || fail "$(cat stdout.txt)"
succeeds skatool reject --approver bob.pem --yes "$id"
ask_two "the same command again, before $short;?"
! grep -q 'only before' stderr.txt || fail "two times for one: $(cat stderr.txt)"
[ "$(until_of)" = "$short" ] || fail "$(cat stdout.txt)"
[ "$(window_of long)" = "$long rejected" ] || fail "$(cat stdout.txt)"
[ "$(window_of short)" = "$short open" ] || fail "$(cat stdout.txt)"
# On the page of somebody who is asked, too; copies of approvals are good for longer.
succeeds skatool approve --approver alice.pem --yes "$id"
grep -qF "Until $short" < <(tr -s ' \n' ' ' <stdout.txt) || fail "$(cat stdout.txt)"
succeeds skatool withdraw "$id"
says "stay good until $long"
# One that opens later only has the last of the times, which is that of the table.
policy "{\"tokens\":[$(alternative short 3600 alice carol),
    $(alternative late 7200 alice bob | sed 's/"timelock":0/"timelock":3600/')]}" >later.json
key later p256 later.json
later() { # PATTERN
    takes 0 refused "$1" ska dgst -sha256 -sign "$(uri later)" -out signature document
}
later 'approvals pending'
succeeds skatool requests --json
late=$(clock "$(sed -nE 's/.*"notAfter":[[:space:]]*"([^"]*)".*/\1/p' stdout.txt)")
later "the same command again, before $late \(alternative short only before $(until_of)\)"

# Between two alternatives nobody says that what is missing can be used. Names look the same in both tables.
policy "{\"tokens\":[$(alternative now 60 alice carol),
    $(alternative 'a day later' 172800 alice bob | sed 's/"timelock":0/"timelock":86400/')]}" >between.json
key between p256 between.json
at 0
request between bundle.json document --timestamp-key clock
at 120
ends 2 skatool status --key "$(uri between)" bundle.json
says 'approvals missing: .*; the approvals cannot be used before 20'
[ "$(grep -c "^'a day later' " stdout.txt)" -eq 2 ] || fail "$(cat stdout.txt)"
pass
