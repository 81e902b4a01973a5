#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Orders: the risk officer blocks a key from her own user, without a login and with nobody else; the
# unit executes what is complete, and what it may. Old answers that are copied in again undo no block
# and bring nobody back. Whatever a colleague plants among the orders stops nobody else's.
. "$(dirname "$0")/lib.sh"

group=12000 signer=12001 rita=12002 mallory=12003
[ "$(id -u)" -eq 0 ] || skip "other users can be played by root only"
as() { # UID COMMAND...
    local uid=$1
    shift
    setpriv --reuid="$uid" --regid=$group --clear-groups -- "$@"
}

for name in alice bob carol rita dora dan; do approver $name; done
timed() { # RULE
    printf '%s' "${1//\"timeout\":0/\"timeout\":3600}"
}
# rules USE BLOCK UNBLOCK MODIFY
rules() {
    printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":%s,"ruleModify":%s}\n' "$@"
}
board=$(rule 2 alice bob carol)
risk=$(rule 1 rita)
directors=$(rule 2 dora dan)
rules "$board" "$risk" "$(timed "$directors")" "$(timed "$directors")" >policy.json
rules "$board" "$risk" "$directors" "$directors" >untimed.json
printf '{"ruleUse":%s}' "$(rule 2 alice bob)" >without-carol.json
printf '{"ruleUse":%s}' "$board" >with-carol.json
log=$work/audit.log
directory=$work/approvals
configure "approvals-dir = $directory" "audit-log = $log" "state-dir = $work/state" \
    "timestamp-key = clock"
succeeds skatool keygen --timestamp --key "$(uri clock)" --algorithm EC
key seal p256
key other p256 untimed.json
mkdir -m 700 state
printf 'A document.\n' >document
chmod 644 ./*.pem ./*.json document openssl.cnf
chown -R "$signer:$group" "$work"
chmod 755 "$work"
chmod 1777 "$work" # for what each user writes in its own name
as $signer test -r "$binary_dir/tools/skatool" -a -r "$work/pin" ||
    skip "user $signer cannot reach $work"
install -d -o $signer -g $group -m 3770 "$directory"

# From here on whatever uses the token is the signer; the others have no configuration.
ours() {
    as $signer env LD_PRELOAD="$preload" "$@"
}
person() { # UID SKATOOL-ARGUMENT...
    local uid=$1
    shift
    as "$uid" env LD_PRELOAD="$preload" OPENSSL_CONF=/dev/null XDG_STATE_HOME="$work/state-of-$uid" \
        "$binary_dir/tools/skatool" "$@"
}
unit() { # [--all] [OPTION...]
    case ${1-} in
    --all) skatool execute --dir "$directory" "$@" ;;
    *) skatool execute --dir "$directory" --block-only "$@" ;;
    esac
}
order() { # UID OPERATION [OPTION...]: and it becomes a request, whose id is in $id
    succeeds person "$1" request --operation "$2" --key "${label:-ska:object=seal}" \
        --dir "$directory" "${@:3}"
    says 'Left the order'
    succeeds unit
    says "order $2-[0-9a-f]+\.order\.json of uid $1: request [0-9a-f]{16} to $2 key"
    id=$(grep -oE 'request [0-9a-f]{16}' stderr.txt | tail -n 1 | cut -d ' ' -f 2)
}
give() { # UID NAME...: each approves $id
    local uid=$1 name
    shift
    for name in "$@"; do
        succeeds person "$uid" approve --dir "$directory" --approver "$name.pem" --yes "$id"
    done
}
calls() { # CALL: how many there were
    grep -c "^$1\b" calls.log || true
}
blocked() {
    succeeds skatool show --key "$(uri seal)"
    shows '^ *blocked +yes'
}
unblocked() {
    succeeds skatool show --key "$(uri seal)"
    shows '^ *blocked +no'
}
standing() { # how many requests
    find "$directory" -maxdepth 1 -name '*.request.json' | wc -l
}
chmod 644 ./*.pem

# ---- From her own user ---------------------------------------------------------------------------

refused 'approvals pending' ska dgst -sha256 -sign "$(uri seal)" -out signature document
[ "$(standing)" -eq 1 ] || fail "no open request to sign"
untouched succeeds person $rita request --operation block --key 'ska:object=seal' \
    --description 'Stop it' --dir "$directory"
says "Left the order to block key 'seal' in .* \(block-[0-9a-f]{24}\.order\.json\)"
[ "$(find "$directory" -name '*.order.json' -user $rita -perm 644 | wc -l)" -eq 1 ] ||
    fail "no order of Rita's: $(ls -l "$directory")"
# Nor has she a login who has the signer's configuration, but may not read the PIN.
rm "$directory"/*.order.json
untouched succeeds as $rita env LD_PRELOAD="$preload" OPENSSL_CONF="$work/openssl.cnf" \
    "$binary_dir/tools/skatool" request --operation block --key 'ska:object=seal' \
    --description 'Stop it' --dir "$directory"
says "Left the order to block key 'seal' in .* \(block-[0-9a-f]{24}\.order\.json\)"
# Everybody sees what is ordered.
succeeds person $mallory requests --dir "$directory"
shows '^Orders that skatool execute' "^    block-[0-9a-f]{24}\.order\.json  block seal, ordered by uid $rita" '^    \| Stop it'
succeeds person $mallory requests --dir "$directory" --requester $mallory
! grep -q '^Orders' stdout.txt || fail "not ordered by uid $mallory"
# A signature and a label are not ordered.
refused 'key .*is missing|not found|pkcs11-module' person $rita request --key 'ska:object=seal' \
    --dir "$directory" document
refused 'names the key by its label' person $rita request --operation block --key 'ska:id=01' \
    --dir "$directory"
succeeds unit
says 'order block-.* of uid 12002: request [0-9a-f]{16} to block key .seal'
[ -z "$(find "$directory" -name '*.order.json')" ] || fail "the order is still there"
# Who asks is the owner of the file, whatever the file says.
grep -qE "\"uid\":[[:space:]]*$rita" "$(grep -l BLOCK "$directory"/*.request.json)" ||
    fail "somebody else asks"
[ "$(calls C_SKABlock)" -eq 0 ] || fail "blocked without an approval"
succeeds person $rita requests --dir "$directory"
shows "block .*uid $rita .according to uid $signer. .*Stop it"
id=$(awk '/block/ { print $1 }' stdout.txt)
# What is not complete is found out without the HSM, however often; and nothing is written in the
# directory for that, which would start the unit again.
as_it_is() {
    find "$directory" -printf '%P %i %C@ %s\n' | sort
}
before=$(as_it_is)
untouched quietly unit
[ "$(as_it_is)" = "$before" ] || fail "the unit starts itself again"
give $rita rita
succeeds unit
shows "^key 'seal' is blocked \(request [0-9a-f]{16}\)\$"
says "closed request [0-9a-f]{16} to sign with key 'seal': the key is blocked"
[ "$(calls C_SKABlock)" -eq 1 ] || fail "not blocked by one call"
blocked
[ -z "$(find "$directory" -maxdepth 1 -name '*.json')" ] ||
    fail "something is left: $(ls "$directory")"
grep -q '"operation":"BLOCK".*"detail":"done"' "$log" || fail "the log has no block: $(cat "$log")"
grep -q '"operation":"SIGN".*closed: the key is blocked' "$log" || fail "not closed in the log"
succeeds skatool audit "$log"
untouched quietly unit
# Nobody is asked for what is so already.
succeeds person $rita request --operation block --key 'ska:object=seal' --dir "$directory"
succeeds unit
says "warning: order .* of uid $rita, to block key 'seal', is refused: .*already blocked"
# Who ordered it finds out, with no journal of the signer's.
succeeds person $rita requests --dir "$directory" --requester $rita
shows '^Orders that were refused' "^    block-[0-9a-f]{24}\.order\.json  block seal, ordered by uid $rita, refused by uid $signer, 20" \
    '^    \| .*already blocked'
for key in seal other; do
    succeeds person $rita requests --dir "$directory" --key $key
    [ "$(grep -c 'block seal, ordered by' stdout.txt)" -eq "$([ $key = seal ] && echo 1 || echo 0)" ] ||
        fail "of key $key: $(cat stdout.txt)"
done
quietly unit
[ "$(standing)" -eq 0 ] || fail "people are asked to block a key that is"

# ---- What the unit does not do -------------------------------------------------------------------

mkdir kept
keep() { # NAME: request and answers as they lie there now
    mkdir "kept/$1"
    cp -p "$directory/$id"*.json "kept/$1"
}
# copied_in NAME: as the colleague, who has kept them.
copied_in() {
    local file
    for file in kept/"$1"/*; do
        # Not in the place of the signer's request, which nobody else can write.
        [ -e "$directory/${file##*/}" ] ||
            as $mallory sh -c 'umask 022; cat >"$1"' sh "$directory/${file##*/}" <"$file"
    done
}
chmod 755 kept
order $mallory unblock
give $mallory dora dan
id=$(basename "$(ls "$directory/$id"*.request.json)" .request.json)
chmod a+r "$directory/$id.request.json"
keep unblock
quietly unit
blocked
# By hand it is executed, as ever.
succeeds skatool execute --dir "$directory" "$id"
shows "^key 'seal' is unblocked \(request [0-9a-f]{16}\)\$"
unblocked

# What was executed is not open any more, and when that was is said, however the id is given.
for given in "$id" "${id:0:16}" "${id:0:8}"; do
    ends 1 skatool execute --dir "$directory" "$given"
    says "request is not open: ${given:0:16} in .*: it was executed at 20[0-9: -]+ UTC"
done

# Rita blocks again. Without a timeout the token is the very one of before, and yet it is another
# request.
order $rita block
give $rita rita
succeeds unit
shows "^key 'seal' is blocked \(request [0-9a-f]{16}\)\$"
blocked
[ "$(calls C_SKABlock)" -eq 2 ] || fail "not blocked by one more call"

# The replay: who kept the answers of the last unblocking undoes no block.
copied_in unblock
quietly unit
quietly unit --all
blocked
rm -f "$directory"/*.json
order $mallory unblock
copied_in unblock # they lie beside a genuine request now, of another time
succeeds unit --all
blocked
[ "$(calls C_SKAUnblock)" -eq 1 ] || fail "the HSM was asked to unblock again"
# What the signer would have executed, in a file of its own: it was executed once.
rm -f "$directory"/*.json
for file in kept/unblock/*; do install -o $signer -m 640 "$file" "$directory/${file##*/}"; done
untouched quietly unit --all
blocked
refused 'not as root' env OPENSSL_CONF="$work/openssl.cnf" "$binary_dir/tools/skatool" execute \
    --dir "$directory" --all

# With --all what is approved now, under a rule with a timeout, is executed.
rm -f "$directory"/*.json
order $mallory unblock
give $mallory dora
quietly unit --all
# Who has rejected it is not missing: execute says what status says.
succeeds person $mallory reject --dir "$directory" --approver dan.pem --yes "$id"
ends 2 skatool execute --dir "$directory" "$id"
says '1 of 2; rejected by dan; left: nobody'
ends 2 skatool status --dir "$directory" "$id"
says '1 of 2; rejected by dan; left: nobody'
give $mallory dan
succeeds unit --all
shows "^key 'seal' is unblocked \(request [0-9a-f]{16}\)\$"
unblocked
label=ska:object=other
order $rita block
give $rita rita
succeeds unit
order $mallory unblock
give $mallory dora dan
succeeds unit --all
says 'has its approvals, but they have no time limit.*execute --dir'
untouched quietly unit --all # once is enough
[ "$(calls C_SKAUnblock)" -eq 3 ] || fail "unblocked without a time limit"
# The configured directory need not be named.
refused 'makes a signature|has no signature' skatool execute "$id" -o none.sig
succeeds skatool execute "$id"
label=ska:object=seal

# ---- Other rules ---------------------------------------------------------------------------------

order $mallory modify --policy with-carol.json
give $mallory dora dan
id=$(basename "$(ls "$directory/$id"*.request.json)" .request.json)
keep with-carol
succeeds unit --all
shows "^key 'seal' has new rules: use \(request [0-9a-f]{16}\)\$"
order $mallory modify --policy without-carol.json
give $mallory dora dan
quietly unit
[ "$(calls C_SKAModify)" -eq 1 ] || fail "modified with --block-only"
succeeds skatool execute --dir "$directory"
shows "^key 'seal' has new rules: use \(request [0-9a-f]{16}\)\$"
# An old modification brings nobody back.
copied_in with-carol
quietly unit --all
rm -f "$directory"/*.json
order $mallory modify --policy with-carol.json
copied_in with-carol
succeeds unit --all
rm -f "$directory"/*.json
for file in kept/with-carol/*; do install -o $signer -m 640 "$file" "$directory/${file##*/}"; done
untouched quietly unit --all
[ "$(calls C_SKAModify)" -eq 2 ] || fail "an old modification was executed"
succeeds skatool show --key "$(uri seal)"
! grep -q carol stdout.txt || fail "Carol is back"
rm -f "$directory"/*.json

# ---- Failures ------------------------------------------------------------------------------------

order $rita block
give $rita rita
cp skasim.cnf good.cnf
printf 'fault = C_SKABlock=CKR_DEVICE_ERROR\n' >>skasim.cnf
ends 3 unit
cp good.cnf skasim.cnf
# What the HSM refuses, though it looks complete, is not tried again; by hand it is.
printf 'fault = C_SKABlock=CKR_SKASIM_PARAMETERS_INVALID\n' >>skasim.cnf
before=$(calls C_SKABlock)
directory_before=$(as_it_is)
ends 2 unit
quietly unit
quietly unit
[ "$(as_it_is)" = "$directory_before" ] || fail "the unit starts itself again"
[ "$(calls C_SKABlock)" -eq "$((before + 1))" ] || fail "tried again"
cp good.cnf skasim.cnf
quietly unit
succeeds skatool execute --dir "$directory" "$id"
blocked
# What fails is tried again, but not for ever.
label=ska:object=other
order $rita block
give $rita rita
printf 'fault = C_SKABlock=CKR_DEVICE_ERROR\n' >>skasim.cnf
for _ in 1 2 3 4 5; do ends 3 unit; done
untouched quietly unit
cp good.cnf skasim.cnf
untouched quietly unit
# Until somebody orders it again.
succeeds person $rita request --operation block --key $label --dir "$directory"
succeeds unit
says 'was there already'
shows "^key 'other' is blocked \(request [0-9a-f]{16}\)\$"
order $mallory unblock
give $mallory dora dan
succeeds skatool execute --dir "$directory" "$id"
# A wrong PIN is tried once, whoever orders: the token would lock.
order $rita block
give $rita rita
echo 1234 >wrong-pin
chown $signer wrong-pin
chmod 600 wrong-pin
sed "s|^pin-source = .*|pin-source = file:$work/wrong-pin|" openssl.cnf >wrong.cnf
chmod 644 wrong.cnf
refused 'PIN' unit --config wrong.cnf
for _ in 1 2 3 4 5 6 7 8; do
    refused 'has refused the PIN in .*wrong-pin before' skatool execute --config wrong.cnf --block-only
done
succeeds unit
blocked=$(calls C_SKABlock)
[ "$blocked" -gt 0 ] || fail "nothing was blocked"
# Who signs is not the unit.
id=
for file in "$directory"/*.json; do rm -f "$file"; done
order $mallory unblock
give $mallory dora dan
# Approvals that are good for ever can be old ones: without its id this undoes no block, either.
for _ in 1 2; do
    succeeds skatool execute --dir "$directory"
    says "request ${id:0:16} to unblock key 'other' has its approvals, but they have no time limit.*from before the key was blocked.*execute --dir $directory ${id:0:16}"
    ! grep -q . stdout.txt || fail "done all the same: $(cat stdout.txt)"
done
succeeds skatool execute --dir "$directory" "$id"
shows "^key 'other' is unblocked \(request [0-9a-f]{16}\)\$"
refused 'approvals pending' ska dgst -sha256 -sign "$(uri other)" -out signature document
id=$(id_of_pending "$directory")
give $mallory alice bob
quietly unit --all
succeeds skatool execute --dir "$directory"
says 'nothing in .* can be executed'
refused 'is for a signature' skatool execute --dir "$directory" "$id"
refused 'not safe' person $mallory execute --dir "$directory" "$id"
rm -f "$directory"/*.json
copied_in unblock
id=$(basename kept/unblock/*.request.json .request.json)
refused 'is a file of uid 12003 and not this user.s request' skatool execute --dir "$directory" "$id"
rm -f "$directory"/*.json
# A directory of somebody else's, a missing state-dir.
grep -v '^state-dir' openssl.cnf >no-state.cnf
chmod 644 no-state.cnf
refused 'state-dir is not set' skatool execute --dir "$directory" --block-only --config no-state.cnf
refused 'cannot be used together' skatool execute --dir "$directory" --block-only --all
refused 'without ID' skatool execute --dir "$directory" --all "$id"
refused 'makes a signature|has no signature' skatool execute --dir "$directory" -o signature "$id"

# ---- Twice ---------------------------------------------------------------------------------------

# Two who order the same with other words are two requests; what one of them has done closes the other.
rm -f "$directory"/*.json
label=ska:object=other
order $mallory block --description 'Mine'
order $rita block --description 'Hers'
[ "$(standing)" -eq 2 ] || fail "not two requests: $(ls "$directory")"
give $rita rita
succeeds unit
shows "^key 'other' is blocked \(request [0-9a-f]{16}\)\$"
says 'closed request [0-9a-f]{16} to (sign with|block) key .other.: the key is blocked'
[ "$(standing)" -eq 0 ] || fail "the other one stays: $(ls "$directory")"
order $mallory unblock --description 'Mine'
order $rita unblock --description 'Hers'
give $mallory dora dan
succeeds skatool execute --dir "$directory" "$id"
says 'closed request [0-9a-f]{16} to .*: another request has already done the same'
[ "$(standing)" -eq 0 ] || fail "the other one stays: $(ls "$directory")"

# An unblocking that was approved before the key was blocked, in whatever time of its rule, is from another
# time: it goes with the block.
label=ska:object=seal
blocked
order $mallory unblock
give $mallory dora dan
# In its time it is executed, also without an id.
succeeds skatool execute --dir "$directory"
unblocked
succeeds skatool request --operation unblock --key "$(uri seal)" --dir "$directory"
id=$(cat stdout.txt)
give $mallory dora dan
early=$id
order $rita block
give $rita rita
succeeds unit
shows "^key 'seal' is blocked \(request [0-9a-f]{16}\)\$"
says "closed request ${early:0:16} to unblock key 'seal': it was made before the key was blocked"
for options in '' --all; do
    # shellcheck disable=SC2086
    succeeds skatool execute --dir "$directory" $options
done
blocked

# ---- Imported ------------------------------------------------------------------------------------

# A request that came as a file, complete and in the signer's own name since it was imported, is not what
# the unit executes; nor does it stand in the way of one that is.
rm -f "$directory"/*.json
label=ska:object=other
order $rita block
mv "$directory/$id"*.request.json stranger.json
id=$(grep -oE '\b[0-9a-f]{64}\b' stranger.json | head -n 1)
chmod 644 stranger.json
succeeds skatool import --dir "$directory" --requests stranger.json
give $rita rita
before=$(calls C_SKABlock)
quietly unit
quietly unit --all
[ "$(calls C_SKABlock)" -eq "$before" ] || fail "the unit executes what was imported"
succeeds skatool execute --dir "$directory"
says "request ${id:0:16} to block key 'other' was imported, and is executed only by its id"
order $rita block
shows "^key 'other' is blocked \(request [0-9a-f]{16}\)\$"
[ "$(standing)" -eq 0 ] || fail "the imported one stays"
succeeds skatool request --operation unblock --key "$(uri other)" --dir "$directory"
id=$(cat stdout.txt)
give $mallory dora dan
succeeds skatool execute --dir "$directory" "$id"
rm -f "$directory"/*.json

# ---- Hostile orders ------------------------------------------------------------------------------

plant() { # NAME: from standard input, as the colleague
    as $mallory sh -c 'umask 022; cat >"$1"' sh "$directory/$1"
}
good='{"version":1,"operation":"BLOCK","key":{"label":"other"},"description":"'
as $mallory ln -s "$work/pin" "$directory/link.order.json"
as $mallory mkfifo "$directory/fifo.order.json"
as $mallory mkdir "$directory/folder.order.json"
as $mallory sh -c 'head -c 50000000 /dev/zero >"$1"' sh "$directory/huge.order.json"
as $mallory sh -c 'umask 077; echo >"$1"' sh "$directory/unreadable.order.json"
plant broken.order.json <<<'{'
plant sign.order.json <<<"${good/BLOCK/SIGN}x\"}"
plant more.order.json <<<"${good}x\",\"pin\":\"1\"}"
plant nokey.order.json <<<"${good/other/nobody}x\"}"
plant clock.order.json <<<"${good/other/clock}x\"}"
plant elsewhere.order.json <<<"${good/\{\"label\"/\{\"token\":\"a\",\"label\"}x\"}"
printf '\033]0;x\007' | sed 's/.*/{"version":"&"}/' | plant escape.order.json
succeeds unit
says 'order link.order.json of uid 12003 is refused: .*symbolic link' 'huge.order.json.* longer|more like these'
says 'and [0-9]+ more like these'
! grep -q $'\033' stderr.txt || fail "an escape sequence comes through"
[ "$(wc -l <stderr.txt)" -le 12 ] || fail "too many lines: $(cat stderr.txt)"
[ "$(find "$directory" -maxdepth 1 -name '*.order.json' | wc -l)" -eq 1 ] ||
    fail "not removed: $(ls -l "$directory")"
quietly unit # the folder cannot be removed, and is remembered
# Of each who orders so many refusals are kept, and what others put in their place is left alone.
[ "$(find "$directory" -name '*.refused.json' -user $signer | wc -l)" -le 10 ] || fail "$(ls "$directory")"
rm "$directory"/*.refused.json
for i in 0 1 2; do plant "order-$mallory-$i.refused.json" <<<'{'; done
for i in $(seq 15); do plant "$i.order.json" <<<'{'; done
succeeds unit
[ "$(find "$directory" -name '*.refused.json' -user $signer | wc -l)" -eq 10 ] || fail "$(ls "$directory")"
printf '{"version":1,"order":"x\\u001b[2J","uid":%s,"refused":"never","reason":"All is well; \\nOrders: none"}' $rita |
    plant "order-$rita-0.refused.json"
succeeds person $rita requests --dir "$directory"
[ "$(grep -c "ordered by uid $mallory, refused by uid $signer" stdout.txt)" -eq 10 ] || fail "$(cat stdout.txt)"
# What became of it is the word of who signs, and not of a colleague.
! grep -qE "ordered by uid $rita|All is well" stdout.txt || fail "a colleague's word: $(cat stdout.txt)"
says "^skatool: warning: not shown: what uid $mallory, who does not sign here, says in [0-9]+ files of $directory about orders"
# In a directory of root's nobody can tell who signs.
chown root "$directory"
succeeds person $rita requests --dir "$directory"
shows "ordered by uid $rita, refused by uid $mallory, as a file of theirs says, never" '^    \| All is well; '
! grep -qE $'\033|^Orders: none' stdout.txt || fail "foreign words look like ours: $(cat stdout.txt)"
chown $signer "$directory"
# After a week they are of no interest.
touch -d '8 days ago' "$directory"/*.refused.json
quietly unit
[ "$(find "$directory" -name '*.refused.json' -user $signer | wc -l)" -eq 0 ] || fail "$(ls "$directory")"
rm -f "$directory"/*.refused.json
[ "$(standing)" -eq 0 ] || fail "a request came of it"

# Thousands, and one of Rita's among them.
for i in $(seq 3000); do
    printf '%s%s"}' "$good" "$i" >"$directory/$i.order.json"
done
chown $mallory "$directory"/*.order.json
succeeds person $rita request --operation block --key $label --description 'Among them' --dir "$directory"
before=$(wc -l <calls.log)
succeeds unit
says 'more orders are left for later' "of uid $rita: request"
[ "$(wc -l <stderr.txt)" -le 45 ] || fail "too many lines: $(wc -l <stderr.txt)"
[ "$(standing)" -le 21 ] || fail "$(standing) requests of one owner's orders"
[ "$(($(wc -l <calls.log) - before))" -le 500 ] || fail "too many calls of the HSM"
id=$(grep -oE "of uid $rita: request [0-9a-f]{16}" stderr.txt | awk '{ print $NF }')
give $rita rita
succeeds unit
shows "^key 'other' is blocked \(request [0-9a-f]{16}\)\$"
[ "$(standing)" -le 20 ] || fail "$(standing) requests are open"

# In a directory of root's the signer cannot remove what is another's, and remembers it.
rm -rf "$directory"
install -d -o root -g $group -m 3770 "$directory"
label=ska:object=other
succeeds skatool execute --dir "$directory"
succeeds person $mallory request --operation unblock --key $label --dir "$directory"
succeeds unit
says "of uid $mallory: request"
[ "$(standing)" -eq 1 ] || fail "no request"
rm "$directory"/*.request.json
quietly unit
[ "$(standing)" -eq 0 ] || fail "the order was taken twice"

# ---- By the signer -------------------------------------------------------------------------------

# With a login the request is made at once, also to sign, and a program that signs takes it up.
rm -rf "$directory"
install -d -o $signer -g $group -m 3770 "$directory"
succeeds skatool request --operation unblock --key "$(uri seal)" --dir "$directory"
id=$(cat stdout.txt)
[ -f "$directory/$id.request.json" ] || fail "no request"
succeeds skatool request --operation unblock --key "$(uri seal)" --dir "$directory"
says 'was already open'
[ "$(cat stdout.txt)" = "$id" ] || fail "another id"
give $mallory dora dan
succeeds skatool execute --key "$(uri seal)" --dir "$directory" "$id"
unblocked
succeeds skatool request --key "$(uri seal)" --dir "$directory" document
id=$(cat stdout.txt)
give $mallory alice bob
takes 1 quietly ska dgst -sha256 -sign "$(uri seal)" -out signature document
plain dgst -sha256 -verify seal.pub.pem -signature signature document >/dev/null
[ ! -f "$directory/$id.request.json" ] || fail "it is another request"
# ---- The units -----------------------------------------------------------------------------------

if command -v systemd-analyze >/dev/null; then
    mkdir -p "$work/units"
    sed "s|^ExecStart=[^ ]*|ExecStart=$binary_dir/tools/skatool|" \
        "$source_dir/tools/systemd/ska-execute.service.in" >units/ska-execute.service
    cp "$source_dir"/tools/systemd/ska-execute.{path,timer} units
    quietly systemd-analyze verify --man=no "$work"/units/ska-execute.service \
        "$work"/units/ska-execute.path "$work"/units/ska-execute.timer
    succeeds systemd-analyze security --offline=yes --threshold=25 \
        "$work/units/ska-execute.service" # 1.9 of 10
    mkdir units/ska-execute.service.d
    drop_in ska-execute.service | sed "s|@SKA_BIN_DIR@|$binary_dir/tools|" >units/ska-execute.service.d/edit.conf
    quietly systemd-analyze verify --man=no "$work/units/ska-execute.service"
fi
# As the unit runs it: all is in the configuration.
grep -qx "ExecStart=.*/skatool execute --block-only" "$source_dir/tools/systemd/ska-execute.service.in" ||
    fail "the unit runs something else"
quietly skatool execute --block-only
# And as its comment says that it can.
[ "$(changed_command ska-execute.service)" = 'execute --all' ] || fail 'the drop-in runs something else'
quietly skatool execute --all
pass
