#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# skatool seal: CAdES signatures that plain openssl verifies, with every kind of key, with approvals
# and without; whatever ends a call, the same command goes on, and nobody is asked twice.
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/servers.sh"
board
printf 'A contract.\nWith two lines.\n' >contract.txt
printf 'Another contract.\n' >other.txt
plain req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.pem -subj /CN=CA \
    -addext basicConstraints=critical,CA:TRUE -days 30 -out ca.crt 2>/dev/null
printf 'keyUsage=critical,nonRepudiation\nbasicConstraints=critical,CA:FALSE\n' >usage

# certificate LABEL: LABEL.crt, by a CA.
certificate() {
    plain x509 -new -force_pubkey "$1.pub.pem" -subj "/O=Example/CN=Seal $1" -days 300 \
        -CA ca.crt -CAkey ca.pem -extfile usage -out "$1.crt" 2>/dev/null
}
for name in rsa2048 rsapss p256 p384 ed25519; do
    key $name $name
    certificate $name
    key free-$name $name empty.json
    certificate free-$name
done
succeeds skatool keygen --key "$(uri ordinary)" --algorithm EC --policy none
quietly ska pkey -in "$(uri ordinary)" -pubout -out ordinary.pub.pem
certificate ordinary

# verified SEAL DOCUMENT: by an openssl that knows nothing of all this.
verified() {
    succeeds plain cms -verify -cades -binary -inform DER -in "$1" -content "$2" -CAfile ca.crt \
        -out /dev/null
    says 'CAdES Verification successful'
}
# OpenSSL 3.0 verifies no EdDSA in CMS: what is signed is taken out and verified by itself.
verified_ed25519() { # SEAL DOCUMENT LABEL
    local at header length
    plain asn1parse -inform DER -in "$1" >parsed.txt
    read -r at header length < <(awk '/cons: cont \[ 0 \]/ { line = $0 }
        END { match(line, /^ *[0-9]+/); at = substr(line, 1, RLENGTH) + 0
              match(line, /hl=[0-9]+/); header = substr(line, RSTART + 3, RLENGTH - 3)
              match(line, /l= *[0-9]+ cons/); length_ = substr(line, RSTART + 2)
              print at, header, length_ + 0 }' parsed.txt)
    { printf '\x31' && tail -c +$((at + 2)) "$1" | head -c $((header + length - 1)); } >attributes.der
    read -r at header < <(awk '/OCTET STRING/ { line = $0 }
        END { match(line, /^ *[0-9]+/); print substr(line, 1, RLENGTH) + 0, 2 }' parsed.txt)
    tail -c +$((at + header + 1)) "$1" | head -c 64 >signature.raw
    succeeds plain pkeyutl -verify -rawin -pubin -inkey "$3.pub.pem" -in attributes.der \
        -sigfile signature.raw
    plain dgst -sha512 -binary "$2" >digest
    grep -qaF "$(tr -d '\0\n' <digest | head -c 8)" attributes.der || fail 'another document'
}

# Whatever needs nobody is sealed at once, and leaves nothing but the seal.
for name in ordinary free-rsa2048 free-rsapss free-p256 free-p384; do
    succeeds skatool seal --key "$(uri $name)" --cert $name.crt contract.txt
    says '^contract.txt: sealed: contract.txt.p7s$'
    verified contract.txt.p7s contract.txt
    [ ! -e contract.txt.p7s.ska-pending ] || fail 'the state is still there'
    succeeds skatool seal --key "$(uri $name)" --cert $name.crt contract.txt
    says 'is sealed already'
    rm contract.txt.p7s
done
succeeds skatool seal --key "$(uri free-ed25519)" --cert free-ed25519.crt contract.txt
says 'warning: OpenSSL 3.0 cannot verify CMS signatures of Ed25519 keys'
verified_ed25519 contract.txt.p7s contract.txt free-ed25519
rm contract.txt.p7s
# The chain, another digest, another place.
succeeds skatool seal --key "$(uri free-p384)" --cert free-p384.crt --chain ca.crt --digest SHA384 \
    -o elsewhere.p7s contract.txt
verified elsewhere.p7s contract.txt
plain pkcs7 -inform DER -in elsewhere.p7s -print_certs -noout >certificates.txt
[ "$(grep -c '^subject' certificates.txt)" -eq 2 ]
plain cms -cmsout -print -inform DER -in elsewhere.p7s >printed.txt
for attribute in contentType messageDigest signingTime id-smime-aa-signingCertificateV2; do
    [ "$(grep -c "object: $attribute " printed.txt)" -eq 1 ] || fail "$attribute is not there once"
done

# ---- With approvals ------------------------------------------------------------------------------

mkdir -m 700 approvals
configure 'approvals-dir = approvals' "audit-log = $work/audit.log"
answers() {
    find approvals -maxdepth 1 -name '*.json' -printf '%f\n' | sort
}
open_requests() {
    answers | sed -n 's/\.request\.json$//p'
}
are_asked() { # NUMBER
    [ "$(open_requests | wc -l)" -eq "$1" ]
}
is_asked() {
    are_asked 1
}
# approve_all NAME...: what is open.
approve_all() {
    local id name
    for id in $(open_requests); do
        for name in "$@"; do
            succeeds skatool approve --dir approvals --approver "$name.pem" --yes "$id"
        done
    done
}
seal() { # LABEL [OPTION...] DOCUMENT...
    local label=$1
    shift
    skatool seal --key "$(uri "$label")" --cert "$label.crt" "$@"
}
for name in rsa2048 rsapss p256 p384 ed25519; do
    takes 0 ends 2 seal $name contract.txt
    says 'contract.txt: waiting for .*; to approve: skatool approve --approver KEY --dir approvals [0-9a-f]{16}; and then the same command again'
    # What nobody of this OpenSSL can verify is warned of before people are asked, and nothing else is.
    warned=$(grep -c 'warning: OpenSSL 3.0' stderr.txt || true)
    [ "$warned" -eq "$([ $name = ed25519 ] && echo 1 || echo 0)" ] || fail "$(cat stderr.txt)"
    [ "$warned" -eq 0 ] || grep -q 'warning: OpenSSL 3.0' < <(head -n 1 stderr.txt) || fail "$(cat stderr.txt)"
    [ "$(stat -c %a contract.txt.p7s.ska-pending)" = 600 ]
    id=$(open_requests)
    # Each approver sees what it is about, and has it compared.
    succeeds skatool approve --dir approvals --approver alice.pem --document contract.txt --yes "$id"
    shows 'contract.txt\? YES' 'signing time' "contract.txt"
    refused 'NOT the document' skatool approve --dir approvals --approver bob.pem \
        --document other.txt --yes "$id"
    # Asked again, it is the same request, with the approval that is there.
    sleep 1
    ends 2 seal $name contract.txt
    [ "$(open_requests)" = "$id" ] || fail "another request: $(open_requests)"
    succeeds skatool approve --dir approvals --approver bob.pem --document contract.txt --yes "$id"
    takes 1 succeeds seal $name contract.txt
    case $name in
    ed25519) verified_ed25519 contract.txt.p7s contract.txt $name ;;
    *) verified contract.txt.p7s contract.txt ;;
    esac
    [ -z "$(open_requests)$(find . -maxdepth 1 -name '*.ska-pending')" ] || fail 'something is left'
    untouched succeeds seal $name contract.txt
    rm contract.txt.p7s
done

# ---- One document asked for twice ----------------------------------------------------------------

# Who asks again in another way, so that what is signed differs, is told of the request that is open.
ends 2 seal p256 contract.txt
! grep -q 'same document' stderr.txt || fail "there was none: $(cat stderr.txt)"
id=$(open_requests)
twice="request ${id:0:16} is open for the same document and key, too; skatool withdraw --dir approvals ${id:0:16} ends it"
ends 2 seal p256 contract.txt
! grep -q 'same document' stderr.txt || fail "it is the same request: $(cat stderr.txt)"
ends 2 seal p256 other.txt
! grep -q 'same document' stderr.txt || fail "another document: $(cat stderr.txt)"
ends 2 seal p384 -o another.p7s contract.txt
! grep -q 'same document' stderr.txt || fail "another key: $(cat stderr.txt)"
answers >before.txt
sleep 1
refused "$twice" ska cms -sign -cades -binary -in contract.txt -signer p256.crt -inkey "$(uri p256)" \
    -outform DER -out unused
withdraw_new() {
    answers | comm -13 before.txt - | sed -n 's/\.request\.json$//p' | while read -r new; do
        succeeds skatool withdraw --dir approvals "$new"
    done
}
withdraw_new
succeeds skatool request --key "$(uri p256)" --dir approvals contract.txt
says "^skatool: $twice"
succeeds skatool request --key "$(uri p256)" --dir approvals contract.txt
! grep -q 'same document' stderr.txt || fail "it was already open: $(cat stderr.txt)"
withdraw_new
# A signature that waits says so at its beginning.
configure 'approvals-dir = approvals' "audit-log = $work/audit.log" 'progress = yes'
ends 2 seal p256 --approvals-timeout 1 -o second.p7s contract.txt
says "^skatool: contract.txt: $twice"
[ "$(grep -c 'same document' stderr.txt)" -eq 1 ] || fail "not once: $(cat stderr.txt)"
refused "^ska: (request .*; )?$twice" ska cms -sign -cades -binary -in contract.txt -signer p256.crt \
    -inkey "$(uri p256)?approvals-timeout=1" -outform DER -out unused
configure 'approvals-dir = approvals' "audit-log = $work/audit.log"
withdraw_all() {
    local id
    for id in $(open_requests); do
        succeeds skatool withdraw --dir approvals "$id"
    done
    rm -f ./*.ska-pending
}
withdraw_all
# Begun again, each that stays open is named, in a line of its own, with what ends it.
stays_open() { # ID...
    local one
    [ "$(grep -c 'same document' stderr.txt)" -eq $# ] || fail "not $#: $(cat stderr.txt)"
    for one in "$@"; do
        says "^skatool: contract.txt: request ${one:0:16} is open for the same document and key, too; skatool withdraw --dir approvals ${one:0:16} ends it if it is not wanted\$"
    done
}
ends 2 seal p256 contract.txt
stays_open
mapfile -t others < <(open_requests)
sleep 1
ends 2 seal p256 --restart contract.txt
stays_open "${others[@]}"
ends 2 seal p256 contract.txt
stays_open
mapfile -t others < <(open_requests)
sleep 1
ends 2 seal p256 --restart contract.txt
stays_open "${others[@]}"
succeeds skatool withdraw --dir approvals "${others[0]}"
mapfile -t others < <(open_requests)
sleep 1
ends 2 seal p256 --restart contract.txt
stays_open "${others[@]}"
withdraw_all
mkdir -m 700 'two words'
configure "approvals-dir = two words"
ends 2 seal p256 contract.txt
sleep 1
ends 2 seal p256 --restart contract.txt
says "skatool withdraw --dir 'two words' [0-9a-f]{16} ends it"
rm -rf 'two words' ./*.ska-pending
configure 'approvals-dir = approvals' "audit-log = $work/audit.log"

# ---- Whatever comes between ----------------------------------------------------------------------

ends 2 seal p256 contract.txt
approve_all alice
before=$(answers)
# Killed while it waits.
start waiting.txt "$binary_dir/tools/skatool" seal --key "$(uri p256)" --cert p256.crt \
    --approvals-timeout 60 contract.txt
sleep 0.5
stop "$server" KILL
[ "$(answers)" = "$before" ] || fail 'another request'
# The HSM is away: it says so, and the same command goes on.
mv tokens tokens.away && mkdir tokens
ends 3 seal p256 contract.txt
rmdir tokens && mv tokens.away tokens
approve_all bob
# The disk is full when the seal is written: the signature is made, and not asked for again.
full_disk() { # CALL
    LD_PRELOAD="$preload $programs/libfailing_disk.so" FAILING_CALL=$1 FAILING_FROM=1 \
        FAILING_PATH=contract.txt.p7s "$binary_dir/tools/skatool" seal --key "$(uri p256)" \
        --cert p256.crt contract.txt
}
takes 1 ends 3 full_disk write
says 'contract.txt.p7s: Input/output error'
# What somebody has put there under its name is none.
id=$(find approvals/done -name signature -printf '%T@ %h\n' | sort -n | tail -1 |
    sed -E 's/.*done.([0-9a-f]{64}).*/\1/')
mkdir approvals/done/"$id".00000000T000000Z-0
echo 'none' >approvals/done/"$id".00000000T000000Z-0/signature
takes 0 ends 3 full_disk fsync
[ "$(echo contract.txt.p7s*)" = contract.txt.p7s.ska-pending ] || fail "left: $(echo contract.txt.p7s*)"
[ -z "$(open_requests)" ] || fail 'somebody is asked again'
takes 0 succeeds seal p256 contract.txt
verified contract.txt.p7s contract.txt
rm contract.txt.p7s

# The HSM is away when the last approval comes: while it may wait it is tried again. By cms, too, which
# could not go on otherwise.
echo away >away.txt
echo wrong >wrong.txt
cp openssl.cnf there.cnf
sed -i "s|^pkcs11-module = .*|pkcs11-module = $programs/libhsm_device.so|" openssl.cnf
export HSM_DEVICE_AWAY=$work/away
for how in seal several cms; do
    documents=(away.txt)
    [ $how != several ] || documents+=(wrong.txt)
    if [ $how != cms ]; then
        start waiting.txt "$binary_dir/tools/skatool" seal --key "$(uri p256)" --cert p256.crt \
            --approvals-timeout 60 "${documents[@]}"
    else
        start waiting.txt openssl cms -sign -cades -binary -in away.txt -signer p256.crt \
            -inkey "$(uri p256)" -keyopt ska-approvals-timeout:60 -outform DER -out away.txt.p7s
    fi
    within 20 'no request' are_asked "${#documents[@]}"
    approve_all alice
    touch away
    approve_all bob
    sleep 2
    kill -0 "$server" || fail "it has ended: $(cat waiting.txt)"
    rm away
    wait "$server" || fail "$(cat waiting.txt)"
    for document in "${documents[@]}"; do verified "$document.p7s" "$document"; done
    rm ./*.txt.p7s
done
# Away before the rule of the key was read: a signature whose request is open, as by an earlier attempt,
# waits for it too; one that nobody has been asked for says at once what is wrong. The program has its
# key when it has read more of the document than a pipe holds.
head -c 300000 /dev/zero >asked.txt
head -c 300001 /dev/zero >unasked.txt
refused 'approvals pending' ska dgst -sha256 -sign "$(uri p256)" -out signature asked.txt
approve_all alice bob
mkfifo document.pipe
for document in unasked asked; do
    start waiting.txt bash -c 'exec "$@" <document.pipe' bash openssl dgst -sha256 -sign "$(uri p256)" \
        -sigopt ska-approvals-timeout:60 -out "$document.sig"
    exec 9>document.pipe
    head -c 250000 "$document.txt" >&9
    touch away
    tail -c +250001 "$document.txt" >&9
    exec 9>&-
    if [ $document = asked ]; then
        sleep 2
        kill -0 "$server" || fail "it has ended: $(cat waiting.txt)"
        rm away
        wait "$server" || fail "$(cat waiting.txt)"
        plain x509 -in p256.crt -pubkey -noout >p256.public.pem
        plain dgst -sha256 -verify p256.public.pem -signature asked.sig asked.txt >/dev/null ||
            fail 'another signature'
    else
        ended_with=0
        wait "$server" || ended_with=$?
        [ $ended_with -ne 0 ] || fail 'signed without approvals'
        rm away
    fi
done
# When the time is over it says what is wrong, and the approvals stay.
start waiting.txt "$binary_dir/tools/skatool" seal --key "$(uri p256)" --cert p256.crt \
    --approvals-timeout 10 away.txt
within 20 'no request' is_asked
touch away
approve_all alice bob
ended_with=0
wait "$server" || ended_with=$?
[ $ended_with -eq 3 ] || fail "status $ended_with: $(cat waiting.txt)"
grep -q 'skatool: .*away.txt: ' waiting.txt || fail "$(cat waiting.txt)"
rm away
takes 1 succeeds seal p256 away.txt
# A signature that is another one is not given out.
sed -i "s|^approvals-dir = .*||" openssl.cnf
export HSM_DEVICE_WRONG=yes
takes 1 refused 'does not verify with the certificate' seal free-p256 wrong.txt
unset HSM_DEVICE_WRONG
[ ! -e wrong.txt.p7s ] || fail 'there is a seal'
mv there.cnf openssl.cnf
# By what has the time in it nobody is told to give the same command again.
takes 0 refused 'approvals pending.*the same command would ask for another approval.*skatool seal' \
    ska cms -sign -cades -binary -in away.txt -signer p256.crt -inkey "$(uri p256)" -outform DER -out x
takes 0 refused 'and then the same command again, if it sets times' ska x509 -req -in <(plain req -new \
    -key alice.pem -subj /CN=leaf) -CA p256.crt -CAkey "$(uri p256)" -days 1 -out x
takes 0 refused '0 of 2; .*and then the same command again' ska dgst -sha256 -sign "$(uri p256)" -out x away.txt
rm approvals/*.json

# ---- What does not fit ---------------------------------------------------------------------------

ends 2 seal p256 contract.txt
cp contract.txt.p7s.ska-pending kept
printf 'One more line.\n' >>contract.txt
takes 0 refused 'the document is another one, or has been changed since.*--restart' seal p256 contract.txt
ends 2 seal p256 --restart contract.txt
! cmp -s kept contract.txt.p7s.ska-pending || fail 'nothing was begun anew'
takes 0 refused 'another certificate' skatool seal --key "$(uri free-p256)" --cert free-p256.crt contract.txt
takes 0 refused 'another --digest' seal p256 --digest SHA384 contract.txt
# One from before the certificate, as of an archive, dates nothing back; the age of one that is taken up is
# said.
cp contract.txt.p7s.ska-pending whole
year=$(date -u +%y)
LC_ALL=C sed -i "s/\\x17\\x0d$year/\\x17\\x0d$(printf %02d $((10#$year - 1)))/" contract.txt.p7s.ska-pending
! cmp -s whole contract.txt.p7s.ska-pending || fail 'the time is as it was'
takes 0 refused 'its signing time is from before the certificate was valid.*--restart' seal p256 contract.txt
cp whole contract.txt.p7s.ska-pending
ends 2 seal p256 contract.txt
says '^skatool: contract.txt: continues the seal that was begun at 20.*, [0-9]+ (second|minute).* ago.*--restart'
for byte in 0 1 5 40 100 200; do
    cp contract.txt.p7s.ska-pending whole
    printf '\xff' | dd of=contract.txt.p7s.ska-pending bs=1 seek=$byte conv=notrunc status=none
    takes 0 refused '--restart' seal p256 contract.txt
    cp whole contract.txt.p7s.ska-pending
done
chmod 666 contract.txt.p7s.ska-pending
takes 0 refused "not a file of this user's alone" seal p256 contract.txt
rm contract.txt.p7s.ska-pending
ln -s kept contract.txt.p7s.ska-pending
takes 0 refused "not a file of this user's alone" seal p256 contract.txt
rm contract.txt.p7s.ska-pending
echo other >contract.txt.p7s
takes 0 refused 'already exists, but .*--force' seal p256 contract.txt
[ "$(cat contract.txt.p7s)" = other ]
ends 1 seal free-p256 contract.txt
succeeds seal free-p256 --force contract.txt
verified contract.txt.p7s contract.txt
cp contract.txt.p7s whole
size=$(stat -c %s whole)
for at in 0 60 $((size - 80)) $((size - 1)); do
    printf '\0' | dd of=contract.txt.p7s bs=1 seek="$at" conv=notrunc status=none
    takes 0 refused 'already exists, but' seal free-p256 contract.txt
    cp whole contract.txt.p7s
done
head -c $((size - 1)) whole >contract.txt.p7s
takes 0 refused 'already exists, but' seal free-p256 contract.txt
cp whole contract.txt.p7s
takes 0 refused 'another public key' skatool seal --key "$(uri p256)" --cert p384.crt contract.txt
# Of the chain are those only that have issued one of it: in any order, and not by their name alone.
plain req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.pem -subj /CN=Root \
    -addext basicConstraints=critical,CA:TRUE -days 30 -out root.crt 2>/dev/null
plain x509 -new -force_pubkey <(plain pkey -in ca.pem -pubout) -subj /CN=CA -days 20 -CA root.crt -CAkey root.pem \
    -extfile <(printf 'basicConstraints=critical,CA:TRUE\n') -out crossed.crt 2>/dev/null
plain req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout false.pem -subj /CN=CA \
    -addext basicConstraints=critical,CA:TRUE -days 30 -out false.crt 2>/dev/null
cat root.crt crossed.crt >upwards.crt
succeeds skatool seal --key "$(uri free-p256)" --cert free-p256.crt --chain upwards.crt -o upwards.p7s other.txt
verified upwards.p7s other.txt
cat ca.crt root.crt >strange.crt
for chain in 'root CN=Root' 'strange CN=Root' 'false CN=CA' 'p384 O=Example,CN=Seal p384|CN=Seal p384,O=Example'; do
    takes 0 refused "${chain%% *}.crt: (${chain#* }) has issued neither the certificate of the seal nor one above it" \
        skatool seal --key "$(uri free-p256)" --cert free-p256.crt --chain "${chain%% *}.crt" -o x other.txt
done
takes 0 refused 'No such file' seal p256 missing.txt
refused 'missing argument: DOCUMENT' seal p256
if grep -q '^SKA_TSB:BOOL=OFF' "$binary_dir/CMakeCache.txt"; then
    takes 0 refused 'built without HTTP' seal free-p256 --tsa https://tsa.example.org -o x other.txt
fi
refused 'standard input' seal p256 -
refused 'needs a file' seal p256 -o - contract.txt
refused 'must be a folder' seal p256 -o out.p7s contract.txt other.txt
mkdir folder && cp contract.txt folder && mkdir seals
ends 1 seal p256 -o seals contract.txt folder/contract.txt
says 'would both be sealed in'
plain x509 -new -force_pubkey free-p256.pub.pem -subj /CN=old -days 1 -CA ca.crt -CAkey ca.pem \
    -extfile <(printf 'keyUsage=critical,digitalSignature\n') -out weak.crt 2>/dev/null
succeeds skatool seal --key "$(uri free-p256)" --cert weak.crt -o weak.p7s other.txt
says 'warning: .*nonRepudiation'

# A certificate whose time is over, or has not come.
printf '[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\nunique_subject=no\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n' >dates.cnf
: >index.txt && echo 01 >serial
plain req -new -key alice.pem -subj /CN=dated -out dated.csr
plain ca -batch -config dates.cnf -cert ca.crt -keyfile ca.pem -in dated.csr -startdate 20200101000000Z \
    -enddate 20210101000000Z -notext -out expired.crt 2>/dev/null
takes 0 refused 'this certificate expired at 202[01]-[0-9:. A-Z+()-]+: a seal with it would be useless' \
    skatool seal --key "$(uri free-p256)" --cert expired.crt -o x other.txt
plain ca -batch -config dates.cnf -cert ca.crt -keyfile ca.pem -in dated.csr -startdate 20480101000000Z \
    -enddate 20490101000000Z -notext -out early.crt 2>/dev/null
takes 0 refused 'this certificate is not valid before 204[78]-' \
    skatool seal --key "$(uri free-p256)" --cert early.crt -o x other.txt

# ---- Several documents ---------------------------------------------------------------------------

rm -rf approvals/*.json
for i in 1 2 3 4 5; do
    echo "Contract $i" >many$i.txt
done
names=(many[1-5].txt)
takes 0 ends 2 seal p256 "${names[@]}"
[ "$(open_requests | wc -l)" -eq 5 ] || fail 'not all were handed in'
for i in 1 2 3 4 5; do says "many$i.txt: waiting for"; done
approve_all alice
start waiting.txt "$binary_dir/tools/skatool" seal --key "$(uri p256)" --cert p256.crt \
    --approvals-timeout 60 "${names[@]}"
within 20 'it does not wait' grep -q '5 of 5 documents wait' waiting.txt
approve_all bob
wait "$server" || fail "$(cat waiting.txt)"
for i in 1 2 3 4 5; do verified many$i.txt.p7s many$i.txt; done
[ -z "$(open_requests)" ]
# Killed when some are sealed: the others go on, with the approvals that are there.
for i in 1 2 3 4; do echo "Offer $i" >offer$i.txt; done
start waiting.txt "$binary_dir/tools/skatool" seal --key "$(uri p256)" --cert p256.crt \
    --approvals-timeout 60 offer[1-4].txt
within 20 'it does not wait' grep -q '4 of 4 documents wait' waiting.txt
approve_all alice
mapfile -t ids < <(open_requests)
for id in "${ids[@]:0:2}"; do
    succeeds skatool approve --dir approvals --approver bob.pem --yes "$id"
done
within 20 'none is sealed' grep -q ': sealed: ' waiting.txt
stop "$server" KILL
for id in $(open_requests); do
    [[ " ${ids[*]} " == *" $id "* ]] || fail "somebody is asked for another one: $id"
done
approve_all bob
succeeds seal p256 offer[1-4].txt
for i in 1 2 3 4; do verified offer$i.txt.p7s offer$i.txt; done
# Also where the call was killed between a signature and the end of its request.
[ -z "$(open_requests)" ] || fail "still open: $(open_requests)"
# Two at once ask for the same, and make the same seal.
echo 'twice' >twice.txt
for log in one.txt two.txt; do
    start $log "$binary_dir/tools/skatool" seal --key "$(uri p256)" --cert p256.crt \
        --approvals-timeout 60 twice.txt
done
both=("${servers[@]: -2}")
both_wait() {
    local one
    for one in "${both[@]}"; do
        # Not by its notification: all that this user may have can be taken by others.
        [ -n "$(find "/proc/$one/fd" -lname "$PWD/approvals")" ] &&
            grep -q '^State:.S' "/proc/$one/status" || return 1
    done
    [ -n "$(open_requests)" ]
}
(within 60 'they do not wait' both_wait) || fail "$(cat one.txt two.txt)"
approve_all alice bob
for server in "${both[@]}"; do
    wait "$server" || fail "$(cat one.txt two.txt)"
done
verified twice.txt.p7s twice.txt
# One that is written to meanwhile is sealed as it was.
echo 'before' >changing.txt
cp changing.txt before.txt
start waiting.txt "$binary_dir/tools/skatool" seal --key "$(uri p256)" --cert p256.crt \
    --approvals-timeout 60 changing.txt
within 20 'no request' is_asked
echo 'after' >changing.txt
approve_all alice bob
wait "$server" || fail "$(cat waiting.txt)"
grep -q 'warning: changing.txt was written to' waiting.txt || fail "$(cat waiting.txt)"
verified changing.txt.p7s before.txt
takes 0 refused 'the document is another one' seal p256 changing.txt
# One of them is refused by who may, the others go on.
for i in 6 7 8; do echo "Contract $i" >many$i.txt; done
ends 2 seal p256 many6.txt many7.txt many8.txt
id=$(grep -oE 'many7.txt: .*' stderr.txt | grep -oE 'request [0-9a-f]{16}' | cut -d ' ' -f 2)
id=$(basename approvals/"$id"*.request.json .request.json)
for name in alice bob; do
    succeeds skatool reject --dir approvals --approver $name.pem --yes "$id"
    for other in $(open_requests); do
        [ "$other" = "$id" ] || succeeds skatool approve --dir approvals --approver $name.pem --yes "$other"
    done
done
takes 2 ends 2 seal p256 --approvals-timeout 60 many6.txt many7.txt many8.txt
says 'many6.txt: sealed' 'rejected.*many7.txt' 'many8.txt: sealed'
[ ! -e many7.txt.p7s ]
pass
