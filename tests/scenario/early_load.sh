#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# load = early: PIN and module are taken when the provider is activated, for programs that change
# root directory and user afterwards. And log: what fails, whoever looks at the error queue.
. "$(dirname "$0")/lib.sh"
printf 'A document.\n' >document
key www p256 none
quietly ska pkey -in "$(uri www)" -out www.pem

as_usual() { # as the program is called
    ours "$programs/early_load" "$@" <document
}
signs() { # STEP...
    succeeds as_usual "$@"
    mv stdout.txt signature
    plain dgst -sha256 -verify www.pub.pem -signature signature document >/dev/null || fail "$*"
}
# log_has PATTERN [COUNT]: so many lines of the log, and none of another kind; then it is empty again.
log_has() {
    [ "$(grep -cE -- "$1" failures.log || true)" -eq "${2:-1}" ] &&
        [ "$(wc -l <failures.log)" -eq "${2:-1}" ] ||
        fail "not ${2:-1} lines of '$1': $(cat failures.log)"
    : >failures.log
}
log_is_empty() {
    [ ! -s failures.log ] || fail "in the log: $(cat failures.log)"
}

# ---- What is said at the start -------------------------------------------------------------------

configure "log = $work/failures.log" 'load = early'
signs start key=www.pem fork sign
[ "$(stat -c %a failures.log)" = 600 ] || fail 'others can read the log'
log_is_empty
# A PIN that cannot be read: at the start; and by the first call that needs it, as ever.
mv pin pin.away
quietly as_usual start
log_has "^[0-9T:.Z-]{27} [0-9]+/[0-9]+ early_load: .*: $work/pin: No such file"
refused "$work/pin: No such file" ska dgst -sha256 -sign www.pem -out signature document
[ "$(grep -c "$work/pin: No such file" failures.log)" -eq 2 ] || fail "$(cat failures.log)"
grep -q "key 'www': .*$work/pin: No such file" failures.log || fail "without the key: $(cat failures.log)"
: >failures.log
# It may come later.
mv pin.away pin
signs start key=www.pem sign
# A module that is not there; what else the configuration has wrong.
sed -i 's|^pkcs11-module.*|pkcs11-module = /nowhere/module.so|' openssl.cnf
quietly as_usual start
log_has 'PKCS#11 module unavailable: /nowhere/module.so: '
configure "log = $work/failures.log" 'load = early' 'payload = sometimes'
quietly as_usual start
log_has "bad configuration: payload = 'sometimes': digest or message expected"
configure "log = $work/failures.log" 'load = sometimes'
refused "load = 'sometimes': early or late expected" ska pkey -in "$(uri www)" -noout
: >failures.log

# No HSM at the start is no failure of the program, and it comes by itself.
configure "log = $work/failures.log" 'load = early'
mv tokens tokens.away
mv softhsm2.conf softhsm2.away
quietly as_usual start
quietly ska pkey -in www.pem -pubout -out again.pem
same again.pem www.pub.pem
mv tokens.away tokens
mv softhsm2.away softhsm2.conf
: >failures.log
signs start key=www.pem sign

# A process that may not write the log says nothing and works; a link is not followed.
mkdir closed
configure "log = $work/nowhere/failures.log" 'load = early'
signs start key=www.pem sign
ln -s "$work/victim" link.log
configure "log = $work/link.log" 'load = early'
signs start key=www.pem sign
[ ! -e victim ] || fail 'the link was followed'

# ---- Never because of a file ---------------------------------------------------------------------

# Nothing is read early by a reference that names another source, nor without the setting.
configure "log = $work/failures.log" "pin-sources = $work/other"
sed -i '/^pin-source = /d' openssl.cnf
printf 'load = early\n' >>openssl.cnf
quietly ska pkey -in "$(uri www)?pin-value=$pin" -out www2.pem
log_is_empty
# What was read early is for keys that name no source of their own.
configure "log = $work/failures.log" 'load = early'
refused "$work/nothing: No such file" ska dgst -sha256 -sign "$(uri www)?pin-source=file:$work/nothing" \
    -out signature document
: >failures.log
# The command that gives the PIN may itself use libcrypto with this configuration.
cat >tell <<END
#!/bin/sh
echo asked >>$work/asked
openssl version >/dev/null
echo $pin
END
chmod 700 tell
configure "log = $work/failures.log" 'load = early'
sed -i "s#^pin-source.*#pin-source = |$work/tell#" openssl.cnf
quietly as_usual start
[ "$(wc -l <asked)" -eq 1 ] || fail "the command was started $(wc -l <asked) times"
log_is_empty

# ---- Many failures, the system's log --------------------------------------------------------------

# So many lines in a minute, by a process and its children together; the rest is counted.
configure "log = $work/failures.log" "pin-source = file:$work/nowhere/pin"
quietly as_usual start key=www.pem try=200 fork try=200
lines=$(grep -c "PIN cannot be read: key 'www': " failures.log)
left_out=$(sed -n 's/.* \([0-9]*\) more failures were left out.*/\1/p' failures.log | paste -sd+)
[ $((lines + ${left_out:-0})) -eq 400 ] || fail "$lines lines, $left_out left out, of 400 failures"
[ "$lines" -le 120 ] || fail "$lines lines of 400 failures"
: >failures.log

configure 'log = syslog' "pin-source = file:$work/nowhere/pin"
succeeds as_usual syslog start key=www.pem try=1
says '^<11>early_load\[[0-9]+\]: ska: PIN cannot be read: key .www.: '
[ "$(wc -l <stderr.txt)" -eq 1 ] || fail "$(cat stderr.txt)"
# A program that is called as a line of another.
as_another() {
    (export LD_PRELOAD=$preload && exec -a $'nginx[1]: ska: well\n<11>' "$programs/early_load" "$@")
}
succeeds as_another syslog start key=www.pem try=1
says "^<11>'nginx\[1\]: ska: well.x0A<11>'\[[0-9]+\]: ska: PIN cannot be read"
[ "$(wc -l <stderr.txt)" -eq 1 ] || fail "$(cat stderr.txt)"
# Nobody listens: nothing happens.
quietly as_usual start key=www.pem try=2

# ---- Root only from here -------------------------------------------------------------------------

if [ "$(id -u)" -ne 0 ] || [ -n "$preload" ]; then
    echo "$scenario: not root, or a sanitizer: without chroot and setuid"
    pass
fi
nobody=65534
configure "log = $work/failures.log" 'load = early'
# The module finds its files by their names also in the chroot: there they are links to its top.
mkdir -p "root${work%/*}"
ln -s / "root$work"
ln -s / root/root
mv tokens root/tokens
ln -s "$work/root/tokens" tokens
sed -i "s|= .*/tokens|= $work/root/tokens|" softhsm2.conf
cp softhsm2.conf skasim.cnf root/
chown -R $nobody:$nobody root
touch calls.log
chown $nobody calls.log
chmod -R go+rX .
chmod 600 pin

# The PIN file is root's alone, and not in the chroot: the key is loaded before, or after.
signs start key=www.pem "user=$nobody" sign
signs start "user=$nobody" key=www.pem sign
signs start key=www.pem "root=$work/root" sign
signs start key=www.pem "root=$work/root" "user=$nobody" sign
signs start key=www.pem "root=$work/root" "user=$nobody" fork sign
signs start key=www.pem fork close "root=$work/root" "user=$nobody" sign
cp www.pem root/www.pem
signs start "root=$work/root" "user=$nobody" key=/www.pem fork sign
log_is_empty
# Without the setting: neither PIN nor module.
sed -i '/^load/d' openssl.cnf
refused "$work/pin: Permission denied" as_usual start "user=$nobody" key=www.pem sign
: >failures.log
refused 'cannot open shared object file' as_usual start key=www.pem "root=$work/root" sign
log_has "PKCS#11 module unavailable: .*cannot open shared object file"
# The module is initialized anew in a chroot that has none of its files.
printf 'load = early\n' >>openssl.cnf
mkdir empty
refused 'has changed its root directory' as_usual start key=www.pem "root=$work/empty" fork sign
log_has 'has changed its root directory'
pass
