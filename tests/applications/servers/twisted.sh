#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Twisted'
packages='python3-twisted python3-openssl'
commands='/usr/bin/python3'
works=full
logs=nothing
port=8443
configuration() {
    cat <<'END'
endpoints.serverFromString(
    reactor, "ssl:port=8443:privateKey=/etc/ska/www.pem:certKey=/etc/ska/www.crt").listen(site)
END
}
modules='twisted, OpenSSL'
before='from twisted.internet import reactor, endpoints
from twisted.web import server, resource
site = server.Site(resource.Resource())'
after='reactor.run()'
# shellcheck source=tests/applications/python_server.sh
. "$(dirname "$0")/../python_server.sh"
