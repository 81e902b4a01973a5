#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Servers and their workers: keys loaded in one process and used in others, by another user, by many
# threads, with two configurations, and over restarts of the HSM. Each way with an SKA key and an
# ordinary one, from a reference file and from a URI.
. "$(dirname "$0")/lib.sh"
board
printf 'A message.' >document
key ska p256 empty.json
key ordinary p256 none
for label in ska ordinary; do
    quietly ska pkey -in "$(uri $label)" -out $label.pem
done
processes() {
    ours "$programs/processes" "$@"
}
# Approvals are counted where the key is an SKA key.
each_way() { # CALLS WAY [ARGUMENT...]
    local calls=$1 form
    shift
    for form in pem uri; do
        for label in ska ordinary; do
            key=$label.pem
            [ $form = pem ] || key=$(uri $label)
            if [ $label = ordinary ]; then
                untouched quietly processes "$@" "$key"
            else
                takes "$calls" quietly processes "$@" "$key"
            fi
        done
    done
}

# A child makes locks anew; to the thread sanitizer they still look held.
tsan=${TSAN_OPTIONS-}
export TSAN_OPTIONS=$tsan:report_mutex_bugs=0:detect_deadlocks=0

# ---- Forks ---------------------------------------------------------------------------------------

each_way 20 children-at-once
each_way 7 fork-before-use
# The allocators of sanitizers may stay locked in such a child.
if [ -z "$preload" ]; then
    for key in ska.pem ordinary.pem "$(uri ska)" "$(uri ordinary)"; do
        quietly processes fork-while-signing "$key"
    done
fi

# ---- Restarts ------------------------------------------------------------------------------------

# Of four signatures before the token is away and one after it, none needs a human.
each_way 5 restart "$simulator" "$work/tokens"

# A PIN that was entered by a person is not asked for again.
sed '/^pin-source/d' openssl.cnf >asking.cnf
for label in ska ordinary; do
    calls=8
    [ $label = ska ] || calls=0
    OPENSSL_CONF=$work/asking.cnf takes $calls quietly processes pin-once "$simulator" "$pin" \
        "$(uri $label)"
done

# ---- Workers of another user ---------------------------------------------------------------------

# They may not read the PIN; the parent has.
touch calls.log && chmod 666 calls.log
[ "$(stat -c %a pin)" = 600 ] || fail "the PIN is open"
nobody=65534
if [ "$(id -u)" -eq 0 ] && setpriv --reuid=$nobody --regid=$nobody --clear-groups \
    test -r "$simulator" -a -r "$work/softhsm2.conf"; then
    chmod 700 tokens
    for key in ska.pem ordinary.pem "$(uri ska)" "$(uri ordinary)"; do
        for way in as-nobody as-nobody-after-use; do
            refused "as uid $nobody; $work/tokens \(directories.tokendir in .*softhsm2.conf\): Permission" \
                processes $way "$key"
        done
    done
    chmod 755 tokens
    refused "token not found:.*as uid $nobody; $work/tokens/[^ ]*: Permission denied" \
        processes as-nobody ordinary.pem
    chown -R $nobody tokens
    each_way 1 as-nobody
    each_way 2 as-nobody-after-use
    chmod 600 softhsm2.conf
    refused "as uid $nobody; $work/softhsm2.conf \(SOFTHSM2_CONF\): Permission denied" \
        processes as-nobody ordinary.pem
    chmod 644 softhsm2.conf
    chown -R 0 tokens
else
    echo "$scenario: not root, or others cannot reach $work: nothing tried as another user"
fi

# ---- Threads -------------------------------------------------------------------------------------

# 16 threads and four keys, two of which need approvals, from the first use on.
export TSAN_OPTIONS=$tsan
turns=2
[ -z "${SKA_TEST_EXHAUSTIVE-}" ] || turns=100
for label in first second; do
    key $label p256 # by the board's rule
done
request first first.json document
request second second.json document
approve first.json alice bob
approve second.json alice bob
for label in first second; do
    succeeds skatool pem --key "$(uri $label)?approvals-file=$work/$label.json" -o $label.pem
done
key rsa rsa2048 none
quietly skatool pem --key "$(uri rsa)" -o rsa.pem
takes $((16 * 2 * turns)) quietly processes threads $turns ordinary.pem rsa.pem first.pem second.pem
takes $((16 * 2 * turns)) quietly processes threads $turns ordinary.pem "$(uri rsa)" \
    "$(uri first)?approvals-file=$work/first.json" second.pem

# ---- Two configurations --------------------------------------------------------------------------

# The same name is another key of another token, with another PIN, by another configuration.
other_pin=1147
printf '%s\n' $other_pin >other-pin
ours softhsm2-util --module "$simulator" --init-token --free --label other --pin $other_pin \
    --so-pin 12345678 >/dev/null
sed "s|^token = .*|token = other|; s|^pin-source = .*|pin-source = file:$work/other-pin|" \
    openssl.cnf >other.cnf
OPENSSL_CONF=$work/other.cnf succeeds skatool keygen --key 'ska:object=same' --algorithm EC \
    --policy empty.json
key same p256 none
OPENSSL_CONF=$work/other.cnf quietly ska pkey -in 'ska:object=same' -pubout -out other.pub.pem
takes 20 quietly processes two-configurations 'ska:object=same' openssl.cnf same.pub.pem other.cnf \
    other.pub.pem

# ---- Again and again -----------------------------------------------------------------------------

# With sanitizers memory grows for their reasons; what is lost is reported at the end.
limit=512
idle=1000
times=200
[ -z "$preload" ] || limit=-1 idle=100 times=20
[ -z "${SKA_TEST_EXHAUSTIVE-}" ] || times=3000
quietly processes load-and-unload $idle $limit "$binary_dir/provider/ska.so"
# Without a configuration only a URI can say where module and PIN are.
quietly processes load-and-unload $times $limit "$binary_dir/provider/ska.so" \
    "$(uri ordinary)?module-path=$simulator&pin-source=file:$work/pin"
pass
