#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# -o FILE makes a new file; one that is there is replaced with --force only, and a link, a directory
# or a file of somebody else never.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
printf 'Another document.\n' >another
key seal p256
key other p256
request seal signed.json document
approve signed.json alice bob
request seal fresh.json another
approve fresh.json alice

# The commands with -o, which follows with more options.
ask() {
    skatool request --key "$(uri seal)" document "$@"
}
block() {
    skatool request --key "$(uri seal)" --operation block "$@"
}
reference() {
    skatool pem --key "$(uri seal)" "$@"
}
execute() {
    skatool execute --key "$(uri seal)" signed.json "$@"
}
adds() {
    skatool approve --approver carol.pem --yes fresh.json "$@"
}
rejects() {
    skatool reject --approver bob.pem --yes fresh.json "$@"
}
commands='ask block reference execute adds rejects'

# stays FILE PATTERN COMMAND...: wrong use, which names FILE; whatever FILE is, it is as it was.
state_of() {
    stat -c '%F %i %s %Y %a' "$1"
    [ ! -f "$1" ] || sha256sum <"$1"
}
stays() {
    local file=$1 pattern=$2 before
    shift 2
    before=$(state_of "$file")
    ends 1 "$@"
    says "wrong use: .*$file $pattern"
    [ ! -s stdout.txt ] || fail "something is shown before the file is refused: $(cat stdout.txt)"
    [ "$before" = "$(state_of "$file")" ] || fail "$file is not as it was: $*"
}

mkdir folder
printf 'Somebody waits for this.\n' >precious
ln -s precious link
ln -s nowhere dangling
for command in $commands; do
    # New: nothing is left beside it, and nobody else may write to it.
    succeeds "$command" -o new
    [ -s new ] || fail "$command wrote nothing"
    [ $(($(stat -c 0%a new) & 022)) -eq 0 ] || fail "$command: mode $(stat -c %a new)"
    [ "$(echo new*)" = new ] || fail "left behind: $(echo new*)"
    (umask 077 && succeeds "$command" -o closed)
    [ "$(stat -c %a closed)" = 600 ] || fail "$command: mode $(stat -c %a closed) by umask 077"
    rm closed

    # There: refused before anybody is asked for a PIN or a passphrase, whatever it is.
    for file in new precious alice.pem; do
        takes 0 untouched stays $file 'exists already.*--force' "$command" -o $file
    done
    : >empty
    stays empty 'exists already' "$command" -o empty
    succeeds "$command" -o empty --force
    [ -s empty ] || fail "$command does not replace an empty file"

    # Replaced as a whole: by another file, while who has opened the old one reads that.
    printf 'Of no use any more.\n' >old
    exec 5<old
    before=$(stat -c %i old)
    succeeds "$command" --force -o old
    [ "$(cat <&5)" = 'Of no use any more.' ] || fail "$command wrote into the old file"
    exec 5<&-
    [ "$before" != "$(stat -c %i old)" ] || fail "$command wrote into the old file"
    [ "$(echo old*)" = old ] || fail "left behind: $(echo old*)"
    succeeds "$command" --force -o forced
    [ -s forced ] || fail "$command --force makes no new file"
    rm new old empty forced

    # Never, with --force either.
    for force in '' --force; do
        # shellcheck disable=SC2086
        {
            stays link 'is a symbolic link' "$command" -o link $force
            stays dangling 'is a symbolic link' "$command" -o dangling $force
            stays folder 'is a directory' "$command" -o folder $force
            ends 3 "$command" -o nowhere/file $force
            ends 3 "$command" -o precious/file $force
        }
    done
    [ "$(cat precious)" = 'Somebody waits for this.' ] && [ ! -e nowhere ] || fail "through a link"
    if [ "$(id -u)" -eq 0 ]; then
        printf 'Theirs.\n' >theirs
        chown 65534 theirs
        stays theirs 'exists already' "$command" -o theirs
        stays theirs 'belongs to uid 65534' "$command" -o theirs --force
        rm -f theirs
    fi
    stays folder 'is a directory' "$command" -o folder
    ends 1 "$command" --force
    says '--force is for the FILE of -o'

    # What is written to as it is.
    for force in '' --force; do
        # shellcheck disable=SC2086
        {
            succeeds "$command" -o /dev/null $force
            "$command" -o - $force 2>stderr.txt >collected
            [ -s collected ] || fail "$command: -o -"
            "$command" -o /dev/stdout $force 2>stderr.txt | cat >collected
            [ -s collected ] || fail "$command: /dev/stdout"
            printf 'A line before.\n' >collected
            "$command" -o /dev/fd/3 $force 3>>collected >stdout.txt 2>stderr.txt
            "$command" -o /proc/self/fd/1 $force 2>stderr.txt >>collected
            [ "$(head -n 1 collected)" = 'A line before.' ] && [ "$(stat -c %s collected)" -gt 100 ] ||
                fail "$command: a descriptor by its name"
            mkfifo fifo
            cat fifo >from_fifo &
            succeeds "$command" -o fifo $force
            wait $!
            [ -p fifo ] && [ -s from_fifo ] || fail "$command: a FIFO"
            rm fifo from_fifo collected
        }
    done
    [ -c /dev/null ] || fail 'the null device is replaced'
done

# ---- What is made of what is there ---------------------------------------------------------------

# Its own input is lost under no name.
ln document hardlink
ln signed.json signed.link
ln fresh.json fresh.link
for force in '' --force; do
    # shellcheck disable=SC2086
    {
        stays document 'is the input' ask -o document $force
        stays hardlink 'is the input' ask -o hardlink $force
        stays signed.json 'is the input' execute -o signed.json $force
        stays signed.link 'is the input' execute -o signed.link $force
        stays fresh.json 'is the input' adds -o fresh.json $force
        stays fresh.link 'is the input' adds -o fresh.link $force
        stays fresh.json 'is the input' rejects -o fresh.json $force
        before=$(state_of another)
        status=0
        skatool request --key "$(uri seal)" -o another $force <another >stdout.txt 2>stderr.txt ||
            status=$?
        [ "$status" -eq 1 ] && [ "$before" = "$(state_of another)" ] || fail 'its own standard input'
    }
done

# In place nothing is lost, and --force is not needed.
cp fresh.json shared.json
# One that cannot be written is in the history all the same, which is said.
cp shared.json full.json
failing() {
    LD_PRELOAD="$preload $programs/libfailing_disk.so" FAILING_CALL=write FAILING_FROM=1 \
        FAILING_PATH="$1" "$binary_dir/tools/skatool" approve --approver carol.pem --yes full.json "${@:2}"
}
ends 3 failing full.json
says 'your approval was signed, but could not be written; your history has it.*-o FILE'
ends 3 failing other.json -o other.json
says 'could not be written; your history has it'
same shared.json full.json
[ ! -e other.json ] || fail 'something was written'
succeeds skatool approve --approver carol.pem --yes shared.json
[ "$(grep -o approverPublicKey shared.json | wc -l)" -eq 2 ] || fail "$(cat shared.json)"

# With --force the last one stands, as a whole.
quietly reference -o seal.pem
cp seal.pem first.pem
stays seal.pem 'exists already' skatool pem --key "$(uri other)" -o seal.pem
quietly skatool pem --key "$(uri other)" -o seal.pem --force
! cmp -s first.pem seal.pem || fail 'the reference is not replaced'
quietly reference --force -o seal.pem
same first.pem seal.pem
[ "$(stat -c %a seal.pem)" = 644 ] || fail "mode $(stat -c %a seal.pem)"

# ---- Failures ------------------------------------------------------------------------------------

# No room for the file: the old one is as it was, and no half of a new one is left. Only where no
# token is opened, whose files would have no room either; all write by the same function.
limited() {
    (
        trap '' XFSZ
        ulimit -f 0
        "$@" 2>&1 >/dev/null | cat >&7
        exit "${PIPESTATUS[0]}"
    ) 7>"$work/fifo" </dev/null
}
mkfifo fifo
for command in adds rejects; do
    cp precious old
    before=$(state_of old)
    for arguments in 'old --force' half; do
        cat fifo >stderr.txt &
        status=0
        # shellcheck disable=SC2086
        limited "$command" -o $arguments || status=$?
        wait $!
        [ "$status" -eq 3 ] || fail "$command: status $status"
        says "file failure: ${arguments% *}: File too large"
    done
    [ "$before" = "$(state_of old)" ] || fail "$command: the old file is not as it was"
    [ "$(echo old* half*)" = 'old half*' ] || fail "left behind: $(echo old* half*)"
done
ends 3 ask -o /dev/full
[ -c /dev/full ] || fail 'the full device is replaced'

# What comes after the first look is looked at again: the command waits for its input meanwhile.
mkfifo input
comes_late() { # FORCE COMMAND...: makes `late`
    local force=$1 status=0 before
    shift
    skatool request --key "$(uri seal)" -o late $force input >stdout.txt 2>stderr.txt &
    exec 6>input
    "$@"
    before=$(state_of late)
    printf 'A document.\n' >&6
    exec 6>&-
    wait $! || status=$?
    [ "$status" -eq 1 ] && [ "$before" = "$(state_of late)" ] ||
        fail "status $status: $force $* $(cat stderr.txt)"
    [ "$(echo late*)" = late ] || fail "left behind: $(echo late*)"
    rm -rf late
}
comes_late '' cp precious late
comes_late '' ln -s precious late
comes_late '' ln -s nowhere late
comes_late '' mkdir late
comes_late --force ln -s precious late
comes_late --force ln -s nowhere late
comes_late --force mkdir late
[ "$(cat precious)" = 'Somebody waits for this.' ] && [ ! -e nowhere ] || fail 'through a link'
pass
