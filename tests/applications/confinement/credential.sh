#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The PIN as a credential of systemd's, by the lines in README.md: not by systemd, which does not run in
# tests, but in a directory as systemd 252 makes it, both ways that it knows (the file given to the user of
# the unit, or root's with an entry for that user); systemd-analyze reads the unit.
packages='systemd acl'
[ "${SKA_DESCRIBE-}" != packages ] || { echo "$packages" && exit; }
# shellcheck source=tests/applications/lib.sh
. "$(dirname "$0")/../lib.sh"
[ -n "$user" ] || skip 'only root can give files to a user'
short=$(mktemp -d /tmp/ska-XXXXXX)
chmod 755 "$short"
at_end() {
    ! mountpoint -q "$short/credentials/web.service" || umount "$short/credentials/web.service"
    rm -rf --one-file-system -- "$short"
    if [ -n "$copies" ] && [ "$passed" = yes ]; then
        rm -rf "$copies"
    fi
}
authority
guarded_key www p256 server.json
printf 'A document.\n' >document
chmod 644 document www.pem

# README.md names the file.
source=$(sed -n 's|^    pin-source = file:/run/credentials/mosquitto\.service/||p' "$source_dir/tests/applications/README.md")
[ "$source" = ska-pin ] || fail "README.md names '$source'"
credential=$short/credentials/web.service/$source
configured() { # PIN-SOURCE
    configure
    sed -i "s|^pin-source = .*|pin-source = file:$1|" openssl.cnf
    chmod 644 openssl.cnf
}
signs() {
    as_user openssl dgst -sha256 -sign www.pem -out "$short/out/signature" document
}
mkdir -m 1777 "$short/out"

# What the unit's user cannot read.
configured "$work/pin"
chown root pin
chmod 600 pin
refused 'PIN' signs

# credential_for acl|owner: as systemd's setup_credentials() leaves it.
credential_for() {
    mkdir -p "$short/credentials/web.service"
    mount -t tmpfs -o mode=0700,size=1M none "$short/credentials/web.service" 2>/dev/null ||
        echo 'no mount here: a directory in its place'
    install -m 400 pin "$credential"
    case $1 in
    acl)
        setfacl -m "u:$user:r" "$credential" && chmod 500 "$short/credentials/web.service" &&
            setfacl -m "u:$user:rx" "$short/credentials/web.service" || return 1
        ;;
    owner)
        chown "$user" "$credential"
        chmod 500 "$short/credentials/web.service"
        chown "$user" "$short/credentials/web.service"
        ;;
    esac
    mount -o remount,ro "$short/credentials/web.service" 2>/dev/null || true
}
forget_credential() {
    ! mountpoint -q "$short/credentials/web.service" || umount "$short/credentials/web.service"
    rm -rf --one-file-system "$short/credentials"
}
configured "$credential"
tried=0
for way in owner acl; do
    if [ "$way" = acl ] && ! { command -v setfacl >/dev/null && credential_for acl 2>/dev/null; }; then
        echo 'not tried: entries for a user (no setfacl here, or no such file system)'
        forget_credential
        continue
    fi
    [ "$way" = acl ] || credential_for owner
    succeeds signs
    OPENSSL_CONF=/dev/null succeeds openssl dgst -sha256 -verify www.pub.pem -signature "$short/out/signature" document
    rm "$short/out/signature"
    forget_credential
    tried=$((tried + 1))
done
[ "$tried" -gt 0 ] || fail 'nothing was tried'

# The lines of the unit are such that systemd knows.
if command -v systemd-analyze >/dev/null; then
    {
        printf '[Unit]\nDescription=A server\n'
        sed -n '/^\*\*systemd\./,/^\*\*AppArmor\./{ s/^    //p; }' "$source_dir/tests/applications/README.md" |
            sed -n '/^\[Service\]$/,/^ReadWritePaths=/p'
        printf 'ExecStart=/bin/true\n'
    } >"$short/web.service"
    grep -q '^LoadCredential=' "$short/web.service" || fail "$(cat "$short/web.service")"
    succeeds systemd-analyze verify --man=no "$short/web.service"
    ! grep -F web.service stderr.txt || fail 'systemd does not know all of it'
fi
pass
