#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='mosquitto_pub, mosquitto_sub'
packages='mosquitto mosquitto-clients'
commands='mosquitto mosquitto_pub'
works=full
logs=nothing
answers=sent
configuration() {
    cat <<'END'
mosquitto_pub -h broker.example -p 8883 --cafile /etc/ska/ca.crt --cert /etc/ska/www.crt --key /etc/ska/www.pem -t topic -m text
END
}
prepare() {
    broker_port=$(free_port)
    printf '%s\n' "listener $broker_port 127.0.0.1" 'allow_anonymous true' "certfile $work/partner.crt" \
        "keyfile $work/partner.pem" "cafile $work/ca.crt" 'require_certificate true' 'user root' >mosquitto.conf
    start_plain mosquitto.log mosquitto -c "$work/mosquitto.conf"
    serving "$broker_port" mosquitto.log
}
client() {
    timeout 10 mosquitto_pub -h localhost -p "$broker_port" --cafile ca.crt --cert "$1.crt" --key "$1.pem" -t a -m b &&
        echo sent >answer
}
# shellcheck source=tests/applications/client.sh
. "$(dirname "$0")/../client.sh"
