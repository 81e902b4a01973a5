# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Plays a page of the documentation: runs its commands as they stand there, so that the page cannot
# rot. Sourced by the journeys, after lib.sh. What the fences of a page mean:
#
#   ```sh             run, in one shell from page to end, and succeeds
#   ```sh refused     one command, which is refused; what it says stands in the ```text that follows
#   ```text           lines that the block before has printed; ... stands for anything

# The programs of the page, which knows nothing of build directories and sanitizers. openssl loads our
# modules by the configuration of a sandbox only.
export SKA_BINARY_DIR=$binary_dir
mkdir bin
cat >bin/openssl <<END
#!/bin/sh
case \${OPENSSL_CONF-} in
'' | /dev/null) exec $(command -v openssl) "\$@" ;;
esac
LD_PRELOAD='$preload' exec $(command -v openssl) "\$@"
END
cat >bin/softhsm2-util <<END
#!/bin/sh
LD_PRELOAD='$preload' exec $(command -v softhsm2-util) "\$@"
END
chmod +x bin/openssl bin/softhsm2-util
PATH=$work/bin:$PATH
skatool() { # in the background it is the process itself that the page knows, and kills
    [ "$BASHPID" = "$$" ] || LD_PRELOAD=$preload exec skatool "$@"
    LD_PRELOAD=$preload command skatool "$@"
}
unset OPENSSL_CONF SOFTHSM2_CONF SKASIM_CONF
export HOME=$work

# Blocks of PAGE, or of these of its sections, as files blocks/NNN.KIND, KIND being run, refused, text
# or other.
page_blocks() { # PAGE [HEADING...]
    local wanted
    wanted=$(printf '%s|' "${@:2}")
    rm -rf "$work/blocks"
    mkdir "$work/blocks"
    awk -v dir="$work/blocks" -v wanted="|$wanted" '
        BEGIN { all = wanted == "||"; here = all }
        /^## / && file == "" {
            here = all || index(wanted, "|" substr($0, 4) "|")
            found += !all && here
        }
        /^```/ && file == "" && !here { file = "/dev/null"; next }
        /^```/ && file == "" {
            kind = "other"
            if ($0 == "```sh") kind = "run"
            if ($0 == "```sh refused") kind = "refused"
            if ($0 == "```text") kind = "text"
            file = sprintf("%s/%03d.%s", dir, ++count, kind)
            printf "" > file
            next
        }
        /^```/ { close(file); file = ""; next }
        file != "" { print > file }
        END { if (file != "" || (!all && found != split(wanted, unused, "|") - 2)) exit 1 }' "$1" ||
        fail "$1: a block has no end, or there is no such section"
    [ -n "$(find "$work/blocks" -name '*.run')" ] || fail "$1: no commands"
}

# What a page leaves running when it fails half-way.
at_end() {
    local left
    jobs -p >"$work/left.txt"
    while read -r left; do
        kill "$left" 2>/dev/null || true
    done <"$work/left.txt"
}
page_fail() {
    cat "$block" "$said" >&3
    fail "$1" 2>&3
}
page_run() {
    set +u # as in a shell of people
    # shellcheck disable=SC1090
    . "$block"
    set -u
}
page_refused() {
    local status=0
    # shellcheck disable=SC1090
    (. "$block") || status=$?
    [ "$status" -gt 0 ] && [ "$status" -lt 99 ] || page_fail "status $status; should be refused"
}
page_text() {
    local line pattern
    while IFS= read -r line; do
        pattern=$(printf '%s' "$line" | sed -e 's/[][\\.*^$]/\\&/g' -e 's/\\\.\\\.\\\./.*/g')
        grep -qx -- "$pattern" "$said" || page_fail "does not say: $line"
    done <"$block"
}

# play_page PAGE [HEADING...]: all of it, or these sections, from the top of the source tree on; when more of it is
# played, from where the test stands.
play_page() {
    local block said=$work/said.txt after=
    [ -d "$work/blocks" ] || cd "$source_dir"
    page_blocks "$@"
    exec 3>&2
    trap 'cat "$block" "$said" >&3; printf "%s: FAILED: %s\n" "$scenario" "$BASH_COMMAND" >&3' ERR
    for block in "$work"/blocks/*; do
        case $after-$block in
        refused-*.text) ;;
        refused-*) page_fail "a refusal whose words the page does not show" ;;
        esac
        after=${block##*.}
        # What still runs in the background goes on writing, at the end.
        [ "$after" = text ] || : >"$said"
        case $block in
        *.run) page_run >>"$said" 2>&1 ;;
        *.refused) page_refused >>"$said" 2>&1 ;;
        *.text) page_text ;;
        esac
        if grep -qE "$sanitizer_finding" "$said"; then
            page_fail "a finding of the sanitizers"
        fi
    done
}
