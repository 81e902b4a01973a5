#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Keys, rules and approvals: the page doc/signing.md, run as it stands.
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/journey_page.sh"
play_page "$source_dir/doc/signing.md"
pass
