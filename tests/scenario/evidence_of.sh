#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Evidence that answers questions: which of it belongs to this signature, whatever carries it; what
# is kept where in evidence-dir; what the audit log says of it, also after it was rotated.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/servers.sh
. "$source_dir/tests/scenario/servers.sh"
board
policy "$(rule 1 alice)" >one.json
key seal p256 one.json
key rsa rsa2048 one.json
key edwards ed25519 one.json
key free p256 empty.json
key board p256
log=$work/audit.log
mkdir -m 700 evidence approvals state
start agent.log "$binary_dir/tools/skatool" agent --socket alice.socket --approver alice.pem \
    --allow 'key=seal,payload=any' --allow 'key=rsa,payload=any' --allow 'key=edwards,payload=any'
within 10 'the agent does not listen' grep -q 'listening on' agent.log
evidence=("evidence-dir = $work/evidence" "audit-log = $log" "state-dir = $work/state")
with_directory() { # with people, as far as the configuration can tell
    configure "${evidence[@]}" "approvals-dir = $work/approvals" "agent = $work/alice.socket"
}
folders() {
    find evidence -mindepth 1 -maxdepth 1 | wc -l
}
# leaves COUNT COMMAND...
leaves() {
    local expected=$1 before
    before=$(folders)
    shift
    "$@"
    [ $(($(folders) - before)) -eq "$expected" ] ||
        fail "$(($(folders) - before)) folders of evidence, should be $expected: $*"
}
newest() {
    find evidence -mindepth 1 -maxdepth 1 -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2
}
# without the configuration, as an auditor has it
inspect() {
    OPENSSL_CONF=/dev/null ours "$binary_dir/tools/skatool" inspect "$@"
}
# finds FILE [KIND]: its evidence, which is the newest.
finds() {
    succeeds inspect --audit-log "$log" --of "$1" evidence
    # Who signs the same twice with RSA or EdDSA has one signature, and evidence of both times.
    [ "$(sed -n 's/^==> \(.*\) <==$/\1/p' stdout.txt | xargs -I{} sha256sum {}/signature |
        cut -d' ' -f1 | sort -u | wc -l)" -eq 1 ] || fail "others too: $(grep '^==> ' stdout.txt)"
    shows "^==> $(newest) <==" 'ok +signature: by the key given here' 'ok +audit log: line [0-9]+ names'
}

# ---- Each kind of signature ----------------------------------------------------------------------

with_directory
printf 'A contract.\n' >contract.txt
leaves 1 quietly ska dgst -sha256 -sign "$(uri seal)" -sigopt 'ska-description:Contract
4711' -out raw.sig contract.txt
[ ! -e approvals/done ] || fail "evidence is in the directory too"
[ "$(stat -c %a "$(newest)")" = 700 ] || fail "evidence is open"
(cd "$(newest)" && sha256sum --quiet --strict -c SHA256SUMS)
finds raw.sig
plain base64 -in raw.sig -out raw.b64
finds raw.b64
for label in seal rsa edwards; do
    leaves 1 quietly ska req -x509 -new -key "$(uri $label)" -subj "/CN=$label" -days 7 \
        -config "$source_dir/tests/scenario/certificates.cnf" -out $label.crt
    finds $label.crt
    plain x509 -in $label.crt -outform DER -out $label.der
    finds $label.der
    leaves 1 quietly ska req -new -key "$(uri $label)" -subj "/CN=$label" \
        -config "$source_dir/tests/scenario/certificates.cnf" -out $label.csr
    finds $label.csr
done
for label in seal rsa; do
    for form in DER PEM SMIME; do
        for attached in '' -nodetach; do
            # shellcheck disable=SC2086
            leaves 1 quietly ska cms -sign -binary -cades $attached -in contract.txt \
                -signer $label.crt -inkey "$(uri $label)" -outform $form -out contract.p7s
            finds contract.p7s
        done
    done
    leaves 1 quietly ska smime -sign -binary -in contract.txt -signer $label.crt \
        -inkey "$(uri $label)" -outform PEM -out contract.p7s
    finds contract.p7s
done
mkdir new
: >index
sed "s|@DIR@|$work|" "$source_dir/tests/scenario/ca.cnf" >ca.cnf
leaves 1 succeeds ska ca -config ca.cnf -gencrl -cert seal.crt -keyfile "$(uri seal)" -out seal.crl
finds seal.crl
cp "$source_dir/tests/scenario/certificates.cnf" tsa.cnf
leaves 1 quietly ska req -x509 -new -key "$(uri rsa)" -subj /CN=tsa -days 7 -config tsa.cnf \
    -addext extendedKeyUsage=critical,timeStamping -out tsa.crt
printf '%s\n' '[tsa]' 'default_tsa = t' '[t]' "serial = $work/serial" 'default_policy = 1.2.3' \
    'signer_digest = sha256' 'digests = sha256' >ts.cnf
plain ts -query -config ts.cnf -data contract.txt -sha256 -out contract.tsq 2>/dev/null
skatool pem --key "$(uri rsa)" -o rsa.pem
leaves 1 succeeds ska ts -reply -config ts.cnf -queryfile contract.tsq -signer tsa.crt \
    -inkey rsa.pem -out contract.tsr
finds contract.tsr

# Of a document, or of what was signed elsewhere, there is none; and nothing is said to be there.
plain genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.pem -quiet
plain dgst -sha256 -sign other.pem -out other.sig contract.txt
: >empty
plain req -x509 -new -key other.pem -subj /CN=other -days 7 \
    -config "$source_dir/tests/scenario/certificates.cnf" -out other.crt
for file in contract.txt other.sig empty one.json other.crt; do
    ends 4 inspect --of $file evidence
    case $file in
    empty | other.crt) says "there is no evidence below evidence of the signature in $file, which is an? " ;;
    *) says "$file has no form that skatool knows .* no evidence of that below evidence; [0-9]+ folders were looked at\. Give" ;;
    esac
    [ ! -s stdout.txt ] || fail "shows something: $(cat stdout.txt)"
done
# A signature whose evidence was changed is found, and that it was.
folder=$(newest)
cp -r "$folder" kept
sed -i 's/"label":[[:space:]]*"rsa"/"label": "RSA"/' "$folder/request.json"
ends 4 inspect --audit-log "$log" --of contract.tsr evidence
shows "^==> $folder <==" 'WRONG +file request.json'
rm -r "$folder"
mv kept "$folder"

# A newline is escaped, once, also in members that this version does not know.
folder=$(newest)
sed '0,/{/s//{ "note": "one\\ntwo", "list": ["a\\tb", "\\u202e"],/' "$folder/request.json" >noted.json
succeeds inspect noted.json
shows 'note = "one\\ntwo"$' 'list = \["a\\tb","\\xE2\\x80\\xAE"\]$'

# ---- Where evidence is kept ----------------------------------------------------------------------

configure "${evidence[@]}"
approved board bundle.json contract.txt
leaves 1 quietly ska dgst -sha256 -sign "$(uri board)" -sigopt ska-approvals-file:bundle.json \
    -out file.sig contract.txt
finds file.sig
leaves 1 quietly ska dgst -sha256 -sign "$(uri board)" -sigopt "ska-approvals:$(cat bundle.json)" \
    -out text.sig contract.txt
finds text.sig
leaves 1 succeeds skatool execute --key "$(uri board)" bundle.json -o execute.sig
finds execute.sig
# Not what agents alone approve, what nobody has to approve, and what is refused.
configure "${evidence[@]}" "agent = $work/alice.socket"
leaves 0 quietly ska dgst -sha256 -sign "$(uri seal)" -out signature contract.txt
leaves 0 quietly ska dgst -sha256 -sign "$(uri free)" -out signature contract.txt
request board lacking.json contract.txt
approve lacking.json alice
leaves 0 refused 'approvals missing' ska dgst -sha256 -sign "$(uri board)" \
    -sigopt ska-approvals-file:lacking.json -out signature contract.txt
grep -q '"detail":"refused: approvals do not satisfy the rule (token not found)"' "$log" ||
    fail "no decision in words: $(tail -n 1 "$log")"
configure "evidence-dir = $work/evidence"
ends 0 skatool check-config
shows "^ok +evidence-dir +$work/evidence"
# What cannot be recorded is not signed.
chmod 770 evidence
ends 3 skatool check-config
shows '^FAILED +evidence-dir .*0700'
takes 0 refused 'evidence-dir .*0700' ska dgst -sha256 -sign "$(uri board)" \
    -sigopt ska-approvals-file:bundle.json -out signature contract.txt
chmod 700 evidence
configure "evidence-dir = $work/nowhere"
takes 0 refused 'nowhere' ska dgst -sha256 -sign "$(uri board)" \
    -sigopt ska-approvals-file:bundle.json -out signature contract.txt

# ---- The audit log -------------------------------------------------------------------------------

sum=$(sha256sum contract.txt | cut -d' ' -f1)
succeeds skatool audit "$log"
shows "request .*made.*for \"Contract.x0A4711\"; digest SHA256:${sum:0:10}" \
    'decision .*refused: approvals do not satisfy the rule \(token not found\)'
succeeds skatool audit --json "$log"
shows "\"digest\":\"SHA256:$sum\"" '"description":"Contract\\\\x0A4711"'
# It is rotated: what an older one knows is missing, not wrong, where only the newer one is there.
with_directory
old=$(newest)
sleep 1
mv "$log" "$log.1"
sleep 1
leaves 1 quietly ska dgst -sha256 -sign "$(uri seal)" -out signature contract.txt
new=$(newest)
for folder in "$old" "$new"; do
    succeeds inspect --audit-log "$log.1" --audit-log "$log" "$folder"
    succeeds inspect --audit-log "$log" --audit-log "$log.1" "$folder"
    shows 'ok +audit log: .*names this'
done
ends 4 inspect --audit-log "$log" "$old"
shows 'MISSING +audit log: an older one'
ends 4 inspect --audit-log "$log.1" "$new"
shows 'MISSING +audit log: a newer one'
for folder in "$old" "$new"; do
    cp -r "$folder" changed
    echo '# changed' >>changed/SHA256SUMS
    ends 4 inspect --audit-log "$log.1" --audit-log "$log" changed
    shows 'WRONG +audit log: does NOT know'
    rm -r changed
done

# ---- Folders of strangers ------------------------------------------------------------------------

mkdir -p "hostile/a/b/c/d/e/f/g/h" hostile/fifo hostile/link hostile/big
mkfifo hostile/fifo/signature
ln -s "$work/raw.sig" hostile/link/signature
ln -s "$work/evidence" hostile/more
ln -s .. hostile/a/up
truncate -s 10G hostile/big/signature
cp raw.sig hostile/a/b/c/d/e/f/g/h/signature
ends 4 timeout 20 env OPENSSL_CONF=/dev/null LD_PRELOAD="$preload" "$binary_dir/tools/skatool" \
    inspect --of raw.sig hostile
says 'raw.sig has no form that skatool knows.* no evidence of that below hostile; ' 'not all were looked at'
# Copies of one are all shown.
mkdir -p archive/2026/11
cp -r "$old" archive/2026/11/
cp -r "$old" archive/copy
succeeds inspect --of "$old/signature" archive
[ "$(grep -c '^==> ' stdout.txt)" -eq 2 ] || fail "not both: $(cat stdout.txt)"
pass
