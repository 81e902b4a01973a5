#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# README.md, run as it stands; and what the pages link to and which sources they name is there.
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/journey_page.sh"

# Headings of a page as GitHub names them.
anchors() { # PAGE
    awk '/^```/ { code = !code } !code && /^#+ /' "$1" | sed -E 's/^#+ //' |
        tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}
for page in "$source_dir"/*.md "$source_dir"/doc/*.md "$source_dir"/tests/applications/*.md \
    "$source_dir"/tests/applications/*/*.md; do
    # A link may be broken over two lines.
    tr '\n' ' ' <"$page" | grep -oE '\]\([^)]*\)' | sed -E 's/^\]\(//; s/\)$//' |
        grep -vE '^https?:' >links.txt || true
    while read -r link; do
        file=$page
        [ "${link%%#*}" = '' ] || file=$(dirname "$page")/${link%%#*}
        [ -e "$file" ] || fail "${page##*/} links to $link, which is not there"
        case $link in
        *#*) grep -qx -- "${link##*#}" <(anchors "$file") || fail "${page##*/}: no heading $link" ;;
        esac
    done <links.txt
    grep -oE '`[a-z0-9_/]+\.[ch]`' "$page" | tr -d '`' | sort -u >sources.txt || true
    while read -r name; do
        find "$source_dir"/{include,provider,tools,simulator,tests} -path "*/$name" | grep -q . ||
            fail "${page##*/} names $name, which is not there"
    done <sources.txt
done

# A look at tools/quickstart, or a slip of the fingers, wipes nothing.
mkdir -p tree/tools tree/build/quickstart
cp "$source_dir/tools/quickstart" tree/tools
touch tree/build/quickstart/standing
for argument in --help -h --wrong wrong '--help wrong'; do
    status=0
    # shellcheck disable=SC2086
    tree/tools/quickstart $argument >stdout.txt 2>stderr.txt || status=$?
    case $argument in
    --help | -h)
        [ "$status" -eq 0 ] && grep -q 'build/quickstart' stdout.txt && [ ! -s stderr.txt ]
        ;;
    *)
        [ "$status" -eq 2 ] && [ ! -s stdout.txt ] && [ "$(wc -l <stderr.txt)" -eq 1 ]
        ;;
    esac || fail "quickstart $argument: status $status: $(cat stdout.txt stderr.txt)"
    [ -e tree/build/quickstart/standing ] || fail "quickstart $argument wipes what is there"
done

play_page "$source_dir/README.md"
pass
