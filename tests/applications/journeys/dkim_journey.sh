#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# doc/applications.md, its section DKIM, run as it stands.
. "$(dirname "$0")/../lib.sh"
needs opendkim python3
/usr/bin/python3 -c "import dkim, nacl" 2>/dev/null || skip "no python3-dkim"
. "$source_dir/tests/scenario/journey_page.sh"
play_page "$source_dir/doc/applications.md" 'A place to try it' 'DKIM'
pass
