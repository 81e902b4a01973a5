#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# For approvers: the page doc/approving.md, run as it stands, with a person at a terminal who types the passphrase and
# the answers. The sandbox is the signer's computer, and its broker.
. "$(dirname "$0")/lib.sh"
has_terminal || skip "no pseudo-terminals (is devpts mounted?)"
[ -x "$binary_dir/simulator/skatsb" ] || skip "built without SKA_TSB"
. "$source_dir/tests/scenario/journey_page.sh"
. "$source_dir/tests/scenario/servers.sh"
TSB_PORT=$(free_port)
export TSB_PORT no_proxy='*'
unset XDG_STATE_HOME # the page names the folder
at_end() {
    [ ! -x "$work/owner/tsb" ] || "$work/owner/tsb" --stop >/dev/null
}
terminal() { # [PROMPT ANSWER]... -- COMMAND...
    "$programs/skatool_terminal" "$@" | unfolded
}

openssl() {
    case $* in
    genpkey*)
        terminal 'Enter PEM pass phrase:' secret 'Verifying - Enter PEM pass phrase:' secret -- openssl "$@"
        ;;
    'pkey -in approver.pem'*) terminal 'Enter pass phrase for approver.pem:' secret -- openssl "$@" ;;
    *) command openssl "$@" ;;
    esac
}
play_page "$source_dir/doc/approving.md" 'Once: a key of your own'
trap - ERR
fingerprint=$(tail -n 1 "$work/said.txt")
unset -f openssl skatool
grep -q ENCRYPTED "$work/approver/approver.pem" || fail 'a key without passphrase'

# ---- Those who ask -------------------------------------------------------------------------------

owner() {
    "$source_dir/tools/sandbox" --tsb "$work/owner"
    cd "$work/owner"
    # shellcheck disable=SC1091
    . ./env
    cp ../approver/alice.pub.pem .
    command openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out bob.pem
    command openssl pkey -in bob.pem -pubout -out bob.pub.pem
    echo 'timestamp-key = clock' >>openssl.cnf
    ours "$binary_dir/tools/skatool" keygen --timestamp --key ska:object=clock --algorithm EC
    both='{"type":"public_key","name":"alice","file":"alice.pub.pem"},{"type":"public_key","name":"bob","file":"bob.pub.pem"}'
    for timeout in 1 60 3600; do
        rule='{"tokens":[{"name":"any","timelock":0,"timeout":'$timeout',"groups":[{"name":"board","quorum":2,"approvals":['$both']}]}]}'
        printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":%s,"ruleModify":%s}' "$rule" "$rule" "$rule" "$rule" \
            >policy-$timeout.json
    done
    ours "$binary_dir/tools/skatool" keygen --key ska:object=seal-2026 --algorithm EC --policy policy-3600.json
    ours "$binary_dir/tools/skatool" keygen --key ska:object=hasty --algorithm EC --policy policy-1.json
    echo 'We buy a bicycle.' >contract.txt
    echo 'We sell a bicycle.' >offer.txt
    mkdir -m 700 ../approvals
    ours "$binary_dir/tools/skatool" request --key ska:object=seal-2026 -o ../approver/request.json contract.txt
    ours "$binary_dir/tools/skatool" request --key ska:object=seal-2026 -o ../approver/offer.json offer.txt
    ours "$binary_dir/tools/skatool" request --key ska:object=hasty -o ../approver/late.json offer.txt
    ours "$binary_dir/tools/skatool" request --key ska:object=seal-2026 --digest SHA384 --dir ../approvals contract.txt
    cp contract.txt ../approver
    ./tsb
    grep -v -e pkcs11-module -e '^token' -e pin-source -e timestamp-key openssl.cnf >owner.cnf
    mkdir -m 700 state
    (umask 077 && printf '%s\n' "$keyManagementToken" "$keyOperationToken" >owner.keys)
    (umask 077 && echo "$approverToken" >../approver/broker.key)
    printf '%s\n' "tsb-url = $TSB_URL" "tsb-ca = $TSB_CA" "tsb-api-key-source = file:$PWD/owner.keys" \
        "state-dir = $PWD/state" >>owner.cnf
    cp ca.pem ../approver/broker-ca.pem
    export OPENSSL_CONF=$PWD/owner.cnf
    ours "$binary_dir/tools/skatool" keygen --key ska:object=deals --algorithm EC --policy policy-60.json
    ours "$binary_dir/tools/skatool" request --key ska:object=deals contract.txt
}
(owner) >owner.txt 2>&1 || fail "$(cat owner.txt)"

# ---- The person who is asked ---------------------------------------------------------------------

tsb_url=https://localhost:$TSB_PORT
skatool() {
    local talk=('Passphrase of' secret)
    case " $* " in
    *' history '* | *answer-2.json*) talk=() ;; # neither key nor answer is needed
    *' --documents '*) talk+=('q(uit): ' y) ;;
    *) talk+=('Type yes or no: ' yes) ;;
    esac
    terminal "${talk[@]}" -- "$binary_dir/tools/skatool" "${@//https:\/\/broker.example.com:8443/$tsb_url}"
}
cd "$work/approver"
play_page "$source_dir/doc/approving.md" 'Answer' 'To say no' 'If it says' 'What you have answered'
trap - ERR

# ---- The messages that the page explains ---------------------------------------------------------

approve=(skatool approve --approver approver.pem)
(
    talk=('Passphrase of' secret)
    skatool() {
        terminal "${talk[@]}" -- "$binary_dir/tools/skatool" "$@" || true
    }
    "${approve[@]}" answer.json
    "${approve[@]}" late.json
    "${approve[@]}" --tsb "$tsb_url" --tsb-ca broker-ca.pem --tsb-api-key-source file:broker.key
    talk=()
    "${approve[@]}" --document contract.txt offer.json
) >messages.txt 2>&1

# ---- What became of the answers ------------------------------------------------------------------

(
    cd "$work/owner"
    # shellcheck disable=SC1091
    . ./env
    ours "$binary_dir/tools/skatool" approve --approver bob.pem --yes ../approver/answer.json
    openssl dgst -sha256 -sign ska:object=seal-2026 -sigopt ska-approvals-file:../approver/answer.json \
        -out contract.sig contract.txt
    ours "$binary_dir/tools/skatool" inspect ../approver/rejection.json
    ! openssl dgst -sha256 -sign ska:object=seal-2026 -sigopt ska-approvals-file:../approver/answer.json \
        -out offer.sig offer.txt
) >used.txt 2>&1 || fail "$(cat used.txt)"
grep -q "${fingerprint:0:16}" used.txt messages.txt || fail "skatool shows another fingerprint than $fingerprint"
count=0
while IFS= read -r words; do
    grep -qF -- "$words" messages.txt used.txt || fail "nothing says '$words': $(cat messages.txt used.txt)"
    count=$((count + 1))
done < <(sed -n '/^| Message/,/^$/p' "$source_dir/doc/approving.md" | cut -d '|' -f 2 | grep -o '`[^`]*`' | tr -d '`')
[ "$count" -eq 5 ] || fail "$count messages on the page"
pass
