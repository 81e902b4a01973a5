#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An operator's day: a signer, three approvers, a risk officer and a stranger, each a user of this
# computer. Fifty documents are to be sealed. One is not the one that the approvers have, one is
# rejected with a reason, one is withdrawn; the signer is killed twice and starts again, the HSM is
# away for a while at the last approval. Forty-seven seals come out, and nobody is asked twice.
. "$(dirname "$0")/lib.sh"

group=12000 signer=12001
declare -A number=([alice]=12011 [bob]=12012 [carol]=12013 [rita]=12014 [olga]=12015)
declare -A groups=([alice]=$group [bob]=$group [carol]=$group [rita]=$group [olga]=12099)
[ "$(id -u)" -eq 0 ] || skip "other users can be played by root only"
has_terminal || skip "no pseudo-terminals (is devpts mounted?)"

# ---- Who is there, and what they have ------------------------------------------------------------

board
key seal p256
printf 'keyUsage=critical,nonRepudiation\nbasicConstraints=critical,CA:FALSE\n' >usage
plain req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.pem -subj /CN=CA \
    -addext basicConstraints=critical,CA:TRUE -days 30 -out ca.crt 2>/dev/null
plain x509 -new -force_pubkey seal.pub.pem -subj /O=Example/CN=Seal -days 30 -CA ca.crt -CAkey ca.pem \
    -extfile usage -out seal.crt 2>/dev/null
directory=$work/approvals
log=$work/audit.log
configure "approvals-dir = $directory" "audit-log = $log"
sed -i "s|^pkcs11-module = .*|pkcs11-module = $programs/libhsm_device.so|" openssl.cnf
export HSM_DEVICE_AWAY=$work/away
documents=()
mkdir documents office seals
for i in $(seq -w 50); do
    printf 'Contract %s: %s euros.\n' "$i" "$((10#$i * 100))" >"documents/contract$i.txt"
    documents+=("$work/documents/contract$i.txt")
done
cp documents/* office/
# What the approvers have agreed on is not what is to be sealed.
echo 'Contract 07: 70 euros.' >office/contract07.txt
mkdir -m 3770 "$directory"
plain pkey -in alice.pem -aes256 -passout pass:secret -out alice.secret.pem
mv alice.secret.pem alice.pem
chmod 644 ./*.pem
chown -R "$signer:$signer" "$work"
chown "$signer:$group" "$directory"
chmod 3770 "$directory"
chmod 711 "$work"
for name in "${!number[@]}"; do
    mkdir -m 700 "$name"
    [ ! -e "$name.pem" ] || mv "$name.pem" "$name/key.pem"
    chown -R "${number[$name]}:${number[$name]}" "$name"
done
chmod -R a+rX office documents
tool=$binary_dir/tools/skatool
# The signer is in nobody's group.
become_signer() {
    exec setpriv --reuid=$signer --regid=$signer --clear-groups -- env LD_PRELOAD="$preload" "$@"
}
ours() {
    (become_signer "$@")
}
person() { # NAME COMMAND...
    local name=$1
    shift
    setpriv --reuid="${number[$name]}" --regid="${number[$name]}" --groups "${groups[$name]}" -- \
        env LD_PRELOAD="$preload" OPENSSL_CONF=/dev/null XDG_STATE_HOME="$work/$name/state" "$@"
}
ours test -r "$tool" -a -r "$work/pin" || skip "user $signer cannot reach $work"

# ---- The signer's command ------------------------------------------------------------------------

seal_all() {
    (become_signer "$tool" seal --key "$(uri seal)" --cert seal.crt -o seals --approvals-timeout 600 \
        "${documents[@]}") >waiting.txt 2>&1 &
    server=$!
}
at_end() {
    [ -z "${server-}" ] || kill -9 "$server" 2>/dev/null || true
}
killed() {
    kill -9 "$server"
    wait "$server" 2>/dev/null || true
}
open_requests() {
    find "$directory" -maxdepth 1 -name '*.request.json' -printf '%f\n' | sed 's/\.request\.json//' | sort
}
seals() {
    find seals -name '*.p7s' | wc -l
}
# within SECONDS WHAT COMMAND...
within() {
    local until=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        [ $SECONDS -lt $until ] || fail "$what: $(cat waiting.txt)"
        sleep 0.1
    done
}
are_open() { [ "$(open_requests | wc -l)" -eq "$1" ]; }
are_sealed() { [ "$(seals)" -ge "$1" ]; }
# id_of DOCUMENT: of the request that is about it.
id_of() {
    grep -l "contract$1.txt" "$directory"/*.request.json | sed -E 's|.*/([0-9a-f]{64})\..*|\1|'
}

# ---- The day -------------------------------------------------------------------------------------

succeeds skatool check-config
seal_all
within 120 'not all are asked for' are_open 50
open_requests >asked.txt
# The risk officer sees them, the stranger does not.
succeeds person rita "$tool" requests --dir "$directory"
[ "$(grep -cE '^[0-9a-f]{16} ' stdout.txt)" -eq 50 ] || fail "$(cat stdout.txt)"
ends 3 person olga "$tool" requests --dir "$directory"
# Killed and started again: the same requests.
killed
seal_all
sleep 1
open_requests | cmp -s - asked.txt || fail 'other requests'

# Alice at her terminal, with one passphrase: the first she rejects, some she reads one by one, and
# what is left and lies in her folder she approves together.
six='Approve? y(es), n(ext), r(eject), m(ore), q(uit):'
wrong=$(id_of 07)
mv "$directory/$wrong.request.json" . # so that it is not among the first
talk=('Passphrase of' secret "$six" r 'Why?' 'The amount is wrong' 'Reject it?' y)
for _ in 1 2 3 4 5; do talk+=("$six" y); done
succeeds person alice "$programs/skatool_terminal" "${talk[@]}" "$six" q -- \
    "$tool" approve --dir "$directory" --approver alice/key.pem --documents office
mv "$wrong.request.json" "$directory"
unfolded <stdout.txt >shown.txt
grep -q '5 approved, 1 rejected' shown.txt || fail "$(cat shown.txt)"
rejected=$(sed -nE 's/^1 of [0-9]+: request ([0-9a-f]+),.*/\1/p' shown.txt)
rejected=$(basename "$directory/$rejected"*.request.json .request.json)
succeeds person alice "$programs/skatool_terminal" 'Passphrase of' secret -- \
    "$tool" approve --dir "$directory" --approver alice/key.pem --documents office --yes
grep -q "${wrong:0:16}" stdout.txt || fail "the one that is no file of hers is not named: $(cat stdout.txt)"
[ "$(find "$directory" -name '*.approval.json' | wc -l)" -eq 48 ] || fail "$(cat stdout.txt)"
# By its name, it is refused.
refused 'contract07.txt is NOT the document' person bob "$tool" approve --dir "$directory" \
    --approver bob/key.pem --document office/contract07.txt --yes "$wrong"
for name in alice bob; do
    passphrase=()
    [ $name = bob ] || passphrase=("$programs/skatool_terminal" 'Passphrase of' secret --)
    succeeds person $name "${passphrase[@]}" "$tool" reject --dir "$directory" --approver $name/key.pem \
        --yes --reason 'Not the contract that we have' "$wrong"
done
succeeds person bob "$tool" reject --dir "$directory" --approver bob/key.pem --yes \
    --reason 'As Alice says' "$rejected"
grep -q "'The amount is wrong'" <(ours "$tool" requests) || fail 'the reason is not shown'

# Bob has all but two of them, and approves while the signer is killed and comes again.
cp -r office without
left=()
for i in 50 49 48; do
    [ ${#left[@]} -eq 2 ] || [ "$(id_of $i)" = "$rejected" ] || left+=("$i")
done
rm "without/contract${left[0]}.txt" "without/contract${left[1]}.txt"
last=$(id_of "${left[0]}")
withdrawn=$(id_of "${left[1]}")
person bob "$tool" approve --dir "$directory" --approver bob/key.pem --documents without --yes \
    >bob.txt 2>&1 &
bob=$!
within 120 'nothing is sealed' are_sealed 10
killed
wait "$bob" || fail "$(cat bob.txt)"
seal_all
within 120 'not all of them are sealed' are_sealed 46

# One is withdrawn by who has asked for it, and by nobody else.
refused 'only the user who made the request' person carol "$tool" withdraw --dir "$directory" "$withdrawn"
succeeds skatool withdraw "$withdrawn"

# The last approval comes while the HSM is away.
ours touch away
succeeds person carol "$tool" approve --dir "$directory" --approver carol/key.pem \
    --document "office/contract${left[0]}.txt" --yes "$last"
sleep 5
kill -0 "$server" 2>/dev/null || fail "the signer has given up: $(cat waiting.txt)"
ours rm away
ended=0
wait "$server" || ended=$?
server=
[ $ended -eq 2 ] || fail "status $ended, should be 2: $(cat waiting.txt)"
grep -q "contract07.txt: .*rejected by .*Not the contract that we have" waiting.txt &&
    grep -q "withdrawn: .*contract${left[1]}.txt: " waiting.txt || fail "$(cat waiting.txt)"

# ---- The evening ---------------------------------------------------------------------------------

[ "$(seals)" -eq 47 ] || fail "$(seals) seals: $(cat waiting.txt)"
for seal in seals/*.p7s; do
    document=documents/$(basename "$seal" .p7s)
    succeeds plain cms -verify -cades -binary -inform DER -in "$seal" -content "$document" -CAfile ca.crt \
        -out /dev/null
    says 'CAdES Verification successful'
done
# Nobody was asked twice: of all that was ever asked for each was approved or refused once by anybody.
succeeds skatool audit "$log" --json
grep -oE '"request(Id)?":[[:space:]]*"[0-9a-f]{64}"' stdout.txt | grep -oE '[0-9a-f]{64}' | sort -u |
    cmp - asked.txt || fail 'the log knows of other requests'
for name in alice bob carol; do
    succeeds person $name "$tool" history --json
    grep -oE '"requestId":[[:space:]]*"[0-9a-f]{64}"' stdout.txt | sort | uniq -d >twice.txt
    [ ! -s twice.txt ] || fail "$name was asked twice: $(cat twice.txt)"
done
succeeds skatool inspect --of "seals/contract${left[0]}.txt.p7s" "$directory/done"
# What cannot come any more is cleared away.
succeeds skatool requests --clean --yes
succeeds skatool requests
[ -z "$(open_requests)" ] && says 'no open requests' || fail "$(cat stdout.txt stderr.txt)"
succeeds skatool audit "$log"
pass
