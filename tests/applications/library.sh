# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A row of the kind "language or library": sourced at the end of it. play KEY does with KEY.pem what
# programs do, and fails if anything of it does.
#   keys       which are tried (row_keys); prepare() once

# shellcheck source=tests/applications/row.sh
. "$(dirname "${BASH_SOURCE[0]}")/row.sh"
authority
# shellcheck disable=SC2086
row_keys ${keys-www rsa ed ordinary ordinary_rsa}
with_pin
printf 'A document.\n' >document
! declare -F prepare >/dev/null || prepare
for key in ${keys-www rsa ed ordinary ordinary_rsa}; do
    play "$key"
done
! declare -F further >/dev/null || further
pass
