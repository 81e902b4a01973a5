#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# doc/applications.md, its section ACME, run as it stands.
. "$(dirname "$0")/../lib.sh"
needs acme-tiny python3
/usr/bin/python3 -c "import cryptography" 2>/dev/null || skip "no python3-cryptography"
. "$source_dir/tests/scenario/journey_page.sh"
play_page "$source_dir/doc/applications.md" 'A place to try it' 'ACME'
pass
