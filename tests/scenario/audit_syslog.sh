#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# log = syslog,audit: the system's log gets the lines of the audit log as they stand in its file, from programs and
# from skatool, and nobody waits for it. A socket stands for /dev/log; where rsyslogd is installed, it reads one, too.
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/servers.sh"
board
printf 'A document.\n' >document
key seal p256
key free p256 empty.json
plain req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.pem -subj /CN=CA -days 30 \
    -addext basicConstraints=critical,CA:TRUE -out ca.crt 2>/dev/null
plain x509 -new -force_pubkey seal.pub.pem -subj /CN=seal -days 300 -CA ca.crt -CAkey ca.pem -out seal.crt 2>/dev/null
mkdir approvals
log=$work/audit.log
preload="$preload $programs/libother_syslog.so"
export SYSTEM_LOG=system.log # from here, as a socket's path is at most 107 bytes
receiver() {
    rm -f "$SYSTEM_LOG"
    start_plain received.txt "$programs/audit_syslog" "$SYSTEM_LOG"
    within 10 'no receiver' test -S "$SYSTEM_LOG"
}
sign=(ska dgst -sha256 -sign "$(uri seal)" -out signature document)
approve() { # ID
    for name in alice bob; do
        succeeds skatool approve --dir approvals --approver $name.pem --yes "$1"
    done
}
# What came, without what syslog puts before it.
audit_lines() { # [FILE]
    sed -nE 's/^<[0-9]+>ska-audit\[[0-9]+\]: //p' "${1:-received.txt}"
}
has_all() {
    audit_lines | cmp -s - "$log"
}

# ---- With a file ---------------------------------------------------------------------------------

receiver
configure "approvals-dir = $work/approvals" "audit-log = $log" 'log = syslog,audit'
refused 'approvals pending' "${sign[@]}"
id=$(id_of_pending)
approve "$id"
takes 1 quietly "${sign[@]}"
verified_by_hand() { plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null; }
verified_by_hand || fail 'the signature does not verify'
succeeds skatool request --key "$(uri seal)" --operation block -o block.json
succeeds skatool approve --approver alice.pem --yes block.json
refused . skatool execute --key "$(uri seal)" block.json
within 10 "not the lines of the file: $(diff <(audit_lines) "$log")" has_all
audit_lines >collected.jsonl
succeeds skatool audit collected.jsonl
shows 'each tied to the one before'
# A failure of a signature goes there, too, and is no audit line; who waits for people is no error.
grep -q '^<13>openssl\[[0-9]*\]: ska: approvals pending' received.txt || fail "$(cat received.txt)"
! grep -q '^<11>openssl' received.txt || fail "$(cat received.txt)"
refused 'key not found' ska dgst -sha256 -sign "$(uri gone)" -out signature document
within 10 "$(cat received.txt)" grep -q '^<11>openssl\[[0-9]*\]: ska: key not found' received.txt
# So do those of skatool's commands that sign, once each; not those of others.
[ "$(grep -c '^<11>skatool\[[0-9]*\]: ska: approvals missing: .*seal' received.txt)" -eq 1 ] ||
    fail "not the failure of execute: $(cat received.txt)"
refused . skatool show --key "$(uri gone)"
refused 'key not found' skatool seal --key "$(uri gone)" --cert seal.crt document
within 10 "$(cat received.txt)" grep -q '^<11>skatool\[[0-9]*\]: ska: key not found' received.txt
[ "$(grep -c '>skatool\[' received.txt)" -eq 2 ] || fail "$(cat received.txt)"
priority() { # PATTERN: of all lines with it
    grep ">ska-audit\[.*$1" received.txt | cut -d'>' -f1 | sort -u | tr -d '<\n'
}
[ "$(priority '"event":"intent"')" = 86 ] || fail "intent: $(cat received.txt)"
[ "$(priority '"detail":"done"')" = 85 ] || fail "done: $(cat received.txt)"
[ "$(priority '"detail":"refused')" = 84 ] || fail "refused: $(cat received.txt)"
! grep -q "$pin" received.txt || fail "the PIN: $(cat received.txt)"

# What check-config says of it.
succeeds skatool check-config
shows 'ok +log +syslog: failures and audit lines' "ok +audit-log +$log, its last line is"
configure "audit-log = $log" 'log = syslog'
succeeds skatool check-config
shows 'ok +log +syslog: failures$'
lines=$(audit_lines | wc -l)
quietly ska dgst -sha256 -sign "$(uri free)" -out free.sig document
sleep 0.2
[ "$(audit_lines | wc -l)" -eq "$lines" ] || fail "not asked for: $(cat received.txt)"
configure 'log = syslog, audit'
succeeds skatool check-config
shows '^- +audit-log +not set: audit lines go to syslog only' 'ok +log +syslog: failures and audit lines'
configure "log = $work/failures.log,audit"
configure 'log = audit'
refused "log = 'audit': syslog, or syslog,audit in this order, or the absolute path" skatool show --key "$(uri free)"
# What is wrong is not said to be missing as well.
configure 'log = audit,syslog' 'state-dir ='
ends 1 skatool check-config
shows "FAILED +log +.*'audit,syslog': syslog, or syslog,audit in this order" '^FAILED +state-dir'
! grep -qE '^- +(log|state-dir)' stdout.txt || fail "$(cat stdout.txt)"

# ---- Without a file ------------------------------------------------------------------------------

stop "$server"
receiver
configure "approvals-dir = $work/approvals" 'log = syslog,audit'
printf 'Another document.\n' >document
refused 'approvals pending' "${sign[@]}"
approve "$(id_of_pending)"
takes 1 quietly "${sign[@]}"
verified_by_hand || fail 'the signature does not verify'
within 10 "not all: $(cat received.txt)" grep -q '"event":"evidence"' received.txt
events=$(audit_lines | grep -oE '"event":"[a-z-]+"' | cut -d'"' -f4 | uniq | tr '\n' ' ')
[ "$events" = 'request approval intent decision evidence ' ] || fail "events: $events"
! grep -qE 'sequence|previous' < <(audit_lines) || fail "a chain without a file: $(cat received.txt)"

# ---- A log that is full, away, and back ----------------------------------------------------------

configure "approvals-dir = $work/approvals" "audit-log = $log" 'log = syslog,audit'
kill -STOP "$server"
"$programs/audit_syslog" --fill "$SYSTEM_LOG"
before=$(wc -l <"$log")
printf 'A third document.\n' >document
refused 'approvals pending' "${sign[@]}"
approve "$(id_of_pending)"
takes 1 quietly "${sign[@]}"
verified_by_hand || fail 'the signature does not verify'
[ "$(wc -l <"$log")" -gt "$before" ] || fail 'no lines in the file'
succeeds skatool request --key "$(uri seal)" --operation block -o block.json --force
succeeds skatool approve --approver alice.pem --yes block.json
refused 'audit lines did not get into the system.s log; all of them are in the audit log' \
    skatool execute --key "$(uri seal)" block.json
kill -CONT "$server"
stop "$server" KILL
rm -f "$SYSTEM_LOG"
printf 'A fourth document.\n' >document
refused 'approvals pending' "${sign[@]}"
approve "$(id_of_pending)"
takes 1 quietly "${sign[@]}"
verified_by_hand || fail 'the signature does not verify'
succeeds skatool check-config
shows 'warning log +syslog: /dev/log: No such file.* audit lines do not get there'

# ---- rsyslogd ------------------------------------------------------------------------------------

if command -v rsyslogd >/dev/null; then
    # The rule of the page, which forwards lines; here they go to a file.
    rule=$(sed -nE 's/^    (if \$programname .*) then action\(type="omfwd" \.\.\.\)$/\1/p' "$source_dir/doc/organization.md")
    [ -n "$rule" ] || fail 'no rule on the page'
    cat >rsyslog.conf <<END
global(workDirectory="$work")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="$SYSTEM_LOG")
template(name="audit" type="string" string="%syslogfacility-text%.%syslogseverity-text% %programname% %msg%\n")
$rule then action(type="omfile" file="$work/rsyslog.txt" template="audit")
END
    start_plain rsyslogd.txt rsyslogd -n -C -f "$work/rsyslog.conf" -i "$work/rsyslogd.pid"
    within 20 "no rsyslogd: $(cat rsyslogd.txt)" test -S "$SYSTEM_LOG"
    before=$(wc -l <"$log")
    # As long as a line may be, in each text.
    hostile=$(printf '\x1b%.0s' {1..2000})
    succeeds skatool request --key "$(uri seal)" --dir approvals --digest SHA256 --description "$hostile" document
    printf 'A fifth document.\n' >document
    refused 'approvals pending' "${sign[@]}"
    approve "$(id_of_pending)"
    takes 1 quietly "${sign[@]}"
    all_there() { tail -n +$((before + 1)) "$log" | cmp -s - <(sed -nE 's/^[a-z]+\.[a-z]+ ska-audit +//p' rsyslog.txt); }
    within 20 "rsyslogd has other lines: $(cat rsyslog.txt rsyslogd.txt)" all_there
    grep -q '"description":"[^"]*x1B' "$log" || fail "not the long line: $(cat "$log")"
    grep -q '^authpriv.notice ska-audit .*"detail":"done"' rsyslog.txt || fail "$(cat rsyslog.txt)"
    # Failures are forwarded, too: a log that was cut is in no audit line.
    grep -q '^user.notice openssl  *ska: approvals pending: ' rsyslog.txt || fail "$(cat rsyslog.txt)"
    mkdir -m 700 state
    configure "audit-log = $log" "state-dir = $work/state" 'log = syslog,audit'
    quietly ska dgst -sha256 -sign "$(uri free)" -out free.sig document
    sed -i '$d' "$log"
    refused 'evidence is wrong' ska dgst -sha256 -sign "$(uri free)" -out free.sig document
    within 20 "$(cat rsyslog.txt)" grep -q '^user.err openssl  *ska: evidence is wrong: .*audit' rsyslog.txt
else
    echo "$scenario: without rsyslogd"
fi
pass
