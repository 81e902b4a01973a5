#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='MIT Kerberos, PKINIT: KDC and kinit'
packages='krb5-kdc krb5-pkinit krb5-user krb5-admin-server'
commands='krb5kdc kinit kdb5_util kadmin.local klist'
works=full
needs='no Ed25519 (nor with files)'
logs=nothing
configuration() {
    cat <<'END'
# kdc.conf
pkinit_identity = FILE:/etc/ska/www.crt,/etc/ska/www.pem
# kinit -X X509_user_identity=FILE:/etc/ska/www.crt,/etc/ska/www.pem user
END
}
# shellcheck source=tests/applications/row.sh
. "$(dirname "$0")/../row.sh"
authority
row_keys www rsa ordinary ordinary_rsa
plain_key partner
with_pin
port=$(free_port)
# A principal of the realm, in a section of its own: PKINIT's use of keys, and the name as RFC 4556 has it.
principal() { # SECTION KEY-USAGE EXTENDED-KEY-USAGE NAME-TYPE NAME...
    local section=$1 usage=$2 extended=$3 type=$4 letters=({a..z}) i
    shift 4
    cat <<END
[$section]
keyUsage=$usage
extendedKeyUsage=$extended
subjectAltName=otherName:1.3.6.1.5.2.2;SEQUENCE:${section}_name
[${section}_name]
realm=EXP:0,GeneralString:TEST
principal_name=EXP:1,SEQUENCE:${section}_principal
[${section}_principal]
name_type=EXP:0,INTEGER:$type
name_string=EXP:1,SEQUENCE:${section}_names
[${section}_names]
END
    for ((i = 1; i <= $#; i++)); do
        echo "${letters[i - 1]}=GeneralString:${!i}"
    done
}
both=digitalSignature,keyEncipherment,keyAgreement
{
    principal kdc "nonRepudiation,$both" 1.3.6.1.5.2.3.5 2 krbtgt TEST
    principal client "$both" 1.3.6.1.5.2.3.4 1 user
} >extensions.cnf
for key in www rsa ordinary ordinary_rsa partner; do
    for end in kdc client; do
        plain x509 -new -force_pubkey $key.pub.pem -subj /CN=$end -CA ca.crt -CAkey ca.key -days 9 \
            -extfile extensions.cnf -extensions $end -out $end.$key.crt
    done
done
cat >krb5.conf <<END
[libdefaults]
default_realm = TEST
dns_lookup_kdc = false
[realms]
TEST = {
 kdc = 127.0.0.1:$port
 pkinit_anchors = FILE:$work/ca.crt
 pkinit_kdc_hostname = localhost
}
END
export KRB5_CONFIG=$work/krb5.conf KRB5_KDC_PROFILE=$work/kdc.conf KRB5CCNAME=FILE:$work/cache
kdc_configuration() {
    cat >kdc.conf <<END
[kdcdefaults]
kdc_listen = 127.0.0.1:$port
kdc_tcp_listen = 127.0.0.1:$port
[realms]
TEST = {
 database_name = $work/kdc/principal
 key_stash_file = $work/kdc/stash
 acl_file = $work/kdc/acl
 pkinit_identity = FILE:$work/kdc.$1.crt,$work/$1.pem
 pkinit_anchors = FILE:$work/ca.crt
}
END
}
mkdir kdc
kdc_configuration partner
succeeds kdb5_util create -s -P password -r TEST
succeeds kadmin.local -q 'addprinc -randkey +requires_preauth user'
gets_ticket() { # KDC CLIENT
    rm -f cache
    kdc_configuration "$1"
    start kdc.log krb5kdc -n
    serving "$port" kdc.log
    local status=0
    KRB5_TRACE=$work/trace.log ours timeout 20 kinit -X "X509_user_identity=FILE:$work/client.$2.crt,$work/$2.pem" user \
        </dev/null >kinit.log 2>&1 || status=$?
    stop "$server"
    [ "$status" -eq 0 ] && grep -q krbtgt/TEST < <(klist 2>/dev/null)
}
comes_in() {
    gets_ticket "$@" || fail "not $*: $(cat kinit.log kdc.log; tail -n 5 trace.log; cat "$failures")"
}
comes_in partner partner
comes_in www www
comes_in rsa rsa
comes_in ordinary ordinary_rsa
turn block www
! gets_ticket www partner || fail 'a KDC with a key that is blocked'
! gets_ticket partner www || fail 'a client with a key that is blocked'
grep -q "key is blocked: .*'www'" "$failures" || fail "not in the log: $(cat "$failures")"
pass
