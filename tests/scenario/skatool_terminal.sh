#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# skatool with a person at the terminal: the question, the passphrase, the PIN. Only the word yes
# approves, and what is approved is what was shown.
. "$(dirname "$0")/lib.sh"
has_terminal || skip "no pseudo-terminals (is devpts mounted?)"
board
printf 'A document.\n' >document
key seal p256
request seal fresh.json document --description 'For the bicycle'
id=$(grep -oE '\b[0-9a-f]{64}\b' fresh.json | head -n 1)

# typing STATUS [PROMPT ANSWER]... -- ARGUMENT...: skatool on a terminal, which shows typed.txt.
typing() {
    local expected=$1 status=0 talk=()
    shift
    while [ "$1" != -- ]; do
        talk+=("$1" "$2")
        shift 2
    done
    shift
    ours "$programs/skatool_terminal" "${talk[@]}" -- "$binary_dir/tools/skatool" "$@" \
        >typed.txt 2>stderr.txt || status=$?
    if [ "$status" -ne "$expected" ] || [ -s stderr.txt ]; then
        cat typed.txt stderr.txt >&2
        fail "status $status, should be $expected: skatool $*"
    fi
}
shows() {
    grep -qE -- "$1" typed.txt || fail "the terminal does not show $1: $(cat typed.txt)"
}
question='Do you approve this? Type yes or no:'

# ---- The question --------------------------------------------------------------------------------

cp fresh.json request.json
whole='Please type the whole word, yes or no:'
for answer in no '' 'yes please' nyes; do
    typing 2 "$question" "$answer" -- approve --approver alice.pem request.json
    shows 'nothing was signed'
    same fresh.json request.json
done
# Who types y is asked for the whole word, once.
for answer in y no '' yess; do
    cp fresh.json request.json
    typing 2 "$question" y "$whole" "$answer" -- approve --approver alice.pem request.json
    shows 'nothing was signed'
    same fresh.json request.json
done
typing 0 "$question" y "$whole" yes -- approve --approver alice.pem request.json
cp fresh.json request.json
typing 130 "$question" '^C' -- approve --approver alice.pem request.json
same fresh.json request.json

typing 0 "$question" yes -- approve --approver alice.pem request.json
shows '^ +\| seal'
shows '^ +\| For the bicycle'
shows 'NOT CONFIRMED'
digest=$(sha256sum document)
shows "${digest:0:4} ${digest:4:4} ${digest:8:4}"
shows 'You approve as alice'
shows "Added alice's approval of request [0-9a-f]{16} to sign with key 'seal' to *"
shows '\| request\.json \(1 of 2; still needed: bob or carol\)'
typing 0 -- approve --approver alice.pem request.json
shows already
typing 0 "$question" yes -- approve --approver bob.pem request.json
takes 1 quietly skatool execute --key "$(uri seal)" --force -o signature request.json

# Others approve in the same file while the question is open: no approval is lost.
cp fresh.json request.json
approve_meanwhile="!$binary_dir/tools/skatool approve --approver bob.pem --yes request.json >bob.txt 2>&1"
typing 0 "$question" "$approve_meanwhile" '' yes -- approve --approver alice.pem request.json
succeeds skatool inspect request.json
for name in alice bob; do
    grep -q "ok .* by $name" stdout.txt || fail "the approval of $name is lost"
done

# Another request comes in its place while the question is open.
printf 'Another document.\n' >another
request seal another.json another
cp fresh.json request.json
typing 4 "$question" '!cp another.json request.json' '' yes -- \
    approve --approver alice.pem request.json
shows 'another request'
same another.json request.json

# The same in an approvals directory; and what others approve there meanwhile is counted.
mkdir approvals
cp fresh.json "approvals/$id.request.json"
typing 4 "$question" "!cp another.json approvals/$id.request.json" '' yes -- \
    approve --dir approvals --approver alice.pem "$id"
shows 'another id|another request'
[ "$(ls approvals)" = "$id.request.json" ] || fail "approved what was not shown"
cp fresh.json "approvals/$id.request.json"
approve_meanwhile="!$binary_dir/tools/skatool approve --dir approvals --approver bob.pem --yes $id >bob.txt 2>&1"
typing 0 "$question" "$approve_meanwhile" '' yes -- approve --dir approvals --approver alice.pem "$id"
shows '2 of 2; no more approvals are needed'
rm -r approvals

# A refusal asks too.
for answer in no yy ''; do
    typing 2 'Do you reject this? Type yes or no:' "$answer" -- reject --approver carol.pem fresh.json
    shows 'nothing was written'
done
typing 0 'Do you reject this? Type yes or no:' yes -- reject --approver carol.pem fresh.json
[ "$(ls | grep -c '\.reject\.json$')" -eq 1 ] || fail "no refusal was written"
rm ./*.reject.json

# An answer that was there before the question is none: nobody has read what it is about.
if command -v script >/dev/null; then
    cp fresh.json request.json
    { echo yes; sleep 2; echo no; } | timeout 60 script -qec \
        "$binary_dir/tools/skatool approve --approver alice.pem request.json" /dev/null >typed.txt 2>&1 || :
    shows 'nothing was signed'
    same fresh.json request.json
fi

# ---- The width of the terminal -------------------------------------------------------------------

# Words that would go on at the left edge of a terminal of 60 columns, if it broke the line, and
# words that take two columns each where they are counted as one.
spoof='Invoice 2026-11 .................................  CONFIRMED by HSM'
wide=$(printf '\xe2\x9a\xa1%.0s' {1..35})
request seal spoof.json document --description "$spoof"
request seal wide.json document --description "$wide    CONFIRMED by the HSM"
narrow() { # COLUMNS: no line of what was shown last is longer, and no words of theirs are ours
    sed '1,/has become narrower/d' typed.txt | tr -d '\r' |
        sed -n '/^You are asked/,/^Do you approve/p' >last.txt
    [ -s last.txt ] || fail "it was not shown again: $(cat typed.txt)"
    ! sed '/^Do you approve/,$d' last.txt | LC_ALL=C grep -E "^.{$(($1 + 1))}" || fail "too long"
    ! grep -E 'CONFIRMED by' last.txt | grep -vE '^ +\| ' || fail "no bar: $(cat last.txt)"
}
for columns in 60 40 20 0; do
    for file in spoof wide; do
        cp $file.json request.json
        # It is shown again before there is an answer; the answer then counts.
        # The question itself breaks between its words.
        typing 0 "$question" "@$columns" 'has become narrower' '!true' 'no: ' yes -- \
            approve --approver alice.pem request.json
        narrow $((columns == 0 ? 40 : columns))
    done
done
# An answer that comes with the change counts for nothing; one to a terminal that is wider does.
cp spoof.json request.json
typing 2 "$question" "@50" 'has become narrower' '!true' "$question" no -- \
    approve --approver alice.pem request.json
same spoof.json request.json
typing 0 "$question" @200 '' yes -- approve --approver alice.pem request.json
! grep -q 'has become narrower' typed.txt || fail "shown again for nothing"
# Where nothing can be shown nobody is asked.
cp spoof.json request.json
typing 2 "$question" @19 -- approve --approver alice.pem request.json
shows 'too narrow'
same spoof.json request.json
# What inspect prints does not leave it to the terminal either.
typing 0 -- inspect spoof.json
! tr -d '\r' <typed.txt | grep -E '^.{81}' || fail "a line is too long"

# ---- Passphrase ----------------------------------------------------------------------------------

plain pkey -in alice.pem -aes256 -passout pass:secret -out alice.secret.pem
plain req -x509 -new -key bob.pem -subj /CN=Bob -out bob.crt \
    -config "$source_dir/tests/scenario/certificates.cnf"
plain pkcs12 -export -inkey bob.pem -in bob.crt -passout pass:secret -out bob.p12
cp fresh.json request.json
typing 4 'Passphrase of ' wrong -- approve --approver alice.secret.pem --yes request.json
shows passphrase
same fresh.json request.json
# Who interrupts the question is not asked again by the next decoder.
for file in alice.secret.pem bob.p12; do
    typing 2 'Passphrase of ' $'\x03' -- approve --approver $file --yes request.json
    shows "$file: no passphrase was given"
    [ "$(grep -c 'Passphrase of ' typed.txt)" -eq 1 ] || fail "asked again: $(cat typed.txt)"
done
same fresh.json request.json
typing 0 'Passphrase of ' secret "$question" yes -- approve --approver alice.secret.pem request.json
typing 0 'Passphrase of ' secret "$question" yes -- approve --approver bob.p12 request.json
! grep -qE 'secret[^.]' typed.txt || fail "the passphrase was shown"
takes 1 quietly skatool execute --key "$(uri seal)" --force -o signature request.json
# With a certificate it is known who it is: the request first, then the passphrase, and not for
# nothing. A key of somebody else, or a wrong passphrase, signs nothing.
cp fresh.json request.json
plain req -x509 -new -key alice.pem -subj /CN=Alice -out alice.crt \
    -config "$source_dir/tests/scenario/certificates.cnf"
by_alice=(approve --approver alice.secret.pem --cert alice.crt)
typing 2 "$question" no -- "${by_alice[@]}" request.json
! grep -q Passphrase typed.txt || fail "asked for a passphrase for nothing"
typing 4 "$question" yes 'Passphrase of alice.secret.pem (Alice):' wrong -- "${by_alice[@]}" request.json
shows passphrase
typing 2 "$question" yes 'Passphrase of' '^C' -- "${by_alice[@]}" request.json
typing 4 "$question" yes 'Passphrase of bob.p12 (Alice):' secret -- \
    approve --approver bob.p12 --cert alice.crt request.json
shows 'not the key of the certificate'
same fresh.json request.json
typing 0 "$question" yes 'Passphrase of alice.secret.pem (Alice):' secret -- "${by_alice[@]}" request.json
typing 0 -- "${by_alice[@]}" request.json
shows already
! grep -q Passphrase typed.txt || fail "asked for a passphrase for nothing"
# Without a terminal it is not read from standard input.
cp fresh.json request.json
printf 'secret\n' >passphrase
untouched refused 'passphrase' setsid -w "$binary_dir/tools/skatool" approve \
    --approver alice.secret.pem --yes request.json <passphrase
same fresh.json request.json

# ---- PIN -----------------------------------------------------------------------------------------

sed -i '/^pin-source/d' openssl.cnf
typing 0 "PIN of token '$token'" "$pin" -- list
shows 'seal +[0-9a-f]+ +EC P-256'
! grep -q "$pin" typed.txt || fail "the PIN was shown"
typing 3 PIN 9999 -- list
typing 1 PIN '' -- list
typing 1 PIN '^C' -- list
refused 'PIN' setsid -w "$binary_dir/tools/skatool" list <pin

# A signature is nothing for a terminal.
typing 1 -- execute --key "$(uri seal)" request.json
shows 'a signature is binary and not written'
pass
