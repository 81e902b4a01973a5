#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Tornado'
packages='python3-tornado'
commands='/usr/bin/python3'
works=full
logs=nothing
port=8443
configuration() {
    cat <<'END'
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain("/etc/ska/www.crt", "/etc/ska/www.pem")
tornado.httpserver.HTTPServer(application, ssl_options=context).listen(8443)
END
}
modules='tornado'
before='import ssl, tornado.web, tornado.ioloop, tornado.httpserver
application = tornado.web.Application([])'
after='tornado.ioloop.IOLoop.current().start()'
# shellcheck source=tests/applications/python_server.sh
. "$(dirname "$0")/../python_server.sh"
