# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A row of the kind "server with a PEM file" (server.sh) that is a program in Python, whose
# configuration is the middle of it:
#   modules  that it needs
#   before   the lines before the configuration; after: the line behind it, which runs it

prepare() {
    # shellcheck disable=SC2154
    /usr/bin/python3 -c "import $modules" 2>/dev/null || skip "no $packages"
}
server() { # KEY
    {
        # shellcheck disable=SC2154
        printf '%s\n' "$before"
        configuration | placed "$1"
        # shellcheck disable=SC2154
        printf '%s\n' "$after"
    } >server.py
    start server.log /usr/bin/python3 server.py
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "${BASH_SOURCE[0]}")/server.sh"
