#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The page doc/simulator.md, run as it stands.
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/journey_page.sh"
play_page "$source_dir/doc/simulator.md"
pass
