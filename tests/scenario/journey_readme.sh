#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# README.md, run as it stands; and which sources the pages name is there. (Where they link to: the test links.)
. "$(dirname "$0")/lib.sh"
. "$source_dir/tests/scenario/journey_page.sh"

for page in "$source_dir"/*.md "$source_dir"/doc/*.md "$source_dir"/tests/applications/*.md \
    "$source_dir"/tests/applications/*/*.md; do
    grep -oE '`[a-z0-9_/]+\.[ch]`' "$page" | tr -d '`' | sort -u >sources.txt || true
    while read -r name; do
        grep -q . < <(find "$source_dir"/{include,provider,tools,simulator,tests} -path "*/$name") ||
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

# In a path with a blank quickstart says so before it installs anything; the sandbox, which is elsewhere, works.
mkdir -p 'odd tree/build/simulator' 'odd tree/build/provider' 'odd tree/build/tools'
cp -r tree/tools 'odd tree'
printf '#!/bin/sh\ntouch installs\n' >'odd tree/tools/packages'
chmod 755 'odd tree/tools/packages'
ends 1 'odd tree/tools/quickstart'
says "^tools/quickstart: $work/odd tree: move the tree to a path without spaces"
mkdir their-tree
cp -r 'odd tree/tools' their-tree
touch their-tree/build # as if a user were not allowed to make the directory
ends 1 their-tree/tools/quickstart
says "^tools/quickstart: $work/their-tree/build cannot be written: use a copy of the tree that is yours$"
[ ! -e installs ] || fail 'quickstart installs packages first'
cp "$source_dir/tools/sandbox" 'odd tree/tools'
for one in provider/ska.so simulator/libskasim.so tools/skatool; do
    cp "$binary_dir/$one" "odd tree/build/$one"
done
(
    unset SKA_BINARY_DIR
    'odd tree/tools/sandbox' elsewhere
    . elsewhere/env
    [ "$(type -P skatool)" = "$work/odd tree/build/tools/skatool" ] || fail 'another skatool'
    skatool check-config
) >stdout.txt 2>&1 || fail "in a tree with a blank: $(cat stdout.txt)"

play_page "$source_dir/README.md"
pass
