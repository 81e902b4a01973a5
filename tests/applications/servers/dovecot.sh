#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Dovecot'
packages='dovecot-imapd'
commands='dovecot'
works=full
needs='`load = early`, or no chroot and a PIN file of `dovenull`; `import_environment`, since it clears its environment'
logs=full
user=dovenull
port=993
mounts=private
settings=('load = early')
log_files='dovecot.log server.log'
configuration() {
    cat <<'END'
# /etc/dovecot/conf.d/10-ssl.conf
ssl_cert = </etc/ska/www.crt
ssl_key = </etc/ska/www.pem
import_environment = $import_environment OPENSSL_CONF=/etc/ska/openssl.cnf
END
}
server() {
    : >dovecot.log
    chmod 666 dovecot.log
    {
        configuration | placed "$1" |
            sed "s|^import_environment.*|& SOFTHSM2_CONF=$SOFTHSM2_CONF SKASIM_CONF=$SKASIM_CONF|"
        cat <<END
protocols = imap
listen = 127.0.0.1
base_dir = $short/dovecot
log_path = $work/dovecot.log
ssl = yes
mail_location = maildir:$work/mail/%u
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = $port
    ssl = yes
  }
}
passdb {
  driver = static
  args = password=x
}
userdb {
  driver = static
  args = uid=mail gid=mail home=$work/mail/%u
}
END
    } >dovecot.conf
    start server.log dovecot -F -c "$work/dovecot.conf"
    within 10 "no place for logins: $(cat server.log dovecot.log)" test -d "$short/dovecot/login"
    mountpoint -q "$short/dovecot/login$work" || into_chroot "$short/dovecot/login"
}
clean_up() {
    umount "$short/dovecot/login$work" "$short/dovecot/login$short" 2>/dev/null || true
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
