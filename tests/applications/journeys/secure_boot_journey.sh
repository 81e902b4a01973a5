#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# doc/applications.md, its section Secure boot, run as it stands.
. "$(dirname "$0")/../lib.sh"
needs sbsign sign-efi-sig-list
compgen -G "/usr/lib/linux-kbuild-*/scripts/sign-file" >/dev/null || skip "no sign-file (linux-kbuild)"
. "$source_dir/tests/scenario/journey_page.sh"
play_page "$source_dir/doc/applications.md" 'A place to try it' 'Secure boot'
pass
