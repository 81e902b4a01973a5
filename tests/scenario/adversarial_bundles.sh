#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Bundles that an attacker makes of genuine ones: no signature comes out of the provider but over what
# was asked for, approved as the key's rule wants it. SKA_BUNDLES says how many (1000), SKA_SEED which.
. "$(dirname "$0")/lib.sh"

for name in alice bob mallory; do
    approver "$name"
done
approver carol -algorithm ED25519
approver dave -algorithm RSA -pkeyopt rsa_keygen_bits:2048

group() { # QUORUM NAME...
    rule "$@" | sed -E 's/^.*"groups":\[(.*)\]\}\]\}$/\1/'
}
# What adversarial_bundles.c says of these keys.
board=$(rule 2 alice bob carol)
policy "$board" >seal.json
policy "${board/\"timeout\":0/\"timeout\":600}" >brief.json
policy "{\"tokens\":[{\"name\":\"two\",\"timelock\":0,\"timeout\":0,\"groups\":[$(group 1 alice),$(
    group 1 bob carol
)]},{\"name\":\"three\",\"timelock\":0,\"timeout\":0,\"groups\":[$(group 3 alice bob carol dave)]}]}" \
    >double.json
policy "$(rule 2 bob carol dave)" >archive.json

# The HSM's clock stands still, so that what is in time stays so.
at() {
    printf 'call-log = %s\nclock = %s\n' "$work/calls.log" "$1" >skasim.cnf
}
now=1900000000
at $now
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
key seal p256 seal.json
key double ed25519 double.json
key archive rsa2048 archive.json
configure 'timestamp-key = clock'
key brief p256 brief.json

# LABEL,DOCUMENT,WAY,TIME
mkdir pool
for document in one two three; do
    echo "This is document $document." >$document
    for label in seal double archive brief; do
        request $label "pool/$label,$document,plain,now.json" $document
    done
    request seal "pool/seal,$document,sha384,now.json" $document --digest SHA384
    request seal "pool/seal,$document,message,now.json" $document --payload message
    request archive "pool/archive,$document,pss,now.json" $document --padding pss
    for time in $((now - 601)) $((now + 60)); do
        at $time
        request brief "pool/brief,$document,plain,stale-$time.json" $document
    done
    at $now
done
for label in seal double archive brief; do
    for operation in block unblock; do
        succeeds skatool request --key "$(uri $label)" --operation $operation \
            -o "pool/$label,-,$operation,now.json"
    done
    succeeds skatool request --key "$(uri $label)" --operation modify --policy seal.json \
        -o "pool/$label,-,modify,now.json"
done

mv openssl.cnf plain.cnf
configure 'timestamp-key = clock' "audit-log = $work/audit.log"
mv openssl.cnf logged.cnf
count=${SKA_BUNDLES:-1000}
succeeds env OPENSSL_CONF=/dev/null LD_PRELOAD="$preload" "$programs/adversarial_bundles" \
    plain.cnf logged.cnf "$count" "${SKA_SEED:-12}"
cat stdout.txt
# Nothing is tried out if all is refused, or if nothing gets as far as the HSM.
signed=$(sed -n 's/^ *\([0-9]*\)  signed, .*/\1/p' stdout.txt)
[ "${signed:-0}" -ge $((count / 20)) ] || fail "only ${signed:-0} of $count were signed"
shows '[0-9]+  .*by the HSM: CKR_SKASIM_TOKEN_NOT_FOUND' '[0-9]+  .*by the provider'
pass
