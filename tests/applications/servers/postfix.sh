#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Postfix'
packages='postfix'
commands='postfix'
works=full
needs='`load = early` in Debian'\''s chroot; `tls_config_file`, since it clears its environment; for `smtpd_tls_chain_files` `skatool pem --pkcs8`'
logs=full
user=postfix
port=25
starttls='-starttls smtp'
mounts=private
settings=('load = early')
log_files='mail.log server.log'
configuration() {
    cat <<'END'
# /etc/postfix/main.cf
tls_config_file = /etc/ska/openssl.cnf
smtpd_tls_security_level = may
smtpd_tls_cert_file = /etc/ska/www.crt
smtpd_tls_key_file = /etc/ska/www.pem
# or, with the reference of `skatool pem --pkcs8` and the certificate in one file:
# smtpd_tls_chain_files = /etc/ska/www.chain.pem
END
}
server() {
    [ -d config ] || set_up
    {
        cat base.cf
        configuration | placed "$1"
    } >config/main.cf
    [ -z "${chain-}" ] ||
        sed -i "/^smtpd_tls_cert_file/d; /^smtpd_tls_key_file/d; s/^# smtpd_tls_chain/smtpd_tls_chain/" config/main.cf
    : >mail.log
    start server.log postfix -c "$work/config" start-fg
}
end_server() {
    succeeds postfix -c "$work/config" stop
}
set_up() {
    mkdir -p config "$short/spool" "$short/data"
    chown postfix "$short/data"
    cp /usr/share/postfix/master.cf.dist config/master.cf
    sed -i -E "s/^smtp +inet( +n +- +)[yn-]/127.0.0.1:$port inet\1y/" config/master.cf
    grep -q '^postlog ' config/master.cf || echo 'postlog unix-dgram n - n - 1 postlogd' >>config/master.cf
    cp /etc/postfix/postfix-files /etc/postfix/dynamicmaps.cf config/ 2>/dev/null || true
    cat >base.cf <<END
compatibility_level = 3.6
myhostname = localhost
mydestination = localhost
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
queue_directory = $short/spool
data_directory = $short/data
maillog_file = $work/mail.log
maillog_file_prefixes = $work
smtpd_tls_loglevel = 1
alias_maps =
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME SOFTHSM2_CONF=$SOFTHSM2_CONF SKASIM_CONF=$SKASIM_CONF
END
    into_chroot "$short/spool"
}
further() {
    chain=yes
    for key in www rsa; do
        succeeds skatool pem --pkcs8 --key "$(uri $key)" -o $key.pkcs8.pem
        cat $key.pkcs8.pem $key.crt >$key.chain.pem
        serve $key
        ended
    done
}
clean_up() {
    umount "$short/spool$work" "$short/spool$short" 2>/dev/null || true
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
