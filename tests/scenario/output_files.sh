#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What stands at -o FILE is replaced only when nothing is lost by it.
. "$(dirname "$0")/lib.sh"
board
printf 'A document.\n' >document
printf 'Another document.\n' >another
key seal p256
key other p256

# stays FILE PATTERN COMMAND...: wrong use, which names FILE and what to do; FILE is as it was.
stays() {
    local file=$1 pattern=$2 status=0
    shift 2
    cp -p "$file" standing
    "$@" >stdout.txt 2>stderr.txt || status=$?
    [ "$status" -eq 1 ] || fail "status $status, should be 1: $* $(cat stdout.txt stderr.txt)"
    grep -qE "wrong use: .*$file.*$pattern.*(choose another name|name another file)" stderr.txt ||
        fail "$(cat stderr.txt)"
    same standing "$file"
}
ask() { # FILE [INPUT]
    skatool request --key "$(uri seal)" -o "$1" "${2:-document}"
}
reference() { # FILE
    skatool pem --key "$(uri seal)" -o "$1"
}

# ---- request -------------------------------------------------------------------------------------

succeeds ask request.json
succeeds ask request.json
succeeds ask request.json another
stays document 'something else than a request' ask document
stays document 'something else than a request' ask document another
untouched stays alice.pem 'private key' ask alice.pem
status=0
skatool request --key "$(uri seal)" -o document <document >stdout.txt 2>stderr.txt || status=$?
[ "$status" -eq 1 ] && [ "$(cat document)" = 'A document.' ] || fail 'its own standard input'
# Also a request, when that is what is to be signed.
stays request.json 'is what is to be signed' ask request.json request.json
ln request.json hardlink
stays hardlink 'is what is to be signed' ask hardlink request.json
rm hardlink
stays another 'something else than a request' ask another
stays alice.pem 'private key' ask alice.pem
ln -s alice.pem link.json
stays link.json 'private key' ask link.json
plain pkey -in bob.pem -outform DER -out bob.der
stays bob.der 'private key' ask bob.der
plain pkey -in alice.pem -aes128 -passout pass:x -out locked.pem
stays locked.pem 'private key' ask locked.pem
plain pkcs8 -topk8 -in alice.pem -passout pass:x -outform DER -out locked.der
stays locked.der 'private key' ask locked.der
{ cat alice.pub.pem && cat alice.pem; } >both.pem
stays both.pem 'private key' ask both.pem

succeeds ask request.json
approve request.json alice
stays request.json 'this very request with 1 approval:' ask request.json
stays request.json 'with 1 approval, which would be lost' ask request.json another
stays request.json 'with 1 approval, which' skatool request --key "$(uri seal)" --operation block \
    -o request.json
approve request.json bob
stays request.json 'with 2 approvals, which' ask request.json another
# Half of it is not a request without approvals.
head -c 3000 request.json >half.json
stays half.json 'something else than a request' ask half.json
head -c 2000000 /dev/zero >long
stays long 'longer than 1048576 bytes; what it holds' ask long

# Nothing is lost.
: >empty
succeeds ask empty
[ -s empty ] || fail 'an empty file is replaced'
succeeds ask /dev/null
ask /dev/stdout 2>stderr.txt | grep -q approvalToBeSigned || fail '/dev/stdout'
printf 'A line before.\n' >collected
ask /dev/fd/3 3>>collected 2>stderr.txt || fail "a descriptor by its name: $(cat stderr.txt)"
ask /proc/self/fd/1 >>collected 2>stderr.txt || fail "standard output by its name: $(cat stderr.txt)"
grep -q 'A line before' collected && grep -q approvalToBeSigned collected || fail "$(cat collected)"
ask - 2>stderr.txt | grep -q approvalToBeSigned || fail 'standard output'
mkfifo fifo
cat fifo >from_fifo &
succeeds ask fifo
wait $!
grep -q approvalToBeSigned from_fifo || fail 'a FIFO'

# ---- pem -----------------------------------------------------------------------------------------

quietly reference seal.pem
cp seal.pem first.pem
quietly reference seal.pem
same first.pem seal.pem
quietly skatool pem --key "$(uri other)" -o seal.pem
stays alice.pem 'private key' reference alice.pem
stays document 'something else than a key reference' reference document
stays alice.pub.pem 'something else than a key reference' reference alice.pub.pem
stays request.json 'something else than a key reference' reference request.json
{ cat alice.pub.pem && cat first.pem; } >chain.pem
stays chain.pem 'something else than a key reference' reference chain.pem
{ cat first.pem && cat alice.pub.pem; } >chain.pem
stays chain.pem 'something else than a key reference' reference chain.pem
quietly ska pkey -in "$(uri seal)" -out by_openssl.pem
quietly reference by_openssl.pem
: >empty
quietly reference empty
quietly reference /dev/null
reference /dev/stdout | grep -q REFERENCE || fail '/dev/stdout'

# ---- execute, approve, reject --------------------------------------------------------------------

execute() { # FILE
    skatool execute --key "$(uri seal)" -o "$1" request.json
}
takes 0 stays request.json 'something else than a signature, which would be lost' execute request.json
takes 0 stays "$SOFTHSM2_CONF" 'something else than a signature' execute "$SOFTHSM2_CONF"
takes 0 stays alice.pem 'private key' execute alice.pem
plain req -x509 -new -key bob.pem -subj /CN=Bob -out bob.crt \
    -config "$source_dir/tests/scenario/certificates.cnf"
plain pkcs12 -export -inkey bob.pem -in bob.crt -passout pass:x -out bob.p12
takes 0 stays bob.p12 'private key' execute bob.p12
takes 1 quietly execute signature
takes 1 quietly execute signature
quietly execute /dev/null

succeeds ask fresh.json another
approve fresh.json alice
adds() { # FILE
    skatool approve --approver carol.pem --yes -o "$1" fresh.json
}
stays carol.pem 'private key' adds carol.pem
[ ! -s stdout.txt ] || fail "the request is told before the file is refused"
stays request.json 'with 2 approvals, which would be lost' adds request.json
stays document 'something else than a request' adds document
succeeds adds more.json
cp more.json most.json
succeeds adds more.json
approve most.json bob
stays most.json 'with 3 approvals' adds most.json
# The same people, but for another request.
request seal elsewhere.json document
approve elsewhere.json alice
stays elsewhere.json 'with 1 approval, which' adds elsewhere.json
# Where it came from is written with what it has.
succeeds adds fresh.json

rejects() { # FILE
    skatool reject --approver bob.pem --yes -o "$1" fresh.json
}
stays bob.pem 'private key' rejects bob.pem
stays fresh.json 'something else than a refusal' rejects fresh.json
stays document 'something else than a refusal' rejects document
succeeds rejects refusal.json
succeeds rejects refusal.json
pass
