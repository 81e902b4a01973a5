#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Applications that end without cleaning up, load the provider again and again, fork, use threads
# and several library contexts: no crash, no message, each signature counted once.
. "$(dirname "$0")/lib.sh"
board
key rsa rsa2048 empty.json
key ec p256 empty.json
key ordinary p256 none

way() { # CALLS NAME: with an RSA key and an EC key
    local label
    for label in rsa ec; do
        takes "$1" quietly ours "$programs/lifetimes" "$2" "$(uri $label)"
    done
    untouched quietly ours "$programs/lifetimes" "$2" "$(uri ordinary)"
}
way 1 exit-at-once
way 1 clean-up
way 0 fail-and-exit
way 20 reload
way 0 load-unused
way 3 two-contexts
way 80 threads

# A child makes locks anew; to the thread sanitizer they still look held.
export TSAN_OPTIONS=${TSAN_OPTIONS-}:report_mutex_bugs=0:detect_deadlocks=0
way 8 children
way 1 used-in-child-only

# What the application itself forgets is its own leak.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
way 1 exit-without-cleanup
way 1 forget-the-key

# And with modules that are really unloaded, which runs with sanitizers otherwise avoid.
preload=
way 20 reload
way 1 clean-up
pass
