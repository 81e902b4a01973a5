#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Approvers see what a digest is made of where that is a structure, and whether it is about the
# document that they have: never "no" to the right one.
. "$(dirname "$0")/lib.sh"
board
key p256 p256
key rsa2048 rsa2048
key ed25519 ed25519
plain x509 -new -force_pubkey p256.pub.pem -subj '/O=Example/CN=Seal' -days 30 -signkey alice.pem \
    -out p256.crt
plain x509 -new -force_pubkey rsa2048.pub.pem -subj /CN=Seal -days 30 -signkey alice.pem \
    -out rsa2048.crt
printf 'A contract.\nWith two lines.\n' >right
printf 'Another contract.\nWith two lines.\n' >wrong
mkdir -m 700 approvals

# asked COMMAND...: the signature waits for approvals; request.json is what approvers get.
asked() {
    rm -f approvals/*.json
    ! "$@" >stdout.txt 2>stderr.txt || fail "needs no approvals: $*"
    says 'approvals pending'
    # Outside of the directory it is an ordinary file.
    cp approvals/*.request.json request.json
}
with_directory() { # COMMAND...
    configure 'approvals-dir = approvals' "${content:-}"
    asked ska "$@"
}
compared() { # yes | no | not PATTERN, DOCUMENT
    local answer=$1 document=$2
    cp request.json answered.json
    case $answer in
    yes)
        succeeds skatool approve --approver alice.pem --yes --document "$document" answered.json
        shows "$document"'\? YES'
        ;;
    no)
        refused 'NOT the document' skatool approve --approver alice.pem --yes --document \
            "$document" answered.json
        ;;
    *)
        refused "$document cannot be compared: $answer" skatool approve --approver alice.pem --yes \
            --document "$document" answered.json
        ;;
    esac
}
both() {
    compared yes right
    compared no wrong
}

# ---- Documents, in each form that openssl signs them in -------------------------------------------

with_directory dgst -sha256 -sign "$(uri p256)" -out signature right
says '0 of 2; .*and then the same command again'
both
succeeds skatool inspect request.json
shows 'signed content +not here: it is a document'
request p256 request.json right
both
for name in p256 rsa2048; do
    for options in '' -binary -cades '-cades -binary' -noattr '-noattr -binary' -text \
        '-md sha512' -nodetach -nosmimecap; do
        # shellcheck disable=SC2086
        with_directory cms -sign $options -in right -signer $name.crt -inkey "$(uri $name)" \
            -out out.p7s
        both
    done
    for options in '' -binary -noattr; do
        # shellcheck disable=SC2086
        with_directory smime -sign $options -in right -signer $name.crt -inkey "$(uri $name)" \
            -out out.p7s
        both
    done
done
# Long lines, and bytes that no line of a text has.
printf 'A B\r\nC\rD\n\n\r' >odd
head -c 70000 /dev/urandom | plain base64 -A >long
printf 'A\0B\r\nC\rD\n\n\r' >binary
for options in '' -binary -noattr '-noattr -binary'; do
    for document in odd long binary; do
        # shellcheck disable=SC2086
        with_directory cms -sign $options -in $document -signer p256.crt -inkey "$(uri p256)" \
            -out out.p7s
        case $document$options in
        # As mail only what stands before the zero byte is signed, whatever follows.
        binary | 'binary-noattr') compared 'it holds a zero byte' $document ;;
        *) compared yes $document ;;
        esac
        compared no wrong
    done
done

# A PDF is hashed without the room for its signature, and only where that is all that is left out.
pdf() { # RANGE-4 [WORDS]: prints a prepared PDF, whose gap is 20 digits wide
    local head="%PDF-1.7 /ByteRange [0 60 82 $1]${2:-}"
    printf '%-60s<%020d>%%%%EOF contract\n' "$head" 0
}
pdf 15 >prepared.pdf
[ "$(wc -c <prepared.pdf)" -eq 97 ]
covered() { head -c 60 prepared.pdf && tail -c 15 prepared.pdf; }
covered >covered
with_directory cms -sign -binary -in covered -signer p256.crt -inkey "$(uri p256)" -out out.p7s
compared yes prepared.pdf
pdf 15 ' other' >other.pdf
compared no other.pdf
sed 's/<0000/<00ab/' prepared.pdf >signed.pdf
compared 'signing changes a PDF' signed.pdf
# One that shows something else than what its range covers.
pdf 14 >short.pdf
{ cat prepared.pdf && echo 'sells the house'; } >longer.pdf
printf '%%PDF-1.7 shows another text\n%%/ByteRange [%d %d 99 0]\n' 57 "$(wc -c <covered)" >hidden.pdf
cat covered >>hidden.pdf
for document in short longer hidden; do
    compared 'signing changes a PDF' $document.pdf
done

# What is not about data is compared with nothing.
with_directory cms -sign -binary -econtent_type 1.2.3.4 -in right -signer p256.crt \
    -inkey "$(uri p256)" -out out.p7s
compared 'what would be signed is not a file but something about one' right
# What a key signs without a digest, it signs whole.
with_directory pkeyutl -sign -rawin -in right -inkey "$(uri ed25519)" -out signature
both

# What is seen of it.
with_directory cms -sign -cades -binary -in right -signer p256.crt -inkey "$(uri p256)" -out out.p7s
says 'the same command would ask for another approval: let it wait .*skatool seal'
! grep -q 'command again' stderr.txt || fail 'a circle'
succeeds skatool inspect request.json
shows 'signed content +a signature of a document \(CMS' 'signing time, by the computer that asks: ' \
    "fingerprint of the document: '?$(sha256sum right | cut -c1-64)" \
    "fingerprint of the signer's certificate: '?$(plain x509 -in p256.crt -outform DER | sha256sum |
        cut -c1-64)" 'ok +the signed content has the digest'

# A signing time of long before the request is a signature that is dated back: approvers are warned.
page() { # FILE: as an approver sees it
    succeeds skatool approve --approver alice.pem --yes -o approved.json "$1"
    rm approved.json
    tr -s ' \n' ' ' <stdout.txt >page.txt
}
page request.json
! grep -q 'dated back' page.txt || fail "$(cat page.txt)"
year=$(date +%Y)
sed -E "s/(\"created\":[[:space:]]*\")$year-..-../\\1$((year + 1))-12-28/" request.json >later.json
! cmp -s request.json later.json || fail 'the request is as it was'
page later.json
grep -qE 'WARNING: the signing time is [0-9]+ days? .*before this request was made: the signature would be dated back' \
    page.txt || fail "$(cat page.txt)"

# Nothing protects what the request says of when it was made: the computer's own clock is asked, too.
attributes() { # UTCTIME: signed attributes with this signing time, in DER
    cat <<END
asn1 = SET:attributes
[attributes]
1 = SEQUENCE:type
2 = SEQUENCE:time
3 = SEQUENCE:digest
[type]
1 = OID:contentType
2 = SETWRAP,OID:pkcs7-data
[time]
1 = OID:signingTime
2 = SETWRAP,UTCTIME:$1
[digest]
1 = OID:messageDigest
2 = SETWRAP,FORMAT:HEX,OCTETSTRING:$(printf 'ab%.0s' {1..32})
END
}
dated() { # UTCTIME
    attributes "$1" >attributes.cnf
    plain asn1parse -genconf attributes.cnf -noout -out attributes.der
    request p256 dated.json attributes.der
    sed -E "s/(\"created\":[[:space:]]*\")....-..-../\120${1:0:2}-${1:2:2}-${1:4:2}/" dated.json >lying.json
    page lying.json
}
dated 140102030405Z
grep -qE 'WARNING: the signing time is [0-9]+ days? .*before now, by the clock of this computer: the signature would be dated back' \
    page.txt || fail "$(cat page.txt)"
dated 490102030405Z
grep -qE 'WARNING: the signing time is [0-9]+ days? .*after now, by the clock of this computer: the signature would be dated ahead' \
    page.txt || fail "$(cat page.txt)"
dated "$(date -u +%y%m%d%H%M%SZ)"
! grep -q 'dated' page.txt || fail "$(cat page.txt)"

# ---- Certificates and what belongs to them -------------------------------------------------------

with_directory req -new -key "$(uri p256)" -subj '/O=Example/CN=www.example.org' \
    -addext 'subjectAltName=DNS:www.example.org' -out out.csr
succeeds skatool inspect request.json
shows 'a request for a certificate' "for: 'CN=www.example.org,O=Example'" 'DNS:www.example.org'
compared 'what would be signed is not a document' right

plain req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.pem \
    -subj /CN=leaf -out leaf.csr 2>/dev/null
printf 'basicConstraints=critical,CA:TRUE\n1.2.3.4=DER:0500\n' >extensions
with_directory x509 -req -in leaf.csr -CA p256.crt -CAkey "$(uri p256)" -days 7 \
    -extfile extensions -out out.crt
succeeds skatool inspect request.json
shows 'a certificate, ' "for: 'CN=leaf'" "issued by: 'CN=Seal,O=Example'" 'critical: .CA:TRUE' \
    '1\.2\.3\.4: 2 bytes that are not shown'

: >index.txt
printf '01\n' >crlnumber
cat >ca.cnf <<END
[ca]
default_ca = it
[it]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 7
END
printf 'R\t300101000000Z\t260101000000Z\t1234\tunknown\t/CN=gone\n' >index.txt
with_directory ca -config ca.cnf -gencrl -cert p256.crt -keyfile "$(uri p256)" -out out.crl
succeeds skatool inspect request.json
shows 'a list of revoked certificates' "issued by: 'CN=Seal,O=Example'" \
    'certificates that are revoked: .?1' 'serial number: .?1234'

plain ocsp -issuer p256.crt -serial 0x1234 -reqout ocsp.req
with_directory ocsp -index index.txt -CA p256.crt -rsigner p256.crt -rkey "$(uri p256)" \
    -reqin ocsp.req -respout out.ocsp
succeeds skatool inspect request.json
shows 'an answer about the state of certificates' 'revoked: 1234'

# ---- What is not there ---------------------------------------------------------------------------

# A digest that the application hands over says nothing of what was hashed.
plain dgst -sha256 -binary right >digest
with_directory pkeyutl -sign -inkey "$(uri p256)" -in digest -pkeyopt digest:SHA256 -out signature
both
printf '<?xml version="1.0"?><contract/>\n' >other.xml
compared 'the program that asks has hashed it by itself' other.xml
# What is signed inside of an XML document is about it.
printf '<ds:SignedInfo xmlns:ds="x"><ds:DigestValue>...</ds:DigestValue></ds:SignedInfo>' >info
with_directory dgst -sha256 -sign "$(uri p256)" -out signature info
compared 'the request does not show what was hashed' other.xml

# As the configuration says.
content='request-content = none'
with_directory cms -sign -in right -signer p256.crt -inkey "$(uri p256)" -out out.p7s
compared 'the request does not show what was hashed' right
content='request-content = all'
with_directory dgst -sha256 -sign "$(uri p256)" -out signature right
succeeds skatool inspect request.json
shows 'A contract'
both
# What TLS signs is never kept.
printf '%64s%s\0%032d' '' 'TLS 1.3, server CertificateVerify' 0 >handshake
with_directory dgst -sha256 -sign "$(uri p256)" -out signature handshake
! grep -q signedContent request.json || fail 'a handshake is in the request'
with_directory dgst -sha256 -sign "$(uri p256)" -out signature long
grep -q '"noSignedContent":\s*"TOO_LONG"' request.json || fail 'not said that it is too long'
takes 0 refused 'does not fit into an approval token: use ska-payload:digest' ska dgst -sha256 \
    -sign "$(uri p256)" -sigopt ska-payload:message -out signature long
content='request-content = some'
configure "$content"
refused "request-content = 'some'" ska dgst -sha256 -sign "$(uri p256)" -out signature right
content=

# ---- Files that are more than a document ---------------------------------------------------------

# Whose signature could mean something else: a person is told, and nobody approves them unread, be it
# as a document or from a folder.
configure
rm -rf folder
mkdir folder
unread() { # WHAT FILE [SIGNED]: SIGNED is the form of FILE that is signed
    local what=$1 file=$2 signed=${3:-$2}
    request p256 request.json "$signed"
    refused "$file is the document, but a person has to read .*WARNING: this file could also be $what" \
        skatool approve --approver alice.pem --yes --document "$file" request.json
    if has_terminal; then
        succeeds "$programs/skatool_terminal" 'Type yes or no: ' yes -- "$binary_dir/tools/skatool" \
            approve --approver alice.pem --document "$file" request.json
        unfolded <stdout.txt | tr -s ' \n' ' ' >page.txt
        grep -qE "the file you gave, .*$file.*\? YES.* WARNING: this file could also be $what" page.txt ||
            fail "$(cat page.txt)"
    fi
    cp "$file" folder
    with_directory dgst -sha256 -sign "$(uri p256)" -out signature "$signed"
    succeeds skatool approve --approver alice.pem --yes --dir approvals --documents folder
    says "is left: a person has to read it: WARNING: this file could also be $what" '0 approved, .* 1 left'
    rm -r folder/*
}
hexadecimal() { od -An -v -tx1 | tr -d ' \n'; }
structure='what a certificate, a certificate request or a signature of ANOTHER document is made over'
other='what a signature of ANOTHER document is made over'
certificate() { # EXTENSIONS FILE: what a certificate with these is made over
    plain x509 -req -in leaf.csr -signkey leaf.pem -days 7 -extfile "$1" -out leaf.crt
    plain x509 -in leaf.crt -outform DER -out leaf.der
    offset=$(plain asn1parse -inform DER -in leaf.der | sed -nE '2s/^ *([0-9]+):.*/\1/p')
    plain asn1parse -inform DER -in leaf.der -strparse "$offset" -noout -out "$2"
}
echo 'basicConstraints=critical,CA:TRUE' >extensions
certificate extensions to-be-signed.bin
request p256 request.json to-be-signed.bin
refused 'WARNING: with a certificate others can act' skatool approve --approver alice.pem --yes \
    --document to-be-signed.bin request.json
# Also where it is not as DER wants it, or longer than what a request shows.
loosen() { # FILE: writes TRUE as another number
    ! LC_ALL=C sed 's/\x01\x01\xff/\x01\x01\x01/' "$1" | cmp -s - "$1" || fail 'nothing is changed'
    LC_ALL=C sed -i 's/\x01\x01\xff/\x01\x01\x01/' "$1"
}
loosen to-be-signed.bin
unread "$structure" to-be-signed.bin
printf 'basicConstraints=critical,CA:TRUE\n1.2.3.4=DER:%s\n' "$(printf '78%.0s' {1..70000})" >extensions
certificate extensions long.bin
unread "$structure" long.bin
printf 'basicConstraints=critical,CA:TRUE\n1.2.3.4=DER:%s\n' \
    "$(printf '%%PDF-1.7 A contract.\n%%%%EOF\n' | hexadecimal)" >extensions
certificate extensions lease.pdf
loosen lease.pdf
unread "$structure" lease.pdf
# Of what can be opened as a certificate or a signature that is true, too; around its digest it is a document.
unread "$structure" leaf.der
with_directory cms -sign -binary -in leaf.der -signer p256.crt -inkey "$(uri p256)" -out out.p7s
compared yes leaf.der
# In the form that is signed, whatever the file looks like.
attributes 260102030405Z >attributes.cnf
sed 's/^3 = .*/&\n4 = SEQUENCE:minutes/' attributes.cnf >minutes.cnf
printf '[minutes]\n1 = OID:1.2.3.4\n2 = SETWRAP,FORMAT:HEX,OCTETSTRING:%s\n' \
    "$(printf 'Minutes\r\nAll agree.\r\n' | hexadecimal)" >>minutes.cnf
plain asn1parse -genconf minutes.cnf -noout -out minutes.der
LC_ALL=C sed 's/\r$//' minutes.der >minutes.bin
content='request-content = none'
configure "$content"
unread "$other" minutes.bin minutes.der
content=
configure
# What is signed inside of XML, and for the web.
printf 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJyb290In0' >token.txt
for document in info token.txt; do
    unread "$other" $document
    content='request-content = all'
    with_directory dgst -sha256 -sign "$(uri p256)" -out signature $document
    content=
    page request.json
    grep -qE "Exactly this text.* WARNING: this could also be $other" page.txt || fail "$(cat page.txt)"
done
unread 'a part of a TLS handshake' handshake

# ---- What somebody has changed -------------------------------------------------------------------

with_directory cms -sign -in right -signer p256.crt -inkey "$(uri p256)" -out out.p7s
sed -E 's/("signedContent":\s*"M)(.)/\1x/' request.json >changed.json
! cmp -s request.json changed.json || fail 'nothing was changed'
refused 'somebody has changed it' skatool approve --approver alice.pem --yes changed.json
ends 4 skatool inspect changed.json
shows 'WRONG .*signedContent'
pass
