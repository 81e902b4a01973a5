#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# doc/applications.md, its section DNSSEC, run as it stands.
. "$(dirname "$0")/../lib.sh"
needs dnssec-keyfromlabel dnssec-signzone
version=$(dnssec-signzone -V 2>&1 || true)
[[ $version != *" 9.1"[0-9].* ]] || skip "$version takes no URI"
. "$source_dir/tests/scenario/journey_page.sh"
play_page "$source_dir/doc/applications.md" 'A place to try it' 'DNSSEC'
pass
