#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# nginx under load: no handshake is lost, not by a reload either; the workers do not grow; a blocked
# key and a dead agent stop handshakes fast and with a reason, and nothing has to be restarted for
# them to go on. SKA_LOAD_SECONDS=60 for the long form, in which each kind of key has a minute.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/applications/nginx/lib.sh
. "$source_dir/tests/applications/nginx/lib.sh"
needs nginx wrk pgrep
seconds=${SKA_LOAD_SECONDS:-4}

# Visitors would come back with the sessions that they have, and nothing would be signed.
without_sessions() {
    sed -i 's/ssl_session_cache .*/ssl_session_cache off;\n    ssl_session_tickets off;/' \
        "site.$label.conf"
}
# load SECONDS: starts visitors, each of whom makes a new connection for each request; $visitors.
load() {
    start_plain wrk.log wrk -t 2 -c 16 -d "$1" --timeout 10s -H 'Connection: close' \
        "https://localhost:$port/"
    visitors=$server
}
# visited: they have gone, and came through with all that they asked for.
visited() {
    wait "$visitors"
    requests=$(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' wrk.log)
    if [ "${requests:-0}" -eq 0 ] || grep -qE 'Socket errors|Non-2xx' wrk.log; then
        cat wrk.log error.log >&2
        fail "visitors did not come through: $label"
    fi
}
memory() { # of the workers, in KiB
    local worker
    for worker in $(workers); do
        sed -n "s/^RssAnon:[^0-9]*\([0-9]*\) kB/$worker \1/p" "/proc/$worker/status"
    done
}
# flat SECONDS: no worker grows in this time, by more than the heap takes at once.
flat() {
    local worker before now
    memory >memory.before
    sleep "$1"
    memory >memory.after
    [ "$(wc -l <memory.after)" -eq 2 ] || fail "not two workers: $(cat memory.after)"
    while read -r worker before; do
        now=$(sed -n "s/^$worker //p" memory.after)
        [ "$((now - before))" -le 512 ] || fail "$label: from $before to $now KiB in $1 s"
    done <memory.before
}
# no_loss: the whole time of a kind of key, with a reload in the middle.
no_loss() {
    local settling=1 half=$((seconds / 2)) signatures
    [ "$seconds" -lt 40 ] || settling=10
    signatures=$(signing_calls)
    load "$seconds"
    sleep $settling
    flat $((half - settling))
    reload
    sleep $settling
    flat $((half - settling - 1))
    visited
    log_is_empty
    signatures=$(($(signing_calls) - signatures))
    [ $label = ordinary ] || [ "$signatures" -ge "$requests" ] ||
        fail "$signatures signatures for $requests requests"
    echo "$label: $requests requests in $seconds s, no loss; workers: $(memory | tr '\n' ' ')"
}
# stopped_by PATTERN: new handshakes fail, soon and fast, and the log tells why.
stopped_by() {
    within 5 "handshakes go on: $label" failing
    log_says "$1"
    SECONDS=0
    refuses
    [ "$SECONDS" -le 2 ] || fail "a handshake takes $SECONDS s to fail"
}
failing() {
    ! handshake
}
# back: handshakes succeed again, with the same workers.
back() {
    within 5 "handshakes do not succeed again: $label: $(cat error.log)" handshake
    [ "$(workers)" = "$same_workers" ] || fail 'workers died'
    sleep 0.5
    : >error.log
    connects
    sleep 0.5
    log_is_empty
}

# The agent approves TLS 1.3 handshakes for this key, and nothing else.
start_agent() {
    start agent.log "${as_user[@]}" "$binary_dir/tools/skatool" agent --socket "$work/run/agent" \
        --approver "$work/run/agent.pem" --allow key=approved,payload=tls13-server
    agent=$server
    within 30 'no agent' grep -q 'listening on' agent.log
}
approved_key() {
    approver agent
    mkdir run
    mv agent.pem run
    server_policy "$(rule 1 agent)" >approved.json
    guarded_key approved p256 approved.json
    succeeds ska pkey -in "$(uri approved)?payload=message&agent=$work/run/agent" -out approved.pem
    hand_over run
    start_agent
}

authority
guarded_key ordinary p256 none
guarded_key guarded p256 server.json
approved_key
main_configuration
for label in ordinary guarded approved; do
    site $label
    without_sessions
    start_nginx
    no_loss
    same_workers=$(workers)
    load 120
    if [ $label != ordinary ]; then
        turn block $label
        stopped_by "key is blocked.*'$label'"
        turn unblock $label
        back
    fi
    if [ $label = approved ]; then
        stop "$agent" KILL
        stopped_by 'agent .*: nothing is listening there'
        start_agent
        back
    fi
    stop "$visitors" KILL
    stop_nginx
    log_is_empty
    rm site.$label.conf
done

# With load = early nothing else is seen, with a PIN of root's alone.
configure 'load = early'
[ -z "$user" ] || chown root pin
label=guarded
site $label
without_sessions
start_nginx
no_loss
stop_nginx
log_is_empty
pass
