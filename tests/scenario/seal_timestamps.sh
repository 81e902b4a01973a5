#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Seals with time-stamps, by a network and without one. The authority is `openssl ts -reply`; what comes
# out is verified by plain openssl.
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/servers.sh"
board
key seal p256 empty.json
key asks p256
printf 'A contract.\n' >contract.txt
cat >extensions <<END
[seal]
keyUsage=critical,nonRepudiation
[tsa]
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping
[web]
extendedKeyUsage=critical,serverAuth
END
authority() { # NAME: a CA
    plain req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" \
        -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE -days 30 -out "$1.crt" 2>/dev/null
}
issue() { # NAME CA SECTION [PUBLIC-KEY]
    [ -n "${4:-}" ] || plain genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -quiet -out "$1.key"
    [ -n "${4:-}" ] || plain pkey -in "$1.key" -pubout -out "$1.pub.pem"
    plain x509 -new -force_pubkey "$1.pub.pem" -subj "/CN=$1" -days 30 -CA "$2.crt" -CAkey "$2.key" \
        -extfile extensions -extensions "$3" -out "$1.crt" 2>/dev/null
}
authority ca
authority tsa-ca
authority other-ca
issue seal ca seal given
issue asks ca seal given
issue tsa tsa-ca tsa
issue web tsa-ca web

cat >tsa.cnf <<END
[tsa]
default_tsa = it
[it]
serial = $work/serial
crypto_device = builtin
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
signer_digest = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
END
# What stands in `answers` says how the authority answers.
cat >answer <<'END'
#!/bin/sh
export OPENSSL_CONF=/dev/null
cat >query.tsq
signer=tsa
case $(cat answers) in
good) ;;
html) echo '<html>not now</html>'; exit ;;
fails) exit 1 ;;
old) cat old.tsr; exit ;;
refuses) set -- -digests-none ; sed 's/sha256, sha384, sha512/sha512/' tsa.cnf >refusing.cnf ;;
web) signer=web ;;
empty) printf '0\003\002\001\000' | head -c 0; printf '0\0050\003\002\001\000'; exit ;;
longer) openssl ts -reply -config tsa.cnf -queryfile query.tsq -signer tsa.crt -inkey tsa.key 2>/dev/null; echo x; exit ;;
esac
config=tsa.cnf
[ "$(cat answers)" != refuses ] || config=refusing.cnf
exec openssl ts -reply -config $config -queryfile query.tsq -signer $signer.crt -inkey $signer.key 2>/dev/null
END
chmod +x answer
port=$(free_port)
serve() { # HOW
    echo "$1" >answers
}
serve good
start_plain authority.log "$programs/seal_timestamps" "$port" ./answer
serving "$port" authority.log
url=http://127.0.0.1:$port

seal() {
    skatool seal --key "$(uri seal)" --cert seal.crt "$@" contract.txt
}
verified() { # SEAL
    succeeds plain cms -verify -cades -binary -inform DER -in "$1" -content contract.txt \
        -CAfile ca.crt -out /dev/null
}
# The signature and its time-stamp, taken out.
stamped() { # SEAL
    local at
    verified "$1"
    plain asn1parse -inform DER -in "$1" >parsed.txt
    at=$(awk '/:id-smime-aa-timeStampToken/ { found = 1; next }
        found && /SEQUENCE/ { print $1 + 0; exit }' parsed.txt)
    [ -n "$at" ] || fail "no time-stamp in $1"
    plain asn1parse -inform DER -in "$1" -strparse "$at" -noout -out token.der
    at=$(awk '/:id-smime-aa-timeStampToken/ { print last; exit } /OCTET STRING/ { last = $1 + 0 }' parsed.txt)
    plain asn1parse -inform DER -in "$1" -strparse "$at" -noout -out signature.der 2>/dev/null ||
        fail "no signature at $at"
    local header length
    header=$(awk -v at="$at" '$1 + 0 == at { match($0, /hl=[0-9]+/); print substr($0, RSTART + 3, RLENGTH - 3); exit }' parsed.txt)
    length=$(awk -v at="$at" '$1 + 0 == at { match($0, / l= *[0-9]+/); print substr($0, RSTART + 3) + 0; exit }' parsed.txt)
    tail -c +$((at + header + 1)) "$1" | head -c "$length" >signature.raw
    succeeds plain ts -verify -data signature.raw -in token.der -token_in -CAfile tsa-ca.crt
    shows 'Verification: OK'
}
not_stamped() {
    verified contract.txt.p7s
    ! grep -q timeStampToken < <(plain asn1parse -inform DER -in contract.txt.p7s) || fail 'a time-stamp'
}

# ---- By a network --------------------------------------------------------------------------------

succeeds seal --tsa "$url" --tsa-ca tsa-ca.crt
says 'sealed: .*, with a time-stamp'
stamped contract.txt.p7s
cp authority.answer old.tsr
cp contract.txt.p7s stamped.p7s
# Done is done: nobody is asked.
stop "$server"
succeeds seal --tsa "$url" --tsa-ca tsa-ca.crt
says 'is sealed already: .*, with a time-stamp'
same contract.txt.p7s stamped.p7s
rm contract.txt.p7s

# The authority is away: the seal is there, and the same command adds the time-stamp.
takes 1 ends 3 seal --tsa "$url" --tsa-ca tsa-ca.crt
says 'server cannot be reached' 'without a time-stamp.*the same command adds it'
not_stamped
start_plain authority.log "$programs/seal_timestamps" "$port" ./answer
serving "$port" authority.log
for how in html fails old refuses web empty longer; do
    serve $how
    takes 0 ends 3 seal --tsa "$url" --tsa-ca tsa-ca.crt
    not_stamped
done
serve refuses
ends 3 seal --tsa "$url" --tsa-ca tsa-ca.crt
says 'authority refuses: it answers with status 2'
serve fails
ends 3 seal --tsa "$url" --tsa-ca tsa-ca.crt
says 'status 500'
serve good
for ca in other-ca ca; do
    takes 0 ends 3 seal --tsa "$url" --tsa-ca $ca.crt
    says "does not chain to one of the CAs \\($ca.crt\\)"
    not_stamped
done
takes 0 ends 3 seal --tsa "$url"
says '--tsa-ca names others'
takes 0 succeeds seal --tsa "$url" --tsa-ca tsa-ca.crt
says 'has a time-stamp now'
stamped contract.txt.p7s

# What is wrong is said before anybody is asked for anything.
takes 0 refused 'https: is needed' skatool seal --key "$(uri seal)" --cert seal.crt \
    --tsa http://tsa.example.org contract.txt
takes 0 refused 'No such file' skatool seal --key "$(uri seal)" --cert seal.crt --tsa "$url" \
    --tsa-ca missing.crt contract.txt
takes 0 refused 'only one of' seal --tsa "$url" --timestamp old.tsr
takes 0 refused 'needs --tsa' seal --tsa-ca tsa-ca.crt

# ---- By files ------------------------------------------------------------------------------------

rm contract.txt.p7s
takes 1 succeeds seal --timestamp-query contract.tsq
says 'wrote the query .* contract.tsq'
succeeds plain ts -query -in contract.tsq -text
shows 'Hash Algorithm: sha256' 'Certificate required: yes' 'Nonce: 0x'
not_stamped
plain ts -reply -config tsa.cnf -queryfile contract.tsq -signer tsa.crt -inkey tsa.key \
    -out contract.tsr 2>/dev/null
# One for another signature, one to another query, and anything else.
takes 0 ends 4 seal --timestamp old.tsr --tsa-ca tsa-ca.crt
plain ts -query -digest "$(sha256sum contract.txt | cut -c1-64)" -cert -out other.tsq 2>/dev/null
plain ts -reply -config tsa.cnf -queryfile other.tsq -signer tsa.crt -inkey tsa.key -out other.tsr 2>/dev/null
takes 0 ends 4 seal --timestamp other.tsr --tsa-ca tsa-ca.crt
takes 0 ends 4 seal --timestamp contract.txt --tsa-ca tsa-ca.crt
says 'the time-stamp is not for this signature|not a reply'
takes 0 ends 4 seal --timestamp contract.tsr --tsa-ca other-ca.crt
says "the authority's certificate does not chain to one of the CAs \\(other-ca.crt\\)"
not_stamped
takes 0 succeeds seal --timestamp contract.tsr --tsa-ca tsa-ca.crt
stamped contract.txt.p7s

# ---- One that is there ---------------------------------------------------------------------------

# It is looked at, before it is said that the seal has one: of this signature, by whom the CAs vouch for.
takes 0 succeeds seal --timestamp contract.tsr --tsa-ca tsa-ca.crt
says 'is sealed already: contract.txt.p7s, with a time-stamp$'
takes 0 succeeds seal
says 'is sealed already: contract.txt.p7s, with a time-stamp of this signature; who made it was not verified'
takes 0 ends 4 seal --tsa "$url" --tsa-ca other-ca.crt
says 'time-stamp in contract.txt.p7s is for its signature, but .*does not chain to one of the CAs \(other-ca.crt\).* Look at --tsa-ca first'
# Nor does --force with the wrong CAs lose it, or say of it what is not true.
cp contract.txt.p7s whole.p7s
for options in '--timestamp contract.tsr' "--tsa $url"; do
    # shellcheck disable=SC2086
    takes 0 ends "$([[ $options == --tsa\ * ]] && echo 3 || echo 4)" seal --force $options --tsa-ca other-ca.crt
    says 'the time-stamp in contract.txt.p7s is to be replaced: the authority.s certificate' 'the seal is as it was'
    ! grep -qE 'not for its signature|without a time-stamp' stderr.txt || fail "$(cat stderr.txt)"
    same contract.txt.p7s whole.p7s
done
# CAs that cannot be read say nothing of it.
takes 0 ends 3 seal --force --timestamp contract.tsr --tsa-ca missing.crt
! grep -qE 'not for its signature|replaced' stderr.txt || fail "$(cat stderr.txt)"
same contract.txt.p7s whole.p7s
# The time-stamp of another signature in its place, of the same length, and one with a changed byte.
cp contract.txt.p7s good.p7s
stamped good.p7s
cp token.der right.der
start=$(plain asn1parse -inform DER -in good.p7s | awk '/:id-smime-aa-timeStampToken/ { found = 1; next }
    found && /SEQUENCE/ { print $1 + 0; exit }')
length=$(wc -c <right.der)
with_token() { # FILE: in the place of the token
    head -c "$start" good.p7s
    cat "$1"
    tail -c +$((start + length + 1)) good.p7s
}
with_token right.der >contract.txt.p7s
same contract.txt.p7s good.p7s
until plain ts -query -digest "$(printf '%s' "$RANDOM" | sha256sum | cut -c1-64)" -cert -out other.tsq 2>/dev/null &&
    plain ts -reply -config tsa.cnf -queryfile other.tsq -signer tsa.crt -inkey tsa.key -token_out \
        -out wrong.der 2>/dev/null &&
    [ "$(wc -c <wrong.der)" -eq "$length" ]; do :; done
head -c -1 right.der >changed.der
printf '%b' "\\x$(printf '%02x' $((0x$(tail -c 1 right.der | od -An -tx1 | tr -d ' ') ^ 1)))" >>changed.der
for other in wrong changed; do
    with_token $other.der >contract.txt.p7s
    cp contract.txt.p7s bad.p7s
    for options in '' "--tsa $url --tsa-ca tsa-ca.crt"; do
        # shellcheck disable=SC2086
        takes 0 ends 4 seal $options
        says 'time-stamp in contract.txt.p7s is not for its signature'
        ! grep -q 'sealed already' stdout.txt stderr.txt || fail "$(cat stdout.txt stderr.txt)"
        same contract.txt.p7s bad.p7s
    done
done
# The signature is kept, and gets another one.
takes 0 succeeds seal --force --tsa "$url" --tsa-ca tsa-ca.crt
says 'has a time-stamp now'
stamped contract.txt.p7s
cp bad.p7s contract.txt.p7s
takes 0 succeeds seal --force
says 'removed the time-stamp from .*'
not_stamped

# ---- With approvals ------------------------------------------------------------------------------

mkdir -m 700 approvals
configure 'approvals-dir = approvals'
ask() {
    skatool seal --key "$(uri asks)" --cert asks.crt --tsa "$url" --tsa-ca tsa-ca.crt \
        -o asked.p7s contract.txt
}
rm -f query.tsq
ends 2 ask
[ ! -e query.tsq ] || fail 'the authority was asked too early'
id=$(find approvals -name '*.request.json' -printf '%f\n' | sed 's/\..*//')
for name in alice bob; do
    succeeds skatool approve --dir approvals --approver $name.pem --document contract.txt --yes "$id"
done
takes 1 succeeds ask
stamped asked.p7s
pass
