#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Many requests a day: which of them wait for whom, what each is about, and what becomes of those
# that nobody is to answer any more.
. "$(dirname "$0")/lib.sh"
board
directory=$work/approvals
mkdir -m 700 "$directory"
configure "approvals-dir = $directory"
key seal p256
key other p256
sign() { # KEY DOCUMENT [SIGOPT...]
    local key=$1 document=$2 option options=()
    shift 2
    for option in "$@"; do options+=(-sigopt "$option"); done
    ska dgst -sha256 -sign "$(uri "$key")" "${options[@]}" -out "$document.sig" "$document"
}
# asked KEY DOCUMENT [SIGOPT...]: the id of the request that it makes.
asked() {
    ls "$directory" >before.txt
    refused 'approvals pending' sign "$@"
    ls "$directory" | comm -13 before.txt - | sed -n 's/\.request\.json$//p'
}
listed() { # COUNT PATTERN...: that many requests, and a line for each pattern
    [ "$(wc -l <stdout.txt)" -eq $(($1 == 0 ? 0 : $1 + 1)) ] || fail "not $1 requests: $(cat stdout.txt)"
    shift
    [ $# -eq 0 ] || shows "$@"
}
open() { # ID...: these are there, and no others
    [ "$(ls "$directory" | sed -n 's/\.request\.json$//p')" = "$(printf '%s\n' "$@" | sort)" ] ||
        fail "not these: $* but $(ls "$directory")"
}

printf 'An invoice.\n' >invoice.txt
printf 'A contract.\n' >contract.txt
printf 'A letter.\n' >letter.txt
invoice=$(asked seal invoice.txt 'ska-description:Invoice 4711')
contract=$(asked seal contract.txt)
letter=$(asked other letter.txt)

# ---- Which requests ------------------------------------------------------------------------------

me=$(id -un)
succeeds skatool requests
listed 3 "^${invoice:0:16} +sign +seal +0 of 2 +- +- +$me +no +no end +Invoice 4711\$" \
    "^${contract:0:16} .* -\$" "^${letter:0:16} +sign +other "
succeeds skatool requests --key other
listed 1 "^${letter:0:16} "
for who in "$me" "$(id -u)" openssl "$(uname -n)"; do
    succeeds skatool requests --requester "$who"
    listed 3
done
for who in nobody 4711 open; do
    succeeds skatool requests --requester "$who"
    listed 0
done
touch -d '2 hours ago' "$directory/$contract.request.json"
touch -d '3 days ago' "$directory/$letter.request.json"
succeeds skatool requests --older 90m
listed 2 "^${contract:0:16} " "^${letter:0:16} "
succeeds skatool requests --newer 1d
listed 2 "^${invoice:0:16} " "^${contract:0:16} "
succeeds skatool requests --older 5400s --newer 24h
listed 1 "^${contract:0:16} "
for age in '' 7 d 1w -1d 1.5h 1hh; do
    refused 'an age is a number' skatool requests --older "$age"
done

# Four digits are enough, three are not; a copy under another id is no request, and is named.
ends 2 skatool status "${invoice:0:4}" --dir "$directory"
refused "not a request id" skatool status --dir "$directory" "${invoice:0:3}"
OPENSSL_CONF=/dev/null refused "looks like .*add --dir" skatool approve --approver alice.pem --yes "${invoice:0:16}"
copy=$(printf '%064d' 0)
sed "s/$invoice/$copy/" "$directory/$invoice.request.json" >"$directory/$copy.request.json"
succeeds skatool requests
listed 3
says "$copy.request.json: its id does not match its content: it is a copy"
rm "$directory/$copy.request.json"

# All of it, for machines.
succeeds skatool approve --dir "$directory" --approver alice.pem --yes "$invoice"
succeeds skatool reject --dir "$directory" --approver bob.pem --yes --reason 'Not ours' "$invoice"
succeeds skatool requests --newer 1h --json
for part in "\"requestId\":.*\"$invoice\"" '"operation":.*"SIGN"' '"label":.*"seal"' \
    '"algorithm":.*"SHA256"' "\"value\":.*\"$(sha256sum invoice.txt | cut -c1-64)\"" \
    '"description":.*"Invoice 4711"' "\"uid\":.*$(id -u)" '"program":.*"openssl"' '"arrived":.*Z"' \
    '"state":.*"open"' '"waits":.*false' '"approver":.*"bob"' '"reason":.*"Not ours"' \
    '"quorum":.*2' '"missing":.*"carol"' '"possible":.*true' '"usable":.*"always"'; do
    shows "$part"
done
! grep -q '"missing":.*bob' stdout.txt || fail "$(cat stdout.txt)"

# In local time and in UTC, wherever people read it.
TZ='XST-5:30' ends 2 skatool status --dir "$directory" "$invoice"
policy "${limited:-$(rule 2 alice bob carol | sed 's/"timeout":0/"timeout":7200/')}" >limited.json
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
configure "approvals-dir = $directory" 'timestamp-key = clock'
key limited p256 limited.json
timed=$(asked limited letter.txt)
TZ='XST-5:30' succeeds skatool requests --key limited
people='20[0-9]{2}-[0-9-]+ [0-9:]{8} XST \((20[0-9-]+ )?[0-9:]{8} UTC\)'
shows "$people"
TZ='XST-5:30' ends 0 skatool inspect --dir "$directory" "$timed"
shows "created +$people" "not after +$people"
TZ='XST-5:30' refused "before $people" ska dgst -sha256 -sign "$(uri limited)" -out signature letter.txt
if has_terminal; then
    # Nothing is wider than the terminal, and no word is lost.
    ours "$programs/skatool_terminal" -- "$binary_dir/tools/skatool" requests >typed.txt
    tr -d '\r' <typed.txt >stdout.txt
    ! grep -E '^.{81}' stdout.txt || fail "too wide"
    shows "^${invoice:0:16}  sign seal, 1 of 2\$" 'approved by alice' "rejected by bob \('Not ours'\)" \
        'somebody waits: no' '\| Invoice 4711' 'usable until: no end'
fi

# ---- Who waits -----------------------------------------------------------------------------------

printf 'A waiting one.\n' >waiting.txt
sign seal waiting.txt ska-approvals-timeout:600 >waiting.out 2>waiting.err &
waiter=$!
for _ in $(seq 300); do
    grep -qE "^[0-9a-f]+ .* $me +yes " < <(skatool requests 2>/dev/null) && break
    sleep 0.1
done
succeeds skatool requests
waiting=$(sed -nE "s/^([0-9a-f]+) .* $me +yes .*/\1/p" stdout.txt)
[ "${#waiting}" -eq 16 ] || fail "nobody waits: $(cat stdout.txt)"
listed 5

# Withdrawn: who waits is told, at once, and it does not come back.
succeeds skatool approve --dir "$directory" --approver alice.pem --yes "$waiting"
succeeds skatool withdraw "$waiting"
says 'Withdrew request' 'which 1 person had approved \(alice\)' 'stay good forever'
status=0
wait "$waiter" || status=$?
[ "$status" -ne 0 ] && grep -q 'the request was withdrawn' waiting.err || fail "$(cat waiting.err)"
[ ! -s waiting.txt.sig ] || fail "signed what was withdrawn"
open "$invoice" "$contract" "$letter" "$timed"
! grep -q "^$waiting" < <(ls "$directory") || fail "$(ls "$directory")"
refused 'request is not open: .*withdrawn' skatool withdraw "$waiting"

# By nobody else, whatever the mode.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$work" "$directory" && chmod 666 "$directory/$invoice.request.json"
    cp "$directory/$invoice.request.json" kept.json
    if setpriv --reuid 65534 --regid 65534 --clear-groups test -r "$directory/$invoice.request.json"; then
        refused 'only the user who made the request, or root' \
            setpriv --reuid 65534 --regid 65534 --clear-groups env OPENSSL_CONF=/dev/null \
            "$binary_dir/tools/skatool" withdraw --dir "$directory" "$invoice"
        same kept.json "$directory/$invoice.request.json"
        # What cannot be read is no reason to say that there is nothing.
        chmod 600 "$directory"/*.request.json
        ends 4 setpriv --reuid 65534 --regid 65534 --clear-groups env OPENSSL_CONF=/dev/null \
            "$binary_dir/tools/skatool" requests --dir "$directory"
        says '4 requests .*cannot be read by this user' '3770'
        ! grep -q 'no open requests' stderr.txt || fail "$(cat stderr.txt)"
        chmod 640 "$directory"/*.request.json
    fi
    chmod 700 "$directory"
fi

# ---- Clearing away -------------------------------------------------------------------------------

# Hopeless: Carol refuses too, and it waits for nobody any more.
succeeds skatool reject --dir "$directory" --approver carol.pem --yes "$invoice"
succeeds skatool requests --key seal
listed 2 "^${invoice:0:16} .* hopeless +Invoice"
succeeds skatool requests --key seal --json
shows '"state":.*"hopeless"' '"possible":.*false'
succeeds skatool requests --approver alice.pub.pem --key seal
listed 1 "^${contract:0:16} "
# Enough have approved this one: it can be used, and stays.
succeeds skatool approve --dir "$directory" --approver alice.pem --yes "$contract"
succeeds skatool approve --dir "$directory" --approver bob.pem --yes "$contract"
succeeds skatool requests --approver carol.pub.pem --key seal
listed 0
refused 'use --yes to remove 3 requests' setsid -w "$binary_dir/tools/skatool" requests --clean
refused '--clean cannot be used with' skatool requests --clean --json
refused '--yes needs --clean' skatool requests --yes
if has_terminal; then
    ours "$programs/skatool_terminal" 'Type yes or no:' no -- "$binary_dir/tools/skatool" requests \
        --clean >typed.txt && fail "cleaned"
    grep -q 'nothing was removed' typed.txt && grep -q 'too many have rejected it; 1 approved' typed.txt &&
        grep -q '| Invoice 4711' typed.txt ||
        fail "$(cat typed.txt)"
fi
open "$invoice" "$contract" "$letter" "$timed"
succeeds skatool requests --clean --yes --key seal
says "Withdrew request ${invoice:0:16}"
open "$contract" "$letter" "$timed"
quietly sign seal contract.txt
open "$letter" "$timed"
[ -d "$directory/done" ]
succeeds skatool requests --clean --yes
open
succeeds skatool requests --clean
says 'nothing of yours'
[ "$(ls "$directory/done" | wc -l)" -eq 1 ] || fail "evidence is gone"

# ---- The inbox -----------------------------------------------------------------------------------

refused '--yes without an ID would approve whatever' skatool approve --approver alice.pem --yes
refused 'need a single request: add its ID' skatool approve --approver alice.pem --document letter.txt
# Without a terminal it lists.
invoice=$(asked seal invoice.txt 'ska-description:Invoice 4711')
succeeds setsid -w "$binary_dir/tools/skatool" approve --approver alice.pem
listed 1 "^${invoice:0:16} .* Invoice 4711\$"
has_terminal || skip "no pseudo-terminals (is devpts mounted?)"
plain pkey -in alice.pem -aes256 -passout pass:secret -out alice.secret.pem

# inbox STATUS [PROMPT ANSWER]... [-- OPTION...]: alice at a terminal, who gives her passphrase once.
inbox() {
    local expected=$1 status=0 talk=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        talk+=("$1" "$2")
        shift 2
    done
    ours "$programs/skatool_terminal" 'Passphrase of' secret "${talk[@]}" -- \
        "$binary_dir/tools/skatool" approve --approver alice.secret.pem "${@:2}" >raw.txt || status=$?
    unfolded <raw.txt >stdout.txt
    [ "$status" -eq "$expected" ] || fail "status $status, should be $expected: $(cat stdout.txt)"
    [ "$(grep -c 'Passphrase of' stdout.txt)" -eq "${passphrases:-1}" ] || fail "asked again: $(cat stdout.txt)"
}
six='Approve? y(es), n(ext), r(eject), m(ore), q(uit):'
page='Approve? Type yes, or n(ext), r(eject), q(uit):'
# Who types anything else is told the keys, in one line, and what was shown still stands there.
keys='y: approve, n: leave it, r: reject, m: more, q: quit. Which?'
words='yes (the word): approve, n: leave it, r: reject, m: again, q: quit. Which?'
whole='Approve? y(es), n(ext), r(eject), q(uit):' # after m
again='y: approve, n: leave it, r: reject, m: again, q: quit. Which?'
approvals() { ls "$directory" | grep -c "^${1-}.*approval" || true; }
reset() { # with what was said before
    rm -f "$directory"/*.json
    rm -rf "$XDG_STATE_HOME"
}

contract=$(asked seal contract.txt)
letter=$(asked seal letter.txt)
touch -d '3 hours ago' "$directory/$invoice.request.json"
touch -d '2 hours ago' "$directory/$contract.request.json"

# Six lines, and the answer that is asked for.
inbox 0 "$six" y "$six" n "$six" q
shows '3 requests in .* wait for you' "^1 of 3: request ${invoice:0:16}, key seal" \
    "^ +They say, unconfirmed: 'Invoice 4711'" "^ +NOT compared with a file; its fingerprint begins" \
    "^ +Put there by $me; usable forever" 'needed after you: bob or carol' '^Approved request [0-9a-f]{16} to sign with key .seal. \(1 of 2' \
    "^2 of 3: request ${contract:0:16}" "^3 of 3: request ${letter:0:16}" '1 approved, 0 rejected, 2 left'
[ "$(sed -n "/^1 of 3/,/^Approve/p" stdout.txt | wc -l)" -eq 7 ] || fail "not six lines: $(cat stdout.txt)"
[ "$(approvals)" -eq 1 ] && [ "$(approvals "$invoice")" -eq 1 ] || fail "$(ls "$directory")"
# It is said before what the keys do, and after n that nothing was answered.
shows '^y approves it, n leaves it unanswered, r rejects it, m shows all of it, q ends\.' "^Left request ${contract:0:16} unanswered\."
# What is no answer is asked again; m shows the page, on which y approves what six lines are enough for.
inbox 0 "$six" x "$keys" '' "$keys" m "$whole" x "$again" y "$six" q
[ "$(grep -c '^What else your approval allows' stdout.txt)" -eq 1 ] || fail "the page again: $(cat stdout.txt)"
shows 'What else your approval allows' '1 approved, 0 rejected, 1 left' 'leave this unanswered now \(n\) and run' \
    'n leaves it unanswered, r rejects it'
! grep -q 'answer no' stdout.txt || fail "no is no key: $(cat stdout.txt)"
[ "$(approvals "$contract")" -eq 1 ] || fail "$(ls "$directory")"
# In a narrow terminal nothing is wider than that, the questions neither.
ours "$programs/skatool_terminal" 'Passphrase of' @40 '' secret 'q(uit): ' m 'q(uit): ' q -- "$binary_dir/tools/skatool" \
    approve --approver alice.secret.pem | tr -d '\r' | sed -n '/^1 of/,$p' >stdout.txt
shows '^Approve\? y\(es\), n\(ext\), r\(eject\), $' '^m\(ore\), q\(uit\): m$'
! grep -E '^.{41}' stdout.txt || fail "too wide"
# Ctrl-C ends it as q does, wherever it is asked.
inbox 0 "$six" '^C' --
shows '0 approved, 0 rejected, 1 left'
inbox 0 "$six" r 'Why?' '^C' "$six" '^C' --
shows '0 approved, 0 rejected, 1 left'
# What was typed before the question is no answer to it.
inbox 0 "$six" 'q' --
reset
for i in 1 2 3; do
    printf 'Document %s\n' $i >"document$i"
    asked seal document$i >/dev/null
done
inbox 0 "$six" $'y\ny\ny' "$six" q
shows '1 approved, 0 rejected, 2 left'
[ "$(approvals)" -eq 1 ] || fail "approved what nobody has read: $(ls "$directory")"

# A rejection with its reason; one that is too long is none. Before it is sent it is said what that is,
# and until then there is a way back: Enter, q, the end of input, n.
reset
invoice=$(asked seal invoice.txt)
end=$'\004'
inbox 0 "$six" r 'Why?' '' "$six" r 'Why?' q "$six" r 'Why?' "$end" "$six" r 'Why?' 'The amount' 'Reject it?' n \
    "$six" r 'Why?' 'The amount' 'Reject it?' "$end" "$six" r 'Why?' "$(printf '%0502d' 0)" "$six" q
shows 'of 500 bytes at most' '0 approved, 0 rejected, 1 left'
! grep -q refusal < <(ls "$directory") || fail "rejected: $(ls "$directory")"
inbox 0 "$six" r 'Why?' 'The amount' 'Reject it?' maybe 'y to reject it, or n to go back' '' 'or n to go back' y
tr -s ' \n' ' ' <stdout.txt >told.txt
grep -q "You are about to reject request ${invoice:0:16}, to sign with key seal, because 'The amount'" told.txt &&
    grep -q 'can still approve it later' told.txt || fail "does not say what: $(cat told.txt)"
shows "^Rejected request ${invoice:0:16} to sign with key 'seal', with your reason" '0 approved, 1 rejected, 0 left'
ends 2 skatool status --dir "$directory" "$invoice"
shows "Rejected by: alice \('The amount'\)"
succeeds skatool requests --approver alice.pub.pem
listed 0

# The whole page for what changes a key, and for what has a warning; y is no approval there.
reset
ends 0 skatool request --key "$(uri seal)" --operation block -o block.json
block=$(sed -nE 's/.*"requestId":[[:space:]]*"([0-9a-f]+)".*/\1/p' block.json)
cp block.json "$directory/$block.request.json"
inbox 0 "$page" y "$words" m "$page" q
shows "^1 of 1: request ${block:0:16}, key seal\$" "^    1 of 1: request ${block:0:16}\.\$" 'asked to approve that a key is BLOCKED' 'The key stops signing'
[ "$(approvals)" -eq 0 ] || fail "y has blocked a key"
inbox 0 "$page" yes
[ "$(approvals "$block")" -eq 1 ] || fail "$(cat stdout.txt)"
reset
refused 'approvals pending' ska dgst -sha1 -sign "$(uri seal)" -out x.sig invoice.txt
inbox 0 "$page" q
shows 'WARNING: .*SHA-1|WARNING: the fingerprint is of an old kind'

# One that is closed meanwhile, or was changed, hides no other.
reset
for i in 1 2 3; do asked seal document$i >/dev/null; done
first=$(ls -tr "$directory" | grep request.json | head -n 1)
inbox 0 "$six" "!rm $directory/$first" '' y "$six" y "$six" y
shows "Request ${first:0:16} in .*: it may be signed, executed or withdrawn already" \
    '2 approved, 0 rejected, 1 closed meanwhile, 0 left'
[ "$(approvals)" -eq 2 ] || fail "$(ls "$directory")"
reset
for i in 1 2; do asked seal document$i >/dev/null; done
first=$(ls -tr "$directory" | grep request.json | head -n 1)
withdraw="!$binary_dir/tools/skatool withdraw ${first:0:16} >withdraw.txt 2>&1"
inbox 0 "$six" "$withdraw" '' y "$six" y
shows "Request ${first:0:16} in .*: it was withdrawn meanwhile\." '1 approved, 0 rejected, 1 closed meanwhile, 0 left'

# Ten minutes without an answer: the key is wiped, and the passphrase asked for again.
reset
asked seal invoice.txt >/dev/null
passphrases=2 preload="$preload $programs/libhasty_clock.so" \
    inbox 0 "$six" '!true' 'Press Enter to go on' '' 'Passphrase of' secret "$six" y
shows 'your key was wiped from memory' '1 approved'

# ---- Documents -----------------------------------------------------------------------------------

# Three in the folder (one of them in a CAdES signature, one with the line ends of mail), one that is
# another, one that is not there, one that is only linked to, and one in a folder below.
reset
plain x509 -new -force_pubkey seal.pub.pem -subj /CN=Seal -days 30 -signkey alice.pem -out seal.crt
mkdir folder folder/below
printf 'Plain.\n' >folder/plain.txt
printf 'Mail.\nTwo lines.\n' >folder/mail.txt
printf 'Wrong.\n' >folder/wrong.txt
printf 'Linked.\n' >linked.txt
ln -s ../linked.txt folder/linked.txt
printf 'Below.\n' >folder/below/below.txt
plain=$(asked seal folder/plain.txt)
sed 's/$/\r/' folder/mail.txt >mail.crlf
mail=$(asked seal mail.crlf)
printf 'Right.\n' >right.txt
right=$(asked seal right.txt)
linked=$(asked seal linked.txt)
below=$(asked seal folder/below/below.txt)
rm -f folder/*.sig
ls "$directory" >before.txt
printf 'Sealed.\n' >folder/sealed.txt
refused 'approvals pending' ska cms -sign -cades -binary -in folder/sealed.txt -signer seal.crt \
    -inkey "$(uri seal)" -outform DER -out out.p7s
sealed=$(ls "$directory" | comm -13 before.txt - | sed -n 's/\.request\.json$//p')
succeeds skatool requests --documents folder
listed 6 'YOUR FILE$' "^${sealed:0:16} .* sealed.txt\$" "^${plain:0:16} .* plain.txt\$" "^${mail:0:16} .* mail.txt\$" "^${right:0:16} .* -\$" \
    "^${linked:0:16} .* -\$" "^${below:0:16} .* -\$"
says '3 match a file, 3 do not'
succeeds skatool requests --documents folder --json
shows '"file":.*"plain.txt"' '"form":.*"to the last byte"' '"form":.*"the same text, with line ends as mail'
refused 'symbolic link|Not a directory|Too many levels' skatool requests --documents folder/linked.txt
ln -s folder shortcut
refused 'Not a directory|Too many levels' skatool requests --documents shortcut
inbox 0 "$six" y "$six" q -- --documents folder
shows '3 match a file, 3 do not' '^ +It is your file plain.txt$' '1 approved'
[ "$(approvals "$plain")" -eq 1 ] || fail "$(cat stdout.txt)"
# Nobody is asked: only what is in the folder, and has no warning.
refused 'approvals pending' ska dgst -sha1 -sign "$(uri seal)" -out x.sig folder/wrong.txt
block_id=$block
cp block.json "$directory/$block_id.request.json"
# Of another key, or of somebody else, nothing.
me=$(id -u)
for filter in "--key other" "--requester $((me + 1))" "--requester openssl" "--key seal --requester $((me + 1))"; do
    # shellcheck disable=SC2086
    succeeds skatool approve --approver bob.pem --yes --documents folder $filter
    says 'None of the open requests'
done
[ "$(approvals)" -eq 1 ] || fail "approved what was not asked for: $(ls "$directory")"
# Of one by its id, or in a file, too.
refused 'cannot be used with an ID' skatool approve --approver bob.pem --yes --requester "$me" "$plain"
refused "would be for key 'seal', and not for 'other'" skatool approve --approver bob.pem --yes --key other "$plain"
refused "would be for key 'seal', and not for 'other'" skatool approve --approver bob.pem --yes --key other block.json
cp block.json mine.json
succeeds skatool approve --approver bob.pem --yes --key seal mine.json
# Whose it was when it was listed is not enough.
if [ "$me" -eq 0 ]; then
    touch -d '4 hours ago' "$directory/$sealed.request.json"
    inbox 4 "$six" "!chown 65534 $directory/$sealed.request.json" '' y "$six" q -- --requester 0 --documents folder
    shows 'it was not put there by 0 \(--requester\)'
    [ "$(approvals "$sealed")" -eq 0 ] || fail "approved what somebody else has put there"
    chown 0 "$directory/$sealed.request.json"
fi
succeeds skatool approve --approver bob.pem --yes --documents folder --key seal --requester "$me"
says "${plain:0:16} is approved: document plain.txt, key seal" "${mail:0:16} is approved" "${sealed:0:16} is approved" "${right:0:16} is left: there is no file for it" \
    "${block_id:0:16} is left: it is not a signature" 'is left: a person has to read it: WARNING: the fingerprint is of an old kind' \
    "To read and answer one that is left: skatool approve --approver KEY --dir $directory ID" '3 approved, 0 rejected, 5 left'
[ "$(approvals)" -eq 4 ] || fail "$(ls "$directory")"

# Words where only ciphers belong, a policy behind the certificate, and an issuer with a long name may
# stand in attributes of a file in the folder: nobody approves them unread.
reset
attributes() { # DOCUMENT OID ASN1 [ISSUER]: signed attributes of it with one more, in DER
    cat <<END >attributes.cnf
asn1 = SET:attributes
[attributes]
1 = SEQUENCE:type
2 = SEQUENCE:digest
3 = SEQUENCE:more
[type]
1 = OID:contentType
2 = SETWRAP,OID:pkcs7-data
[digest]
1 = OID:messageDigest
2 = SETWRAP,FORMAT:HEX,OCTETSTRING:$(sha256sum "$1" | cut -c1-64)
[more]
1 = OID:$2
2 = SETWRAP,$3
[ciphers]
1 = SEQUENCE:cipher
[cipher]
1 = OID:aes-256-cbc
[words]
1 = SEQUENCE:claim
[claim]
1 = OID:aes-256-cbc
2 = UTF8:all shares pass to Mallory
[certificate]
1 = SEQUENCE:certificates
2 = SEQUENCE:policies
[short]
1 = SEQUENCE:certificates
[certificates]
1 = SEQUENCE:id
[id]
1 = FORMAT:HEX,OCTETSTRING:$(printf 'ab%.0s' {1..32})
2 = SEQUENCE:issuer_and_serial
[issuer_and_serial]
1 = SEQUENCE:names
2 = INTEGER:0x42
[names]
1 = EXPLICIT:4,SEQUENCE:name
[name]
1 = SET:part
[part]
1 = SEQUENCE:common_name
[common_name]
1 = OID:commonName
2 = UTF8:${4:-Example CA}
[policies]
1 = SEQUENCE:policy
[policy]
1 = OID:1.2.3.9
END
    plain asn1parse -genconf attributes.cnf -noout -out attributes.der
}
attributes folder/plain.txt 1.2.840.113549.1.9.15 SEQUENCE:words
hidden=$(asked seal attributes.der)
attributes folder/plain.txt 1.2.840.113549.1.9.16.2.47 SEQUENCE:certificate
further=$(asked seal attributes.der)
attributes folder/plain.txt 1.2.840.113549.1.9.16.2.47 SEQUENCE:short "$(printf 'words %.0s' {1..20})"
long=$(asked seal attributes.der)
attributes folder/plain.txt 1.2.840.113549.1.9.15 SEQUENCE:ciphers
ciphers=$(asked seal attributes.der)
attributes folder/plain.txt 1.2.840.113549.1.9.16.2.47 SEQUENCE:short
usual=$(asked seal attributes.der)
more='is left: a person has to read it: there is more to it than six lines can show'
succeeds skatool approve --approver bob.pem --yes --documents folder
says "${hidden:0:16} is left: a person has to read it: WARNING: 43 bytes of what would be signed are not shown" \
    "${further:0:16} $more" "${long:0:16} $more" "${ciphers:0:16} is approved: document plain.txt" \
    "${usual:0:16} is approved: document plain.txt" '2 approved, 0 rejected, 3 left'
[ "$(approvals)" -eq 2 ] || fail "$(ls "$directory")"
# Six lines name who has issued the certificate.
rm "$directory/$hidden.request.json" "$directory/$further.request.json" "$directory/$long.request.json" \
    "$directory/$ciphers.request.json"
inbox 0 "$six" q -- --documents folder
grep -q "in CMS (CAdES, S/MIME, PDF), certificate by 'CN=Example CA'" < <(tr -s ' \n' ' ' <stdout.txt) ||
    fail "$(cat stdout.txt)"

# ---- What comes again ----------------------------------------------------------------------------

# The same under another id, since something else has the name of the first: nobody who has rejected it
# approves it unasked.
reset
mkdir day
cp invoice.txt day
invoice=$(asked seal invoice.txt)
succeeds skatool reject --approver alice.pem --yes --reason 'Not ours' "$invoice"
rm "$directory"/*.json
echo '{}' >"$directory/$invoice.request.json"
again=$(asked seal invoice.txt)
[ -n "$again" ] && [ "$again" != "$invoice" ] || fail "not another id: $again"
rm "$directory/$invoice.request.json"
succeeds skatool approve --approver alice.pem --yes --documents day
says "${again:0:16} is left: you have rejected the same before" '0 approved, 0 rejected, 1 left'
refused 'you have rejected the same before, at 20[0-9: -]+ UTC: without --yes it is shown' skatool approve --approver alice.pem \
    --yes "$again"
# Where it is not known what was rejected, this may be.
chmod g+w "$XDG_STATE_HOME/ska/history.jsonl"
succeeds skatool approve --approver alice.pem --yes --documents day
says 'others may write to it' "${again:0:16} is left: what you have rejected before cannot be read" '0 approved, 0 rejected, 1 left'
chmod g-w "$XDG_STATE_HOME/ska/history.jsonl"
cp "$XDG_STATE_HOME/ska/history.jsonl" history.whole
printf '{"half' >>"$XDG_STATE_HOME/ska/history.jsonl"
succeeds skatool approve --approver alice.pem --yes --documents day
says "${again:0:16} is left: what you have rejected before cannot be read, .*history.jsonl: line [0-9]+: .*: repair or remove this line" \
    '0 approved, 0 rejected, 1 left'
cp history.whole "$XDG_STATE_HOME/ska/history.jsonl"
[ "$(approvals)" -eq 0 ] || fail "approved what was rejected: $(ls "$directory")"
succeeds skatool approve --approver bob.pem --yes --documents day
says '1 approved'
inbox 0 "$page" y "$words" yes -- --documents day
shows '1 approved'
grep -q "WARNING: YOU have rejected the same before, at 20.* UTC (skatool history)" < <(tr -s ' \n' ' ' <stdout.txt) ||
    fail "does not say that it comes again: $(cat stdout.txt)"
# Who has approved it then has thought again.
rm "$directory"/*.json
asked seal invoice.txt >/dev/null
succeeds skatool approve --approver alice.pem --yes --documents day
says '1 approved'
# A document in the attributes of a CMS signature is the same document.
reset
refused 'approvals pending' ska cms -sign -cades -binary -in invoice.txt -signer seal.crt \
    -inkey "$(uri seal)" -outform DER -out out.p7s
succeeds skatool reject --approver alice.pem --yes "$(id_of_pending "$directory")"
asked seal invoice.txt >/dev/null
succeeds skatool approve --approver alice.pem --yes --documents day
says 'is left: you have rejected the same before'
# One's own rejection that still stands is called one's own, and an approval takes its place.
reset
invoice=$(asked seal invoice.txt)
succeeds skatool reject --approver alice.pem --yes "$invoice"
succeeds skatool reject --approver bob.pem --yes "$invoice"
succeeds skatool approve --approver alice.pem --yes "$invoice"
says 'you have rejected this request yourself: your approval replaces the rejection'
shows 'WARNING: REJECTED by: bob\.' 'WARNING: you have REJECTED it yourself\. If you approve it now'
refused 'missing argument: REQUEST or ID \(skatool requests shows ids; skatool approve without ID' skatool reject \
    --approver alice.pem

# ---- What one has said ---------------------------------------------------------------------------

rm -rf "$XDG_STATE_HOME"
reset
succeeds skatool history
says 'This user has not approved or rejected anything yet'
invoice=$(asked seal invoice.txt 'ska-description:Invoice 4711')
letter=$(asked other letter.txt)
succeeds skatool approve --dir "$directory" --approver alice.pem --yes "$invoice"
succeeds skatool reject --dir "$directory" --approver bob.pem --yes --reason 'Not ours' "$letter"
succeeds skatool history
digits=$(plain pkey -pubin -in alice.pub.pem -outform DER | sha256sum | cut -c1-8)
listed 2 "^20.* approved +SIGN +seal +${invoice:0:16} +alice \($digits\) +- +Invoice 4711\$" \
    "^20.* rejected +SIGN +other +${letter:0:16} +bob \([0-9a-f]{8}\) +Not ours +-\$"
# Where the terminal is too narrow for the table, in lines that are not.
ours "$programs/skatool_terminal" -- "$binary_dir/tools/skatool" history | tr -d '\r' >stdout.txt
! grep -E '^.{81}' stdout.txt || fail "too wide"
shows '^20[0-9 :-]+ UTC$' '^    approved: SIGN seal$' "^    request ${invoice:0:16}, by alice \\($digits\\)$" \
    '^    \| Invoice 4711$' '^    rejected: SIGN other$' "^    because 'Not ours'$"
succeeds skatool history --key seal
listed 1 " ${invoice:0:16} "
succeeds skatool history --answer rejected --newer 1h
listed 1 " ${letter:0:16} "
succeeds skatool history --answer approved
listed 1 " ${invoice:0:16} "
succeeds skatool history --approver alice.pub.pem
listed 1 " ${invoice:0:16} "
succeeds skatool history --older 1h
says 'None of the answers by this user matches'
listed 0
refused 'approved or rejected' skatool history --answer maybe
succeeds skatool history --json
shows '"answer":.*"approved"' '"approver":.*"alice"' '"reason":.*"Not ours"' \
    "\"digest\":.*\"$(sha256sum invoice.txt | cut -c1-64)\""
# A broken line is named, and hides no other; nothing of others is shown as it is.
printf '{"half\n{"time":"2026-01-01T00:00:00Z","answer":"approved","operation":"SIGN","requestId":"1","key":"\\u001b[2J","approverSha256":"%064d","payloadSha256":"%064d"}\n' 0 0 \
    >>"$XDG_STATE_HOME/ska/history.jsonl"
succeeds skatool history
listed 3 '^2026-01-01 00:00:00 UTC +approved .*x1B'
says 'history.jsonl: line 3'
# Where it cannot be written the answer is given all the same, with a warning.
rm "$XDG_STATE_HOME/ska/history.jsonl" && mkdir "$XDG_STATE_HOME/ska/history.jsonl"
succeeds skatool approve --dir "$directory" --approver bob.pem --yes "$invoice"
says 'could not be added to your own history'
reset
# Who has given a folder, and has no file for it, reads the whole page, and y is not enough.
reset
asked seal invoice.txt >/dev/null
mkdir nothing
inbox 0 "$page" y "$words" q -- --documents nothing
shows 'WARNING: none of the files in nothing is what would be signed'
[ "$(approvals)" -eq 0 ] || fail "approved: $(cat stdout.txt)"

pass
