#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='hitch'
packages='hitch'
commands='hitch python3'
works=full
needs='one file, `cat www.pem www.crt`, in any order; `SIGHUP` reloads it'
logs=reason
user=_hitch
port=443
reload=HUP
configuration() {
    cat <<'END'
# /etc/hitch/hitch.conf
frontend = "[*]:443"
backend = "[127.0.0.1]:6081"
pem-file = "/etc/ska/www.bundle.pem"
user = "_hitch"
END
}
server() {
    configuration | placed "$1" | sed 's/\[\*\]/[127.0.0.1]/' >hitch.conf
    start server.log hitch --config=hitch.conf
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
