#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Where skatool finds its configuration, what check-config says of it, and what it does with the
# other providers and with an approvals directory.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
key seal p256
request seal fresh.json document

# checked STATUS LINE...: check-config ends with this status and prints these lines (grep -E).
checked() {
    local expected=$1 status=0 line
    shift
    skatool check-config >stdout.txt 2>stderr.txt || status=$?
    [ "$status" -eq "$expected" ] || {
        cat stdout.txt stderr.txt >&2
        fail "status $status, should be $expected: check-config"
    }
    for line in "$@"; do
        grep -qE -- "^$line" stdout.txt || fail "check-config lacks '$line': $(cat stdout.txt)"
    done
}
listed() {
    succeeds skatool list "$@"
    grep -q seal stdout.txt || fail "list does not show the key: $(cat stdout.txt)"
}

# ---- Where it is ---------------------------------------------------------------------------------

listed
mv openssl.cnf elsewhere.cnf
printf '' >openssl.cnf
refused 'no PKCS#11 module' skatool list
says_which() { # PATTERN
    grep -qE "^skatool: $1; name another file with OPENSSL_CONF or --config\$" stderr.txt ||
        fail "does not say which configuration: $(cat stderr.txt)"
}
says_which "$work/openssl.cnf, which was read, does not name the provider ska"
refused 'token not found' skatool list --config elsewhere.cnf --token nowhere
says_which 'the configuration is section \[ska_provider\] of elsewhere.cnf'
listed --config elsewhere.cnf
refused 'nowhere.cnf: No such file' skatool list --config nowhere.cnf
rm openssl.cnf
refused 'does not exist' skatool list
says_which "no configuration was read, as $work/openssl.cnf does not exist"
# Without any configuration the URI says it all.
key="ska:token=$token;object=seal?module-path=$simulator&pin-source=file:$work/pin"
OPENSSL_CONF=/dev/null succeeds skatool show --key "$key"
OPENSSL_CONF=/dev/null succeeds skatool request --key "$key" -o by_uri.json document
mv elsewhere.cnf openssl.cnf

# By its name, by its identity, by its module; and in another file. A copy of it under another name is another provider.
checked 0 'ok +section +ska_provider'
sed -i 's/^ska = ska_provider/seals = ska_provider/' openssl.cnf
listed
sed -i 's/^module = .*/module = other.so\nidentity = ska/' openssl.cnf
listed
sed -i 's/^identity = .*//' openssl.cnf
refused 'no PKCS#11 module' skatool list
says_which "$work/openssl.cnf, which was read, does not name the provider ska"
sed -i 's/^module = .*/module = ska.so/' openssl.cnf
listed
sed -n '/^\[ska_provider\]/,$p' openssl.cnf >section.cnf
sed -i '/^\[ska_provider\]/,$d' openssl.cnf
refused 'no PKCS#11 module' skatool list
printf '.include = %s/section.cnf\n' "$work" >>openssl.cnf
listed
printf '[broken\n' >openssl.cnf
refused 'openssl.cnf, line 1' skatool list

# A misspelt setting is named once, with those that there are, and the command goes on.
configure 'approval-dir = /nowhere' 'colour = blue'
succeeds skatool list
[ "$(wc -l <stderr.txt)" -eq 2 ] || fail "not one line each: $(cat stderr.txt)"
words='is not a known setting and has no effect'
known='known settings are pkcs11-module, pkcs11-init-args, token, .*approvals-dir, .*progress, request-content, and libcrypto.s activate, identity, .*'
named="skatool: warning: $work/openssl.cnf, section \[ska_provider\]:"
grep -qx "$named approval-dir $words; did you mean approvals-dir?" stderr.txt || fail "$(cat stderr.txt)"
grep -qx "$named colour $words; $known" stderr.txt || fail "$(cat stderr.txt)"
# What libcrypto reads there is not misspelt.
configure 'soft_load = yes' 'identity = ska'
quietly_listed() {
    succeeds skatool list
    [ ! -s stderr.txt ] || fail "$(cat stderr.txt)"
}
quietly_listed
configure 'approval-dir = /nowhere'
checked 1 'FAILED +approval-dir +unknown; did you mean approvals-dir\?'
[ ! -s stderr.txt ] || fail "check-config says it twice: $(cat stderr.txt)"
# A name with what a terminal would obey, which libcrypto takes after a backslash.
configure "$(printf 'red\\\033m = 1')"
checked 1 'FAILED +red\\\\x1Bm +unknown'
while read -r setting meant; do
    configure "$setting = x"
    succeeds skatool list
    grep -q "$setting $words; did you mean $meant?" stderr.txt || fail "$setting: $(cat stderr.txt)"
done <<'END'
pin_source pin-source
PKCS11-Module pkcs11-module
audit.log audit-log
approvals-timout approvals-timeout
aktivate activate
END

# ---- check-config --------------------------------------------------------------------------------

configure
checked 0 "ok +file +$work/openssl.cnf" "ok +pkcs11-module +$simulator, made by SKA simulator" \
    'ok +SKA calls' "ok +token +$token" 'ok +login'
[ ! -s stderr.txt ] || fail "check-config speaks on standard error: $(cat stderr.txt)"
chmod 644 pin
checked 0 'warning pin-source'
chmod 600 pin
configure 'aprovals-dir = /tmp'
checked 1 'FAILED +aprovals-dir'
configure 'payload = digest'
checked 0 'ok +payload +digest'
configure 'payload = dgst'
checked 1 'FAILED +payload .*dgst'
refused "payload = 'dgst'" skatool list
configure
sed -i "s|^pin-source.*|pin-source = file:$work/nowhere|" openssl.cnf
checked 3 'ok +token' "FAILED +login .*nowhere"
configure
printf '9999\n' >wrong
chmod 600 wrong
sed -i "s|^pin-source.*|pin-source = file:$work/wrong|" openssl.cnf
checked 3 'FAILED +login .*PIN'
configure
sed -i 's/^token = .*/token = nowhere/' openssl.cnf
checked 3 'FAILED +token .*nowhere'
configure
sed -i 's|^pkcs11-module = .*|pkcs11-module = /nowhere.so|' openssl.cnf
checked 3 'FAILED +pkcs11-module .*nowhere.so'
configure
sed -i '/^\[ska_provider\]/,$ s/^activate/#activate/' openssl.cnf
checked 0 'warning activate'
configure
sed -i '/^\[default_provider\]/,/^\[ska/ s/^activate/#activate/' openssl.cnf
checked 0 'warning activate .*default'
printf '' >openssl.cnf
checked 1 "FAILED +section .*not in $work/openssl.cnf.*OPENSSL_CONF or --config"
says_missing() { # WORDS SED-COMMAND
    configure
    sed -i "$2" openssl.cnf
    checked 1 "FAILED +section +the provider is not in $work/openssl.cnf: $1\. Correct the file, or name another file with OPENSSL_CONF or --config"
}
says_missing 'there is no line openssl_conf = SECTION before its sections' '/^openssl_conf/d'
says_missing 'there is no section \[openssl_init\], which its line openssl_conf names' \
    's/^\[openssl_init\]/[opensslinit]/'
says_missing 'its section \[openssl_init\] has no line providers = SECTION' 's/^providers =/provider =/'
says_missing 'there is no section \[providers\], which the line providers in section \[openssl_init\] names' \
    's/^\[providers\]/[provider]/'
says_missing 'its section \[providers\] has no line ska = SECTION' '/^ska = /d'
rm openssl.cnf
checked 1 "FAILED +file .*$work/openssl.cnf does not exist.*OPENSSL_CONF or --config"

# The module of the provider: as libcrypto finds it, or not.
configure
checked 0 "ok +module +$binary_dir/provider/ska.so"
module_is() { # VALUE
    configure
    sed -i "s|^module = .*|module = $1|" openssl.cnf
}
module_is /nowhere/ska.so
checked 1 'FAILED +module .*cannot load the provider: /nowhere/ska.so: .*No such file' 'ok +login'
module_is "$work/pin"
checked 1 'FAILED +module .*pin: '
module_is "$simulator"
checked 1 "FAILED +module +$simulator is not an OpenSSL provider"
module_is ska.so
OPENSSL_MODULES=$binary_dir/provider checked 0 "ok +module +$binary_dir/provider/ska.so"
OPENSSL_MODULES=/nowhere checked 1 'FAILED +module .*/nowhere/ska.so'
sed -i '/^module = /d' openssl.cnf
OPENSSL_MODULES=$binary_dir/provider checked 0 "ok +module +$binary_dir/provider/ska.so"
sed -i 's/^ska = ska_provider/seals = ska_provider/' openssl.cnf
OPENSSL_MODULES=$binary_dir/provider checked 1 'FAILED +section .*no line ska = SECTION'
# What stands before all sections is not in each of them, for libcrypto.
module_is ska.so
sed -i "/^module = /d; 1i module = $binary_dir/provider/ska.so" openssl.cnf
OPENSSL_MODULES=/nowhere checked 1 'FAILED +module .*/nowhere/ska.so'

# A section that is not there; no PKCS#11 module; one without SKA.
configure
sed -i 's/^\[ska_provider\]/[ska_provder]/' openssl.cnf
checked 1 'FAILED +section .*no section \[ska_provider\], which the line ska = ska_provider names'
configure
sed -i '/^pkcs11-module/d' openssl.cnf
checked 1 'FAILED +pkcs11-module +not set'
configure
for softhsm in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so \
    /usr/lib64/pkcs11/libsofthsm2.so; do
    [ -e "$softhsm" ] || continue
    sed -i "s|^pkcs11-module = .*|pkcs11-module = $softhsm|" openssl.cnf
    checked 0 'ok +pkcs11-module' 'warning SKA calls +only ordinary keys' 'ok +login'
    break
done

# Paths that depend on the directory that a program runs in.
mkdir approvals
chmod 700 approvals
configure 'approvals-dir = approvals' 'audit-log = audit.log' 'agent = nowhere.socket'
sed -i 's|^pin-source = .*|pin-source = file:pin|' openssl.cnf
checked 3 'warning approvals-dir .*relative' 'ok +approvals-dir' 'warning audit-log .*relative' \
    'warning agent .*relative' 'warning pin-source .*is a relative' 'ok +login'

chmod 777 approvals
configure "approvals-dir = $work/approvals"
checked 3 'FAILED +approvals-dir .*writable by everybody'
chmod 700 approvals
checked 0 'ok +approvals-dir'
configure "approvals-dir = $work/approvals" 'approvals-timeout = 60' 'progress = no'
checked 0 'ok +approvals-timeout .*60 seconds' 'ok +progress +no'
configure 'approvals-timeout = 60'
checked 0 'warning approvals-timeout .*approvals-dir is not set'
configure 'approvals-timeout = 1 minute' 'progress = maybe'
checked 1 'FAILED +approvals-timeout .*1 minute' 'FAILED +progress .*maybe'

# Agents: one that is not there, one that does not listen, one that answers.
configure "agent = $work/nowhere.socket"
checked 3 "FAILED +agent .*nowhere.socket.*no such socket"
printf '' >file.socket
configure "agent = $work/file.socket,$work/nowhere.socket"
checked 3 "FAILED +agent .*file.socket" "FAILED +agent .*nowhere.socket"
LD_PRELOAD=$preload "$binary_dir/tools/skatool" agent --socket agent.socket --approver alice.pem \
    --allow key=seal,payload=any 2>agent.txt &
agent=$!
at_end() {
    kill "$agent" 2>/dev/null || true
}
for ((tries = 0; tries < 100; tries++)); do
    [ ! -S agent.socket ] || break
    sleep 0.1
done
configure "agent = $work/agent.socket"
checked 0 "ok +agent +$work/agent.socket answers"
kill "$agent"
wait "$agent" || true
checked 3 "FAILED +agent .*agent.socket"

# The audit log: not there, not to be made, not ours alone, no log.
configure "audit-log = $work/audit.log"
checked 0 "ok +audit-log +$work/audit.log: not created yet"
[ ! -e audit.log ] || fail "check-config makes the audit log"
configure "audit-log = $work/nowhere/audit.log"
checked 3 'FAILED +audit-log .*cannot create it.*No such file.*nothing is signed'
configure "audit-log = $work/audit.log"
printf '' >audit.log
chmod 600 audit.log
checked 0 "ok +audit-log +$work/audit.log, empty"
chmod 620 audit.log
checked 3 'FAILED +audit-log .*users other than'
chmod 600 audit.log
printf 'A document.\n' >audit.log
checked 4 'FAILED +audit-log'
ln -s audit.log link.log
configure "audit-log = $work/link.log"
checked 3 'FAILED +audit-log .*link'
rm audit.log link.log

# The way to what others must not exchange: the log, the PIN, state-dir, the approvals directory.
mkdir -m 755 shared shared/deep
cp -p pin shared/deep/pin
mkdir -m 700 shared/state shared/deep/approvals
configure "audit-log = $work/shared/audit.log" "state-dir = $work/shared/state" \
    "approvals-dir = $work/shared/deep/approvals"
sed -i "s|^pin-source = .*|pin-source = file:$work/shared/deep/pin|" openssl.cnf
checked 0 'ok +audit-log .*not created yet' "ok +state-dir +$work/shared/state" 'ok +approvals-dir' 'ok +login'
for mode in 775 757; do
    chmod $mode shared
    checked 3 "FAILED +audit-log .*directory $work/shared,.*chmod go-w $work/shared" \
        "FAILED +state-dir .*directory $work/shared," "FAILED +approvals-dir .*directory $work/shared," \
        "FAILED +login .*PIN file.*directory $work/shared,"
    [ ! -e shared/audit.log ] || fail "check-config makes the audit log"
done
chmod 1777 shared # others may add to it, and exchange nothing
checked 0 'ok +audit-log' 'ok +state-dir' 'ok +approvals-dir' 'ok +login'
chmod 755 shared
chmod 620 shared/deep/pin
checked 3 'FAILED +login .*can be written by users other than its owner: chmod go-w'
chmod 600 shared/deep/pin
chmod 750 shared/state
checked 3 'FAILED +state-dir .*0700'
chmod 700 shared/state
configure "audit-log = $work/shared/audit.log"
checked 0 '- +state-dir +not set: .*unnoticed'

# ---- Other providers, for an approver's key ------------------------------------------------------

# A key that only the legacy provider can open; ours is not loaded for it.
plain pkcs8 -topk8 -in alice.pem -v1 PBE-MD5-DES -provider legacy -provider default \
    -passout pass:secret -out alice.old.pem
approve_old() {
    ours "$programs/skatool_terminal" 'Passphrase of ' secret -- \
        "$binary_dir/tools/skatool" approve --approver alice.old.pem --yes old.json >typed.txt
}
if has_terminal; then
    cp fresh.json old.json
    configure
    status=0
    approve_old || status=$?
    [ "$status" -eq 4 ] || fail "status $status without the legacy provider: $(cat typed.txt)"
    same fresh.json old.json
    providers='default = default_provider
legacy = legacy_provider
ska = ska_provider' configure '[legacy_provider]' 'activate = 1'
    sed -i 's|^module = .*|module = /nowhere/ska.so|' openssl.cnf
    approve_old || fail "with the legacy provider: $(cat typed.txt)"
else
    echo "not tried, no pseudo-terminals: a passphrase asked for by another provider"
fi

# ---- Approvals directory, as approvers see it ----------------------------------------------------

configure "approvals-dir = $work/approvals"
sign=(ska dgst -sha256 -sign "$(uri seal)" -out signature document)
refused 'approvals pending' "${sign[@]}"
id=$(id_of_pending)
to_directory=(skatool approve --dir approvals --approver alice.pem --yes)
for wrong in "../$id" "${id:0:3}" "${id%?}/" "$id.request.json" "${id^^}x"; do
    refused 'not a request id' "${to_directory[@]}" "$wrong"
done
other=${id//[0-9]/0}
refused 'request is not open' "${to_directory[@]}" "$other"
ln -s "$id.request.json" "approvals/$other.request.json"
refused 'symbolic link' "${to_directory[@]}" "$other"
rm "approvals/$other.request.json"
cp "approvals/$id.request.json" "approvals/$other.request.json"
refused 'another id' "${to_directory[@]}" "$other"
rm "approvals/$other.request.json"
refused "--output is for a request in a file" "${to_directory[@]}" -o elsewhere "$id"
refused 'NOT the document' "${to_directory[@]}" --document policy.json "$id"
chmod 777 approvals
refused 'writable by everybody: .*chmod o-w approvals,' "${to_directory[@]}" "$id"
# Of one like /tmp nobody is told to change the mode.
chmod 1777 approvals
refused 'everybody may write to approvals, .*use one of your own' "${to_directory[@]}" "$id"
! grep -q chmod stderr.txt || fail "$(cat stderr.txt)"
refused 'everybody may write to /tmp' skatool requests --dir /tmp
chmod 777 approvals
refused "writable by everybody: .*chmod o-w $work/approvals," \
    skatool requests --dir "$work/approvals"
chmod 770 approvals
refused 'without the sticky bit: .*chmod .t approvals' "${to_directory[@]}" "$id"
chmod 1770 approvals
[ "$(ls -A approvals)" = "$id.request.json" ] || fail "left behind: $(ls -A approvals)"
succeeds "${to_directory[@]}" --document document "$id"
[ "$(ls -A approvals | wc -l)" -eq 2 ] || fail "not one approval: $(ls -A approvals)"
succeeds "${to_directory[@]}" "$id"
grep -q already stderr.txt
[ "$(ls -A approvals | wc -l)" -eq 2 ] || fail "a second approval of the same: $(ls -A approvals)"
# One that does not verify is none; a file of somebody else's making is passed over.
for file in approvals/*.approval.json; do
    sed -i 's/"signature":\([ \t]*\)"......../"signature":\1"AAAAAAAA/' "$file"
done
ln -s /dev/zero "approvals/$id.zero.approval.json"
mkfifo "approvals/$id.fifo.approval.json"
succeeds "${to_directory[@]}" "$id"
[ "$(ls -A approvals | wc -l)" -eq 5 ] || fail "no new approval: $(ls -A approvals)"
succeeds skatool approve --dir approvals --approver bob.pem --yes "$id"
takes 1 quietly "${sign[@]}"
plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null

# ---- A full disk ---------------------------------------------------------------------------------

for command in "list" "show --key $(uri seal)" "request --key $(uri seal) document"; do
    status=0
    # shellcheck disable=SC2086
    skatool $command >/dev/full 2>stderr.txt || status=$?
    [ "$status" -eq 3 ] || fail "status $status, should be 3: $command >/dev/full"
    grep -q 'No space left' stderr.txt
done
pass
