#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/run --device: green with the simulator and with plain SoftHSM, where others' keys stay and nothing of
# its own is left; red, with a report that says why, with a module that lies or has no keys to give.
. "$(dirname "$0")/lib.sh"
[ -z "$preload" ] && ! grep -q '^SKA_TSAN:BOOL=ON' "$binary_dir/CMakeCache.txt" ||
    skip 'its own program loads the modules'
softhsm=$(find /usr/lib -name libsofthsm2.so | head -n 1)
rm -rf "$binary_dir/device"

conf() { # MODULE
    configure
    sed -i "s|^pkcs11-module = .*|pkcs11-module = $1|" openssl.cnf
    cp openssl.cnf device.cnf
    configure
}
tried() { # PREFIX OPTION...: everything is in tried.txt
    local status=0
    SKA_BINARY_DIR=$binary_dir "$source_dir/tests/device/run" --prefix "$1" "${@:2}" device.cnf \
        >tried.txt 2>&1 || status=$?
    return $status
}
told() { # PATTERN...
    local pattern
    for pattern in "$@"; do
        grep -qE -- "$pattern" tried.txt || fail "does not say '$pattern': $(cat tried.txt)"
    done
}
objects() {
    skatool list | sort
}
board
key mine p256 none
objects >before.txt

# ---- Green ---------------------------------------------------------------------------------------

conf "$simulator"
tried good --yes || fail "with the simulator: $(cat tried.txt)"
told '^ordinary +ok' '^approvals +ok' '^limits +ok' '^changes +ok' '^passed$' 'Please send us' \
    'all keys of this run were removed' 'manufacturer +SKA simulator' 'mechanisms +0x' \
    'the same approvals once more: signed' 'a timeout is counted from'
report=$(sed -n 's/^Please send us //p' tried.txt)
grep -q '^passed$' "$report" || fail "no report"
! grep -qF "$pin" "$report" || fail "the PIN is in the report"
objects | cmp -s - before.txt || fail "keys are left or gone: $(objects)"

conf "$softhsm"
tried plain --yes || fail "with SoftHSM: $(cat tried.txt)"
told '^ordinary +ok' '^approvals +not tried: .*SKA' '^passed$'
objects | cmp -s - before.txt || fail "keys are left or gone: $(objects)"

# ---- It asks, and keeps off what is others' ------------------------------------------------------

conf "$simulator"
! tried asked || fail 'it did not ask'
told 'nothing was done, as the answer was not yes; with --yes it does not ask'
key theirs-seal p256 none
! tried theirs --yes || fail "others' keys are in the way, and it went on"
told 'were not made by a run from here' 'theirs-seal'
succeeds skatool show --key "$(uri theirs-seal)"
# What a run that was killed has left it removes.
mkdir -p "$binary_dir/device/theirs"
echo theirs-seal >"$binary_dir/device/theirs/made"
conf "$softhsm"
tried theirs --yes || fail "$(cat tried.txt)"
told 'Removed the keys of an interrupted run' '^passed$'
objects | cmp -s - before.txt || fail "keys are left or gone: $(objects)"

# ---- The configuration, as the provider reads it -------------------------------------------------

conf "$softhsm"
mkdir -p 'my dir'
cp pin 'my dir/my pin'
{
    printf 'dir = %s/my dir\nopenssl_conf = start\n[start]\nproviders = all\n' "$work"
    printf '[smart-card]\npkcs11-module = /nonexistent.so\nidentity = pkcs11\n'
    printf '[all]\ncard = smart-card\nska = hsm\n.include %s/section.cnf\n' "$work"
} >device.cnf
printf '[hsm]\npkcs11-module = "%s" # the HSM\ntoken = %s\npin-source = file:$dir/my pin\n' "$softhsm" "$token" \
    >section.cnf
tried variables --yes || fail "with variables: $(cat tried.txt)"
told '^ordinary +ok' '^passed$'
printf '[hsm]\npkcs11-module = x\n' >device.cnf
! tried variables --yes || fail 'a section that nothing names'
told 'no line openssl_conf'

# ---- One run at a time ---------------------------------------------------------------------------

conf "$softhsm"
mkdir -p "$binary_dir/device/busy"
echo theirs-seal >"$binary_dir/device/busy/made"
exec {lock}>"$binary_dir/device/busy/lock"
flock "$lock"
! tried busy --yes || fail 'it runs while another one does'
told 'a run with the prefix busy is going on'
[ "$(cat "$binary_dir/device/busy/made")" = theirs-seal ] || fail 'it took the labels of another run'
exec {lock}>&-

# ---- Two copies of the source --------------------------------------------------------------------

# A run that was interrupted long ago in one copy has left a list of labels; another copy's run has its keys.
conf "$simulator"
copy=$work/copy
mkdir -p "$copy" "$binary_dir/device/both"
ln -s "$binary_dir"/{tests,tools,provider,simulator,CMakeCache.txt} "$copy"
SKA_BINARY_DIR=$copy "$source_dir/tests/device/run" --prefix both --yes device.cnf >copy.txt 2>&1 &
other=$!
for _ in $(seq 200); do
    [ ! -s "$copy/device/both/ordinary.log" ] && ! grep -q 'both-.*p256' < <(skatool list) || break
    sleep 0.1
done
sed -E 's/^both-[0-9a-f]{8}-/both-/' "$copy/device/both/made" >"$binary_dir/device/both/made"
grep -q both "$binary_dir/device/both/made" || fail "nothing was made: $(cat copy.txt)"
! tried both --yes || fail "it ran while another one has keys: $(cat tried.txt)"
told 'were not made by a run from here' '    both-'
wait "$other" || fail "its keys were taken from it: $(cat copy.txt)"
objects | cmp -s - before.txt || fail "keys are left or gone: $(objects)"

# ---- Red -----------------------------------------------------------------------------------------

conf "$programs/libhsm_device.so"
export HSM_DEVICE_TOKEN=other-data
! tried lies --yes || fail 'a module that lies passes'
unset HSM_DEVICE_TOKEN
told '^ordinary +ok' '^approvals +FAILED' 'the approval token is for other data' \
    'C_CreateApprovalToken' '^FAILED: approvals' 'all keys of this run were removed'
objects | cmp -s - before.txt || fail "keys are left or gone: $(objects)"

export HSM_DEVICE_WRONG=yes
! tried bad --yes || fail 'a module whose signatures are wrong passes'
unset HSM_DEVICE_WRONG
told '^ordinary +ok' '^approvals +FAILED' '^limits +FAILED' '^changes +FAILED' \
    '^FAILED: approvals limits changes' 'all keys of this run were removed'
[ "$(grep -c 'a signature by .* that does not verify' tried.txt)" -eq 3 ] || fail "$(cat tried.txt)"
objects | cmp -s - before.txt || fail "keys are left or gone: $(objects)"

printf '0000\n' >wrong-pin
chmod 600 wrong-pin
conf "$simulator"
sed -i "s|^pin-source = .*|pin-source = file:$work/wrong-pin|" device.cnf
! tried wrong --yes || fail 'a wrong PIN passes'
told 'C_Login: 0xa0'
conf /nonexistent.so
! tried nowhere --yes || fail 'no module passes'
told 'nonexistent.so'
pass
