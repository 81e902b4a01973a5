#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Signing and approving over the broker's REST API: the page doc/tsb.md, run as it stands.
. "$(dirname "$0")/lib.sh"
[ -x "$binary_dir/simulator/skatsb" ] || skip "built without SKA_TSB"
command -v curl >/dev/null || skip "no curl"
. "$source_dir/tests/scenario/journey_page.sh"
. "$source_dir/tests/scenario/servers.sh"
# It uses libcrypto, and our provider is none of its business.
printf '#!/bin/sh\nOPENSSL_CONF=/dev/null exec %s "$@"\n' "$(command -v curl)" >bin/curl
chmod +x bin/curl
TSB_PORT=$(free_port)
export TSB_PORT no_proxy='*'
at_end() { # also when the page ends early
    [ ! -f "$work/broker/tsb.pid" ] || "$work/broker/tsb" --stop
}
play_page "$source_dir/doc/tsb.md"
pass
