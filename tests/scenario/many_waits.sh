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
start() { # FIRST: `each` signatures in a process
    ours "$programs/many_waits" "$1" "$each" "$(uri seal)" 2>"messages.$1" &
    waiters[$1]=$!
}

# Until $many requests stand, of which each gets two approvals, in random order.
approve_all() {
    local id other first
    until [ "$(requests | wc -l)" -ge "$many" ]; do sleep 0.1; done
    other=$(requests | sed -n 1p)
    for id in $(requests | sed -n 1,4p); do disturb "$id" "$other"; done
    for first in alice carol; do
        for id in $(requests); do
            approve_one "$first" "$id"
            [ "$first" = carol ] || cp "dir/$id.alice.approval.json" "dir/$id.again.approval.json"
        done
    done 2>/dev/null # a request may be done and gone before the loop comes to it
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

declare -A waiters
declare -a again=()
for first in $(seq 0 "$each" "$((many - 1))"); do start "$first"; done
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
for first in $(seq 0 "$each" "$((many - 1))"); do start "$first"; done
approve_all &
approving=$!
for _ in 1 2 3 4; do
    first=$(printf '%s\n' "${!waiters[@]}" | sort -R | sed -n 1p)
    kill -9 "${waiters[$first]}" 2>/dev/null || true
    sleep 0.7
done
wait "$approving"
# What was killed is started again: what is signed already would be asked for anew, so only the rest.
pending() {
    local i first=$1
    for i in $(seq "$first" "$((first + each - 1))"); do
        [ -s "signature.$i" ] || echo "$i"
    done
}
for round in 1 2 3; do
    for first in "${!waiters[@]}"; do
        wait "${waiters[$first]}" 2>/dev/null || true
        for i in $(pending "$first"); do
            rm -f "signature.$i"
            ours "$programs/many_waits" "$i" 1 "$(uri seal)" 2>"messages.$i" &
            again[$i]=$!
        done
    done
    approve_missing() {
        local id
        for id in $(requests); do
            for name in alice carol; do approve_one "$name" "$id"; done
        done
    }
    [ "${#again[@]}" -gt 0 ] || break
    sleep 1
    approve_missing 2>/dev/null
    for i in "${!again[@]}"; do wait "${again[$i]}" || true; done
    again=()
done
all_signed
pass
