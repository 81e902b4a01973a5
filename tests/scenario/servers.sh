# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For scenarios that start servers: sourced after lib.sh. What they start ends with them, also when
# they fail or are killed.

! declare -F stop_all >/dev/null || return 0 # sourced already

servers=()

# start LOG COMMAND...: starts a program that loads our modules, which stays in the foreground; its
# output goes to LOG. $server is its process id.
start() {
    launch "$preload" "$@"
}
# The same for a program that has nothing of ours in it.
start_plain() {
    OPENSSL_CONF=/dev/null launch '' "$@"
}
launch() { # PRELOAD LOG COMMAND...
    local libraries=$1 log=$2
    shift 2
    : >"$log" # now: nobody may take the words of an earlier server for this one's
    LD_PRELOAD=$libraries setpriv --pdeathsig TERM -- "$@" >"$log" 2>&1 &
    server=$!
    servers+=("$server")
}

# stop PID [SIGNAL]: ends a server that was started, and waits for its end. $ended_with is its status.
stop() {
    local pid=$1 one rest=()
    for one in "${servers[@]}"; do
        [ "$one" = "$pid" ] || rest+=("$one")
    done
    servers=("${rest[@]}")
    ended_with=0
    kill -s "${2:-TERM}" "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || ended_with=$?
}
stop_all() {
    while [ "${#servers[@]}" -gt 0 ]; do
        stop "${servers[0]}"
    done
}
at_end() {
    stop_all
}

# within SECONDS WHAT COMMAND...: waits until COMMAND succeeds; WHAT is said if it does not.
within() {
    local until=$((${EPOCHREALTIME/./} + $1 * 1000000)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "${EPOCHREALTIME/./}" -lt "$until" ] || fail "$what"
        sleep 0.02
    done
}

# listening PORT: looks, but does not connect.
listening() {
    awk -v end="$(printf ':%04X' "$1")" '
        $4 == "0A" && substr($2, length($2) - 4) == end { found = 1 }
        END { exit !found }' /proc/net/tcp /proc/net/tcp6
}
# serving PORT LOG: waits until the server that was started last listens there.
serving() {
    local tries
    for ((tries = 0; tries < 3000; tries++)); do
        ! listening "$1" || return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 0.02
    done
    fail "nobody serves at port $1: $(cat "$2")"
}
# free_port: prints a port where nobody listens, below those that the kernel gives out by itself.
free_port() {
    local port
    while :; do
        port=$((10000 + RANDOM % 20000))
        listening "$port" || break
    done
    echo "$port"
}
