#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# mosquitto, which is another user before it reads its key: with load = early it serves with a PIN file of
# root's; without it says why not.
. "$(dirname "$0")/../lib.sh"
needs mosquitto
[ "$(id -u)" -eq 0 ] || skip 'mosquitto changes its user, which only root can'
authority
guarded_key www p256 server.json
chown root pin
chmod 600 pin
hand_over www.pem
port=$(free_port)
example mosquitto/mosquitto.conf | sed "s/8883/$port/" >mosquitto.conf
echo "user $user" >>mosquitto.conf
serve() {
    start mosquitto.log mosquitto -c "$work/mosquitto.conf"
    mosquitto=$server
    serving "$port" mosquitto.log
}

configure "log = $work/failures.log" 'load = early'
serve
connects -tls1_2
turn block www
refuses
within 5 'the log does not say why' grep -q "key is blocked: .*'www'" failures.log
turn unblock www
connects -tls1_3
stop "$mosquitto"

configure "log = $work/failures.log"
: >failures.log
serve
refuses
within 5 'the log does not say why' grep -q "$work/pin: Permission denied" failures.log
stop "$mosquitto"
pass
