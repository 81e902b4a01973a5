#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Of certificates that end soon people hear in time, by show, check-config, in its JSON too, and seal: those of
# approvers, of the seal, of a time-stamp authority, and of the CAs above them.
. "$(dirname "$0")/lib.sh"
board
plain genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out dora.pem
plain genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out dan.pem
plain req -x509 -new -key dora.pem -subj /CN=dora -days 30 -out dora.crt
plain req -x509 -new -key dan.pem -subj /CN=dan -days 300 -out dan.crt
rule='{"tokens":[{"timelock":0,"timeout":0,"groups":[{"name":"board","quorum":2,"approvals":[
    {"type":"certificate","name":"dora","file":"dora.crt"},{"type":"certificate","name":"dan","file":"dan.crt"}]}]}]}'
printf '{"ruleUse":%s,"ruleBlock":null,"ruleUnblock":%s,"ruleModify":{"tokens":[]}}' "$rule" "$rule" >policy.json
succeeds skatool keygen --key "$(uri guarded)" --algorithm EC --policy policy.json
says 'warning: the certificate of dora expires at .*: renew it' 'warning: from .* too few approvers'
key ordinary p256 empty.json
# The one form of times that skatool has, here in UTC.
export TZ=UTC
ends_at() { # CERTIFICATE: the time, for grep -E
    date -u -d "$(plain x509 -in "$1" -noout -enddate | sed 's/.*=//')" '+%Y-%m-%d %H:%M:%S UTC'
}
soon="the certificate of dora expires at $(ends_at dora.crt): renew it"
gone="from $(ends_at dora.crt) too few approvers will have a valid certificate to satisfy the rule to"

succeeds skatool show --key "$(uri guarded)"
says "warning: $soon" "warning: $gone use the key" "warning: $gone unblock the key"
[ "$(grep -c 'of dora' stderr.txt)" -eq 1 ] || fail "said twice: $(cat stderr.txt)"
! grep -q 'to block\|to modify\|of dan' stderr.txt || fail "warned of what is fine: $(cat stderr.txt)"
succeeds skatool show --key "$(uri guarded)" --json
grep -q '"ruleUse"' stdout.txt || fail "$(cat stdout.txt)"

succeeds skatool check-config --key "$(uri guarded)"
shows "warning key +$soon" "warning key +$gone use the key"

# For monitoring: the exit status is that of the worst line.
ends 0 skatool check-config --json --key "$(uri ordinary)"
shows '"worst":.*"ok"' '"about":.*"login"' '"verdict":.*"unset"'
ends 1 skatool check-config --json --key "$(uri guarded)"
shows '"worst":.*"warning"' "\"text\":.*\"$soon"
ends 2 skatool check-config --json --key "$(uri nothing)"
shows '"worst":.*"failed"' '"verdict":.*"failed"'
ends 2 skatool check-config --json --config nowhere.cnf
shows '"worst":.*"failed"'
# What is no result must not pass for a warning.
for wrong in --kye --plan --key '--json extra' '--kye --js'; do
    # shellcheck disable=SC2086
    ends 3 skatool check-config --json $wrong
    [ ! -s stdout.txt ] || fail "a result after $wrong: $(cat stdout.txt)"
done
says 'unknown option --kye'
ends 3 skatool check-config --json=1
ends 3 skatool check-config --json=
ends 1 skatool check-config --kye
ends 0 skatool check-config --json --help
refused '--json cannot be used with --plan' skatool check-config --json --plan
ends 3 skatool check-config --plan --json
# libcrypto takes an empty name for none at all.
OPENSSL_CONF= ends 2 skatool check-config --json
shows '"text":.*"OPENSSL_CONF is empty: no configuration is read; name a file with'
says 'warning: OPENSSL_CONF is empty: no configuration is read$'
OPENSSL_CONF= ends 1 skatool list
says 'no configuration was read, as OPENSSL_CONF is empty'
refused 'the name of the configuration file is empty' skatool list --config ''

# Approvers whose certificates are good for long, by a CA that is not, or not any more. Who names the CA hears of it,
# and of the rules that need those whom it has certified.
ca() { # NAME KEY [OPTION...]: a CA of this name
    local name=$1 key=$2
    shift 2
    plain req -x509 -new -key "$key" -subj "/CN=$name" -addext basicConstraints=critical,CA:TRUE "$@" -out ca.crt
    cat ca.crt
}
issue() { # NAME CA-CERT CA-KEY [OPTION...]: NAME.crt
    local name=$1 ca=$2 key=$3
    shift 3
    plain genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name.pem"
    plain req -new -key "$name.pem" -subj "/CN=$name" -out "$name.csr"
    plain x509 -req -in "$name.csr" -CA "$ca" -CAkey "$key" "$@" -out "$name.crt" 2>/dev/null
}
plain genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ca.pem
ca 'Board CA' ca.pem -days 30 >soon-ca.crt
issue erin soon-ca.crt ca.pem -days 300
issue frank soon-ca.crt ca.pem -days 300
rule='{"tokens":[{"timelock":0,"timeout":0,"groups":[{"name":"board","quorum":2,"approvals":[
    {"type":"certificate","name":"erin","file":"erin.crt"},{"type":"certificate","name":"frank","file":"frank.crt"}]}]}]}'
printf '{"ruleUse":%s,"ruleBlock":null,"ruleUnblock":%s,"ruleModify":{"tokens":[]}}' "$rule" "$rule" >policy.json
key certified p256 policy.json
ca_gone="from $(ends_at soon-ca.crt) ${gone#from * UTC }"
ends 0 skatool check-config --json --key "$(uri certified)"
ends 1 skatool check-config --json --key "$(uri certified)" --certs soon-ca.crt
shows '"text":.*"the certificate of the CA .Board CA. expires at '"$(ends_at soon-ca.crt)" "\"text\":.*\"$ca_gone use the key"
succeeds skatool show --key "$(uri certified)" --certs soon-ca.crt
says 'warning: the certificate of the CA .Board CA. expires at' "warning: $ca_gone use the key" \
    "warning: $ca_gone unblock the key"
[ "$(grep -c 'Board CA' stderr.txt)" -eq 1 ] || fail "said twice: $(cat stderr.txt)"
# One that has ended already; a certificate is not of a CA only because that has the name.
begin=$(date -u -d '-20 days' +%Y%m%d%H%M%SZ)
yesterday=$(date -u -d '-1 day' +%Y%m%d%H%M%SZ)
mkdir demoCA && : >demoCA/index.txt && echo 01 >demoCA/serial
cat >ca.cnf <<'END'
[ca]
default_ca = it
[it]
database = demoCA/index.txt
serial = demoCA/serial
new_certs_dir = demoCA
default_md = sha256
policy = any
unique_subject = no
x509_extensions = v3
[any]
commonName = supplied
[v3]
basicConstraints = critical,CA:TRUE
END
plain req -new -key ca.pem -subj '/CN=Board CA' -out ca.csr
plain ca -config ca.cnf -batch -notext -selfsign -keyfile ca.pem -in ca.csr -startdate "$begin" -enddate "$yesterday" \
    -out ended-ca.crt 2>/dev/null
ended="the certificate of the CA .Board CA. expired at $(ends_at ended-ca.crt)"
none='too few approvers have a valid certificate to satisfy the rule to'
printf '{"ruleUse":%s,"ruleBlock":null,"ruleUnblock":null,"ruleModify":null}' \
    '{"tokens":[{"groups":[{"quorum":1,"approvals":[{"type":"certificate","name":"gone","file":"ended-ca.crt"}]}]}]}' >gone.json
succeeds skatool keygen --key "$(uri gone)" --algorithm EC --policy gone.json
says "warning: the certificate of gone expired at $(ends_at ended-ca.crt): give the key rules" \
    'warning: too few approvers have a valid certificate to satisfy the rule to use the key'
ends 2 skatool check-config --json --key "$(uri certified)" --certs ended-ca.crt
shows "$ended" "$none use the key" '"worst":.*"failed"'
ends 1 skatool check-config --key "$(uri certified)" --certs ended-ca.crt
shows "FAILED +certs +$ended" "FAILED +key +$none use the key" "FAILED +key +$none unblock the key"
succeeds skatool show --key "$(uri certified)" --certs ended-ca.crt
says "warning: $ended" "warning: $none use the key"
ca 'Board CA' dan.pem -days 30 >stranger.crt
succeeds skatool check-config --key "$(uri certified)" --certs stranger.crt
shows 'warning +certs +the certificate of the CA .Board CA. expires at'
! grep -q 'too few' stdout.txt || fail "a stranger's end counts: $(cat stdout.txt)"
# Renewed, with the same key: the old one may stay in the file.
ca 'Board CA' ca.pem -days 300 >new-ca.crt
cat ended-ca.crt new-ca.crt soon-ca.crt >cas.crt
ends 0 skatool check-config --json --key "$(uri certified)" --certs cas.crt
shows '"about":.*"certs"'
succeeds skatool show --key "$(uri certified)" --certs cas.crt
! grep -q warning stderr.txt || fail "warned of what is renewed: $(cat stderr.txt)"
ends 2 skatool check-config --json --certs ca.pem
shows '"about":.*"certs"' 'ca.pem: certificates in PEM are needed'
refused 'ca.pem: certificates in PEM are needed' skatool show --key "$(uri certified)" --certs ca.pem
refused '--certs cannot be used with --plan' skatool check-config --certs ca.pem --plan

# A date that OpenSSL cannot read (month 13) is none.
without_end ended-ca.crt >unreadable.crt
unreadable='the certificate of the CA .Board CA. has an end date that cannot be read'
ends 2 skatool check-config --json --certs unreadable.crt
shows '"worst":.*"failed"' "\"text\":.*\"$unreadable"
succeeds skatool show --key "$(uri certified)" --certs unreadable.crt
says "warning: $unreadable"
without_end erin.crt >unreadable-erin.crt
sed 's/"erin.crt"/"unreadable-erin.crt"/g' policy.json >spoiled.json
succeeds skatool check-config --plan --policy spoiled.json
shows 'to do .*a new certificate, and rules that name it: this one, issued by CN=.*, has an end date that cannot be read'
cat unreadable.crt new-ca.crt >cas.crt
ends 0 skatool check-config --json --certs cas.crt

# Certificates that say the same: once.
cat soon-ca.crt soon-ca.crt soon-ca.crt >cas.crt
ends 1 skatool check-config --json --certs cas.crt
[ "$(grep -o 'of the CA .Board CA. expires at' stdout.txt | wc -l)" -eq 1 ] || fail "said twice: $(cat stdout.txt)"

# One that is on the token with its key, by its label or its id; an old one next to a new one is renewed.
key www p256 none
succeeds ours openssl pkey -in "$(uri www)" -pubout -out www.pub.pem
www() { # DAYS OPTION...: a certificate for the key, on the token
    plain x509 -new -force_pubkey www.pub.pem -subj /CN=www -days "$1" -CA new-ca.crt -CAkey ca.pem -outform DER -out www.der
    p11 --write-object www.der --type cert "${@:2}" >/dev/null 2>&1
}
www 30 --label www
soon='the certificate of www expires at '
succeeds skatool check-config --key "$(uri www)"
shows "warning key +$soon"
succeeds skatool show --key "$(uri www)"
says "warning: $soon"
id=$(sed -nE 's/^ *id +//p' stdout.txt)
succeeds skatool check-config --key "$(uri ordinary)"
! grep -q "$soon" stdout.txt || fail "the certificate of another key: $(cat stdout.txt)"
[ -n "$id" ] || fail "no id: $(cat stdout.txt)"
www 300 --label new --id "$id"
# Of another key, under the same id.
plain x509 -in soon-ca.crt -outform DER -out soon-ca.der
p11 --write-object soon-ca.der --type cert --label other --id "$id" >/dev/null 2>&1
succeeds skatool show --key "$(uri www)"
! grep -q warning stderr.txt || fail "warned of what is renewed: $(cat stderr.txt)"

# The seal's own, and those of its chain.
key sealing p256 empty.json
succeeds ours openssl pkey -in "$(uri sealing)" -pubout -out sealing.pub.pem
printf 'keyUsage = critical, nonRepudiation\n' >extensions
plain x509 -new -force_pubkey sealing.pub.pem -subj /CN=seal -days 30 -CA dan.crt -CAkey dan.pem \
    -extfile extensions -out seal.crt
printf 'A document.\n' >document
succeeds skatool seal --key "$(uri sealing)" --cert seal.crt document
says 'warning: seal.crt: the certificate of seal expires at '
! grep -q 'of dan' stderr.txt || fail "warned of a CA that is not given: $(cat stderr.txt)"
without_end seal.crt >unreadable.crt
refused 'the times of this certificate cannot be read' skatool seal --key "$(uri sealing)" --cert unreadable.crt \
    -o unreadable.p7s document
plain x509 -new -force_pubkey sealing.pub.pem -subj /CN=seal -days 300 -CA soon-ca.crt -CAkey ca.pem \
    -extfile extensions -out seal.crt
succeeds skatool seal --key "$(uri sealing)" --cert seal.crt --chain soon-ca.crt -o chain.p7s document
says 'warning: seal.crt: the certificate of the CA .Board CA. expires at '
! grep -q 'of seal' stderr.txt || fail "warned of what is fine: $(cat stderr.txt)"

# The authority's, as it stands in the time-stamp, and that of its CA.
printf 'keyUsage = critical, digitalSignature\nextendedKeyUsage = critical, timeStamping\n' >tsa
stamp() { # OPTION...: a seal with a time-stamp by tsa.crt
    rm -f stamped.p7s query reply
    succeeds skatool seal --key "$(uri sealing)" --cert seal.crt --timestamp-query query -o stamped.p7s document
    plain ts -reply -config tsa.cnf -queryfile query -signer tsa.crt -inkey tsa.pem -out reply 2>/dev/null
    succeeds skatool seal --key "$(uri sealing)" --cert seal.crt --timestamp reply -o stamped.p7s document "$@"
}
cat >tsa.cnf <<END
[tsa]
default_tsa = it
[it]
serial = $work/serial
crypto_device = builtin
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
END
issue tsa new-ca.crt ca.pem -days 30 -extfile tsa
stamp --tsa-ca new-ca.crt
says 'warning: document: the time-stamp: the certificate of tsa expires at '
! grep -q 'CA Board' stderr.txt || fail "warned of what is fine: $(cat stderr.txt)"
# Given again.
succeeds skatool seal --key "$(uri sealing)" --cert seal.crt --timestamp reply --tsa-ca new-ca.crt -o stamped.p7s document
says 'warning: document: the time-stamp: the certificate of tsa expires at '
issue tsa soon-ca.crt ca.pem -days 300 -extfile tsa
stamp --tsa-ca soon-ca.crt
says 'warning: document: the time-stamp: the certificate of the CA .Board CA. expires at '
! grep -q 'of tsa' stderr.txt || fail "warned of what is fine: $(cat stderr.txt)"
pass
