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
    sed -nE 's/^.* ska-audit\[[0-9]+\]: //p' "${1:-received.txt}"
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
# A failure of a signature goes there, too, and is no audit line.
grep -q '^<11>.* openssl\[[0-9]*\]: ska: approvals pending' received.txt || fail "$(cat received.txt)"
priority() { # PATTERN: of all lines with it
    grep " ska-audit\[.*$1" received.txt | cut -d'>' -f1 | sort -u | tr -d '<\n'
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
refused "log = 'audit': syslog, or syslog,audit, or the absolute path" skatool show --key "$(uri free)"

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
! audit_lines | grep -qE 'sequence|previous' || fail "a chain without a file: $(cat received.txt)"

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
    cat >rsyslog.conf <<END
global(workDirectory="$work")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="$SYSTEM_LOG")
template(name="audit" type="string" string="%syslogfacility-text%.%syslogseverity-text% %programname% %msg%\n")
if \$programname == "ska-audit" then action(type="omfile" file="$work/rsyslog.txt" template="audit")
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
    all_there() { tail -n +$((before + 1)) "$log" | cmp -s - <(sed -E 's/^[a-z]+\.[a-z]+ ska-audit +//' rsyslog.txt); }
    within 20 "rsyslogd has other lines: $(cat rsyslog.txt rsyslogd.txt)" all_there
    grep -q '"description":"[^"]*x1B' "$log" || fail "not the long line: $(cat "$log")"
    grep -q '^authpriv.notice ska-audit .*"detail":"done"' rsyslog.txt || fail "$(cat rsyslog.txt)"
else
    echo "$scenario: without rsyslogd"
fi
pass
