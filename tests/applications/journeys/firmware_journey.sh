#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# doc/applications.md, its section Firmware, run as it stands.
. "$(dirname "$0")/../lib.sh"
needs mkimage dtc rauc mksquashfs xxd
. "$source_dir/tests/scenario/journey_page.sh"
play_page "$source_dir/doc/applications.md" 'A place to try it' 'Firmware'
pass
