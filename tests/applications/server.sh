# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A row of the kind "server with a PEM file": sourced at the end of it. A TLS client that knows
# nothing of the provider checks the certificate, for each kind of key; blocking a key takes effect
# in the running server.
#   port       in the configuration
#   keys       which are tried (row_keys); starttls: option of s_client
#   tls13=no   for servers that do not offer it
#   reload     the signal that has it read the key again
#   log_files  its logs, of which server.log is one; empty: what it logs is not seen here
#   prepare()  once; settings: lines of the provider's section
#   server KEY starts it in the foreground, by start; end_server ends it, where a signal does not

# shellcheck source=tests/applications/row.sh
. "$(dirname "${BASH_SOURCE[0]}")/row.sh"
authority
port=$(free_port)
keys=${keys-www rsa ordinary ed agent}
# shellcheck disable=SC2086
row_keys $keys
with_pin "${settings[@]}"
! declare -F prepare >/dev/null || prepare

versions=(-tls1_2 -tls1_3)
[ "${tls13-}" != no ] || versions=(-tls1_2)
# shellcheck disable=SC2206
starttls=(${starttls-})
serve() { # KEY
    : >server.log
    rm -f "$failures"
    server "$1"
    served=$server
    serving "$port" server.log
    reached "with $1" "${starttls[@]}"
}
# Some of its processes may still be about to end.
ended() {
    ! declare -F end_server >/dev/null || end_server
    stop "$served"
    within 20 "somebody serves at port $port still" eval "! listening $port"
}
has_failed() {
    grep -q "key is blocked: .*'www'" "$failures"
}
tried_blocked() {
    local what
    turn block www
    refuses "${starttls[@]}"
    within 5 "$failures does not say why: $(cat "$failures" 2>/dev/null)" has_failed
    turn unblock www
    reached 'after the key was unblocked' "${starttls[@]}"
    # shellcheck disable=SC2086
    what=$(logged ${log_files-server.log} 2>/dev/null)
    [ -z "${log_files-server.log}" ] || ! is_debian_12 || [ "$what" = "$logs" ] ||
        fail "its log has $what of a failure, and the table says $logs: $(tail -n 20 server.log)"
}

for key in $keys; do
    [ "$key" != agent ] || start_agent "${agent_payload-tls13-server}"
    serve "$key"
    for version in "${versions[@]}"; do
        [ "$key" = agent ] && [ "$version" = -tls1_2 ] && [ -z "${agent_payload-}" ] || connects "$version" "${starttls[@]}"
    done
    if [ "$key" = www ]; then
        tried_blocked
        if [ -n "${reload-}" ]; then
            kill -s "$reload" "$served"
            sleep 1
            reached "after a reload ($reload)" "${starttls[@]}"
        fi
    fi
    ended
    [ "$key" != agent ] || stop "$agent"
done
! declare -F further >/dev/null || further
pass
