# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The commands of openssl that the table in doc/openssl-commands.md shows, with a check of what each makes by an
# openssl that does not know the provider: sourced after lib.sh and servers.sh. `rows` runs them with
# the key $label, $label.pub.pem, as $(uri "$label"); signing_calls counts signatures.

commands=()           # as in the table
declare -A signatures # of each command
declare -A repeatable # of each command: yes, no, or - where nothing is signed

# What the commands name and do not make themselves.
prepare() { # DIRECTORY
    mkdir -p "$1/ca/new"
    : >"$1/ca/index"
    echo 1000 >"$1/ca/serial"
    echo 01 >"$1/ca/crlnumber"
    cp "$source_dir/tests/scenario/command_table.cnf" "$1/ca.cnf"
    printf 'A document.\n' >"$1/document"
    plain dgst -sha256 -binary -out "$1/document.sha256" "$1/document"
    plain genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/leaf.pem"
    plain req -new -key "$1/leaf.pem" -subj /CN=leaf -out "$1/leaf.csr"
    plain ts -query -data "$1/document" -sha256 -cert -out "$1/document.tsq" 2>/dev/null
    cp "$1.pub.pem" "$1/seal.pub.pem"
    plain req -x509 -key "$1/leaf.pem" -subj '/CN=CA of the clock' \
        -addext basicConstraints=critical,CA:TRUE -out "$1/clock-ca.crt"
    echo 'extendedKeyUsage = critical, timeStamping' >"$1/extensions"
    plain x509 -new -force_pubkey "$1/seal.pub.pem" -subj /CN=clock -CA "$1/clock-ca.crt" \
        -CAkey "$1/leaf.pem" -extfile "$1/extensions" -out "$1/clock.crt"
}

# typed DIRECTORY COMMAND: what becomes of it in a user's shell.
typed() (
    openssl() { ours "$(type -P openssl)" "$@"; }
    # shellcheck disable=SC2034
    KEY=$(uri "$label")
    cd "$1"
    eval "${2//4433/$port}"
)
# checked COMMAND...: the plain openssl agrees.
checked() {
    (cd "$label" && "$@") >check.txt 2>&1 || {
        cat check.txt >&2
        fail "$*"
    }
}

# enter COMMAND SIGNATURES: into the table, or into comparison with what the first key had there.
enter() {
    if [ -z "${signatures[$1]-}" ]; then
        commands+=("$1")
        signatures[$1]=$2
        repeatable[$1]=-
        [ "$2" -eq 0 ] || repeatable[$1]=no
    fi
    [ "${signatures[$1]}" -eq "$2" ] || fail "$2 signatures with $label, but not with all: $1"
    [ "$2" -le 1 ] || fail "$2 signatures: $1"
}

# row COMMAND CHECK...: what COMMAND makes passes CHECK.
row() {
    local command=$1 before
    shift
    before=$(signing_calls)
    [ -n "${signatures[$command]-}" ] || cp -a "$label" "before.${#commands[@]}"
    succeeds typed "$label" "$command"
    enter "$command" "$(($(signing_calls) - before))"
    checked "$@"
}

# ---- s_server and s_client -----------------------------------------------------------------------

# The certificates are not the point here, one handshake of full length is.
server_row() { # COMMAND
    local before
    before=$(signing_calls)
    KEY=$(uri "$label") start server.log bash -c 'cd "$0" && eval "exec $1"' "$label" "${1/4433/$port}"
    serving "$port" server.log
    checked plain s_client -connect "localhost:$port" -verify_return_error \
        -CAfile seal.crt -brief
    stop "$server"
    enter "$1" "$(($(signing_calls) - before))"
}
client_row() { # COMMAND
    local before
    before=$(signing_calls)
    start_plain server.log openssl s_server -accept "$port" -naccept 1 -www -cert "$label/leaf.crt" \
        -key "$label/leaf.pem" -Verify 1 -verify_return_error -CAfile "$label/seal.crt"
    serving "$port" server.log
    succeeds typed "$label" "$1"
    wait "$server" || fail "a server does not like its client: $(cat server.log)"
    grep -q '1 server accepts that finished' server.log && grep -qE 'CN ?= ?localhost' server.log ||
        fail "no client with a certificate: $(cat server.log)"
    enter "$1" "$(($(signing_calls) - before))"
}

# ---- The rows ------------------------------------------------------------------------------------

rows() {
    row 'openssl dgst -sha256 -sign "$KEY" -out document.sig document' \
        plain dgst -sha256 -verify seal.pub.pem -signature document.sig document
    [ "$label" != rsa2048 ] ||
        row 'openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sign "$KEY" -out document.sig document' \
            plain dgst -sha256 -sigopt rsa_padding_mode:pss -verify seal.pub.pem \
            -signature document.sig document
    row 'openssl pkeyutl -sign -inkey "$KEY" -rawin -digest sha256 -in document -out document.sig' \
        plain dgst -sha256 -verify seal.pub.pem -signature document.sig document
    row 'openssl pkeyutl -sign -inkey "$KEY" -pkeyopt digest:sha256 -in document.sha256 -out document.sig' \
        plain dgst -sha256 -verify seal.pub.pem -signature document.sig document

    row 'openssl req -x509 -key "$KEY" -subj /CN=CA -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign,cRLSign,digitalSignature -days 3650 -out ca.crt' \
        plain verify -CAfile ca.crt ca.crt
    row 'openssl req -new -key "$KEY" -subj /CN=localhost -out seal.csr' \
        plain req -verify -noout -in seal.csr
    row 'openssl x509 -req -in seal.csr -signkey "$KEY" -days 90 -out seal.crt' \
        plain verify -CAfile seal.crt seal.crt
    row 'openssl x509 -req -in leaf.csr -CA ca.crt -CAkey "$KEY" -days 90 -out leaf.crt' \
        plain verify -CAfile ca.crt leaf.crt

    row 'openssl ca -config ca.cnf -batch -cert ca.crt -keyfile "$KEY" -in leaf.csr -out leaf.crt' \
        plain verify -CAfile ca.crt leaf.crt
    row 'openssl ca -config ca.cnf -batch -cert ca.crt -keyfile "$KEY" -startdate 20250101000000Z -enddate 20491231235959Z -in leaf.csr -out leaf.crt' \
        plain verify -CAfile ca.crt leaf.crt
    row 'openssl ca -config ca.cnf -gencrl -cert ca.crt -keyfile "$KEY" -out ca.crl' \
        plain crl -in ca.crl -CAfile ca.crt -noout
    revoke_leaf
    row 'openssl crl -in ca.crl -gendelta new.crl -key "$KEY" -out delta.crl' \
        plain crl -in delta.crl -CAfile ca.crt -noout
    row 'openssl ocsp -index ca/index -CA ca.crt -issuer ca.crt -cert leaf.crt -rsigner ca.crt -rkey "$KEY" -no_nonce -respout leaf.ocsp' \
        plain ocsp -no_nonce -respin leaf.ocsp -CAfile ca.crt -issuer ca.crt -cert leaf.crt -no_nonce

    row 'openssl cms -sign -binary -in document -signer seal.crt -inkey "$KEY" -outform DER -out document.cms' \
        cms_verified
    row 'openssl cms -sign -noattr -binary -in document -signer seal.crt -inkey "$KEY" -outform DER -out document.cms' \
        cms_verified
    row 'openssl smime -sign -in document -signer seal.crt -inkey "$KEY" -out document.eml' \
        plain smime -verify -in document.eml -CAfile seal.crt -purpose any
    row 'openssl spkac -digest sha256 -key "$KEY" -out seal.spkac' \
        plain spkac -verify -noout -in seal.spkac

    server_row 'openssl s_server -accept 4433 -www -cert seal.crt -key "$KEY"'
    client_row 'openssl s_client -connect localhost:4433 -cert seal.crt -key "$KEY"'

    row 'openssl pkey -in "$KEY" -out seal.pem' grep -q 'BEGIN SKA KEY REFERENCE' seal.pem
    row 'openssl ts -reply -config ca.cnf -queryfile document.tsq -signer clock.crt -inkey seal.pem -out document.tsr' \
        plain ts -verify -queryfile document.tsq -in document.tsr -CAfile clock-ca.crt
    row 'openssl pkey -in "$KEY" -pubout -out public.pem' cmp public.pem seal.pub.pem
    row 'openssl storeutl -noout -keys "$KEY"' grep -q '^Total found: 1' "$work/stdout.txt"
    row "openssl storeutl -noout ${every_key:-ska:token=seals}" \
        grep -q "[:;]object=$label;type=private" "$work/stdout.txt"
    row 'openssl list -providers' grep -q 'Smart Key Attributes provider' "$work/stdout.txt"
}
cms_verified() {
    plain cms -verify -binary -inform DER -in document.cms -content document -CAfile seal.crt \
        -purpose any -out content
}
# Two lists of revoked certificates, that one be the other's delta.
revoke_leaf() {
    typed "$label" 'openssl ca -config ca.cnf -cert ca.crt -keyfile "$KEY" -revoke leaf.crt' \
        2>/dev/null
    typed "$label" 'openssl ca -config ca.cnf -gencrl -cert ca.crt -keyfile "$KEY" -out new.crl' \
        2>/dev/null
}
