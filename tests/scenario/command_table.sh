#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The commands of openssl with an SKA key, as the table in doc/openssl-commands.md shows them: each is run as it
# stands there, its signatures are counted at the HSM, and what it made is verified by an openssl
# that does not know the provider. The table in doc/openssl-commands.md must be the one that comes out here;
# `tests/command_table --write` puts it there.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/servers.sh
. "$source_dir/tests/scenario/servers.sh"
token=seals
new_token $token
configure # a reference has the configured PIN tried at the configured token only
board
policy "$(rule 2 alice bob carol)" | sed 's/"ruleBlock".*/"keyStatus":{"blocked":false}}/' >rule.json

# shellcheck source=tests/scenario/command_rows.sh
. "$source_dir/tests/scenario/command_rows.sh"

# ---- Can a command be repeated, once people have approved? ----------------------------------------
#
# Each is run twice, in different seconds, with a key that two of three people must approve. One
# request in the approvals directory: it asks for the same thing again; two: it does not.

guard() {
    succeeds skatool request --key "$(uri "$label")" --operation modify --policy rule.json \
        -o modify.json
    succeeds skatool execute --key "$(uri "$label")" modify.json
}
pending() { # the number of a command
    [ -d "approvals.$1" ] || mkdir -m 700 "approvals.$1"
    configure "approvals-dir = $work/approvals.$1"
    rm -rf again
    cp -a "before.$1" again
    takes 0 refused_in_some_way typed again "${commands[$1]}"
    # spkac prints no reasons, so the request tells that this is the one.
    [ -n "$(ls "approvals.$1")" ] || {
        cat stderr.txt >&2
        fail "refused, but for another reason: ${commands[$1]}"
    }
}
# ts makes a reply that says so, and ends with status 0.
refused_in_some_way() {
    "$@" >stdout.txt 2>stderr.txt || return 0
    [[ "$*" = *' ts -reply '* ]] || fail "signed without approvals: $*"
}
repeat_all() {
    local i round
    for round in 1 2; do
        for i in "${!commands[@]}"; do
            [ ! -d "before.$i" ] || [ "${signatures[${commands[$i]}]}" -eq 0 ] || pending "$i"
        done
        [ $round -eq 2 ] || sleep 1.1
    done
    for i in "${!commands[@]}"; do
        [ ! -d "approvals.$i" ] || [ "$(ls "approvals.$i" | wc -l)" -ne 1 ] ||
            repeatable[${commands[$i]}]=yes
    done
    configure
}

port=$(free_port)
for label in rsa2048 p256; do
    key $label $label empty.json
    prepare $label
    rows
    # With sanitizers each command takes its time; that they run is enough then.
    [ -z "$preload" ] || pass
    if [ $label = rsa2048 ]; then
        guard
        repeat_all
    fi
done

# ---- The table -----------------------------------------------------------------------------------

{
    echo '| Command | Signatures | Repeatable |'
    echo '|---|:---:|:---:|'
    for command in "${commands[@]}"; do
        echo "| \`$command\` | ${signatures[$command]} | ${repeatable[$command]} |"
    done
} >table.md
sed -n '/^<!-- openssl commands:/,/^<!-- end of openssl commands -->/p' "$source_dir/doc/openssl-commands.md" |
    sed '1d;$d' >page.md
diff -u page.md table.md >&2 ||
    fail 'doc/openssl-commands.md shows another table. If this one is right: tests/command_table --write'
pass
