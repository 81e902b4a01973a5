#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Many signatures wait at once, in several processes, on one directory; approvals arrive in random
# order, some doubled, some wrong, some for other requests, some half written, some unreadable, some
# as links out of the directory. All complete, none twice, nothing is left behind but evidence. Then
# again, while waiters are killed: what is started again finds its request and its approvals.
# By hand with SKA_MANY=100: 100 signatures in 20 processes; the default is 30 in 6.
. "$(dirname "$0")/lib.sh"
many=${SKA_MANY:-30}
each=5
board
key seal p256
mkdir dir
configure "approvals-dir = $work/dir" 'approvals-timeout = 300'

requests() {
    find dir -maxdepth 1 -name '*.request.json' -printf '%f\n' | sed 's/\.request\.json$//' | sort -R
}
# put FILE: into the directory, as a whole, from standard input.
put() {
    cat >"dir/.$1.part"
    mv "dir/.$1.part" "dir/$1"
}
approve_one() { # NAME ID: by openssl alone, as many are needed
    token_of "dir/$2.request.json" >"token.$1"
    approval "$1" "token.$1" | put "$2.$1.approval.json"
}
# disturb ID OTHER-ID: everything that must not count.
disturb() {
    approval alice /dev/null | put "$1.wrong.approval.json"
    token_of "dir/$2.request.json" >token.other
    approval bob token.other | put "$1.other.approval.json"
    head -c 40 "dir/$1.request.json" | put "$1.half.approval.json"
    ln -sf "$work/alice.pub.pem" "dir/$1.link.approval.json"
    install -m 000 /dev/null "dir/$1.unreadable.approval.json"
    mkdir -p "dir/$1.directory.approval.json"
}
# What is not signed yet of the `each` signatures from FIRST on.
pending() { # FIRST
    local i
    for i in $(seq "$1" "$(($1 + each - 1))"); do
        [ -s "signature.$i" ] || echo "$i"
    done
}
declare -A waiters
start() { # FIRST: a process for them, which can be killed by its number
    local numbers
    mapfile -t numbers < <(pending "$1")
    rm -f "${numbers[@]/#/signature.}" # begun by one that was killed
    env LD_PRELOAD="$preload" "$programs/many_waits" "$(uri seal)" "${numbers[@]}" \
        2>>"messages.$1" &
    waiters[$1]=$!
}
start_all() {
    local first
    for first in $(seq 0 "$each" "$((many - 1))"); do start "$first"; done
}

# Until $many requests stand, of which each gets two approvals, in random order.
approve_all() {
    local id name ids
    until [ "$(requests | wc -l)" -ge "$many" ]; do sleep 0.1; done
    mapfile -t ids < <(requests)
    for id in "${ids[@]:0:4}"; do disturb "$id" "${ids[4]}"; done
    for name in alice carol; do
        for id in $(requests); do
            approve_one "$name" "$id"
            [ "$name" = carol ] || cp "dir/$id.alice.approval.json" "dir/$id.again.approval.json"
        done
    done
}
all_signed() {
    local i
    for i in $(seq 0 "$((many - 1))"); do
        printf 'message %d' "$i" >document
        succeeds plain dgst -sha256 -verify seal.pub.pem -signature "signature.$i" document
    done
    rmdir dir/*.directory.approval.json 2>/dev/null || true
    [ "$(ls -A dir)" = done ] || fail "left behind: $(ls -A dir | head)"
}

start_all
takes "$many" eval 'approve_all
for first in "${!waiters[@]}"; do
    wait "${waiters[$first]}" || fail "$(cat "messages.$first")"
done'
all_signed
[ "$(find dir/done -mindepth 1 -maxdepth 1 -type d ! -name ".*" | wc -l)" -eq "$many" ] ||
    fail "evidence: $(ls dir/done | wc -l) of $many"

# ---- Killed --------------------------------------------------------------------------------------

rm -rf dir signature.* messages.*
mkdir dir
# Until there is a file "enough", and what was begun is done: whatever stands there and has no
# approval of theirs gets one, slowly.
approve_forever() {
    local id name
    set +eE # a request may be done and gone before the loop comes to it
    until [ -e enough ]; do
        for id in $(requests); do
            name=$(printf 'alice\ncarol\n' | sort -R | sed -n 1p)
            [ -e "dir/$id.$name.approval.json" ] || approve_one "$name" "$id"
            sleep 0.05
        done
    done 2>/dev/null
}
# What has ended is started again if it left something to do; false: all is done.
start_again() {
    local first busy=1
    for first in "${!waiters[@]}"; do
        if kill -0 "${waiters[$first]}" 2>/dev/null; then
            busy=0
        elif [ -n "$(pending "$first")" ]; then
            wait "${waiters[$first]}" 2>/dev/null || true
            start "$first"
            busy=0
        fi
    done
    return $busy
}
start_all
approve_forever &
approving=$!
kills=0
while start_again; do
    sleep 1
    if [ "$kills" -lt $((many / 5)) ]; then
        kill -9 "${waiters[$((RANDOM % (many / each) * each))]}" 2>/dev/null || continue
        kills=$((kills + 1))
    fi
done
: >enough
wait "$approving" || true
[ "$kills" -gt 2 ] || fail "only $kills waiters were killed"
rm -f dir/*.approval.json dir/.*.part # of who came too late
all_signed
pass
