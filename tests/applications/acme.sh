# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A row of the kind "client of ACME": sourced at the end of it. An authority on this computer verifies each
# signature of the account and of the request.
#   obtain KEY  has issued.crt issued for KEY.pem by the authority at $directory; account.pem is the
#               reference of another key, challenges/ a folder

keys='www rsa ordinary_rsa'
prepare() {
    local port
    /usr/bin/python3 -c 'import cryptography' 2>/dev/null || skip 'no python3-cryptography'
    port=$(free_port)
    # shellcheck disable=SC2034
    directory=http://127.0.0.1:$port/directory
    start_plain acme.log /usr/bin/python3 "$source_dir/tests/applications/acme.py" "$port" ca
    serving "$port" acme.log
    mkdir challenges
    guarded_key account rsa2048 server.json
}
play() {
    obtain "$1"
    ! grep -q 'wrong signature' acme.log || fail "$(cat acme.log)"
    plain x509 -in issued.crt -noout -pubkey | cmp - "$1.pub.pem" || fail 'a certificate for another key'
    plain verify -CAfile ca.crt issued.crt >/dev/null
}
# shellcheck source=tests/applications/library.sh
. "$(dirname "${BASH_SOURCE[0]}")/library.sh"
