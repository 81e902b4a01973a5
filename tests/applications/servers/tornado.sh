#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Tornado'
packages='python3-tornado'
commands='/usr/bin/python3'
works=full
logs=nothing
pin_of=root
user=root
port=8443
configuration() {
    cat <<'END'
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain("/etc/ska/www.crt", "/etc/ska/www.pem")
tornado.httpserver.HTTPServer(application, ssl_options=context).listen(8443)
END
}
prepare() {
    /usr/bin/python3 -c "import tornado" 2>/dev/null || skip "no python3-tornado"
}
server() {
    {
        printf "%s\n" "import ssl, tornado.web, tornado.ioloop, tornado.httpserver" "application = tornado.web.Application([])"
        configuration | placed "$1"
        echo "tornado.ioloop.IOLoop.current().start()"
    } >server.py
    start server.log /usr/bin/python3 server.py
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
