#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='rsyslog (ossl), server and client'
packages='rsyslog rsyslog-openssl'
commands='rsyslogd'
works=full
logs=reason
port=6514
configuration() {
    cat <<'END'
# /etc/rsyslog.d/tls.conf; a client has the same names
global(DefaultNetstreamDriver="ossl" DefaultNetstreamDriverCAFile="/etc/ska/ca.crt"
       DefaultNetstreamDriverCertFile="/etc/ska/www.crt" DefaultNetstreamDriverKeyFile="/etc/ska/www.pem")
END
}
server() {
    {
        echo "global(workDirectory=\"$work\")"
        configuration | placed "$1"
        cat <<END
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="${authenticated-anon}")
input(type="imtcp" port="$port" address="127.0.0.1")
*.* action(type="omfile" file="$work/received")
END
    } >rsyslog.conf
    start server.log rsyslogd -n -f "$work/rsyslog.conf" -i "$short/pid"
}
further() {
    authenticated=x509/certvalid
    server www
    serving "$port" server.log
    for key in rsa ordinary; do
        {
            echo "global(workDirectory=\"$work\")"
            configuration | placed $key
            cat <<END
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="$short/socket.$key")
*.* action(type="omfwd" target="127.0.0.1" port="$port" protocol="tcp" StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="anon")
END
        } >client.conf
        start client.log rsyslogd -n -f "$work/client.conf" -i "$short/pid.$key"
        client=$server
        within 10 "no client: $(cat client.log)" test -S "$short/socket.$key"
        logger -u "$short/socket.$key" "message-$key"
        within 10 "no message with $key: $(cat client.log server.log)" grep -q "message-$key" received
        stop "$client"
    done
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
