#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='MariaDB, server and client'
packages='mariadb-server mariadb-client'
commands='mariadbd mariadb mariadb-install-db'
works=full
needs='`FLUSH SSL` reloads it'
logs=nothing
pin_of=user
user=mysql
port=3306
starttls='-starttls mysql'
configuration() {
    cat <<'END'
# /etc/mysql/mariadb.conf.d/60-ska.cnf; clients: --ssl-cert, --ssl-key, for an agent payload=tls13-client
[mariadbd]
ssl-cert = /etc/ska/www.crt
ssl-key = /etc/ska/www.pem
ssl-ca = /etc/ska/ca.crt
END
}
prepare() {
    mkdir db
    hand_over db
    succeeds mariadb-install-db --no-defaults --user=mysql --datadir="$work/db" \
        --auth-root-authentication-method=normal
}
server() {
    {
        configuration | placed "$1"
        printf '%s\n' user=mysql "datadir=$work/db" "socket=$short/socket" bind-address=127.0.0.1 "port=$port"
    } >mariadb.cnf
    chmod 755 "$short"
    chown mysql "$short"
    start server.log mariadbd --defaults-file="$work/mariadb.cnf"
}
further() {
    server www
    serving "$port" server.log
    succeeds mariadb --no-defaults --socket="$short/socket" -u root \
        -e "create user v@localhost require x509; create user v@'127.0.0.1' require x509"
    [ -z "$user" ] || chown root pin
    start_agent tls13-client root
    for key in www rsa ordinary ed agent; do
        said=$(ours mariadb --no-defaults -h 127.0.0.1 -P "$port" -u v --ssl-ca=ca.crt --ssl-cert=$key.crt \
            --ssl-key=$key.pem -Nse 'select 7' 2>&1) || :
        [ "$said" = 7 ] || fail "client with $key: $said"
    done
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
