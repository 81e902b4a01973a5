#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# skatool.1 shows each command with each of its options and has words on it; ska-provider.7 names
# each parameter and each attribute of a URI; all have the usual sections, and examples that
# can be copied. doc/security.md names tests that there are.
. "$(dirname "$0")/lib.sh"
manual=$source_dir/tools/skatool.1

# The options that the SYNOPSIS shows for a command, in one or several forms of it.
shown() { # COMMAND
    awk -v command="$1" '
        /^\.Sh / { synopsis = $2 == "SYNOPSIS"; next }
        synopsis && /^\.Cm / { ours = $2 == command; next }
        synopsis && ours' "$manual" | grep -oE -- '-[a-z][a-z0-9-]+' | sed 's/^-//' | sort -u || true
}

# The page has sentences, --help the beginnings of lines.
meanings=$(sed -n '/^\.Sh EXIT STATUS/,/^\.El/p' "$manual" |
    sed -nE '/^\.It/{s/^\.It //;N;s/\.$//;s/\n/ /;s/ ([A-Z])/ \l\1/;p}' | tr '\n' ' ')
meanings=" $meanings"
[[ $meanings == ' 0 done 1 '*' 4 '* ]] || fail "no exit statuses on the page: $meanings"
succeeds skatool --help
sed -n '/^Commands:/,/^$/p' stdout.txt | awk 'NR > 1 && NF { print $1 }' >commands.txt
[ "$(wc -l <commands.txt)" -ge 10 ] || fail "which commands are there? $(cat commands.txt)"
while read -r command; do
    grep -qx "\.Ss $command" "$manual" || fail "skatool.1 has no words on $command"
    succeeds skatool "$command" --help
    ! grep -E '^.{81}' stdout.txt || fail "too wide: skatool $command --help"
    sed -n '/^Exit status:/,$p' stdout.txt | sed 1d | tr -s ' \n' ' ' >statuses.txt
    [ "$(cat statuses.txt)" = "$meanings" ] ||
        fail "skatool $command --help says of exit statuses '$(cat statuses.txt)', skatool.1 '$meanings'"
    sed -n '/^Options:/,$p' stdout.txt | grep -oE '^ +(-[a-zA-Z], )?--[a-z0-9-]+' |
        grep -oE -- '--[a-z0-9-]+' | sed 's/^--//' | grep -vxE 'help|config|output' | sort -u >options.txt ||
        true # none
    shown "$command" >shown.txt
    comm -3 options.txt shown.txt | grep . && fail "skatool.1: other options of $command than --help"
done <commands.txt

# Each name of the provider's header, and each attribute that a URI can have.
manual=$source_dir/provider/ska-provider.7
grep -oE '"ska-[a-z-]+"' "$source_dir/include/ska/provider.h" | tr -d '"' >names.txt
[ "$(wc -l <names.txt)" -ge 9 ] || fail "which parameters are there? $(cat names.txt)"
while read -r name; do
    grep -qx "\.It Cm $name" "$manual" || fail "ska-provider.7 has no words on $name"
done <names.txt
sed -n '/^static const struct attribute attributes/,/^};/p' "$source_dir/provider/hsm/uri.c" |
    grep -oE '"[a-z-]+"' | tr -d '"' >names.txt
[ "$(wc -l <names.txt)" -ge 14 ] || fail "which attributes are there? $(cat names.txt)"
sed -n '/^\.Sh KEY URIS/,/^\.Sh CONFIGURATION/p' "$manual" >uris.txt
while read -r name; do
    grep -qE "(^| )$name( |\$)" uris.txt || fail "ska-provider.7 has no words on the attribute $name"
done <names.txt

# What people copy is not broken at the margin, nor wider than 80 columns with the indentation, and
# each quote is closed.
for manual in "$source_dir"/provider/*.7 "$source_dir"/tools/*.1 "$source_dir"/simulator/tsb/*.1; do
    awk '
        /^\.Bd -literal/ { indentation = /-offset indent/ ? 11 : 5 }
        /^\.Ed/ { indentation = 0 }
        { gsub(/\\e/, "x") }
        indentation && length($0) + indentation > 80 { print FILENAME ":" FNR ": " $0; wide = 1 }
        END { exit wide }' "$manual" || fail "$manual: an example is too wide"
    ! grep -nE '^\.D1|^\.Dl' "$manual" || fail "$manual: examples belong into .Bd -literal, which breaks no lines"
    ! grep -nE '^\..*\b[DQ][ql] .* , ' "$manual" || fail "$manual: a comma does not end a quote, a new macro does"
done

# The usual sections, in the usual order.
order='NAME SYNOPSIS DESCRIPTION ENVIRONMENT FILES EXIT_STATUS EXAMPLES DIAGNOSTICS SEE_ALSO'
for manual in "$source_dir"/provider/*.7 "$source_dir"/tools/*.1 "$source_dir"/simulator/tsb/*.1; do
    sed -n 's/^\.Sh //p' "$manual" | tr ' ' _ >sections.txt
    required='NAME SYNOPSIS DESCRIPTION FILES EXAMPLES SEE_ALSO'
    case $manual in *.1) required+=' EXIT_STATUS' ;; esac
    for section in $required; do
        grep -qx $section sections.txt || fail "$manual has no section $section"
    done
    grep -xE "${order// /|}" sections.txt >usual.txt
    tr ' ' '\n' <<<"$order" | grep -xFf usual.txt | diff - usual.txt >&2 || fail "$manual: the order of sections"
done

# Each test that doc/security.md names is there.
page=$source_dir/doc/security.md
grep -oE '`(scenario\.[a-z0-9_]+|[a-z0-9_]+_(test|fuzz))`' "$page" | tr -d '`' | sort -u >names.txt
[ "$(wc -l <names.txt)" -ge 30 ] || fail "which tests does the page name? $(cat names.txt)"
while read -r name; do
    case $name in
    scenario.*) file=tests/scenario/${name#scenario.}.sh ;;
    *_test) file=tests/unit/$name.c ;;
    *) file=tests/fuzz/$name.c ;;
    esac
    [ -f "$source_dir/$file" ] || fail "doc/security.md names $name, which is not there"
done <names.txt
pass
