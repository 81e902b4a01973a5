#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Whoever starts a setuid program chooses its environment: there is no log for it (SKA_DEBUG), no PIN of
# a variable, and no command that gives one.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || skip 'takes root'
[ -z "$preload" ] || skip 'such programs load no sanitizers'

nobody=65534
# by_nobody PROGRAM...: by another user, with this environment.
by_nobody() {
    setpriv --reuid=$nobody --regid=$nobody --clear-groups "$@"
}
cp "$(command -v openssl)" own-openssl
cp "$(command -v id)" own-id
chmod 4755 own-openssl own-id
by_nobody test -r "$simulator" || skip "other users cannot reach $work"
[ "$(by_nobody ./own-id -u)" -eq 0 ] || skip "$work is on a file system without setuid"

key ordinary p256 none
signs() { # PROGRAM...: OPENSSL_CONF is nothing that a setuid program follows
    "$@" req -config openssl.cnf -new -key "$(uri ordinary)" -subj /CN=x -out request.csr
}
request() {
    rm -f request.csr
    touch request.csr
    chmod 666 request.csr
    quietly "$@"
    plain req -in request.csr -verify -noout 2>/dev/null || fail "no request by: $*"
}
cat >>openssl.cnf <<END
[req]
distinguished_name = name
[name]
END
cp openssl.cnf with-file.cnf

# ---- The log of calls ----------------------------------------------------------------------------

mkdir -m 777 logs
export SKA_DEBUG=$work/logs/log
request signs ./own-openssl
[ -e logs/log ] || fail 'no log for one without other rights'
rm logs/log
request signs by_nobody ./own-openssl
[ ! -e logs/log ] || fail 'a setuid program writes a log'
unset SKA_DEBUG

# ---- PINs ----------------------------------------------------------------------------------------

configured() { # PIN-SOURCE
    sed "s#^pin-source = .*#pin-source = $1#" with-file.cnf >openssl.cnf
}
printf '#!/bin/sh\ntouch %s\ncat %s\n' "$work/called" "$work/pin" >ask
chmod 755 ask
configured "|$work/ask"
request signs ./own-openssl
rm called
refused "another user.s rights" signs by_nobody ./own-openssl
[ ! -e called ] || fail 'a setuid program runs a command'

export SEAL_PIN=$pin
configured env:SEAL_PIN
request signs ./own-openssl
refused 'SEAL_PIN' signs by_nobody ./own-openssl
pass
