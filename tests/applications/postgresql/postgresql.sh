#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# PostgreSQL's server key, and psql with a client's key. Each connection is a process of its own.
. "$(dirname "$0")/../lib.sh"
installed=(/usr/lib/postgresql/*/bin)
PATH=${installed[-1]}:$PATH
needs initdb postgres psql setpriv
authority
guarded_key www p256 server.json
guarded_key client p256 server.json visitor
port=$(free_port)

# PostgreSQL refuses to be root, and so it reads the PIN as its own user.
chmod 600 www.pem client.pem
mkdir db
hand_over www.pem db
# Server and client read it, so it is root's: root takes no PIN from a file that the server could
# exchange.
[ -z "$user" ] || { chgrp "$(id -g "$user")" pin && chmod 640 pin; }
OPENSSL_CONF=/dev/null succeeds "${as_user[@]}" "$(type -P initdb)" -D "$work/db" \
    -U postgres --auth reject --no-sync --no-locale
example postgresql/postgresql.conf >>db/postgresql.conf
cat >>db/postgresql.conf <<END
port = $port
listen_addresses = 'localhost'
unix_socket_directories = ''
fsync = off
END
cat >db/pg_hba.conf <<END
hostssl all visitor localhost cert
hostssl all postgres localhost trust
END

start postgres.log "${as_user[@]}" "$(type -P postgres)" -D "$work/db"
postgres=$server
# query USER CONNECTION-OPTIONS [SQL]: asks, if nothing else, for the TLS version of the connection.
tls_version='select version from pg_stat_ssl where pid = pg_backend_pid()'
query() {
    psql -XAtqw "host=localhost port=$port dbname=postgres user=$1 sslmode=verify-full \
        sslrootcert=$work/ca.crt $2" -c "${3:-$tls_version}"
}
serving "$port" postgres.log
for version in 1.2 1.3; do
    OPENSSL_CONF=/dev/null takes 1 succeeds query postgres "ssl_max_protocol_version=TLSv$version"
    [ "$(cat stdout.txt)" = "TLSv$version" ] || fail "TLS $version: $(cat stdout.txt)"
done
takes 1 connects -starttls postgres

OPENSSL_CONF=/dev/null succeeds query postgres '' 'create role visitor login'

# A client that shows a certificate: a signature on either side.
takes 2 succeeds ours query visitor "sslcert=$work/client.crt sslkey=$work/client.pem"
[ "$(cat stdout.txt)" = TLSv1.3 ]
! query visitor '' >/dev/null 2>&1 || fail 'a client without a certificate'

# Other certificates are read without a restart.
kill -HUP "$postgres"
takes 1 connects -starttls postgres

turn block www
refuses -starttls postgres
within 5 'postgres does not say why' grep -q 'key is blocked' postgres.log
turn unblock www
connects -starttls postgres

stop "$postgres" INT
[ "$ended_with" -eq 0 ] || fail "postgres ends with status $ended_with: $(cat postgres.log)"
pass
