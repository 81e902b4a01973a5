# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For scenarios in which signatures wait at the approvals directory `dir`: sourced after lib.sh.

sign() { # [SIGOPT...]: signs `document` with the key `seal`
    local options=() option
    for option in "$@"; do options+=(-sigopt "$option"); done
    ska dgst -sha256 -sign "$(uri seal)" -sigopt ska-approvals-dir:dir "${options[@]}" \
        -out signature document
}
# aside COMMAND...: in the background, with files of its own for what it says; $aside is its process.
aside() {
    mkdir -p "$work/aside"
    (
        work=$work/aside
        "$@"
    ) &
    aside=$!
}
approve_in_dir() { # ID NAME...
    local id=$1 name
    shift
    for name in "$@"; do
        succeeds skatool approve --approver "$name.pem" --yes --dir dir "$id"
    done
}
