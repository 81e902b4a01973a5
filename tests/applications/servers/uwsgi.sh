#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='uWSGI'
packages='uwsgi-core uwsgi-plugin-python3'
commands='uwsgi-core'
works=full
logs=nothing
user=www-data
port=8443
configuration() {
    cat <<'END'
; uwsgi.ini
[uwsgi]
plugins = http,python3
https = 127.0.0.1:8443,/etc/ska/www.crt,/etc/ska/www.pem
uid = www-data
gid = www-data
END
}
server() {
    cat >app.py <<'END'
def application(environ, start):
    start('200 OK', [('Content-Type', 'text/plain')])
    return [b'Hello\n']
END
    {
        configuration | placed "$1"
        printf '%s\n' 'master = true' 'processes = 2' "wsgi-file = $work/app.py" 'die-on-term = true'
    } >uwsgi.ini
    start server.log uwsgi-core --ini uwsgi.ini
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
