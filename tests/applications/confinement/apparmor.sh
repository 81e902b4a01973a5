#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# README.md's lines for AppArmor, in each of Debian's profiles that are installed: its parser takes them, and
# they name what our own files name. No kernel is told: what a profile then lets pass is not tried here.
packages='apparmor bind9 unbound strongswan-charon strongswan-swanctl squid-openssl'
[ "${SKA_DESCRIBE-}" != packages ] || { echo "$packages" && exit; }
# shellcheck source=tests/applications/lib.sh
. "$(dirname "$0")/../lib.sh"
command -v apparmor_parser >/dev/null || PATH=$PATH:/usr/sbin:/sbin
command -v apparmor_parser >/dev/null || skip 'no apparmor_parser'

sed -n '/^\*\*AppArmor\./,/^## /p' "$source_dir/tests/applications/README.md" | sed -n 's/^    //p' >lines
[ -s lines ] || fail 'README.md has no lines for AppArmor'
modules=$(plain version -m | sed 's/^MODULESDIR: "\(.*\)"$/\1/')
grep -qxF "$modules/ska.so mr," lines || fail "the module is in $modules: $(cat lines)"
grep -q '^ListenStream=%t/ska-agent/' "$source_dir/tools/systemd/ska-agent@.socket" || fail "the agent's socket is elsewhere"
grep -qxF '/run/ska-agent/* rw,' lines || fail "no agent's socket: $(cat lines)"

mkdir profiles
cp -r /etc/apparmor.d/. profiles
taken=0
for profile in usr.sbin.named usr.sbin.unbound usr.sbin.squid usr.lib.ipsec.charon usr.sbin.charon-systemd usr.sbin.swanctl; do
    [ -e "profiles/$profile" ] || continue
    mkdir -p profiles/local
    cp lines "profiles/local/$profile"
    succeeds apparmor_parser --skip-kernel-load --skip-cache --base "$work/profiles" "profiles/$profile"
    succeeds apparmor_parser --preprocess --base "$work/profiles" "profiles/$profile"
    grep -qF '/etc/ska/** r,' stdout.txt || fail "$profile does not read local/$profile"
    taken=$((taken + 1))
done
[ "$taken" -gt 0 ] || skip 'none of the profiles is installed'
# The parser would say what is wrong.
echo 'no such rule,' >>"profiles/local/$profile"
! apparmor_parser --skip-kernel-load --skip-cache --base "$work/profiles" "profiles/$profile" 2>/dev/null ||
    [ ! -e "profiles/$profile" ] || fail 'the parser takes anything'
echo "$taken profiles"
pass
