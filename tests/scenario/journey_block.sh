#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A risk officer stops a key, from her own user and with an envelope: the page doc/block.md, run as it
# stands.
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/journey_page.sh"
play_page "$source_dir/doc/block.md"
pass
