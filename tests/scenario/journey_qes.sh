#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A person's qualified signature: the page doc/qes.md, run as it stands.
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/journey_page.sh"

# The program that the page compiles, which loads our modules.
./one_process() {
    LD_PRELOAD=$preload command ./one_process "$@"
}

page=$source_dir/doc/qes.md
play_page "$page"

# The functions that the page names are those of its two programs.
for function in $(grep -oE '`[A-Za-z_]+\(\)`' "$page" | tr -d '`()' | sort -u); do
    grep -qE "\b$function(\(|\")" "$source_dir/examples/one_process.c" \
        "$source_dir/examples/signing_service.py" || grep -q "# $function()" \
        "$source_dir/examples/signing_service.py" || fail "no program calls $function"
done
pass
