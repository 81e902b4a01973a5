#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Signing and approving over the broker's REST API: the page doc/tsb.md, run as it stands.
. "$(dirname "$0")/lib.sh"
[ -x "$binary_dir/simulator/skatsb" ] || skip "built without SKA_TSB"
command -v curl >/dev/null || skip "no curl"
. "$source_dir/tests/scenario/journey_page.sh"
. "$source_dir/tests/scenario/servers.sh"
# It uses libcrypto, and our provider is none of its business.
printf '#!/bin/sh\nOPENSSL_CONF=/dev/null exec %s "$@"\n' "$(command -v curl)" >bin/curl
chmod +x bin/curl
TSB_PORT=$(free_port)
export TSB_PORT no_proxy='*'
at_end() { # also when the page ends early
    local place
    for place in broker other; do
        [ ! -f "$work/$place/tsb.pid" ] || "$work/$place/tsb" --stop
    done
}
play_page "$source_dir/doc/tsb.md"

# ---- The script that starts it -------------------------------------------------------------------

trap - ERR
cd "$work"
# Strict clients take its certificate.
for name in '-verify_hostname localhost' '-verify_ip 127.0.0.1'; do
    # shellcheck disable=SC2086
    plain verify -x509_strict -purpose sslserver $name -CAfile broker/ca.pem broker/tsb.pem >/dev/null ||
        fail "strict clients refuse the broker's certificate"
done
succeeds broker/tsb --help
shows 'usage: ./tsb' 'TSB_PORT'
refused 'usage: ./tsb' broker/tsb --nonsense
succeeds broker/tsb --stop
shows 'is not running'
succeeds broker/tsb
shows "listening on https://.*:$TSB_PORT"
# Each kind of calls needs an API key.
[ "$(grep -c 'Token = ' broker/tsb.cnf)" -eq 5 ] || fail "API keys are missing: $(sed 's/=.*//' broker/tsb.cnf)"
for path in approverManagement/onboarding/status licenseInfo; do
    curl -sS --cacert broker/ca.pem "$TSB_URL/v1/$path" >answer.json
    grep -q '"errorCode":416' answer.json || fail "open without an API key: $path"
done
succeeds broker/tsb
shows "is already running, and listens on https://.*:$TSB_PORT"
ends 1 env TSB_PORT=9 broker/tsb
says 'to use port 9 stop it first: ./tsb --stop'
refused 'TSB_PORT: https is not a port number' env TSB_PORT=https broker/tsb
# Killed: its number is nobody's, or somebody else's.
gone() {
    ! kill -0 "$pid" 2>/dev/null
}
killed() {
    pid=$(cat broker/tsb.pid)
    kill -9 "$pid"
    within 10 'does not end' gone
}
killed
succeeds broker/tsb
shows 'listening on'
killed
echo $$ >broker/tsb.pid
succeeds broker/tsb --stop
shows 'is not running'
succeeds broker/tsb
# Another shell finds it.
port=$TSB_PORT
(unset TSB_PORT TSB_URL && . broker/env && [ "${TSB_URL##*:}" = "$port" ]) || fail 'another port'
# Another program has the port.
succeeds "$source_dir/tools/sandbox" --tsb other
refused "another program uses port $TSB_PORT: TSB_PORT=9443 ./tsb" other/tsb
[ ! -e other/tsb.pid ] || fail "a pid of nobody"
succeeds broker/tsb --stop
shows 'stopped'
pass
