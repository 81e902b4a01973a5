#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Commands of openssl whose bytes change at each run, each with a key that two of three must approve,
# in one command that waits while three people approve from processes of their own: one request, one
# call of C_SKASign, verified by plain openssl.
. "$(dirname "$0")/lib.sh"
board
mkdir -p dir/done
chmod 700 dir/done
configure "approvals-dir = $work/dir" 'approvals-timeout = 60'
printf 'the contract\n' >document

# person NAME: approves whatever comes, until there is a file `closed`.
person() {
    local id seen=' '
    until [ -e closed ]; do
        for id in dir/*.request.json; do
            id=$(basename "$id" .request.json)
            case $id$seen in \** | *" $id "*) continue ;; esac
            # Two are enough, so the third may find the request gone.
            "$binary_dir/tools/skatool" approve --approver "$1.pem" --yes --dir dir "$id" \
                >/dev/null 2>&1 || true
            seen+="$id "
        done
        sleep "0.1$((RANDOM % 10))"
    done
}
for name in alice bob carol; do
    LD_PRELOAD=$preload person "$name" &
done
trap 'status=$?; touch "$work/closed"; (exit "$status"); finish' EXIT

# once COMMAND...: one request, one signature.
once() {
    local requests
    requests=$(done_folders)
    takes 1 succeeds "$@"
    [ "$(($(done_folders) - requests))" -eq 1 ] || fail "more than one request: $*"
    [ "$(ls dir)" = done ] || fail "left behind: $(ls dir)"
}
done_folders() {
    find dir/done -mindepth 1 -maxdepth 1 -type d ! -name '.*' | wc -l
}

mkdir ca
touch ca/index.txt
echo 01 >ca/serial
cat >commands.cnf <<'END'
.include openssl.cnf

[req]
distinguished_name = name
[name]

[ca]
default_ca = authority
[authority]
database = ca/index.txt
serial = ca/serial
new_certs_dir = ca
default_md = sha256
default_days = 30
policy = any
[any]
commonName = supplied

[tsa]
default_tsa = clock
[clock]
serial = tsa.serial
digests = sha256
default_policy = 1.2.3.4.1
signer_digest = sha256
accuracy = secs:1

[tsa_certificate]
extendedKeyUsage = critical,timeStamping
END
with_commands() {
    OPENSSL_CONF=$work/commands.cnf ska "$@"
}
printf '[req]\ndistinguished_name = name\n[name]\n' >name.cnf
plain req -new -newkey rsa:2048 -nodes -keyout other.key -subj /CN=other -out other.csr \
    -config name.cnf 2>/dev/null

for spec in rsa2048 p256; do
    key "$spec" "$spec"
    quietly ska pkey -in "$(uri "$spec")" -out "$spec.ref.pem"
    grep -q 'BEGIN SKA KEY REFERENCE' "$spec.ref.pem" || fail "no reference"
    once with_commands req -x509 -new -key "$(uri "$spec")" -subj "/CN=$spec" -days 30 \
        -addext basicConstraints=critical,CA:TRUE -out "$spec.crt"

    once ska cms -sign -binary -in document -signer "$spec.crt" -inkey "$(uri "$spec")" \
        -outform DER -out document.cms
    succeeds plain cms -verify -binary -in document.cms -inform DER -content document \
        -CAfile "$spec.crt" -purpose any -out /dev/null
    once ska cms -sign -cades -binary -in document -signer "$spec.crt" -inkey "$spec.ref.pem" \
        -outform DER -out document.cades
    succeeds plain cms -verify -cades -binary -in document.cades -inform DER -content document \
        -CAfile "$spec.crt" -purpose any -out /dev/null
    once ska smime -sign -in document -text -signer "$spec.crt" -inkey "$spec.ref.pem" \
        -out document.smime
    succeeds plain smime -verify -in document.smime -CAfile "$spec.crt" -purpose any \
        -out /dev/null

    once with_commands ca -batch -config commands.cnf -cert "$spec.crt" -keyfile "$spec.ref.pem" \
        -in other.csr -subj "/CN=other $spec" -out other.crt
    succeeds plain verify -CAfile "$spec.crt" other.crt

    once with_commands req -x509 -new -key "$spec.ref.pem" -subj /CN=clock -days 30 \
        -extensions tsa_certificate -out clock.crt
    plain ts -query -data document -sha256 -cert -out query.tsq 2>/dev/null
    once with_commands ts -reply -config commands.cnf -queryfile query.tsq -signer clock.crt \
        -inkey "$spec.ref.pem" -out reply.tsr
    succeeds plain ts -verify -queryfile query.tsq -in reply.tsr -CAfile clock.crt
done
touch closed
wait
pass
