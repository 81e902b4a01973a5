#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A TLS server whose key signs handshakes only: the page doc/server.md, run as it stands.
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/journey_page.sh"
play_page "$source_dir/doc/server.md"
pass
