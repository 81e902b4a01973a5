#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='ab (Apache)'
packages='apache2-utils'
commands='ab'
works=full
needs='one file, `cat www.crt www.pem`'
logs=full
answers='HTML transferred: *[1-9]'
configuration() {
    cat <<'END'
ab -n 1000 -E /etc/ska/www.bundle.pem https://www.example/
END
}
client() {
    timeout 20 ab -n 3 -E "$1.bundle.pem" "https://localhost:$port/" >answer
}
# shellcheck source=tests/applications/client.sh
. "$(dirname "$0")/../client.sh"
