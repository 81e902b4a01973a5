#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# In an organization: the page doc/organization.md, run as it stands, by root, with real users. They live
# in a mount namespace of their own, whose /etc, /home and /var are thrown away: nothing of the machine is
# changed.
[ -n "${SKA_OWN_MOUNTS-}" ] || ! unshare -m true 2>/dev/null || SKA_OWN_MOUNTS=1 exec unshare -m "$0" "$@"
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "needs root, to create users"
[ -n "${SKA_OWN_MOUNTS-}" ] || skip "no mount namespaces here"
[ -z "$preload" ] || skip "users of the page do not load sanitizers"
for program in useradd groupadd gpasswd runuser; do
    command -v $program >/dev/null || skip "no $program"
done

cp -a /etc "$work/etc"
mount --bind "$work/etc" /etc
for place in /home /var/lib /var/log /opt /usr/local/bin /tmp; do
    case $work/ in "$place"/*) skip "the test's own directory is below $place" ;; esac
    case $binary_dir/ in "$place"/*) skip "the build is below $place" ;; esac
    mount -t tmpfs -o mode=755 none "$place"
done
chmod 1777 /tmp
# Where every user reaches it.
mkdir -p /opt/ska/tests
for one in provider/ska.so simulator/libskasim.so tools/skatool; do
    install -D "$binary_dir/$one" "/opt/ska/$one"
done
install -m 755 "$binary_dir/tools/skatool" /usr/local/bin/skatool
printf '#!/bin/sh\nexec %s/tools/sandbox "$@"\n' "$source_dir" >/usr/local/bin/ska-sandbox
chmod 755 /usr/local/bin/ska-sandbox
setpriv --reuid=65534 --regid=65534 --clear-groups -- test -x "$source_dir/tools/sandbox" ||
    skip "other users cannot reach the sources"
. "$source_dir/tests/scenario/journey_page.sh"
export SKA_BINARY_DIR=/opt/ska
unset XDG_STATE_HOME
# A root whose files are nobody else's by default.
umask 077
play_page "$source_dir/doc/organization.md"
for file in openssl.cnf policy.json alice.pub.pem; do
    [ "$(stat -c '%U %G %a' /etc/ska/$file)" = 'root root 644' ] || fail "/etc/ska/$file: $(stat -c '%U %G %a' /etc/ska/$file)"
done
# What a timer would keep for years: the hash of the last line, by other means.
[ "$head" = "$(tail -n 1 /var/log/ska/audit.log | sha256sum | cut -d' ' -f1)" ] || fail "no head: $head"
[[ $head =~ ^[0-9a-f]{64}$ ]] || fail "no hash: $head"
pass
