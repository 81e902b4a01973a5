#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Approvers by certificate: against CAs of one's own before the HSM is asked, and in SAM mode. Every
# refusal says whose certificate it is and what is wrong with it, and no key is made or changed.
. "$(dirname "$0")/lib.sh"
board
approver dave
printf 'A document.\n' >document
extensions=$source_dir/tests/scenario/certificates.cnf
key seal p256


# ---- Certificates --------------------------------------------------------------------------------

ca() { # NAME
    approver "$1"
    plain req -x509 -new -key "$1.pem" -subj "/CN=$1" -days 30 -config "$extensions" \
        -extensions ca -out "$1.crt"
}
certified() { # NAME CA [X509-OPTION...]
    local name=$1 by=$2
    shift 2
    plain req -new -key "$name.pem" -subj "/CN=$name" -config "$extensions" |
        plain x509 -req -CA "$by.crt" -CAkey "$by.pem" -extfile "$extensions" -extensions leaf \
            -out "$name.crt" "$@" 2>/dev/null
}
ca rootca
ca foreign
certified alice rootca -days 10
certified bob rootca -days 10
certified carol foreign -days 10
plain req -x509 -new -key dave.pem -subj /CN=dave -days 10 -config "$extensions" \
    -extensions leaf -out dave.crt
approver weak -algorithm RSA -pkeyopt rsa_keygen_bits:1024
certified weak rootca -days 10
approver old
certified old rootca -days 10 -sha1
approver expired
# OpenSSL 3.4 takes no negative number of days, and has options for it.
past=(-days -1)
! grep -q -- -not_after <(plain x509 -help 2>&1) ||
    past=(-not_before 20200101000000Z -not_after 20200102000000Z)
certified expired rootca "${past[@]}"
approver p224 -algorithm EC -pkeyopt ec_paramgen_curve:P-224
certified p224 rootca -days 10
approver crypt
sed 's/^keyUsage = .*digitalSignature$/keyUsage = critical, keyEncipherment/' "$extensions" >crypt.cnf
extensions=crypt.cnf certified crypt rootca -days 10
# Only `openssl ca` makes one that is not yet valid.
approver early
sed "s|@DIR@|$work|" "$source_dir/tests/scenario/ca.cnf" >ca.cnf
mkdir new
touch index
echo 01 >serial
plain req -new -key early.pem -subj /CN=early -config "$extensions" -out early.csr
plain ca -batch -notext -config ca.cnf -cert rootca.crt -keyfile rootca.pem -md sha256 \
    -startdate 20900101000000Z -enddate 20910101000000Z -in early.csr -out early.crt 2>/dev/null

# by_certificate NAME...: the policy in which one of them must approve.
by_certificate() {
    policy "$(rule 1 "$@" | sed 's/public_key/certificate/g; s/\.pub\.pem/.crt/g')"
}
keygen() { # POLICY-FILE [OPTION...]
    skatool keygen --key "$(uri certified)" --algorithm EC --policy "$@"
}

# ---- Against CAs of one's own --------------------------------------------------------------------

not_chained() { # PATTERN NAME
    by_certificate alice "$2" >mixed.json
    untouched refused "approver $2: certificate of CN=$2,.*does not chain.*$1" \
        keygen mixed.json --ca rootca.crt
}
not_chained 'certificate has expired' expired
not_chained 'not yet valid' early
not_chained 'self.signed' dave
not_chained 'key too weak' weak
not_chained 'digest algorithm too weak' old
not_chained 'local issuer' carol
says 'issued by CN=foreign'
refused 'document: certificates in PEM are needed' keygen mixed.json --ca document
refused 'No such file' keygen mixed.json --ca nowhere
refused 'for --operation modify' skatool request --key "$(uri seal)" --ca rootca.crt document

# ---- Not in SAM mode -----------------------------------------------------------------------------

# What is refused in any mode is not blamed on this one.
policy "$(rule 1 alice weak)" >small.json
refused 'Possible reasons: weak has a key of RSA with 1024 bits, which is too small' keygen small.json
says 'SKA simulator: refuses approver weak: its key is too weak'
! grep -q 'SAM mode' stderr.txt || fail "SAM mode is off: $(cat stderr.txt)"

# ---- In SAM mode ---------------------------------------------------------------------------------

printf 'sam = on\nsam-ca = %s\n' "$work/rootca.crt" >skasim.cnf
# sam_refuses PATTERN POLICY-JSON: by the HSM, and the tool finds out why.
sam_refuses() {
    printf '%s' "$2" >refused.json
    refused "Possible reasons: .*$1" keygen refused.json
    says '^SKA simulator: (SAM mode )?refuses (a rule|approver [^ ])'
    refused 'not found' skatool show --key "$(uri certified)"
}
sam_refuses "alice is a raw public key" "$(policy "$(rule 1 alice)")"
sam_refuses 'the use rule needs no approval' "$(policy null)"
sam_refuses "certificate of dave is self-signed" "$(by_certificate alice dave)"
sam_refuses "weak has a key of RSA with 1024 bits, which is too small" "$(by_certificate alice weak)"
sam_refuses "certificate of old is signed with SHA-1" "$(by_certificate alice old)"
sam_refuses "certificate of expired expired at" "$(by_certificate alice expired)"
sam_refuses "certificate of early is not valid before 2090-01-01" "$(by_certificate alice early)"
sam_refuses "certificate of p224 has an EC key of less than 256 bits" "$(by_certificate alice p224)"
sam_refuses "certificate of crypt has a key usage without signatures" "$(by_certificate alice crypt)"
sam_refuses "certificate of rootca is that of a CA" "$(by_certificate alice rootca)"
sam_refuses "nothing was found here.*carol has a certificate of CN=foreign" \
    "$(by_certificate alice carol)"

by_certificate alice bob >policy.json
TZ='XST-5:30' succeeds keygen policy.json --ca rootca.crt
# In the form of all times: local, then UTC.
time='20[0-9-]+ [0-9:]{8} XST \((20[0-9-]+ )?[0-9:]{8} UTC\)'
says "approver alice: certificate of CN=alice, issued by CN=rootca, valid from $time until $time; chains to CN=rootca" \
    "approver bob: .*chains to CN=rootca"
succeeds skatool show --key "$(uri certified)"
shows 'SAM-approved +yes'
succeeds skatool list
shows 'certified .* SKA +no +yes' 'seal .* SKA +no +no'

# A modification that would break it is refused, and nothing changes.
printf '{"ruleUse":%s}' "$(rule 1 alice bob)" >modify.json
succeeds skatool request --key "$(uri certified)" --operation modify --policy modify.json \
    -o change.json
succeeds skatool inspect change.json
shows 'no certificate any more: .alice.' "these are +'alice', key SHA-256"
approve change.json alice
refused "refused by the HSM.*Possible reasons: .*alice is a raw public key" \
    skatool execute --key "$(uri certified)" change.json
succeeds skatool show --key "$(uri certified)"
shows 'SAM-approved +yes'
request certified sign.json document
approve sign.json bob
quietly skatool execute --key "$(uri certified)" -o signature sign.json
pass
