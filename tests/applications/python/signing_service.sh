#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The example of a signing service in Python: the request in one process, the signature in another, and
# what it answers when that is refused.
. "$(dirname "$0")/../lib.sh"
needs /usr/bin/python3
/usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || skip 'Python is too old'
board
key seal p256
printf 'The contract.\n' >contract.txt
printf 'Another contract.\n' >other.txt
service() {
    ours /usr/bin/python3 "$source_dir/examples/signing_service.py" "$@"
}
# answers STATUS COMMAND...
answers() {
    local expected=$1
    shift
    refused "^$expected " "$@"
}
request_for() { # DOCUMENT
    service request "$(uri seal)" "$1" >request.json
}

# ---- Signed --------------------------------------------------------------------------------------

request_for contract.txt
answers 202 service sign "$(uri seal)" contract.txt request.json contract.sig
[ ! -e contract.sig ] || fail 'a signature without approvals'
grep -qE 'approvals missing|approvals pending' stderr.txt || fail "$(cat stderr.txt)"
succeeds skatool approve --approver alice.pem --document contract.txt --yes request.json
succeeds skatool approve --approver bob.pem --document contract.txt --yes request.json
takes 1 quietly service sign "$(uri seal)" contract.txt request.json contract.sig
plain dgst -sha256 -verify seal.pub.pem -signature contract.sig contract.txt >/dev/null ||
    fail 'a wrong signature'
# A request that a worker made before is as good as a new one, for the same document only.
answers 403 service sign "$(uri seal)" other.txt request.json other.sig
takes 0 answers 400 service sign "$(uri seal)" contract.txt contract.txt other.sig

# ---- Refused -------------------------------------------------------------------------------------

succeeds skatool request --key "$(uri seal)" --operation block -o block.json
approve block.json alice bob
succeeds skatool execute --key "$(uri seal)" block.json
answers 423 service sign "$(uri seal)" contract.txt request.json other.sig
answers 503 service request "$(uri nobody)" contract.txt
sed -i 's/^pin-source.*/pin-source = file:nowhere/' openssl.cnf
answers 503 service request "$(uri seal)" contract.txt
configure 'approvals-timeout = soon'
answers 500 service request "$(uri seal)" contract.txt
OPENSSL_CONF=/dev/null answers 500 service request "$(uri seal)" contract.txt

# Its numbers are those of the header.
{
    echo '#include "ska/provider.h"'
    sed -nE 's/^ +([0-9]+): [0-9]+,  # (SKA_R_[A-Z_]+).*/_Static_assert(\2 == \1, "\2");/p' \
        "$source_dir/examples/signing_service.py"
} >numbers.c
[ "$(grep -c _Static_assert numbers.c)" -eq 5 ] || fail "$(cat numbers.c)"
cc -I "$source_dir/include" -fsyntax-only numbers.c || fail 'a number in the example is another one'
pass
