#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The vendor's numbers stand in one place: no other file defines one of these names or writes one of
# these numbers, so that the vendor's own header can take their place. The header made by
# tests/vendor_header has the same names with other numbers.
. "$(dirname "$0")/lib.sh"
header=$source_dir/include/ska/pkcs11.h
cd "$source_dir"

named=$(grep -oE '^#define (CK[A-Z0-9]*_|CKAP_|CKCC_)[A-Z0-9_]+ (0x)?[0-9A-Fa-f]+UL' "$header")
[ "$(wc -l <<<"$named")" -ge 30 ] || fail "where are the numbers? $named"
while read -r _ name number; do
    found=$(grep -rlE "define +$name\b" include provider simulator tests tools)
    [ "$found" = include/ska/pkcs11.h ] || fail "$name is defined in $found"
    # The small ones are numbers of many things; those of the vendor's range are nobody else's.
    case $number in
    0x8*)
        found=$(grep -rliE "\b${number%UL}(UL)?\b" include provider simulator tests tools)
        [ "$found" = include/ska/pkcs11.h ] || fail "$number stands in $found"
        ;;
    esac
done <<<"$named"

# Types of p11-kit's own beside the vendor's would not fit together.
! grep -rlE '#include .*p11-kit/uri\.h' provider simulator tools || fail "p11-kit's types are used"

tests/vendor_header "$work/vendor"
! grep -qE 'SKA_PLACEHOLDER_NUMBERS 1|simulator\.h' "$work/vendor/pkcs11.h" ||
    fail 'the other header says that it has placeholders'
values() { # HEADER: NAME NUMBER, evaluated by the compiler
    {
        echo '#include <stdio.h>'
        echo "#include \"$1\""
        echo 'int main(void) {'
        while read -r _ name _; do
            echo "printf(\"$name %lx\\n\", (unsigned long)$name);"
        done <<<"$named"
        echo 'return 0; }'
    } >"$work/values.c"
    # shellcheck disable=SC2046
    gcc -o "$work/values" $(pkg-config --cflags p11-kit-1) "$work/values.c" && "$work/values" | sort
}
values "$header" >"$work/ours.txt"
values "$work/vendor/pkcs11.h" >"$work/others.txt"
[ "$(wc -l <"$work/ours.txt")" -eq "$(wc -l <<<"$named")" ] || fail 'numbers are missing'
[ -z "$(comm -12 "$work/ours.txt" "$work/others.txt")" ] ||
    fail "the same in both: $(comm -12 "$work/ours.txt" "$work/others.txt")"
pass
