#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# log: what fails in a program is a line there, in full and once, with the key and the request that it
# is about, and no secret. (When it is opened, and how much of it there is: early_load.)
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
key seal p256
key www p256 none
mkdir -m 700 approvals
quietly ska pkey -in "$(uri www)" -out www.pem
configure "log = $work/failures.log" "approvals-dir = $work/approvals"
sign() { # KEY [OPTION...]
    ska dgst -sha256 -sign "$1" "${@:2}" -out signature document
}
# logs PATTERN COMMAND...: the command fails, and that is one line of the log, and this one.
logs() {
    rm -f failures.log
    refused . "${@:2}"
    [ "$(wc -l <failures.log)" -eq 1 ] || fail "not one line: $(cat failures.log)"
    grep -qE -- "^[0-9T:.Z-]{27} [0-9]+/[0-9]+ openssl: $1" failures.log ||
        fail "not '$1': $(cat failures.log)"
}

# What works leaves nothing, nor does what is somebody else's business.
quietly sign "$(uri www)"
quietly sign www.pem
plain genpkey -algorithm ED25519 -out other.pem
quietly ska pkey -in other.pem -pubout -out other.pub.pem
succeeds ska x509 -new -force_pubkey www.pub.pem -subj /CN=www -days 5 -signkey other.pem -out www.crt
quietly ska x509 -in www.crt -noout -pubkey -out out.pem
[ ! -s failures.log ] || fail "in the log: $(cat failures.log)"

# People are asked: which request, of which key.
logs "approvals pending: .*key 'seal'" sign "$(uri seal)"
id=$(basename approvals/*.request.json .request.json)
grep -q "${id:0:16}" failures.log || fail "not the request $id: $(cat failures.log)"
succeeds skatool reject --dir approvals --approver alice.pem --yes "$id"
succeeds skatool reject --dir approvals --approver bob.pem --yes "$id"
logs "rejected by approvers: .*'seal'" sign "$(uri seal)"
grep -q "${id:0:16}" failures.log || fail "not the request $id: $(cat failures.log)"
# openssl tries two forms of a file, which both fail.
rm -f failures.log
refused 'cannot leave the HSM' ska pkey -in www.pem -outform DER -out out.der
[ "$(grep -c "private key cannot leave the HSM: key 'www'" failures.log)" -eq 2 ] || fail "$(cat failures.log)"
logs 'key not found: .*gone' sign "$(uri gone)"
logs "bad key URI: .*fruit" sign "$(uri www);fruit=apple"

# Which file it is, by the reason alone.
mv approvals approvals.away
logs "approvals directory cannot be used: .*$work/approvals" sign "$(uri seal)"
mv approvals.away approvals
printf 'audit-log = %s\n' "$work/nowhere/audit.log" >>openssl.cnf
logs "audit log cannot be written: .*$work/nowhere" sign "$(uri seal)"
configure "log = $work/failures.log"
mv pin pin.away
logs "PIN cannot be read: key 'www': .*$work/pin" sign www.pem
mv pin.away pin

# No secret.
logs 'PIN incorrect: ' sign "$(uri www)?pin-value=13131313"
! grep -q 13131313 failures.log || fail "a PIN in the log: $(cat failures.log)"
printf '14141414\n' >wrong
chmod 600 wrong
logs 'PIN incorrect: ' sign "$(uri www)?pin-source=file:$work/wrong"
! grep -q 14141414 failures.log || fail "a PIN in the log: $(cat failures.log)"

# skatool's commands that sign write there, too; a configuration that is wrong is among it.
by_skatool() { # PATTERN COMMAND...
    rm -f failures.log
    refused . "${@:2}"
    [ "$(wc -l <failures.log)" -eq 1 ] || fail "not one line: $(cat failures.log)"
    grep -qE -- "^[0-9T:.Z-]{27} [0-9]+/[0-9]+ skatool: $1" failures.log || fail "not '$1': $(cat failures.log)"
}
by_skatool 'key not found: .*gone' skatool seal --key "$(uri gone)" --cert www.crt document
succeeds skatool request --key "$(uri seal)" --digest SHA256 -o request.json document
by_skatool 'approvals missing: .*seal' skatool execute --key "$(uri seal)" -o out request.json
configure "log = $work/failures.log" 'approvals-timeout = soon'
by_skatool 'bad configuration: approvals-timeout' skatool execute --key "$(uri seal)" -o out request.json
configure "log = $work/failures.log"
rm -f failures.log
refused 'key not found' skatool show --key "$(uri gone)"
[ ! -e failures.log ] || fail "of show: $(cat failures.log)"

# Foreign text does not begin a line, nor move the cursor.
logs 'key not found: .*x0A' sign "ska:token=$token;object=a%0a2026-01-01T00:00:00%1b%5b2J"
! LC_ALL=C grep -q '[^ -~]' failures.log || fail 'bytes that are not printable'
# Nor does the name that whoever starts a program gives it.
called() { # NAME SHOWN
    rm -f failures.log
    refused 'key not found' as "$1" dgst -sha256 -sign "$(uri gone)" -out signature document
    [ "$(wc -l <failures.log)" -eq 1 ] || fail "not one line: $(cat failures.log)"
    grep -qE -- "^[0-9T:.Z-]{27} [0-9]+/[0-9]+ $2: key not found: " failures.log ||
        fail "not '$2': $(cat failures.log)"
}
as() { # NAME OPENSSL-ARGUMENT...
    (export LD_PRELOAD=$preload && exec -a "$1" openssl "${@:2}")
}
called openssl openssl
called 'x: all is well' "'x: all is well'"
called $'x\n2026-01-01T00:00:00.000000Z 1 nginx: key is blocked: key \'www\'' \
    "'x.x0A2026-01-01T00:00:00.000000Z 1 nginx: key is .*"
called $'\e[2J' "'.x1B\[2J'"
pass
