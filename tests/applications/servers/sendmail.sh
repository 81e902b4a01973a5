#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='sendmail'
packages='sendmail-bin sendmail-cf m4'
commands='sendmail-mta m4'
works=full
needs='the provider in `/etc/ssl/openssl.cnf`, since it is setgid'
logs=nothing
user=root
port=25
starttls='-starttls smtp'
mounts=private
log_files=
configuration() {
    cat <<'END'
dnl /etc/mail/sendmail.mc; the reference with mode 0600
define(`confSERVER_CERT', `/etc/ska/www.crt')dnl
define(`confSERVER_KEY', `/etc/ska/www.pem')dnl
END
}
prepare() {
    mount --bind "$work/openssl.cnf" /etc/ssl/openssl.cnf
    fixed_softhsm2_conf
    # It waits for minutes until this computer has a name with a dot.
    printf '127.0.0.1 mail.example.org %s localhost\n' "$(uname -n)" >hosts
    mount --bind "$work/hosts" /etc/hosts
}
server() {
    chmod 600 "$1.pem"
    mkdir -p queue /run/sendmail/mta
    {
        printf '%s\n' 'divert(0)dnl' 'OSTYPE(`debian'\'')dnl' 'DOMAIN(`debian-mta'\'')dnl' \
            "define(\`confCACERT', \`$work/ca.crt')dnl" "define(\`confCACERT_PATH', \`$work')dnl"
        configuration | grep '^define' | placed "$1"
        printf '%s\n' "DAEMON_OPTIONS(\`Family=inet, Name=MTA, Port=$port, Addr=127.0.0.1')dnl" \
            'MAILER(`local'\'')dnl' 'MAILER(`smtp'\'')dnl'
    } >sendmail.mc
    m4 /usr/share/sendmail/cf/m4/cf.m4 sendmail.mc >sendmail.cf
    start server.log sendmail-mta -bD -C "$work/sendmail.cf" "-OQueueDirectory=$work/queue" \
        "-OPidFile=$short/pid" -ORefuseLA=10000 -OQueueLA=10000 # whatever the load
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
