#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The programming interface: the page doc/api.md has every parameter, reason and call of the public headers, with
# their numbers and texts, and runs as it stands.
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/journey_page.sh"
page=$source_dir/doc/api.md

sed -nE 's/^#define (SKA_PARAM_[A-Z_]+) "(ska-[a-z-]+)"$/| `\1` | `\2` |/p' "$source_dir/include/ska/provider.h" >wanted.txt
[ "$(wc -l <wanted.txt)" -ge 11 ] || fail "which parameters are there? $(cat wanted.txt)"
while IFS= read -r row; do
    grep -qF -- "$row" "$page" || fail "not on the page: $row"
done <wanted.txt

# Numbers as the compiler gives them.
{
    printf '#include <stdio.h>\n#include "ska/provider.h"\nint main(void)\n{\n'
    sed -nE '/^enum ska_reason/,/^}/s/^ *(SKA_R_[A-Z_]+).*/    printf("| %d | `\1` |\\n", \1);/p' \
        "$source_dir/include/ska/provider.h"
    printf '    return 0;\n}\n'
} >numbers.c
cc -I "$source_dir/include" -o numbers numbers.c
./numbers >wanted.txt
[ "$(wc -l <wanted.txt)" -ge 50 ] || fail "which reasons are there? $(cat wanted.txt)"
grep -oE '^\| [0-9]+ \| `SKA_R_[A-Z_]+` \|' "$page" | diff -u wanted.txt - >&2 || fail 'other reasons than the header'
sed -nE 's/^ *\{(SKA_R_[A-Z_]+), "(.*)"\},$/`\1` | \2 |/p' "$source_dir/provider/base/error.c" >wanted.txt
[ "$(wc -l <wanted.txt)" -ge 50 ] || fail "which texts are there? $(cat wanted.txt)"
while IFS= read -r row; do
    grep -qF -- "$row" "$page" || fail "not on the page: $row"
done <wanted.txt

sed -nE 's/^extern CK_RV (C_[A-Za-z]+)\(.*/\1/p' "$source_dir"/include/ska/*.h >wanted.txt
[ "$(wc -l <wanted.txt)" -ge 13 ] || fail "which calls are there? $(cat wanted.txt)"
while IFS= read -r call; do
    grep -qF -- "\`$call\`" "$page" || fail "not on the page: $call"
done <wanted.txt

# The program that the page compiles, which loads our modules.
./sign() {
    LD_PRELOAD=$preload command ./sign "$@"
}
play_page "$page"
pass
