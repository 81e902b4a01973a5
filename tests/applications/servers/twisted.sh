#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Twisted'
packages='python3-twisted python3-openssl'
commands='/usr/bin/python3'
works=full
logs=nothing
pin_of=root
user=root
port=8443
configuration() {
    cat <<'END'
endpoints.serverFromString(
    reactor, "ssl:port=8443:privateKey=/etc/ska/www.pem:certKey=/etc/ska/www.crt").listen(site)
END
}
prepare() {
    /usr/bin/python3 -c 'import twisted, OpenSSL' 2>/dev/null || skip 'no python3-twisted, python3-openssl'
}
server() {
    {
        printf "%s\n" "from twisted.internet import reactor, endpoints" "from twisted.web import server, resource" "site = server.Site(resource.Resource())"
        configuration | placed "$1"
        echo "reactor.run()"
    } >server.py
    start server.log /usr/bin/python3 server.py
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
