#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An approvals directory into which others may write: junk does not crowd out the good approvals, a
# planted request is not taken up, and several signers of the same thing do not disturb each other.
. "$(dirname "$0")/lib.sh"
board
approver mallory
key seal p256
directory=$work/approvals
mkdir "$directory"
chmod 1770 "$directory"
configure "approvals-dir = $directory"

sign=(ska dgst -sha256 -sign "$(uri seal)" -out signature)
ask() { # DOCUMENT: leaves a request, its id is in $id
    takes 0 refused 'approvals pending' "${sign[@]}" "$1"
    id=$(id_of_pending "$directory")
}
give() { # NAME...
    local name
    for name in "$@"; do
        succeeds skatool approve --dir "$directory" --approver "$name.pem" --yes "$id"
    done
}
verify() {
    plain dgst -sha256 -verify seal.pub.pem -signature signature "$1" >/dev/null
}

# ---- Junk ----------------------------------------------------------------------------------------

printf 'Junk around it.\n' >document
ask document
token_of "$directory/$id.request.json" >token.bin
for stranger in mallory alice; do
    # A thousand approvals of somebody unlisted, and of somebody listed with a wrong signature.
    one=$(approval $stranger document)
    {
        printf '{"approvalToBeSigned":"%s","approvals":[%s' "$(plain base64 -A -in token.bin)" "$one"
        for _ in $(seq 999); do printf ',%s' "$one"; done
        printf ']}'
    } >"junk.$stranger"
    for i in 1 2 3; do cp "junk.$stranger" "$directory/$id.$i-$stranger.approval.json"; done
done
for i in $(seq 1200); do : >"$directory/$id.x$i.approval.json"; done
give alice bob
takes 1 quietly "${sign[@]}" document
verify document
[ -z "$(find "$directory" -maxdepth 1 -name "$id.*")" ] || fail "something is left of the request"

# ---- Planted requests ----------------------------------------------------------------------------

# Another rule: approvers would be told that they are not asked, or that one is enough.
printf 'Planted.\n' >document
request seal planted.json document
id=$(grep '"requestId"' planted.json | grep -oE '[0-9a-f]{64}')
sed -E 's/("quorum":[[:space:]]*)2/\11/' planted.json >"$directory/$id.request.json"
! cmp -s planted.json "$directory/$id.request.json" || fail "nothing was planted"
ask document
grep -q '0 of 2' stderr.txt || fail "the planted rule was believed"
! grep -qE '"quorum":[[:space:]]*1' "$directory/$id.request.json" || fail "the planted request still stands"
# Approvals inside it, a good one and a wrong one: they count only as files of their own, and neither
# the message nor the log takes them for some that were handed in.
configure "approvals-dir = $directory" "audit-log = $work/audit.log"
cp "$directory/$id.request.json" empty.json
token_of empty.json >token.bin
bundle empty.json "$(approval alice token.bin)" "$(approval bob document)" \
    >"$directory/$id.request.json"
cp "$directory/$id.request.json" filled.json
ask document
grep -q '0 of 2' stderr.txt || fail "approvals inside the request count: $(cat stderr.txt)"
! grep -qE 'ska-approvals|ignored' stderr.txt || fail "as if handed in: $(cat stderr.txt)"
grep -q 'taken up again' audit.log || fail "the request was not taken up: $(cat audit.log)"
! grep -q approval-refused audit.log || fail "the log takes them: $(cat audit.log)"
! grep -q '"event":"approval"' audit.log || fail "the log takes them: $(cat audit.log)"
same filled.json "$directory/$id.request.json"
configure "approvals-dir = $directory"
# Another key's token under this name.
rm "$directory/$id.request.json"
key other p256
request other other.json document
cp other.json "$directory/$id.request.json"
ask document
cmp -s <(token_of "$directory/$id.request.json") <(token_of planted.json) ||
    fail "the token that stands there is not that of this request"
give alice carol
takes 1 quietly "${sign[@]}" document
verify document

# Another algorithm, in the genuine request that two have approved: the signature is the one that was
# asked for.
# exchanged CHANGE OPTION...: the standing request of this signature, changed by sed's CHANGE.
exchanged() {
    local change=$1
    shift
    takes 0 refused 'approvals pending' "${sign[@]}" "$@" document
    id=$(id_of_pending "$directory")
    give alice bob
    sed -E "$change" "$directory/$id.request.json" >planted
    ! cmp -s planted "$directory/$id.request.json" || fail "nothing was planted by $change"
    rm "$directory/$id.request.json"
    cp planted "$directory/$id.request.json"
    takes 1 quietly "${sign[@]}" "$@" document
}
printf 'A message for the seal.\n' >document
exchanged 's/SHA256_WITH_ECDSA/SHA1_WITH_ECDSA/' -sigopt ska-payload:message
verify document
key rsa rsa2048
sign=(ska dgst -sha256 -sign "$(uri rsa)" -out signature)
exchanged 's/SHA256_WITH_RSA/SHA1_WITH_RSA/' -sigopt ska-payload:message
plain dgst -sha256 -verify rsa.pub.pem -signature signature document >/dev/null
pss=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32)
exchanged 's/("saltLength":[[:space:]]*)32/\120/' "${pss[@]}" -sigopt ska-payload:message
plain dgst -sha256 "${pss[@]}" -verify rsa.pub.pem -signature signature document >/dev/null
sign=(ska dgst -sha256 -sign "$(uri seal)" -out signature)

# A time that the HSM never signed: people would see another limit, and the HSM would refuse.
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
policy "$(rule 2 alice bob carol | sed 's/"timeout":0/"timeout":3600/')" >timed.json
configure "approvals-dir = $directory" 'timestamp-key = clock'
key timed p256 timed.json
sign=(ska dgst -sha256 -sign "$(uri timed)" -out signature)
printf 'In time.\n' >document
for part in time signature; do
    ask document
    cp "$directory/$id.request.json" genuine.json
    PART=$part perl -MMIME::Base64 -0777 -ne '
        m{^(.*"approvalToBeSigned":\s*")([^"]*)(.*)$}s or die;
        my ($before, $token, $after) = ($1, decode_base64($2), $3);
        # The first byte of the time, or the last one of its signature.
        $token =~ ($ENV{PART} eq "time" ? qr/\x07\x01\x08\x00/ : qr/\x56\x10(..)/s) or die;
        my $place = $ENV{PART} eq "time" ? $+[0] : $+[0] + unpack("v", $1) - 1;
        substr($token, $place, 1) ^= "\x01";
        print $before, encode_base64($token, ""), $after;' genuine.json >"$directory/$id.request.json"
    ! cmp -s <(token_of genuine.json) <(token_of "$directory/$id.request.json") || fail "unchanged: $part"
    cp "$directory/$id.request.json" planted
    ask document
    ! cmp -s <(token_of planted) <(token_of "$directory/$id.request.json") ||
        fail "a request with another $part is taken up"
    give alice bob
    takes 1 quietly "${sign[@]}" document
    plain dgst -sha256 -verify timed.pub.pem -signature signature document >/dev/null
done
sign=(ska dgst -sha256 -sign "$(uri seal)" -out signature)

# A time where none is asked for: the HSM would refuse until it has come. The token is that of a key
# with a time limit, for the same document, with the other name in it.
key sea2 p256 timed.json
printf 'At any time.\n' >document
request sea2 timed-request.json document
for with in '' notBefore; do
    ask document
    cp "$directory/$id.request.json" genuine.json
    rm "$directory/$id.request.json"
    WITH=$with perl -MMIME::Base64 -0777 -e '
        my ($genuine, $timed) = map { open(my $file, "<", $_) or die; <$file> } @ARGV;
        my ($token) = $timed =~ /"approvalToBeSigned":\s*"([^"]*)"/ or die;
        my ($time) = $timed =~ /("notBefore":\s*"[^"]*",)/ or die;
        $token = decode_base64($token);
        $token =~ s/sea2/seal/g or die;
        $token = encode_base64($token, "");
        $time = "" unless $ENV{WITH};
        $genuine =~ s/("approvalToBeSigned":\s*")[^"]*/$time$1$token/ or die;
        print $genuine;' genuine.json timed-request.json >"$directory/$id.request.json"
    cp "$directory/$id.request.json" planted
    succeeds skatool inspect planted
    ask document
    ! cmp -s <(token_of planted) <(token_of "$directory/$id.request.json") ||
        fail "a request with a time that nobody asked for is taken up ($with)"
done

# Signed content that is not what is signed: it is what approvers are shown.
configure "approvals-dir = $directory" 'request-content = all'
printf 'A text that is shown.\n' >document
ask document
sed -E 's/("signedContent":[[:space:]]*"Q)S/\1i/' "$directory/$id.request.json" >planted
! cmp -s planted "$directory/$id.request.json" || fail "nothing was planted"
rm "$directory/$id.request.json"
cp planted "$directory/$id.request.json"
ask document
! cmp -s planted "$directory/$id.request.json" || fail "a request that shows something else is taken up"
configure "approvals-dir = $directory"

# ---- A stranger says no --------------------------------------------------------------------------

# It is no refusal: neither for whoever reads the message, nor for the log, nor for the rest.
rm -f audit.log
configure "approvals-dir = $directory" "audit-log = $work/audit.log"
printf 'Refused by a stranger.\n' >document
ask document
{
    printf 'SKA-REJECT-1\0'
    token_of "$directory/$id.request.json" | plain dgst -sha256 -binary
} >refused.bin
approval mallory refused.bin >"$directory/$id.x.reject.json"
ask document
says 'is not an approver of this key'
! grep -qE 'has rejected|rejected by' stderr.txt || fail "taken for a refusal: $(cat stderr.txt)"
give alice bob
takes 1 quietly "${sign[@]}" document
verify document
! grep -q '"event":"rejection"' audit.log || fail "the log has a rejection: $(cat audit.log)"
configure "approvals-dir = $directory"

# ---- Several signers at once ---------------------------------------------------------------------

for round in 1 2 3; do
    printf 'Round %s.\n' $round >document
    ask document
    give alice bob
    for i in 1 2 3 4 5 6; do
        ours openssl dgst -sha256 -sign "$(uri seal)" -out signature.$i document 2>messages.$i &
    done
    wait
    for i in 1 2 3 4 5 6; do
        # Who came when it was closed asked anew; nobody who came before is left without.
        if [ -s signature.$i ]; then
            plain dgst -sha256 -verify seal.pub.pem -signature signature.$i document >/dev/null
        else
            grep -q 'approvals pending' messages.$i || fail "signer $i: $(cat messages.$i)"
        fi
    done
    [ -s signature.1 ] || [ -s signature.2 ] || [ -s signature.3 ] || [ -s signature.4 ] ||
        [ -s signature.5 ] || [ -s signature.6 ] || fail "none of six signers got a signature"
    rm -f signature.* "$directory"/*.json
done

# ---- Long messages -------------------------------------------------------------------------------

# Whatever is said of approvers, the id is never lost.
names=()
for i in $(seq 30); do
    name=$(printf 'an-approver-with-a-really-long-name-number-%02d' "$i")
    cp alice.pub.pem "$name.pub.pem"
    approver "$name"
    names+=("$name")
done
policy "$(rule 25 "${names[@]}")" >policy.json
key long p256
printf 'Long.\n' >document
sign=(ska dgst -sha256 -sign "$(uri long)" -out signature)
ask document
pass
