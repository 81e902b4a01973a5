#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Commands whose bytes are the same at each run, through an approvals directory: the first attempt
# fails and leaves a request, two people approve, the same command succeeds.
. "$(dirname "$0")/lib.sh"
board

directory=$work/approvals
mkdir "$directory"
chmod 700 "$directory"
configure "approvals-dir = $directory"
printf 'A document.\n' >document
plain req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -subj /CN=Root \
    -days 3650 -config "$source_dir/tests/scenario/certificates.cnf" -extensions ca -out root.crt \
    2>/dev/null

# certificate LABEL PUBLIC-KEY EXTENSIONS: LABEL.crt, by the root.
certificate() {
    plain x509 -new -force_pubkey "$2" -subj "/CN=$1" -CA root.crt -CAkey root.key -days 365 \
        -extfile "$source_dir/tests/scenario/certificates.cnf" -extensions "$3" -out "$1.crt" \
        2>/dev/null
}

# by_directory COMMAND...: pending, approved by two, done.
by_directory() {
    local id
    takes 0 refused 'approvals pending' "$@"
    id=$(id_of_pending "$directory")
    [ -f "$directory/$id.request.json" ] || fail "no request $id in the directory"
    [ "$(stat -c %a "$directory/$id.request.json")" = 640 ] || fail "mode of the request"
    succeeds skatool approve --dir "$directory" --approver alice.pem --yes "$id"
    takes 0 refused "approvals pending.*request ${id:0:16}" "$@"
    succeeds skatool approve --dir "$directory" --approver bob.pem --yes "$id"
    takes 1 succeeds "$@"
    [ ! -e "$directory/$id.request.json" ] || fail "the request $id is still open"
    evidence=$(ls -dt "$directory/done/$id".* | head -n 1)
    [ "$(stat -c %a "$evidence")" = 700 ] || fail "mode of the evidence $evidence"
    succeeds skatool inspect "$evidence"
}

# Whether openssl itself can do this with a software key of the same kind.
can() {
    "$@" >/dev/null 2>&1 || {
        echo "not tried, the openssl command cannot: $*"
        return 1
    }
}

request_certificate() { # LABEL [SIGOPT...]
    local label=$1 options=() option
    shift
    for option in "$@"; do options+=(-sigopt "$option"); done
    can plain req -new -key "$label.software.pem" -subj /CN=x "${options[@]}" -out unused || return 0
    by_directory ska req -new -key "$(uri "$label")" -subj "/CN=$label" "${options[@]}" -out out.csr
    plain req -verify -noout -in out.csr 2>/dev/null || fail "the request by $label does not verify"
}

# `cms -noattr` of OpenSSL 4.0 takes EdDSA from the provider that the configuration prefers, not from
# that of the key.
prefer_ours() {
    cp openssl.cnf preferring.cnf
    case $(plain version) in
    'OpenSSL '[4-9].*)
        sed -i 's/^\[openssl_init\]/&\nalg_section = algorithms/' preferring.cnf
        printf '[algorithms]\ndefault_properties = ?provider=ska\n' >>preferring.cnf
        ;;
    esac
}
sign_message() { # LABEL [KEYOPT...]
    local label=$1 options=() option
    shift
    for option in "$@"; do options+=(-keyopt "$option"); done
    can plain cms -sign -noattr -binary -in document -signer "$label.software.crt" \
        -inkey "$label.software.pem" "${options[@]}" -outform DER -out unused || return 0
    can plain cms -verify -binary -content document -in unused -inform DER -CAfile root.crt \
        -purpose any -out verified || return 0
    OPENSSL_CONF=$work/preferring.cnf by_directory ska cms -sign -noattr -binary -in document \
        -signer "$label.crt" -inkey "$(uri "$label")" "${options[@]}" -outform DER -out out.cms
    plain cms -verify -binary -content document -in out.cms -inform DER -CAfile root.crt \
        -purpose any -out verified 2>/dev/null || fail "the message by $label does not verify"
    same document verified
}

issue_certificate() { # LABEL [SIGOPT...]
    local label=$1 options=() option
    shift
    for option in "$@"; do options+=(-sigopt "$option"); done
    local command=(ca -config ca.cnf -batch -notext -in leaf.csr
        -startdate 20260101000000Z -enddate 20460101000000Z -out out.crt "${options[@]}")
    rm -rf ca
    mkdir -p ca/new
    : >ca/index
    echo 1000 >ca/serial
    sed "s|@DIR@|$work/ca|" "$source_dir/tests/scenario/ca.cnf" >ca.cnf
    can plain "${command[@]}" -cert "$label.software.crt" -keyfile "$label.software.pem" || return 0
    : >ca/index
    echo 1000 >ca/serial
    rm -f out.crt
    by_directory ska "${command[@]}" -cert "$label.crt" -keyfile "$(uri "$label")"
    plain verify -CAfile root.crt -untrusted "$label.crt" out.crt >/dev/null ||
        fail "the certificate by $label does not verify"
}

prefer_ours
plain req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -subj /CN=Leaf \
    -out leaf.csr 2>/dev/null
for label in rsa2048 rsa3072 rsapss p256 p384 p521 ed25519 ed448; do
    key $label $label
    # shellcheck disable=SC2046
    plain genpkey $(software_key_options $label) -quiet -out $label.software.pem
    plain pkey -in $label.software.pem -pubout -out $label.software.pub.pem
    certificate $label $label.pub.pem ca
    certificate $label.software $label.software.pub.pem ca
    request_certificate $label
    [ $label = rsapss ] || sign_message $label
    issue_certificate $label
    case $label in
    rsapss) sign_message $label rsa_padding_mode:pss ;;
    rsa2048 | rsa3072)
        request_certificate $label rsa_padding_mode:pss rsa_pss_saltlen:32
        sign_message $label rsa_padding_mode:pss rsa_pss_saltlen:32
        issue_certificate $label rsa_padding_mode:pss rsa_pss_saltlen:32
        ;;
    esac
done

# The directory named in the URI and by a parameter, instead of the configuration.
configure
by_directory ska req -new -key "$(uri p256)?approvals-dir=$directory" -subj /CN=uri -out out.csr
by_directory ska req -new -key "$(uri p256)" -sigopt "ska-approvals-dir:$directory" \
    -subj /CN=parameter -out out.csr
by_directory ska dgst -sha256 -sign "$(uri p256)" -sigopt "ska-approvals-dir:$directory" \
    -out signature document
plain dgst -sha256 -verify p256.pub.pem -signature signature document >/dev/null

# A different message is a different request: nobody's approval is used for another thing.
printf 'Another document.\n' >another
takes 0 refused 'approvals pending' ska dgst -sha256 -sign "$(uri p256)" \
    -sigopt "ska-approvals-dir:$directory" -out signature another

# Files of others that are wrong are named, and never fatal to the good ones.
id=$(id_of_pending "$directory")
succeeds skatool approve --dir "$directory" --approver alice.pem --yes "$id"
printf 'not JSON' >"$directory/$id.broken.approval.json"
head -c 2097152 /dev/zero >"$directory/$id.big.approval.json"
ln -s /dev/zero "$directory/$id.link.approval.json"
mkfifo "$directory/$id.fifo.approval.json"
for bad in broken big link fifo; do
    takes 0 refused "$bad" ska dgst -sha256 -sign "$(uri p256)" \
        -sigopt "ska-approvals-dir:$directory" -out signature another
done
succeeds skatool approve --dir "$directory" --approver carol.pem --yes "$id"
takes 1 quietly ska dgst -sha256 -sign "$(uri p256)" -sigopt "ska-approvals-dir:$directory" \
    -out signature another
plain dgst -sha256 -verify p256.pub.pem -signature signature another >/dev/null

# One whose list breaks off is no shorter directory: a rejection may be in the part that is missing.
printf 'A third document.\n' >third
third=(ska dgst -sha256 -sign "$(uri p256)" -sigopt "ska-approvals-dir:$directory" -out signature third)
takes 0 refused 'approvals pending' "${third[@]}"
id=$(id_of_pending "$directory")
for name in alice bob; do
    succeeds skatool approve --dir "$directory" --approver $name.pem --yes "$id"
done
breaks_off() { # ENTRIES COMMAND...
    preload="$preload $programs/libfailing_disk.so" FAILING_CALL=readdir FAILING_PATH=$directory \
        FAILING_FROM=$1 takes 0 refused "approvals[^:]*: Input/output error" "${@:2}"
}
for entries in 1 2 3 4 5; do
    breaks_off $entries "${third[@]}"
    breaks_off $entries skatool requests --dir "$directory"
done
takes 1 quietly "${third[@]}"

# A directory that anyone may write to is not trusted, nor one that is not there.
chmod 777 "$directory"
takes 0 refused 'writable|unsafe' ska dgst -sha256 -sign "$(uri p256)" \
    -sigopt "ska-approvals-dir:$directory" -out signature another
takes 0 refused 'missing-directory' ska dgst -sha256 -sign "$(uri p256)" \
    -sigopt "ska-approvals-dir:$work/missing-directory" -out signature another
pass
