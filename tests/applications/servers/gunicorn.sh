#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='gunicorn'
packages='gunicorn'
commands='gunicorn'
works=full
logs=nothing
pin_of=early
user=www-data
port=8443
configuration() {
    cat <<'END'
# gunicorn.conf.py
bind = "127.0.0.1:8443"
certfile = "/etc/ska/www.crt"
keyfile = "/etc/ska/www.pem"
user = "www-data"
group = "www-data"
END
}

server() {
    { configuration | placed "$1"; echo "workers = 2"; } >gunicorn.conf.py
    cat >app.py <<END
def app(environ, start):
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello"]
END
    start server.log gunicorn -c "$work/gunicorn.conf.py" app:app
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
