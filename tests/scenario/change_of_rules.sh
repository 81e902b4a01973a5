#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A change of rules that somebody wants to get past the approvers: the requester lies about the
# rules of now, takes another's name, or chooses names that say more than a name. The warnings come
# from what he cannot write: the HSM, the approver's own key, and what was seen before.
. "$(dirname "$0")/lib.sh"
board
for name in m1 m2 m3; do
    plain genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $name.pem
    plain pkey -in $name.pem -pubout -out $name.pub.pem
done
key seal p256
history=$XDG_STATE_HOME/ska/history.jsonl

digits() { # NAME: of the key, as people read them aloud
    plain pkey -pubin -in "$1.pub.pem" -outform DER | sha256sum | cut -c1-32 | sed 's/..../& /g; s/ $//'
}
told() { # NAME [OPTION]... REQUEST: what this approver is told, each paragraph on one line
    local name=$1
    shift
    cp "${*: -1}" told.json
    set -- "${@:1:$#-1}"
    succeeds skatool approve --approver "$name.pem" --yes "$@" told.json
    awk '/^$|^[^ ]|^    [^ ]|^        [^ ]/ && NR > 1 { print "" }
        { sub(/^ +/, NR > 1 && !/^    [^ ]|^        [^ ]/ ? " " : "&"); printf "%s", $0 }
        END { print "" }' stdout.txt >told.txt
}
tells() {
    local pattern
    for pattern in "$@"; do
        grep -qE -- "$pattern" told.txt || fail "does not say '$pattern': $(cat told.txt)"
    done
}
silent() {
    local pattern
    for pattern in "$@"; do
        ! grep -qE -- "$pattern" told.txt || fail "says '$pattern': $(cat told.txt)"
    done
}
new_rules() { # FILE RULE [OPTION]...: a request to give the key this use rule
    printf '{"ruleUse":%s}' "$2" >new.json
    succeeds skatool request --key "$(uri seal)" --operation modify --policy new.json --force \
        -o "$1" "${@:3}"
}
# Keys of Mallory's under the names of the board.
theirs=$(rule 2 alice bob carol)
for pair in alice:m1 bob:m2 carol:m3; do
    theirs=${theirs//"\"${pair%:*}.pub.pem\""/"\"${pair#*:}.pub.pem\""}
done
base64_of() { # NAME: of the public key, as it stands in JSON
    sed '1d;$d' "$1.pub.pem" | tr -d '\n'
}
# forge FROM TO RULE...: these rules of now, in the requester's own words, are as the new use rule.
forge() {
    tr -d '\n\t' <"$1" | sed 's/"rule[A-Z][a-z]*"/\n&/g' | awk -v rules="${*:3}" \
        -v old="$(base64_of alice) $(base64_of bob) $(base64_of carol)" \
        -v new="$(base64_of m1) $(base64_of m2) $(base64_of m3)" '
        BEGIN { count = split(old, from, " "); split(new, to, " ") }
        {
            for (i = 1; match($0, /^"rule[A-Za-z]*"/) && i <= count; i++)
                if (index(rules, substr($0, 2, RLENGTH - 2)) > 0 && (at = index($0, from[i])) > 0)
                    $0 = substr($0, 1, at - 1) to[i] substr($0, at + length(from[i]))
            print
        }' >"$2"
    ! cmp -s "$1" "$2" && [ "$(grep -cF "$(base64_of m1)" "$2")" -eq $(($# - 2)) ] ||
        fail "not forged: $(cat "$2")"
}

# ---- The rules of now are a lie ------------------------------------------------------------------

new_rules honest.json "$theirs"
! grep 'nothing' stderr.txt || fail 'it changes something'
new_rules same.json "$(rule 2 alice bob carol)"
says "key 'seal' has these rules already: the request would change nothing"
[ -s same.json ] || fail 'no request'
forge honest.json forged.json ruleUse
rm -rf "$XDG_STATE_HOME"
OPENSSL_CONF=/dev/null told alice forged.json
tells 'not set up to ask the device' 'now, the requester says: 2 of these 3' \
    'nobody has confirmed what they say' \
    "WARNING: your key is NOT in it; ANOTHER KEY has your name, alice" \
    "WARNING: gets ANOTHER KEY: 'alice', 'bob', 'carol'" 'nothing is known of these people'
for pair in alice:m1 bob:m2 carol:m3; do
    tells "^    - '${pair%:*}' has this key" "$(digits "${pair#*:}")"
done
# The HSM knows better, and is asked where it can be.
told alice forged.json
tells 'The device that holds the keys was asked' 'now, the device says' \
    'WARNING: the requester says something else of this rule'
silent 'nobody has confirmed what'
ends 0 skatool inspect forged.json
shows "The present rules, according to the HSM, which was asked" "What changes, compared with what the HSM" \
    "removed: 'alice'"
OPENSSL_CONF=/dev/null ends 0 skatool inspect forged.json
shows 'could not be asked' 'because +the configuration has no pkcs11-module'
# That it cannot be asked is said, and is no failure.
cp openssl.cnf good.cnf
# The path is short, so that no line of the page breaks within it.
sed -i 's|^pkcs11-module.*|pkcs11-module = /nonexistent/none.so|' openssl.cnf
told alice forged.json
tells 'could not be asked, because' '^ *\| .*none\.so' "ANOTHER KEY has your name, alice"
ends 0 skatool inspect forged.json
shows 'could not be asked' 'because .*none\.so'
cp good.cnf openssl.cnf
# Who reads it is in the new rules.
rm -rf "$XDG_STATE_HOME"
new_rules fine.json "$(rule 1 alice bob)"
told alice fine.json
tells 'Your key is in it as alice' "'alice' has this key, which is your own key" "WARNING: can no longer approve: carol"
silent 'NOT in it' 'ANOTHER KEY'
# Another person's key under a name that stands beside it, in the same rules.
second=$(rule 1 alice m1 | sed 's/"name":"seal"/"name":"second"/; s/"name":"m1"/"name":"bob"/')
double=$(rule 1 alice bob | sed 's/]}$//'),${second#*[}
new_rules double.json "$double"
told alice double.json
tells "WARNING: one name, SEVERAL KEYS: 'bob'"

# ---- What was seen before ------------------------------------------------------------------------

rm -rf "$XDG_STATE_HOME"
printf 'A document.\n' >document
succeeds skatool request --key "$(uri seal)" -o request.json document
OPENSSL_CONF=/dev/null told alice request.json
[ "$(stat -c %a "$XDG_STATE_HOME/ska" "$history" | tr '\n' ' ')" = '700 600 ' ] || fail "modes"
[ "$(wc -l <"$history")" -eq 1 ] || fail "not one line: $(cat "$history")"
grep -qE '^\{"time":"20[^"]*Z","answer":"approved","operation":"SIGN",.*"key":"seal",.*"approvers":\[\{"name":"alice","sha256":"[0-9a-f]{64}"\},\{"name":"bob".*\{"name":"carol".*\]\}$' "$history" ||
    fail "no such line: $(cat "$history")"
# All rules of now are forged, so that nothing in the request contradicts it but who approves.
forge honest.json forged.json ruleUse ruleBlock ruleUnblock
OPENSSL_CONF=/dev/null told alice forged.json
tells "WARNING: had ANOTHER KEY in an earlier request, last at .*: 'alice', 'bob', 'carol'" \
    "'bob' has this key, which you have not seen before"
# Another key of the HSM by the name of the one that was seen.
sed "s|\"publicKey\": *\"[^\"]*\"|\"publicKey\":\"$(base64_of m1)\"|" forged.json >other.json
# Its id is another one then, so it is not approved; a refusal shows it.
succeeds skatool reject --approver alice.pem --yes -o refusal.json other.json
grep -q 'another key of this name, not the one' stdout.txt || tr -s ' \n' ' ' <stdout.txt |
    grep -q 'the request shows another key of this name' || fail "does not say it: $(cat stdout.txt)"
# A change that was approved counts from then on.
rm -rf "$XDG_STATE_HOME"
told alice request.json
told alice fine.json
told alice fine.json
silent 'ANOTHER KEY in an earlier'
tells "'bob' has this key, which you saw first at"

# Broken lines are named, and hide no others.
{ echo '{"time":'; echo '{"key":"seal"}'; cat "$history"; printf '{"half a line'; } >mixed
cp mixed "$history"
OPENSSL_CONF=/dev/null told alice forged.json
tells 'had ANOTHER KEY in an earlier request'
tells 'WARNING: lines of what you have seen earlier cannot be read \(3\): these keys could not be compared'
says 'history.jsonl: line 1' 'history.jsonl: line 2'
grep -qE '^\{"time".*\}$' < <(tail -n 1 "$history") ||
    fail "the new line was joined with the broken one"
# One that others may write says nothing, and what cannot be written stops nobody.
chmod 666 "$history"
OPENSSL_CONF=/dev/null told alice forged.json
tells 'WARNING: what you have seen earlier cannot be read'
says 'others may write to it'
chmod 600 "$history"
rm -rf "$XDG_STATE_HOME"
: >"$XDG_STATE_HOME"
told alice request.json
says 'could not be added to your own history'
rm -f "$XDG_STATE_HOME"
ln -s "$work/elsewhere" link
mkdir -p "$XDG_STATE_HOME/ska"
mv link "$history"
told alice request.json
says 'could not be added to your own history'
[ ! -e elsewhere ] || fail "written through a link"
rm "$history"
# Nobody adds to it while another does, who may have to take back a part of a line.
told alice request.json
exec {locked}<>"$history"
flock "$locked"
told alice request.json
says 'could not be added to your own history' 'another process keeps it locked'
[ "$(wc -l <"$history")" -eq 1 ] || fail "written to while it was locked"
exec {locked}>&-
rm "$history"
# Many at once.
for i in {1..20}; do
    cp request.json "many$i.json"
    ours "$binary_dir/tools/skatool" approve --approver alice.pem --yes "many$i.json" >/dev/null 2>&1 &
    jobs[i]=$!
done
for i in {1..20}; do
    wait "${jobs[i]}" || fail "one of many failed"
done
[ "$(grep -cE '^\{"time"[^{}]*(\{[^{}]*\},?)*\]\}$' "$history")" -eq 20 ] &&
    [ "$(wc -l <"$history")" -eq 20 ] || fail "$(cat "$history")"

# ---- A token that the requester names ------------------------------------------------------------

# Without a configured token several could be meant: none is given the PIN, least of all that one.
new_token other
new_rules named.json "$theirs"
sed -E 's/("token":[[:space:]]*)"tok"/\1"other"/' named.json >other.json
! cmp -s named.json other.json || fail 'nothing was changed'
sed -i '/^token = /d' openssl.cnf
for request in named other; do
    told alice $request.json
    tells 'could not be asked'
    silent 'the device says'
done
configure
# The configured one is asked, whatever the request says.
told alice other.json
tells 'the device says'

# ---- Names that say more than a name -------------------------------------------------------------

carol=$(plain pkey -pubin -in carol.pub.pem -outform DER | sha256sum | cut -c1-45)
trick=$(rule 2 alice bob carol)
trick=${trick//\"name\":\"carol\"/\"name\":\"carol, key SHA-256 $carol\"}
trick=${trick//carol.pub.pem/m1.pub.pem}
new_rules trick.json "$trick"
told alice trick.json
tells "^    - 'carol, key SHA-256 $carol' has this key" "$(digits m1)"
ends 0 skatool inspect trick.json
shows "^ +'carol, key SHA-256 $carol', key SHA-256 "
for name in 'b\u043eb' 'b\u10e1b' nobody 'bob ' 'b\u200bob'; do
    new_rules trick.json "${theirs//\"name\":\"bob\"/\"name\":\"$name\"}"
    told alice trick.json
    case $name in
    nobody) tells "alice, 'nobody' and carol" ;;
    'b\u10e1b') tells 'WARNING: look closely at the name' 'U\+10E1' ;;
    *) tells 'WARNING: look closely at the name' ;;
    esac
done
new_rules trick.json "${theirs//\"name\":\"board\"/\"name\":\"b\\u043eard\"}"
told alice trick.json
tells 'WARNING: look closely at the name'
pass
