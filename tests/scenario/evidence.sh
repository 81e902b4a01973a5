#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Evidence of a signature by each type of key: complete, and whatever byte is changed in it, skatool
# inspect names the file; with the audit log also when the manifest was changed too.
# A sample of the bytes; all of them with SKA_TEST_EXHAUSTIVE.
. "$(dirname "$0")/lib.sh"
board
mkdir approvals
log=$work/audit.log
printf 'A document.\n' >document
printf '{"ruleUse":%s,"ruleBlock":null,"ruleUnblock":null,"ruleModify":null,
    "keyStatus":{"blocked":false}}' "$(rule 2 alice bob carol | sed 's/"timeout":0/"timeout":3600/')" \
    >hour.json
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
configure "approvals-dir = $work/approvals" "audit-log = $log" 'timestamp-key = clock'

# inspected STATUS PATTERN ARGUMENT...
inspected() {
    local expected=$1 pattern=$2 status=0
    shift 2
    OPENSSL_CONF=/dev/null "$binary_dir/tools/skatool" inspect "$@" >stdout.txt 2>stderr.txt ||
        status=$?
    if [ "$status" -ne "$expected" ] || ! grep -qE -- "$pattern" stdout.txt stderr.txt; then
        cat stdout.txt stderr.txt >&2
        fail "status $status, should be $expected, with $pattern: inspect $*"
    fi
}

# sign LABEL OPENSSL-ARGUMENT...: pending, approved by two, signed; $evidence is its folder.
sign() {
    local label=$1 id
    shift
    refused 'approvals pending' ska "$@"
    id=$(id_of_pending)
    succeeds skatool approve --dir approvals --approver alice.pem --yes "$id"
    succeeds skatool approve --dir approvals --approver carol.pem --yes "$id"
    quietly ska "$@"
    evidence=$(echo approvals/done/"$id".*)
    same signature "$evidence/signature"
    [ "$(stat -c %a "$evidence")" = 700 ] || fail "mode of $evidence"
    [ "$(cd "$evidence" && echo *)" = 'SHA256SUMS request.json signature token' ] ||
        fail "files of $evidence: $(ls "$evidence")"
    (cd "$evidence" && sha256sum --quiet --strict -c SHA256SUMS) || fail "sha256sum of $evidence"
    inspected 0 'ok +signature: by the key given here' "$evidence"
    inspected 0 'ok +audit log: line [0-9]+ names' --audit-log "$log" "$evidence"
}

# put FILE OFFSET BYTE
put() {
    printf '%b' "\\x$(printf %x "$3")" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# another BYTE: letters stay letters and digits digits, as somebody with a purpose would have it.
another() {
    case $1 in
    97 | 65 | 48) echo $(($1 + 1)) ;;
    *) echo $(($1 ^ 1)) ;;
    esac
}

# places FIRST LENGTH: offsets to change.
places() {
    if [ -n "${SKA_TEST_EXHAUSTIVE-}" ]; then
        seq "$1" $(($1 + $2 - 1))
    else
        echo $(($1 + $2 / 3)) ${thorough:+$(($1 + $2 - 4))}
    fi
}

# found FILE FIRST LENGTH PATTERN [PATTERN-OF-MESSAGE]: a byte in this range changed, each of its
# places in turn.
found() {
    local place bytes
    mapfile -t bytes < <(od -An -v -tu1 -w1 "$evidence/$1" | tr -d ' ')
    for place in $(places "$2" "$3"); do
        put "spoilt/$1" "$place" "$(another "${bytes[place]}")"
        inspected 4 "WRONG +$4" spoilt
        # The message alone, for whoever sees only that.
        grep -q "spoilt: .*${5-${1//./\\.}}" stderr.txt || fail "the message does not name $1"
        put "spoilt/$1" "$place" "${bytes[place]}"
    done
}

all_found() {
    local file
    rm -rf spoilt
    cp -r "$evidence" spoilt
    found token 0 "$(stat -c %s "$evidence/token")" 'file token: is NOT the token of the request'
    found signature 0 "$(stat -c %s "$evidence/signature")" \
        'file signature: is NOT the signature of the request'
    for file in request.json token signature; do
        found $file 0 "$(stat -c %s "$evidence/$file")" "file $file: is NOT the one in SHA256SUMS"
    done
    found SHA256SUMS 0 "$(stat -c %s "$evidence/SHA256SUMS")" 'file .*SHA256SUMS' ''
    inspected 0 'ok +file request.json' spoilt
}

for type in rsa2048 rsapss p256 p384 p521 ed25519 ed448; do
    key $type $type
    case $type in
    ed*) sign $type pkeyutl -sign -rawin -in document -inkey "$(uri $type)" -out signature ;;
    *) sign $type dgst -sha256 -sign "$(uri $type)" -out signature document ;;
    esac
    [ "$(wc -l <"$evidence/SHA256SUMS")" -eq 4 ] || fail "$(cat "$evidence/SHA256SUMS")"
    thorough=
    [ $type != p256 ] || thorough=yes
    all_found
done
thorough=yes

# Message mode, PSS by parameter, with the HSM's time and a description.
key timed rsa2048 hour.json
sign timed dgst -sha384 -sign "$(uri timed)" -sigopt rsa_padding_mode:pss \
    -sigopt rsa_pss_saltlen:20 -sigopt ska-payload:message -sigopt 'ska-description:For the bicycle' \
    -out signature document
for line in 'ok +HSM time: signed by the timestamp key' 'ok +notBefore' 'ok +notAfter' 'ok +executed'; do
    inspected 0 "$line" "$evidence"
done
all_found

# ---- Changed with its manifest -------------------------------------------------------------------

# rewrite FOLDER: a manifest for what is there now.
rewrite() {
    (
        cd "$1"
        head -n 1 SHA256SUMS
        sha256sum request.json token signature
    ) >manifest.txt
    cp manifest.txt "$1/SHA256SUMS"
}
rm -rf spoilt
cp -r "$evidence" spoilt
rewrite spoilt
same "$evidence/SHA256SUMS" spoilt/SHA256SUMS

# replaced PATTERN FROM TO: in the request, as long as it was; found by itself or by the log only.
replaced() {
    rm -rf spoilt
    cp -r "$evidence" spoilt
    sed -i "s/$2/$3/" spoilt/request.json
    ! cmp -s "$evidence/request.json" spoilt/request.json || fail "$2 is not in the request"
    [ "$(stat -c %s "$evidence/request.json")" = "$(stat -c %s spoilt/request.json)" ] ||
        fail "the test changes the length"
    rewrite spoilt
    (cd spoilt && sha256sum --quiet -c SHA256SUMS)
    if [ -n "$1" ]; then
        inspected 4 "$1" spoilt
    else
        inspected 0 'ok +file request.json' spoilt
    fi
    inspected 4 'WRONG +audit log: does NOT know' --audit-log "$log" spoilt
}
value() { # MEMBER [SKIP]: some digits of its value
    grep -oE "\"$1\":[[:space:]]*\"[^\"]*" "$evidence/request.json" | tail -n 1 |
        sed -E "s/.*\"//" | cut -c$((${2:-20} + 1))-$((${2:-20} + 8)) | sed 's/[/+]/\\&/g; s/\\+/+/g'
}
other() { # the same with other letters
    value "$@" | tr 'A-Za-z0-9' 'B-ZAb-za1-90'
}
replaced 'WRONG +the request id' "$(value requestId)" "$(value requestId | tr 0-9a-f 1-9a-f0)"
replaced 'WRONG|bad ' "$(value payload 4)" "$(other payload 4)"
replaced 'WRONG|bad ' "$(value approvalToBeSigned)" "$(other approvalToBeSigned)"
replaced 'WRONG +signature: NOT by the key' "$(value signature)" "$(other signature)"
replaced 'WRONG +HSM time: not signed by the timestamp key' "$(value timestampKey 60)" \
    "$(other timestampKey 60)"
replaced 'WRONG +approval: is NOT a signature' \
    "$(grep -o '"signature":[[:space:]]*"[^"]*' "$evidence/request.json" | head -n 1 |
        sed 's/.*"//' | cut -c9-16 | sed 's/[/]/\\&/g')" AAAAAAAA
replaced 'not satisfied' '"quorum":\([[:space:]]*\)2' '"quorum":\13'
replaced 'WRONG +notBefore' '"notBefore":\([[:space:]]*\)"20' '"notBefore":\1"19'
replaced 'WRONG +notAfter' '"notAfter":\([[:space:]]*\)"20' '"notAfter":\1"21'
replaced 'WRONG +executed: NOT .*too early' '"executed":\([[:space:]]*\)"20' '"executed":\1"19'
replaced 'WRONG +executed: NOT .*too late' '"executed":\([[:space:]]*\)"20' '"executed":\1"21'
# What nothing else protects: only the audit log knows.
replaced '' '"alice"' '"alicf"'
replaced '' 'For the bicycle' 'For the airship'
replaced '' '"quorum":\([[:space:]]*\)2' '"quorum":\11'
# Signatures over a digest are verified in another way.
timed=$evidence
printf 'Another document.\n' >another
for type in rsa2048 rsapss p256; do
    sign $type dgst -sha256 -sign "$(uri $type)" -out signature another
    replaced 'WRONG +signature: NOT by the key' "$(value signature)" "$(other signature)"
done
evidence=$timed

# The folder of another signature, whole, is another line of the log; one of nobody is none.
inspected 0 'audit log: line' --audit-log "$log" "$evidence"
sed 's/"evidence":"./"evidence":"0/' "$log" >other.log
inspected 4 'WRONG +audit log: line' --audit-log other.log "$evidence"
inspected 3 'No such file' --audit-log nowhere "$evidence"
inspected 1 'folder of evidence' --audit-log "$log" document
# A manifest without one of its lines, or with one more.
for edit in 2d '$d' '1p' '$p' '$a# A comment.' 's/request.json$/Request.json/' 'y/abcdef/ABCDEF/'; do
    rm -rf spoilt
    cp -r "$evidence" spoilt
    sed -i "$edit" spoilt/SHA256SUMS
    inspected 4 'WRONG +file SHA256SUMS' spoilt
done

# ---- Of a former version -------------------------------------------------------------------------

# Its manifest has the SHA-256 of each member of the request in comments, too.
old=$source_dir/tests/vectors/evidence-with-members
(cd "$old" && sha256sum --quiet --strict -c SHA256SUMS) || fail "sha256sum of $old"
inspected 0 'ok +signature: by the key given here' "$old"
for line in 'ok +file request.json' 'ok +HSM time: signed' 'ok +audit log: line 7 names'; do
    inspected 0 "$line" --audit-log "$old.log" "$old"
done
inspected 4 'WRONG +audit log: does NOT know' --audit-log "$log" "$old"
evidence=$old
rm -rf spoilt
cp -r "$old" spoilt
for file in request.json token signature; do
    found $file 0 "$(stat -c %s "$old/$file")" "file $file: is NOT the one in SHA256SUMS"
done
# Where the manifest was changed too, in its comments or above them, the audit log knows.
for edit in 's/For the bicycle/For the airship/' s/alice/alicf/; do
    rm -rf spoilt
    cp -r "$old" spoilt
    sed -i "$edit" spoilt/request.json
    inspected 4 'WRONG +file request.json: is NOT the one' spoilt
    sed -i "2s/^[0-9a-f]*/$(sha256sum <spoilt/request.json | cut -c1-64)/" spoilt/SHA256SUMS
    (cd spoilt && sha256sum --quiet -c SHA256SUMS)
    inspected 4 'WRONG +audit log: does NOT know' --audit-log "$old.log" spoilt
done
rm -rf spoilt
cp -r "$old" spoilt
sed -i '6s/version/vision/' spoilt/SHA256SUMS
inspected 4 'WRONG +audit log: does NOT know' --audit-log "$old.log" spoilt
for edit in 2d 5d '$p;$s/^# //' '$s/^#//' '$a#'; do
    rm -rf spoilt
    cp -r "$old" spoilt
    sed -i "$edit" spoilt/SHA256SUMS
    inspected 4 'WRONG +file SHA256SUMS' spoilt
done
pass
