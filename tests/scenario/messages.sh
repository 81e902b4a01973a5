#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Messages that people meet when they are tired: each is provoked, and must say what is wrong and what
# to do, with what matters first.
. "$(dirname "$0")/lib.sh"
board
approver dora
key seal p256
printf 'The contract.\n' >contract.txt
printf 'Another contract.\n' >other.txt
mkdir -m 700 approvals
plain x509 -new -force_pubkey seal.pub.pem -subj /CN=Seal -days 30 -signkey alice.pem -out seal.crt

# ---- Too few approvals ---------------------------------------------------------------------------

# Who is missing comes first, an id of 16 digits, and how to approve.
configure "approvals-dir = $work/approvals"
sign() { # DOCUMENT
    ska dgst -sha256 -sign "$(uri seal)" -out signature "$1"
}
refused ':approvals pending:[^:]*:[0-9]*:waiting for 2 of alice, bob and carol; 0 of 2; key .seal., request [0-9a-f]{16}; to approve: skatool approve --approver KEY --dir [^ ]*/approvals [0-9a-f]{16};' \
    sign contract.txt
! grep -qE '[0-9a-f]{17}' <<<"$(sed 's/^[0-9A-F]*:error//; s/.*waiting/waiting/' stderr.txt)" ||
    fail "an id that nobody can type: $(cat stderr.txt)"
# What a shell would take for two words is one when it is pasted.
mkdir -m 700 "$work/two words"
refused "to approve: skatool approve --approver KEY --dir '[^ ]*/two words' [0-9a-f]{16};" \
    ska dgst -sha256 -sign "$(uri seal)" -sigopt "ska-approvals-dir:$work/two words" -out signature contract.txt
id=$(id_of_pending)
configure "approvals-dir = $work/two words"
refused "use --dir '[^']*two words' [0-9a-f]{16}, or -o FILE" \
    skatool approve --approver alice.pem --yes 'two words'/*.request.json
OPENSSL_CONF=/dev/null succeeds skatool request --operation block --key 'ska:object=seal' \
    --description 'Stop it' --dir "$work/two words"
says "skatool requests --dir '[^']*two words' shows it"
configure "approvals-dir = $work/approvals"
succeeds skatool approve --dir approvals --approver alice.pem --yes "${id:0:16}"
says '1 of 2; still needed: bob or carol'
refused 'waiting for bob or carol; 1 of 2;' sign contract.txt
# Once is enough. An id that somebody reads out may be typed in capitals.
succeeds skatool approve --dir approvals --approver alice.pem --yes "${id^^}"
says 'this key has already approved request [0-9a-f]{16}; nothing to do'

# Who has rejected it is not missing.
succeeds skatool reject --dir approvals --approver bob.pem --yes "$id"
refused 'waiting for carol; rejected by bob; 1 of 2' sign contract.txt
ends 2 skatool status --dir approvals "$id"
says 'approvals missing: 1 of 2; still needed: carol; rejected by bob'
shows 'ALTERNATIVE +GROUP' 'seal +board +2 +1 +alice +carol *$' 'Rejected by: bob'
succeeds skatool reject --dir approvals --approver carol.pem --yes "$id"
refused 'rejected by approvers:.*1 of 2; rejected by (bob, carol|carol, bob); left: nobody;.* talk to those who rejected it: .*skatool withdraw --dir' \
    sign contract.txt
! grep -qE 'missing|still needed' stderr.txt || fail "$(cat stderr.txt)"
ends 2 skatool status --dir approvals "$id"
says 'rejected by approvers: 1 of 2; .*talk to those who rejected it, or withdraw it'
rm approvals/*.json

# ---- What an approver does wrong -----------------------------------------------------------------

request seal request.json contract.txt
plain pkey -in dora.pem -out other.pem
refused 'the key other.pem is not one of those who may approve this request: .*alice, bob and carol' \
    skatool approve --approver other.pem --yes request.json
refused 'other.txt is NOT the document that the request is about: do not approve it' \
    skatool approve --approver alice.pem --yes --document other.txt request.json
refused 'alice.pub.pem: .*public key' skatool approve --approver alice.pub.pem --yes request.json
refused 'missing argument: REQUEST' skatool reject --approver alice.pem --yes
refused "unexpected argument: 'b.json'" skatool check-config b.json
# What is neither an id nor a file is said to be neither; what looks like a file's name is one.
for command in 'approve --approver alice.pem --yes' 'reject --approver alice.pem --yes' status; do
    # shellcheck disable=SC2086
    refused "'XYZ' is not a request id, and there is no file of this name" skatool $command XYZ
    # shellcheck disable=SC2086
    refused 'reqest.json: No such file' skatool $command reqest.json
done

# Who has no login to the HSM can order a change of a key all the same; a signature nobody can.
none() {
    OPENSSL_CONF=/dev/null skatool "$@"
}
refused 'to block a key you need no login to the HSM: --dir DIR leaves an order' none request \
    --operation block --key "$(uri seal)"
printf '{"ruleUse":%s}' "$(rule 1 alice)" >weaker.json
refused 'to modify a key you need no login to the HSM: --dir DIR leaves an order' none request \
    --operation modify --policy weaker.json --key "$(uri seal)"
for command in 'approve --approver alice.pem --yes' 'reject --approver alice.pem --yes' status; do
    # shellcheck disable=SC2086
    refused "'$id' looks like a request id: add --dir" none $command "$id"
done
refused 'pkcs11-module' none request --key "$(uri seal)" contract.txt
! grep -q 'order' stderr.txt || fail "a signature cannot be ordered: $(cat stderr.txt)"
refused 'key not found' skatool request --operation block --key "$(uri saul)"
! grep -q 'order' stderr.txt || fail "has a login: $(cat stderr.txt)"
refused 'missing option: --approver' skatool approve request.json
refused 'no terminal for confirmation; use --yes to go on without a prompt' setsid -w \
    "$binary_dir/tools/skatool" approve --approver alice.pem request.json

# The right document in a CMS signature is no reason for an alarm.
refused 'what is signed has the time in it, so the same command would ask for another approval: let it wait' \
    ska cms -sign -binary -in contract.txt -signer seal.crt -inkey "$(uri seal)" -outform DER -out contract.p7s
! grep -q 'and then the same command again' stderr.txt || fail "in a circle: $(cat stderr.txt)"
cp approvals/*.request.json cms.json
rm approvals/*
succeeds skatool approve --approver alice.pem --yes --document contract.txt cms.json
shows 'YES'
refused 'other.txt is NOT the document' skatool approve --approver bob.pem --yes \
    --document other.txt cms.json

# A smart card whose provider is not configured: where it is said how to.
refused 'pkcs11:token=card;object=dora: no configured provider can open it.*skatool\(1\)' \
    skatool approve --approver 'pkcs11:token=card;object=dora' --yes request.json
refused 'the ska provider is not loaded for an approver.s key; name the key by a URI of another' \
    skatool approve --approver 'ska:token=card;object=dora' --yes request.json

if has_terminal; then
    plain pkey -in alice.pem -aes256 -passout pass:secret -out mykey.pem
    plain req -x509 -new -key alice.pem -subj /CN=alice -out alice.crt \
        -config "$source_dir/tests/scenario/certificates.cnf"
    question='Do you approve this? Type yes or no:'
    typing() { # STATUS [PROMPT ANSWER]... -- ARGUMENT...
        local expected=$1 status=0 talk=()
        shift
        while [ "$1" != -- ]; do talk+=("$1" "$2") && shift 2; done
        shift
        ours "$programs/skatool_terminal" "${talk[@]}" -- "$binary_dir/tools/skatool" "$@" \
            >stdout.txt 2>stderr.txt || status=$?
        [ "$status" -eq "$expected" ] || fail "status $status: $(cat stdout.txt stderr.txt)"
    }
    # For which key: and with the certificate, which says whose it is, after the request was shown.
    typing 0 'Passphrase of mykey.pem:' secret "$question" yes -- approve --approver mykey.pem \
        -o one.json request.json
    typing 0 "$question" yes 'Passphrase of mykey.pem (alice):' secret -- approve \
        --approver mykey.pem --cert alice.crt -o two.json request.json
    typing 4 'Passphrase of mykey.pem:' wrong -- approve --approver mykey.pem --yes request.json
    shows 'mykey.pem: wrong passphrase'
    # Who answers y is asked for the word.
    typing 0 "$question" y 'Please type the whole word, yes or no:' yes -- approve --approver alice.pem \
        -o three.json request.json
    typing 2 "$question" y 'Please type the whole word, yes or no:' y -- approve --approver alice.pem request.json
    shows 'declined: nothing was signed: the answer was not "yes"'
fi

# ---- URIs, configuration, PIN --------------------------------------------------------------------

# A URI without quotes ends for the shell at the first semicolon: where the token has several keys,
# none is meant.
key another p256
refused 'bad key URI:.*it names no key: add object=LABEL or id=ID; in a shell URIs need quotes' \
    ska dgst -sha256 -sign "ska:token=$token" -out unused contract.txt
grep -qE 'Could not (read|find) private key from ska:token' stderr.txt || fail "$(cat stderr.txt)"
refused 'it names no key: .*in a shell URIs need quotes' skatool show --key "ska:token=$token"
# Listing a token is no mistake.
succeeds ska storeutl -noout "ska:token=$token"
[ ! -s stderr.txt ] || fail "says something of a listing: $(cat stderr.txt)"
refused 'token not found.*there is: "tok"' ska pkey -in 'ska:token=seals;object=seal' -noout
refused 'key not found.*no private key with label "saul"' ska dgst -sha256 -sign "$(uri saul)" -out unused \
    contract.txt
# Without the configuration it is openssl that says so; doc/troubleshooting.md has it.
refused 'unregistered scheme.*scheme=ska|No store loader found.*Scheme \(ska' plain dgst -sha256 -sign "$(uri seal)" -out unused \
    contract.txt

# A PIN is tried once, and it is said whose it was.
printf '9999\n' >wrong.pin
chmod 600 wrong.pin
configure
sed -i "s|^pin-source.*|pin-source = file:$work/wrong.pin|" openssl.cnf
refused "refused the PIN in $work/wrong.pin \(pin-source of the configuration\); it was tried once" \
    skatool list
refused "refused the PIN in $work/wrong.pin \(pin-source of the URI\); it was tried once" \
    skatool show --key "$(uri seal)?pin-source=file:$work/wrong.pin"
refused 'refused the PIN in pin-value; it was tried once' skatool show \
    --key "$(uri seal)?pin-value=9999"
! grep -q 9999 stderr.txt || fail "the PIN is shown: $(cat stderr.txt)"

# The path of a module stands once.
configure
sed -i "s|^pkcs11-module.*|pkcs11-module = $work/nowhere.so|" openssl.cnf
refused "PKCS#11 module unavailable: $work/nowhere.so: cannot open shared object file" skatool list
[ "$(grep -o nowhere.so stderr.txt | wc -l)" -eq 1 ] || fail "the path twice: $(cat stderr.txt)"
configure 'aprovals-dir = /nowhere'
ends 1 skatool check-config
shows 'FAILED +aprovals-dir +unknown; did you mean approvals-dir\?$'
configure
sed -i '/^\[ska_provider\]/,$ s/^activate = 1$/activate = 0/' openssl.cnf
skatool check-config >stdout.txt 2>&1 || :
shows 'activate +not set to 1: some versions of OpenSSL will not load the provider'
configure

succeeds skatool --help
shows 'Run `skatool COMMAND --help` for details, `skatool --version` for the version\.'

# ---- Rules in words ------------------------------------------------------------------------------

# The alternatives of a rule are called alternatives, and nothing else.
printf '{"ruleUse":{"tokens":[{"name":"daily","groups":[{"name":"board","quorum":1,"approvals":[%s]}]},{"name":"alone","groups":[{"name":"chief","quorum":1,"approvals":[%s]}]}]}}' \
    '{"type":"public_key","name":"alice","file":"alice.pub.pem"}' \
    '{"type":"public_key","name":"dora","file":"dora.pub.pem"}' >new.json
succeeds skatool request --key "$(uri seal)" --operation modify --policy new.json -o modify.json
succeeds skatool approve --approver alice.pem --yes modify.json
shows 'alternative' 'WARNING: there is a new alternative'
! grep -qiE '(another|a) way' stdout.txt || fail "two words for one thing: $(cat stdout.txt)"
approve modify.json bob
succeeds skatool execute --key "$(uri seal)" modify.json
configure "approvals-dir = $work/approvals"
refused 'waiting for alice \(alternative daily\); or else dora \(alternative alone\)' sign contract.txt
# ---- Libraries that are not there ----------------------------------------------------------------

# They are loaded when they are needed, and packages only recommend them.
mkdir broken
grep -ahoE '\b(libcurl(-gnutls)?|libp11)\.so\.[0-9]+' "$binary_dir/tools/skatool" | sort -u |
    while read -r library; do : >"broken/$library"; done
if [ -n "$(find broken -name 'libcurl*')" ]; then # not in a build with SKA_TSB=OFF
    LD_LIBRARY_PATH=$work/broken refused \
        '^skatool: server cannot be reached: libcurl.* cannot be loaded; install it \(Debian: libcurl3-gnutls\)$' \
        skatool requests --approver alice.pem --tsb https://127.0.0.1:1/
fi
LD_LIBRARY_PATH=$work/broken refused \
    '^skatool: PKCS#11 module unavailable: .*: libp11.* cannot be loaded; install it \(Debian: libp11-3\)' \
    skatool show --key "$(uri seal)"
pass
