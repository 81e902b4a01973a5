#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='uvicorn'
packages='uvicorn'
commands='uvicorn'
works=full
logs=nothing
port=8443
configuration() {
    cat <<'END'
uvicorn --port 8443 --ssl-certfile /etc/ska/www.crt --ssl-keyfile /etc/ska/www.pem app:app
END
}

server() {
    cat >app.py <<END
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"Hello"})
END
    # shellcheck disable=SC2046
    start server.log $(configuration | placed "$1")
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
