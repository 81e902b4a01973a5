#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What approvers meet who are no technicians: what they are told before they are asked, so that
# honest requests and traps can be told apart; keys of every kind; requests, refusals and how far it
# is; words and files of others that mean harm.
. "$(dirname "$0")/lib.sh"
board
approver dave
printf 'The contract with Miller.\n' >contract.txt
printf 'The contract with Mallory.\n' >other.txt
key annual-accounts p256
key letters ed25519

# told NAME [OPTION]... REQUEST: what this approver is told, each paragraph on one line, in told.txt.
told() {
    local name=$1
    shift
    cp "${*: -1}" told.json
    set -- "${@:1:$#-1}"
    succeeds skatool approve --approver "$name.pem" --yes "$@" told.json
    # No line is longer than a terminal, in bytes, which is more than any terminal counts.
    ! grep -E '^.{81}' stdout.txt ||
        fail "a line is too long"
    # Nothing that a terminal would obey.
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80[\x8b-\x8f\xaa-\xae]' stdout.txt stderr.txt ||
        fail "control characters"
    LC_ALL=C.UTF-8 awk '/^$|^[^ ]|^    [^ ]|^        \|/ && NR > 1 { print "" }
        { sub(/^ +/, NR > 1 && !/^    [^ ]|^        \|/ ? " " : "&"); printf "%s", $0 }
        END { print "" }' stdout.txt | tr -s ' ' >told.txt
}
tells() { # PATTERN...
    local pattern
    for pattern in "$@"; do
        grep -qE -- "$pattern" told.txt || fail "does not say '$pattern': $(cat told.txt)"
    done
}
silent() { # PATTERN...
    local pattern
    for pattern in "$@"; do
        ! grep -qE -- "$pattern" told.txt || fail "says '$pattern': $(cat told.txt)"
    done
}
modification() { # FILE RULE DESCRIPTION
    printf '{"ruleUse":%s}' "$2" >new.json
    succeeds skatool request --key "$(uri annual-accounts)" --operation modify --policy new.json \
        --description "$3" --force -o "$1"
}

# ---- Six requests, three of them traps -----------------------------------------------------------

miller='The contract with Miller'
request annual-accounts honest1.json contract.txt --description "$miller"
told alice --document contract.txt honest1.json
tells 'asked to approve a SIGNATURE' 'the file you gave, contract.txt\? YES' '^ *\| annual-accounts$' \
    "^ *\\| $miller\$" 'NOT CONFIRMED' 'NEVER EXPIRES' 'cannot take it back' 'not for a purpose' \
    'knows the key only by its name' 'Rule: 2 of these 3 must approve: alice, bob and carol' \
    'So far approved by: nobody' 'You approve as alice. Still needed after you: bob or carol' \
    'The key annual-accounts would sign the file you gave' 'answer no'
digest=$(sha256sum contract.txt)
tells "${digest:0:4} ${digest:4:4} ${digest:8:4}"
silent WARNING
says "Added alice's approval of request [0-9a-f]{16} to sign with key '[a-z-]+' to told.json \(1 of 2; still needed: bob or carol\)"
# Names of algorithms are for technicians.
! grep -qE 'ECDSA|SHA-?256|EDDSA' < <(sed '/^For technicians/,/^In short/d' told.txt) ||
    fail "names of algorithms"

# The same for another key, as far as people see, or by the id of another request.
other=$(plain pkey -pubin -in carol.pub.pem -outform DER | plain base64 -A)
for change in "0,/publicKey/s|(\"publicKey\":\\s*\")[^\"]*|\\1$other|" \
    's/("requestId":\s*")[0-9a-f]{8}/\101234567/'; do
    sed -E "$change" honest1.json >changed.json
    ! cmp -s honest1.json changed.json || fail "nothing was changed by $change"
    refused 'its id does not match its content' skatool approve --approver alice.pem --yes \
        changed.json
done

refused "is for key 'annual-accounts', not for 'letters'" skatool status --key "$(uri letters)" \
    honest1.json

# A trap: the words are the same, the document is another.
request annual-accounts trap1.json other.txt --description "$miller"
refused 'contract.txt is NOT the document' skatool approve --approver alice.pem --yes \
    --document contract.txt trap1.json
told alice trap1.json
tells 'The fingerprint alone does not show it' 'would sign a document that you have not compared'

# A text that can be read.
printf 'Dear Mr Miller,\nthank you.\n' >letter.txt
request letters honest2.json letter.txt --description 'A letter to Miller'
told bob honest2.json
tells '^ *\| Dear Mr Miller,$' '^ *\| thank you\.$' 'The key letters would sign the text above'
silent WARNING 'beginning of a text'

# A trap: the key is one for something else, which stands beside what they say.
request annual-accounts trap2.json contract.txt --description 'My timesheet for October'
told carol trap2.json
tells 'Is it the key that you expect' 'The key annual-accounts would sign'
[ "$(sed -n '/^In short/,$p' told.txt | grep -cE 'annual-accounts|My timesheet')" -eq 2 ] ||
    fail "key and purpose do not stand together"

# A change that is what they say.
modification honest3.json "$(rule 2 alice bob dave)" 'Carol leaves, Dave takes her place'
told alice honest3.json
tells 'CHANGE OF THE RULES' 'WARNING: can no longer approve: carol' 'NEW, .*: dave' \
    'agree to sign with the key' 'the device says: 2 of these 3 must approve: alice, bob and carol' \
    'then: 2 of these 3 must approve: alice, bob and dave' 'to block the key: stays as it is' \
    'There is 1 WARNING'
silent 'fewer approvals' 'alone may be enough'

# A trap: it lowers a quorum.
modification trap3.json "$(rule 1 alice bob carol)" 'Carol has a new telephone'
told alice trap3.json
tells 'WARNING: fewer approvals are enough: 1 instead of 2' 'WARNING: one person alone' \
    'then: any one of these 3 is enough' 'There are 2 WARNINGS' 'others by then'
silent 'no longer approve' 'NEW,'

# The same, and the requester lies about the rule before: what will be is told all the same.
sed -E 's/("quorum":[[:space:]]*)2/\11/' trap3.json >liar.json
told alice liar.json
tells 'WARNING: one person alone'

# Another key under an approver's name.
cp bob.pub.pem bob.old
cp dave.pub.pem bob.pub.pem
modification trap4.json "$(rule 2 alice bob carol)" 'Nothing of importance'
cp bob.old bob.pub.pem
told alice trap4.json
tells "WARNING: gets ANOTHER KEY: 'bob'"
silent 'no longer approve' 'NEW,'

# Everybody, nobody, another way, time.
modification change.json null 'x'
told alice change.json
tells 'WARNING: no approval is needed any more'
modification change.json '{"tokens":[]}' 'x'
told alice change.json
tells 'WARNING: nobody can do this any more'
one_more=$(rule 1 dave | sed 's/"seal"/"shortcut"/')
modification change.json "$(rule 2 alice bob carol | sed 's/]}$//'),${one_more#*[}" 'x'
told alice change.json
tells 'WARNING: there is a new alternative' 'one person alone' '; OR any|; OR one person must approve: dave'

# ---- Block and unblock ---------------------------------------------------------------------------

for operation in block unblock; do
    succeeds skatool request --key "$(uri letters)" --operation $operation -o $operation.json
    told alice $operation.json
    tells "that a key is ${operation^^}ED" "The key letters would be ${operation}ed" 'They do not say what'
done
tells 'Approvals from before it was blocked count again'

# ---- A message that a device could take for a digest ---------------------------------------------

request annual-accounts message.json letter.txt --payload message
told alice message.json
tells 'take only the beginning of a text'
head -c 200 /dev/urandom >data
request annual-accounts data.json data --payload message
told alice data.json
tells 'Data of 200 bytes that are not text' 'WARNING: you cannot see what would be signed'
told bob --document data data.json
tells 'the file you gave, data\? YES, exactly'
silent 'WARNING: you cannot see'
request annual-accounts old.json contract.txt --digest SHA1
told alice old.json
tells 'WARNING: .*\(SHA-1\)'

# ---- Time ----------------------------------------------------------------------------------------

succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
configure 'timestamp-key = clock'
limited() { # TIMELOCK TIMEOUT
    policy "$(rule 1 alice bob | sed "s/\"timelock\":0,\"timeout\":0/\"timelock\":$1,\"timeout\":$2/")"
}
limited 0 600 >limited.json
key limited p256 limited.json
request limited now.json contract.txt
told alice now.json
tells 'Until 20[0-9][0-9]-[0-9-]+ [0-9:]+ [A-Z]+, as often'
silent WARNING
limited 3600 600 >limited.json
key later p256 limited.json
request later later.json contract.txt
told alice later.json
tells 'WARNING: it cannot be used yet, only from .* until .*'
# Too late: of no use, so nobody is asked; the clock here may be wrong, so --yes does it.
printf 'call-log = %s\nclock-offset = -7200\n' "$work/calls.log" >skasim.cnf
request limited past.json contract.txt
printf 'call-log = %s\n' "$work/calls.log" >skasim.cnf
cp past.json before.json
refused 'expired: an approval would be useless: .* until 20' skatool approve --approver alice.pem past.json
same before.json past.json
told alice past.json
tells 'WARNING: too late'
expired='by this computer.s clock the request expired at 20[0-9-]+ [0-9:]+ '
says "warning: $expired" "Added alice's approval of .* \(1 of 1.*\); $expired"
configure

# ---- Keys of every kind --------------------------------------------------------------------------

plain pkey -in alice.pem -outform DER -out alice.der
plain req -x509 -new -key bob.pem -subj /CN=Bob -out bob.crt \
    -config "$source_dir/tests/scenario/certificates.cnf"
plain pkcs12 -export -inkey carol.pem -nocerts -passout pass: -out carol.p12 2>/dev/null
cat bob.crt bob.pem >both.pem
for key in alice.der "file:$work/alice.pem" both.pem carol.p12; do
    cp honest1.json request.json
    succeeds skatool approve --approver "$key" --yes request.json
    says '1 of 2'
done
# not_a_key PATTERN FILE
not_a_key() {
    cp honest1.json request.json
    refused "$1" skatool approve --approver "$2" --yes request.json
    same honest1.json request.json
}
plain req -new -key bob.pem -subj /CN=Bob -out bob.csr \
    -config "$source_dir/tests/scenario/certificates.cnf"
printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n' >ssh.key
: >empty
head -c 100 /dev/urandom >noise
plain ec -in carol.pem -conv_form compressed -out compressed.pem 2>/dev/null
plain genpkey -algorithm X25519 -out x25519.pem
not_a_key 'it is a certificate; the private key' bob.crt
not_a_key 'it is a public key; the private key' bob.pub.pem
not_a_key 'request for a certificate' bob.csr
not_a_key 'key of OpenSSH; ssh-keygen -p -m PKCS8' ssh.key
not_a_key 'it is empty' empty
not_a_key 'noise' noise
not_a_key 'it is a request, not a key' honest1.json
not_a_key 'it is a policy, not a key' policy.json
not_a_key 'it is a directory' .
not_a_key 'No such file' nowhere
not_a_key 'compressed point' compressed.pem
not_a_key 'of this type cannot approve' x25519.pem
not_a_key 'ska provider is not loaded' "$(uri letters)"
! grep -q secret stderr.txt || fail "a secret in a message"
not_a_key 'pkcs11:token=x\.\.\.|pkcs11:token=x;object=y\?\.\.\.' 'pkcs11:token=x;object=y?pin-value=secret'
! grep -q secret stderr.txt || fail "a secret in a message"

# On a token, through another provider of the configuration: the examples of the manual page, a copy of ours with the
# token's module, and the command. Without a provider ska, and with one.
# card_example N: the N-th example of the section.
card_example() {
    awk -v wanted="$1" '/^\.Sh/ { inside = $0 == ".Sh SMART CARDS" } /^\.Ed/ { literal = 0 }
        inside && literal && n == wanted { sub(/\\e$/, "\\"); print }
        inside && /^\.Bd -literal/ { literal = 1; n++ }' "$source_dir/tools/skatool.1"
}
new_token Dora
succeeds skatool keygen --key 'ska:token=Dora;object=Signature' --algorithm EC --policy none
# As installed.
(
    openssl() {
        echo "MODULESDIR: \"$binary_dir/provider\""
    }
    eval "$(card_example 1 | sed "s|/usr/local/lib|$work|")"
)
card_example 2 | sed -E "s|^(module = ).*/|\\1$work/|; s|^(pkcs11-module = ).*|\\1$simulator|" >card.cnf
grep -qx "module = $work/card.so" card.cnf && grep -qx "pkcs11-module = $simulator" card.cnf || fail "$(cat card.cnf)"
sed 's/^card = .*/&\nska = ska_provider/' card.cnf >both.cnf
sed -n '/^\[ska_provider\]/,$p' openssl.cnf >>both.cnf
card=$(card_example 4 | sed -n "s/.*--approver '\([^']*\)'.*/\1/p")
with_pin="$card?pin-source=file:$work/pin"
eval "$(card_example 3 | sed "s|'$card'|'$with_pin'|; s|openssl pkey|quietly ours &|")"
policy "$(rule 1 dora)" >dora.json
key dora-approves p256 dora.json
request dora-approves card.json contract.txt
cp card.json fresh.json
refused 'no configured provider can open it; skatool' skatool approve --approver "$card" --yes card.json
sed "s|^module = .*|module = $work/nowhere.so|" card.cnf >broken.cnf
refused 'can open it; the one in section .card_provider. of the configuration could not be loaded: check its module' \
    skatool approve --config broken.cnf --approver "$card" --yes card.json
for configuration in card.cnf both.cnf; do
    cp fresh.json card.json
    succeeds skatool approve --config $configuration --approver "$with_pin" --yes card.json
    says "dora's approval .*1 of 1; no more"
    if has_terminal; then
        cp fresh.json card.json
        OPENSSL_CONF=$configuration ours "$programs/skatool_terminal" PIN "$pin" 'Type yes or no:' yes -- \
            "$binary_dir/tools/skatool" approve --approver "$card" card.json >typed.txt || fail "$(cat typed.txt)"
    fi
done
takes 1 quietly skatool execute --key "$(uri dora-approves)" -o signature card.json
# The card is not the HSM.
refused 'no PKCS#11 module' skatool list --config card.cnf
succeeds skatool list --config both.cnf
shows dora-approves
# What the card's provider says, with its details.
refused 'token=Dorra;object=Signature: token not found: .*no token matches token="Dorra"; there is: .*"Dora"' \
    skatool approve --config card.cnf --approver "${card/Dora/Dorra}" --yes card.json
refused 'object=Seal\?\.\.\.: key not found: .*"Seal"' \
    skatool approve --config card.cnf --approver "${with_pin/Signature/Seal}" --yes card.json
# Whoever gives a PIN in the URI does not read it again in what is said.
typed="$card?pin-value=$pin"
request annual-accounts others.json contract.txt
refused "the key $card.* is not one of those" skatool approve --config card.cnf --approver "$typed" --yes others.json
! grep -q "$pin" stderr.txt || fail "the PIN is repeated: $(cat stderr.txt)"
for wrong in "${typed/token=/tokn=}" "$typed&pin-value=$pin" "$card;pin-value=$pin"; do
    refused 'bad key URI' skatool approve --config card.cnf --approver "$wrong" --yes others.json
    ! grep -qE "$pin|pin-value" stderr.txt || fail "the PIN is repeated: $(cat stderr.txt)"
done
# The same request again would be one that dora has approved.
request dora-approves card.json other.txt
succeeds skatool reject --config card.cnf --approver "$typed" --yes card.json
! grep -q "$pin" stdout.txt stderr.txt || fail 'the PIN is repeated'

# ---- An approvals directory ----------------------------------------------------------------------

directory=$work/approvals
mkdir "$directory"
chmod 1770 "$directory"
refused 'no approvals-dir' skatool requests
configure "approvals-dir = $directory"
ends 0 skatool requests
[ ! -s stdout.txt ]
says 'no open requests'
sign() { # DOCUMENT
    ska dgst -sha256 -sign "$(uri annual-accounts)" -sigopt "ska-description:For $1" \
        -out signature "$1"
}
refused 'approvals pending' sign contract.txt
id=$(ls "$directory" | cut -c1-64)
refused 'approvals pending' sign other.txt
other=$(ls "$directory" | grep -v "^$id" | cut -c1-64)

# listed STATE...: lines of `requests`, with what stands behind the id.
listed() {
    local line
    [ "$(wc -l <stdout.txt)" -eq $(($# + 1)) ] || fail "not $# requests: $(cat stdout.txt)"
    for line in "$@"; do
        grep -qE -- "$line" stdout.txt || fail "no line '$line': $(cat stdout.txt)"
    done
}
ends 0 skatool requests
listed "^${id:0:16} +sign +annual-accounts +0 of 2 +- +- +$(id -un) +no +no end +For contract.txt\$" \
    "^${other:0:16} .*For other.txt"
# A request that is made by hand is seen by nobody there.
for output in approvals/mine.json "$directory/mine.json"; do
    ends 0 skatool request --key "$(uri annual-accounts)" --force -o "$output" contract.txt
    says "$output is in the approvals directory, where approvers see only"
done
(cd "$directory" && skatool request --key "$(uri annual-accounts)" ../contract.txt --force \
    -o mine.json) 2>stderr.txt
says '^skatool: warning: mine.json is in the approvals directory'
rm "$directory/mine.json"
(cd "$directory" && skatool request --key "$(uri annual-accounts)" ../contract.txt -o -) \
    >mine.json 2>stderr.txt
[ ! -s stderr.txt ] || fail "warned of standard output: $(cat stderr.txt)"
rm mine.json
ends 0 skatool request --key "$(uri annual-accounts)" -o mine.json contract.txt
! grep -q 'approvals directory' stderr.txt || fail "$(cat stderr.txt)"
# The newest stands last, whatever its id.
for newest in "$id" "$other"; do
    touch -d '2 hours ago' "$directory"/*.request.json
    touch "$directory/$newest.request.json"
    ends 0 skatool requests
    [ "$(awk 'END { print $1 }' stdout.txt)" = "${newest:0:16}" ] || fail "$(cat stdout.txt)"
done
# The first digits are enough.
refused 'not a request id' skatool approve --dir "$directory" --approver alice.pem --yes "${id:0:3}"
# All at once, in one file.
for round in 1 2 3 4 5 6 7 8 9 10; do
    request annual-accounts together.json contract.txt
    for name in alice bob carol; do
        skatool approve --approver $name.pem --yes together.json >/dev/null 2>&1 &
    done
    wait
    [ "$(grep -c '"approverPublicKey"' together.json)" -eq 3 ] ||
        fail "round $round: of three approvals some were lost: $(cat together.json)"
done
# Inside the request it would be seen by nobody.
cp "$directory/$id.request.json" before.json
ln -s "$directory/$id.request.json" linked.json
refused "use --dir $directory ${id:0:16}, or -o" \
    skatool approve --approver alice.pem --yes "$directory/$id.request.json"
refused 'linked.json: is a symbolic link, which is not followed' \
    skatool approve --approver alice.pem --yes linked.json
ends 1 skatool approve --approver alice.pem --yes --force -o "$directory/$id.request.json" before.json
says "use --dir $directory ${id:0:16}, or -o"
same before.json "$directory/$id.request.json"
ends 0 skatool approve --approver alice.pem --yes -o taken-along.json "$directory/$id.request.json"
ends 0 skatool approve --approver alice.pem --yes -o again.json taken-along.json
says 'this key has already approved request [0-9a-f]{16}; it is written unchanged'
same taken-along.json again.json
ends 0 skatool approve --dir "$directory" --approver alice.pem --yes "${id:0:16}"
says "Put alice's approval of request [0-9a-f]{16} to sign with key '[a-z-]+' into .* \(1 of 2; still needed: bob or carol\)"
grep -q 'put it into the directory' <(tr -s ' \n' ' ' <stdout.txt) || fail "whose file is it?"
# Everything, as the screen says, with the answers so far.
ends 0 skatool inspect --dir "$directory" "${id:0:16}"
shows "$id" 'alice'
refused 'is not open' skatool inspect --dir "$directory" "$(printf %064d 1)"
refused '--dir cannot be used with' skatool inspect --dir "$directory" --audit-log log "$id"
ends 0 skatool approve --dir "$directory" --approver alice.pem
listed "^${other:0:16} "
ends 0 skatool requests --approver bob.pub.pem --dir "$directory"
listed "^${id:0:16} .* 1 of 2 +alice " "^${other:0:16} "

# Bob rejects it: he is named, it does not wait for him any more, and Carol is needed.
refused 'a reason is text' skatool reject --dir "$directory" --approver bob.pem --yes --reason '' "$id"
refused 'this one has 501' skatool reject --dir "$directory" --approver bob.pem --yes "$id" \
    --reason "$(printf '%0501d' 0)"
ends 0 skatool reject --dir "$directory" --approver bob.pem --yes "$id" \
    --reason "$(printf 'Wrong\033[2J amount')"
grep -q 'You reject it as bob' stdout.txt
grep -q 'about to REJECT a SIGNATURE' stdout.txt || fail "$(cat stdout.txt)"
says "bob's rejection"
refusal=$(echo "$directory/$id".*.reject.json)
# It is signed, as plain openssl sees.
token_of "$directory/$id.request.json" >token
{ printf 'SKA-REJECT-2\0'; plain dgst -sha256 -binary token
    printf 'Wrong\033[2J amount' | plain dgst -sha256 -binary; } >refused.bytes
tr -d '\n\t' <"$refusal" | sed -E 's/.*"signature": *"([^"]*)".*/\1/' | plain base64 -d -A >refused.sig
succeeds plain dgst -sha256 -verify bob.pub.pem -signature refused.sig refused.bytes
ends 0 skatool reject --dir "$directory" --approver bob.pem --yes "$id"
says 'this key has already rejected request [0-9a-f]{16}'
# With another reason it takes the place of the one before, and is one rejection still.
succeeds skatool reject --dir "$directory" --approver bob.pem --yes --reason 'On second thoughts' "$id"
says "Put bob's rejection of request [0-9a-f]{16} to sign with key '[a-z-]+' into .*, in place of the one before"
ends 2 skatool status --dir "$directory" "$id"
grep -qF "Rejected by: bob ('On second thoughts')" stdout.txt || fail "$(cat stdout.txt)"
succeeds skatool reject --dir "$directory" --approver bob.pem --yes --reason 'On second thoughts' "$id"
says 'this key has already rejected request [0-9a-f]{16}; nothing to do'
succeeds skatool reject --dir "$directory" --approver bob.pem --yes "$id" \
    --reason "$(printf 'Wrong\033[2J amount')"
refusal=$(echo "$directory/$id".*.reject.json)
refused 'not one of those' skatool reject --dir "$directory" --approver dave.pem --yes "$id"
refused 'cannot be taken back' skatool reject --dir "$directory" --approver alice.pem --yes "$id"
[ "$(ls "$directory" | grep -c '\.reject\.json$')" -eq 1 ] || fail "not one refusal"
ends 0 skatool requests --approver bob.crt
listed "^${other:0:16} "
ends 0 skatool requests --json
grep -q '"refused":.*\["bob"\]' stdout.txt && grep -q '"approved":.*\["alice"\]' stdout.txt &&
    grep -q '"needed":.*"carol"' stdout.txt && grep -q "\"$id\"" stdout.txt || fail "$(cat stdout.txt)"
ends 2 skatool status --dir "$directory" "$id"
grep -qE 'board +2 +1 +alice +carol *$' stdout.txt &&
    grep -qF "Rejected by: bob ('Wrong\\x1B[2J amount')" stdout.txt &&
    grep -q 'what the requester says' stdout.txt || fail "$(cat stdout.txt)"
ends 0 skatool inspect "$refusal"
grep -qF 'Wrong\x1B[2J amount' stdout.txt || fail "$(cat stdout.txt)"
ends 0 skatool requests
grep -qF "bob ('Wrong\\x1B[2J amount')" stdout.txt || fail "$(cat stdout.txt)"
refused "rejected by bob \('Wrong.x1B.2J amount'\)" sign contract.txt
# Words that bob has not signed are not his: such a refusal does not count at all.
cp "$refusal" kept.reject.json
sed -i 's/Wrong/Right/' "$refusal"
ends 2 skatool status --dir "$directory" "$id"
says 'bob has no valid rejection'
! grep -qi 'amount' stdout.txt stderr.txt || fail "$(cat stdout.txt stderr.txt)"
ends 4 skatool inspect "$refusal"
grep -q 'not shown: the signature is not over it' stdout.txt || fail "$(cat stdout.txt)"
cp kept.reject.json "$refusal"
ends 2 skatool status --dir "$directory" "$id"
says 'approvals missing'
ends 2 skatool status --dir "$directory" --key "$(uri annual-accounts)" --json "$id"
grep -q '"refused":.*\["bob"\]' stdout.txt || fail "$(cat stdout.txt)"
# Both refuse: it cannot be done any more.
ends 0 skatool reject --dir "$directory" --approver carol.pem --yes "$id"
# Carol has given no reason, and nobody gives her one.
sed -i 's/^{/{ "reason": "I agree with Mallory",/' \
    "$(grep -L '"reason"' "$directory/$id".*.reject.json)"
ends 2 skatool status --dir "$directory" "$id"
says "rejected by approvers: 1 of 2; rejected by (bob \('Wrong.* amount'\), carol|carol, bob \(.*\)); left: nobody"
! grep -q Mallory stdout.txt stderr.txt || fail "$(cat stdout.txt)"
# The refusal is no approval, whatever its name.
for file in "$directory"/*.reject.json; do
    cp "$file" "${file%.reject.json}.approval.json"
done
ends 2 skatool status --dir "$directory" "$id"
says 'no valid signature over this request'
grep -qE 'board +2 +1 ' stdout.txt || fail "a refusal was counted: $(cat stdout.txt)"
for file in "$directory"/*.reject.json; do rm "${file%.reject.json}.approval.json"; done
# Bob changes his mind; that counts.
ends 0 skatool approve --dir "$directory" --approver bob.pem --yes "$id"
grep -qE 'WARNING: REJECTED by: .*carol' < <(tr -s ' \n' ' ' <stdout.txt) || fail "$(cat stdout.txt)"
says '2 of 2; no more approvals are needed'
ends 0 skatool status --dir "$directory" "$id"
grep -q 'Rejected by: carol' stdout.txt
takes 1 quietly sign contract.txt
refused 'request is not open: .* it was signed at 20' skatool reject --dir "$directory" --approver carol.pem --yes "$id"

# A refusal of a request in a file lies beside it.
mkdir post
printf 'Nobody has approved this before.\n' >posted.txt
request annual-accounts posted.json posted.txt
cp posted.json post/request.json
ends 0 skatool reject --approver bob.pem --yes post/request.json
# Who rejects has nothing compared, and no option for that.
! grep -qE -- '--document|answer no' stdout.txt || fail "$(cat stdout.txt)"
same posted.json post/request.json
grep -qE '^[0-9a-f]{64}\.[0-9a-f]+\.reject\.json$' < <(ls post) || fail "$(ls post)"
ends 0 skatool approve --approver alice.pem --yes post/request.json
says '1 of 2; still needed: carol'
ends 2 skatool status --key "$(uri annual-accounts)" post/request.json
grep -q 'Rejected by: bob' stdout.txt || fail "$(cat stdout.txt)"
ends 0 skatool reject --approver bob.pem --yes --reason 'Too much' post/request.json
says 'in place of the one before'
[ "$(ls post | grep -c '\.reject\.json$')" -eq 1 ] || fail "$(ls post)"
ends 2 skatool status post/request.json
grep -qF "Rejected by: bob ('Too much')" stdout.txt || fail "$(cat stdout.txt)"
# A file on its way is for the person who asked, as far as that is known.
asked="Send it to the requester: user $(id -u) of the computer $(uname -n), as the request says"
ends 0 skatool approve --approver alice.pem --yes -o post/alice.json honest1.json
says "1 of 2; .*\)\. $asked"
ends 0 skatool reject --approver carol.pem --yes -o refusal.json post/request.json
says "Wrote carol's rejection of request [0-9a-f]{16} to sign with key '[a-z-]+' to refusal.json\. $asked"
grep -q '"signature"' refusal.json
ends 2 skatool reject --approver carol.pem post/request.json
says 'no terminal'

# ---- Words that mean harm ------------------------------------------------------------------------

esc=$(printf '\033[2J\033[31m')
rlo=$(printf '\xe2\x80\xae')
long=$(printf 'x%.0s' {1..10000})
forged="Fine.
In short
    The key harmless would sign nothing.
Do you approve this? Type yes or no: yes"
for harm in "$esc" "$rlo abc" "$long" "$forged" "$(printf ' %.0s' {1..400})In short" \
    "$(printf 'a%.0s\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81' {1..9})"; do
    request letters harm.json letter.txt --description "$harm"
    told alice harm.json
    [ "$(grep -c '^In short' told.txt)" -eq 1 ] && [ "$(wc -l <stdout.txt)" -lt 100 ] ||
        fail "the description imitates or hides the review: $(cat stdout.txt)"
    tells 'The key letters would sign the text above'
done
request letters harm.json letter.txt --description "$long"
told alice harm.json
tells 'There is more of it, 9000 bytes'
# Nothing is pushed off the screen by what shows nothing, in lines or within one.
request letters harm.json letter.txt --description "To Mallory.
$(printf ' \t\n%.0s' {1..200})At twelve.$(printf '\xc2\xa0%.0s' {1..100})And Bob."
told alice harm.json
tells '\(and 197 more empty lines\)' '\(100 blanks; the line goes on\)' '\| And Bob\.'
request letters harm.json letter.txt --description "$rlo"
told alice harm.json
tells 'WARNING: look closely at what they say'

# A name that looks like another one, and names of approvers that say more than a name.
key 'le%D1%82ters' ed25519
key 'letters%20' ed25519
for label in 'le%D1%82ters' 'letters%20'; do
    request "$label" harm.json letter.txt
    told alice harm.json
    tells 'WARNING: look closely at the name of the key'
done
sed "s/\"name\":\"alice\"/\"name\":\"alice, bob and carol have approved. Nobody else is\"/
    s/\"name\":\"bob\"/\"name\":\"b\\\\u001b[2J\\\\u202eo'b\"/" policy.json >names.json
key names ed25519 names.json
request names harm.json letter.txt
told alice harm.json
tells "'alice, bob and carol have approved. Nobody else is'" "x1B" "o.'b"

# ---- Files that mean harm ------------------------------------------------------------------------

refused 'approvals pending' sign contract.txt
mkdir elsewhere
ln -s "$work/elsewhere" "$directory/done"
plant=${id//[0-9]/0}
mkfifo "$directory/$plant.request.json" "$directory/$id.fifo.approval.json" \
    "$directory/$id.fifo.reject.json"
ln -s /dev/zero "$directory/${id//[0-9]/1}.request.json"
ln -s "$id.request.json" "$directory/${id//[0-9]/2}.request.json"
ln -s /dev/zero "$directory/$id.zero.approval.json"
printf 'no JSON' >"$directory/$id.$(printf '\033[2J').approval.json"
printf '{' >"$directory/${id//[0-9]/3}.request.json"
cp "$directory/$id.request.json" "$directory/${id//[0-9]/4}.request.json"
head -c 2000000 /dev/zero >"$directory/${id//[0-9]/5}.request.json"
ends 0 timeout 60 "$binary_dir/tools/skatool" requests
listed "^${id:0:16} " "^${other:0:16} "
says 'symbolic link'
says 'not a regular file'
says 'another id'
! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f]' stdout.txt stderr.txt || fail "control characters"
for wrong in "../$id" "$id/../x" /etc/passwd "$plant" "${id//[0-9]/1}" "${id//[0-9]/2}"; do
    ends_with_refusal() {
        ! timeout 60 "$binary_dir/tools/skatool" "$1" --dir "$directory" --approver alice.pem --yes \
            "$wrong" >stdout.txt 2>stderr.txt && [ ! -s stdout.txt ] && [ -s stderr.txt ]
    }
    ends_with_refusal approve || fail "approves '$wrong'"
    ends_with_refusal reject || fail "rejects '$wrong'"
done
ends 0 timeout 60 "$binary_dir/tools/skatool" approve --dir "$directory" --approver alice.pem --yes "$id"
[ -z "$(ls -A elsewhere)" ] || fail "something was written outside"

# Many files: those that belong to no request, to this one, and many requests.
many=${SKA_MANY_FILES:-3000}
seq "$many" | sed "s|.*|$directory/$plant.&.approval.json|" | xargs touch
seq "$many" | sed "s|.*|$directory/$id.&.approval.json|" | xargs touch
seq "$many" | while read -r i; do printf '%s/%064x.request.json\n' "$directory" "$i"; done | xargs touch
if [ "$(id -u)" -eq 0 ]; then
    # Whoever plants them hides his own only.
    find "$directory" -maxdepth 1 -type f -empty -exec chown 12345 {} +
    ends 0 timeout 120 "$binary_dir/tools/skatool" requests
    listed "^${id:0:16} .* 1 of 2 +alice " "^${other:0:16} "
    says 'too many files'
else
    ends 0 timeout 120 "$binary_dir/tools/skatool" requests
fi
ends 0 timeout 120 "$binary_dir/tools/skatool" reject --dir "$directory" --approver carol.pem --yes "$id"
ends 0 timeout 120 "$binary_dir/tools/skatool" approve --dir "$directory" --approver bob.pem --yes "$id"
[ -z "$(ls -A elsewhere)" ] || fail "something was written outside"
pass
