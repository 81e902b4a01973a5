#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Where a PIN may come from: files, pipes, descriptors; what the configuration alone may name,
# commands and variables; and the passphrase of the program.
. "$(dirname "$0")/lib.sh"
printf 'A document.\n' >document
key seal p256 none
quietly ska pkey -in "$(uri seal)" -out reference.pem

# configured [PIN-SOURCE]: a configuration with this one, or with none.
configured() {
    configure
    sed -i '/^pin-source/d' openssl.cnf
    [ $# -eq 0 ] || printf 'pin-source = %s\n' "$1" >>openssl.cnf
}
sign() { # KEY [OPENSSL-OPTION...]
    local key=$1
    shift
    ska dgst -sha256 -sign "$key" "$@" -out signature document
}
signs() { # KEY [OPENSSL-OPTION...]
    quietly sign "$@"
    plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null || fail "$*"
}
program() { # NAME LINE...
    printf '%s\n' '#!/bin/sh' "${@:2}" >"$1"
    chmod 700 "$1"
}

# ---- Pipes and descriptors -----------------------------------------------------------------------

configured
signs "$(uri seal)?pin-source=/dev/fd/7" 7< <(printf '%s\n' "$pin")
signs "$(uri seal)?pin-source=file:/dev/stdin" < <(printf '%s\r\nmore\n' "$pin")
# What stands behind the line is for somebody else.
{
    signs "$(uri seal)?pin-source=/dev/stdin"
    read -r rest
    [ "$rest" = 'the rest' ] || fail "the rest of standard input is '$rest'"
} < <(printf '%s\nthe rest\n' "$pin")
refused 'no PIN within|its first line, the PIN, is empty' sign "$(uri seal)?pin-source=/dev/stdin" </dev/null
mkfifo -m 600 pipe
printf '%s\n' "$pin" >pipe &
signs "$(uri seal)?pin-source=$work/pipe"
wait $!
chmod 622 pipe
refused 'a pipe must belong to root or to this user' sign "$(uri seal)?pin-source=$work/pipe"
rm pipe

# ---- Commands ------------------------------------------------------------------------------------

program tell "printf '%s\\n' \"\$1\"" "ls -l /proc/self/fd >$work/descriptors" \
    "cat >$work/input" 'echo complaint >&2'
configured "|$work/tell $pin"
for key in "$(uri seal)" reference.pem; do
    signs "$key" 7</dev/null
    [ -s descriptors ] || fail "the command for $key has not run"
    ! grep -q ' 7 -> ' descriptors || fail "the command has our descriptors: $(cat descriptors)"
    rm descriptors
done
[ ! -s input ] || fail 'the command can read standard input'
succeeds skatool check-config
shows 'ok +login +logged in'
# Only there: not in a URI, not in a reference.
configured
for source in "%7c$work/tell%20$pin" "env:SEAL_PIN"; do
    SEAL_PIN=$pin refused 'named only in the configuration' sign "$(uri seal)?pin-source=$source"
done
refused 'pin-source' skatool pem --key "$(uri seal)?pin-source=%7c$work/tell%20$pin" -o other.pem
# What is wrong is said, and no argument of the command.
configured "|$work/nothing --secret=$pin"
refused 'nothing: No such file' sign "$(uri seal)"
! grep -q "secret" stderr.txt || fail "shows an argument: $(cat stderr.txt)"
program fails "echo $pin" 'exit 3'
configured "|$work/fails"
refused 'fails has failed' sign "$(uri seal)"
program silent 'exit 0'
configured "|$work/silent"
refused 'its first line, the PIN, is empty' sign "$(uri seal)"
configured "|tell $pin"
refused 'pin-source: ' sign "$(uri seal)"
! grep -q "$pin" stderr.txt || fail "shows the PIN: $(cat stderr.txt)"

# ---- Variables -----------------------------------------------------------------------------------

configured env:SEAL_PIN
SEAL_PIN=$pin signs "$(uri seal)"
refused 'SEAL_PIN: the environment variable does not exist' sign "$(uri seal)"
configured env:
refused 'pin-source: ' sign "$(uri seal)"

# ---- The program's passphrase, where no source is named ------------------------------------------

configured
signs reference.pem -passin "pass:$pin"
signs "$(uri seal)" -passin "pass:$pin"
quietly ska req -new -key reference.pem -passin "pass:$pin" -subj /CN=x -out out.csr
refused 'refused the PIN that was entered; it was tried once' sign reference.pem -passin pass:123456
configured "file:$work/pin"
signs reference.pem -passin pass:123456

# ---- The configured PIN and another token --------------------------------------------------------

# A reference may be anybody's: it cannot lock another token by the PIN of this one, also not by naming
# the file. A person who types a URI knows what they do.
configured "file:$work/pin"
new_token other
token=other p11 --keypairgen --key-type EC:prime256v1 --label elsewhere >/dev/null 2>&1
elsewhere='ska:token=other;object=elsewhere'
quietly ska pkey -in "$elsewhere" -pubout -out elsewhere.pub.pem
quietly skatool pem --key "$elsewhere" -o elsewhere.pem
quietly skatool pem --key "$elsewhere?pin-source=file:$work/pin" -o named.pem
printf '246810\n' >other.pin
chmod 600 other.pin
signs_elsewhere() { # KEY
    quietly sign "$1"
    plain dgst -sha256 -verify elsewhere.pub.pem -signature signature document >/dev/null ||
        fail "a signature by $1"
}
# One PIN for both.
signs_elsewhere elsewhere.pem
token=other p11 --new-pin 246810 --change-pin >/dev/null 2>&1
# A wrong one is tried once, by whichever process.
refused 'refused the PIN in' sign elsewhere.pem
for reference in elsewhere.pem named.pem; do
    for _ in 1 2 3; do
        refused 'token "other" has been given a wrong PIN.*is for the token "tok"' sign "$reference"
    done
    refused 'given a wrong PIN' ska req -new -key "$reference" -subj /CN=x -out x.csr
done
# Nobody's login is in the way of the token that is meant, and the other one is not locked.
signs reference.pem
signs_elsewhere "$elsewhere?pin-source=file:$work/other.pin"
refused 'refused the PIN in' sign elsewhere.pem
printf 'pin-sources = file:%s\n' "$work/other.pin" >>openssl.cnf
quietly skatool pem --key "$elsewhere?pin-source=file:$work/other.pin" -o listed.pem
signs_elsewhere listed.pem
# Without a token in the configuration its PIN is meant for all of the module.
sed -i '/^token = /d' openssl.cnf
for _ in 1 2; do
    refused 'refused the PIN in' sign elsewhere.pem
done

# ---- No PIN at all -------------------------------------------------------------------------------

configured
refused 'no PIN was entered for token "tok"' sign "$(uri seal)"
refused 'requires a PIN: set pin-source' sign reference.pem
pass
