#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Perl IO::Socket::SSL, Net::SSLeay'
packages='libio-socket-ssl-perl'
commands='perl'
works=full
logs=reason
port=8443
configuration() {
    cat <<'END'
my $server = IO::Socket::SSL->new(LocalPort => 8443, ReuseAddr => 1, Listen => 5, SSL_server => 1,
    SSL_cert_file => '/etc/ska/www.crt', SSL_key_file => '/etc/ska/www.pem') or die $SSL_ERROR;
END
}
prepare() {
    perl -MIO::Socket::SSL -e 1 2>/dev/null || skip 'no IO::Socket::SSL'
}
server() {
    {
        echo 'use IO::Socket::SSL; $| = 1;'
        configuration | placed "$1"
        echo 'while (1) { my $client = $server->accept or do { print "$SSL_ERROR\n"; next }; <$client>; close $client }'
    } >server.pl
    start server.log perl server.pl
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
