#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# skatool check-config --plan: from an empty token and an empty computer to nothing that is left to do, by the
# commands that it prints.
. "$(dirname "$0")/lib.sh"
board
me=$(id -un)

planned() { # OPTION...
    succeeds skatool check-config --plan --user "$me" "$@"
    ! grep -qE "$pin" stdout.txt || fail "the PIN is shown"
}
# plans STATE WHAT [PATTERN]
plans() {
    grep -qE "^$1 +$2 .*${3-}" stdout.txt || fail "no '$1 $2 ${3-}': $(cat stdout.txt)"
}
plans_no() { # WHAT
    ! grep -qE "^[a-z ]+ $1 " stdout.txt || fail "'$1': $(cat stdout.txt)"
}
timed() { # RULE: with a timeout
    sed 's/"timeout":0/"timeout":3600/g' <<<"$1"
}

# ---- An empty token ------------------------------------------------------------------------------

policy "$(timed "$(rule 2 alice bob carol)")" >timed.json
configure "approvals-dir = $work/approvals" "state-dir = $work/state" "evidence-dir = $work/evidence" \
    "audit-log = $work/log/audit.log" "agent = $work/agent.socket" 'timestamp-key = clock'
planned --policy timed.json --key "$(uri seal)"
plans done 'PKCS#11 module' "$simulator"
plans done 'SKA calls'
plans done partition "\"$token\""
plans done login
plans ask 'key authorization' 'use_usr_cnf.*key_auth'
plans 'to do' 'timestamp key' clock
plans 'to do' key "$(uri seal | sed 's/.*=//')"
plans done alice
plans ask fingerprints
for what in approvals-dir state-dir evidence-dir 'audit log' agent; do plans 'to do' "$what"; done
plans_no '(approvals|state)-dir +not set'
plans_no 'SAM mode'
grep -qxE "[1-9][0-9]* to do, [1-9][0-9]* to ask\. Then run skatool check-config as $me\." stdout.txt || fail "no sum: $(cat stdout.txt)"

# What it prints is what does it: the HSM's first, then directories, as who owns them.
grep -E '^ +\$ (skatool|install -d -o [^ ]+ -m)' stdout.txt | sed 's/^ *\$ //' >commands.txt
[ "$(grep -c '^skatool keygen' commands.txt)" -eq 2 ] && [ "$(grep -c '^install' commands.txt)" -eq 3 ] ||
    fail "other commands: $(cat commands.txt)"
# shellcheck disable=SC1091
[ "$(id -u)" -ne 0 ] || sed -i "s/ -o [^ ]*//" commands.txt
(. ./commands.txt) >made.txt 2>&1 || fail "$(cat made.txt)"
mkdir -m 700 approvals
planned --policy timed.json --key "$(uri seal)"
plans done 'timestamp key' clock
plans done clocks
plans done key 'with rules'
plans done 'key authorization' 'has rules'
if [ "$(id -u)" -ne 0 ]; then
    for what in state-dir evidence-dir 'audit log'; do plans done "$what"; done
    plans ask approvals-dir 'only uid [0-9]+ can leave approvals in .*/approvals\.'
fi

# ---- Commands that can be pasted -----------------------------------------------------------------

# run_command PATTERN: what the plan prints, with a shell as people paste it; stdin is what they type.
run_command() {
    grep -E "^ +\\$ $1" stdout.txt | sed 's/^ *\$ //' >command.txt
    [ "$(wc -l <command.txt)" -eq 1 ] || fail "not one command: $(cat command.txt)"
    bash ./command.txt >made.txt 2>&1 || fail "$(cat command.txt made.txt)"
}
configure "state-dir = \"$work/st at'e\"" "approvals-dir = $work/ap pr"
sed -i "s|^pin-source = .*|pin-source = file:$work/new dir/my ;touch pwned; pin|" openssl.cnf
planned
plans 'to do' PIN "the PIN file $work/new dir/my .* pin is missing"
run_command 'install -d [^-]'
run_command 'bash' <<<"$pin"
! grep -qF "$pin" made.txt || fail 'the PIN is shown'
[ "$(cat new*/my*)" = "$pin" ] && [ "$(stat -c %a new*/my*)" = 600 ] && [ ! -e pwned ] ||
    fail "not the PIN file: $(ls -lR)"
run_command 'install -d -o [^ ]+ -m 700'
grep -qE "install -d -o $me -g approvers -m 3770 '$work/ap pr'$" stdout.txt || fail "$(cat stdout.txt)"
planned
plans done PIN
plans done login 'logged in'
plans done state-dir "$work/st at'e"
chmod 644 new*/my*
planned
run_command 'chmod 600'
planned
plans done PIN
mkdir -m 770 'ap pr'
if [ "$(id -u)" -ne 0 ]; then
    chmod 750 st*
    planned
    run_command 'chmod 3770'
    run_command 'chmod 700'
    planned
    plans done approvals-dir 'ap pr, shared with the group'
    plans done state-dir
fi

# ---- What is the system's, or leads there --------------------------------------------------------

no_commands() { # but for the PIN file of whoever runs this test
    ! grep -E '^ +\$ (install|chown|chmod|bash)' stdout.txt | grep -v " $work/pin\$" ||
        fail 'a command that it must not show'
}
noted() { # PATTERN
    grep -qE "^ +no command is shown: .*$1" stdout.txt || fail "no note '$1': $(cat stdout.txt)"
}
configure "audit-log = /var/log/audit.log" 'state-dir = /var' 'evidence-dir = /tmp' 'approvals-dir = /usr'
for user in daemon root no-such-user; do
    succeeds skatool check-config --plan --user $user
    plans 'to do' 'audit log' '/var/log belongs to uid 0,.*as in /var/log/ska/audit\.log'
    plans 'to do' state-dir '/var belongs to uid 0,.*as in /var/lib/ska/state'
    plans 'to do' evidence-dir '/tmp belongs'
    plans '(to do|ask)' approvals-dir '.*/usr'
    no_commands
    ! grep -q 'groups root' stdout.txt || fail "approvers become members of the system's group"
done
for shared in /tmp /var/mail /root; do
    [ -d "$shared" ] || continue
    configure "approvals-dir = $shared"
    for user in daemon root no-such-user; do
        succeeds skatool check-config --plan --user $user
        plans '(to do|ask)' approvals-dir ".*$shared"
        no_commands
        ! grep -qE 'groups (root|mail)' stdout.txt || fail "approvers become members of the system's group"
    done
done
mkdir -p linked
ln -sf /etc linked/state
ln -sf "$work/nothing" linked/evidence
ln -sf /etc/passwd linked/pin
configure "state-dir = $work/linked/state" "evidence-dir = $work/linked/evidence" "approvals-dir = $work/no/../../x"
sed -i "s|^pin-source = .*|pin-source = file:$work/linked/pin|" openssl.cnf
succeeds skatool check-config --plan --user daemon
plans 'to do' state-dir 'belongs to uid 0'
plans 'to do' PIN 'has mode 0644'
noted 'linked/pin is a symbolic link'
plans ask evidence-dir 'No such file'
noted 'without \.\.'
no_commands
ln -sf "$work/nothing" linked/pin
succeeds skatool check-config --plan --user daemon
plans 'to do' PIN missing
noted 'linked/pin is a symbolic link'
no_commands
# What would be an option of the command, or elsewhere than where this was run.
configure 'state-dir = --mode=4777' 'evidence-dir = -t /etc' 'approvals-dir = approvals' 'audit-log = a.log'
sed -i "s|^pin-source = .*|pin-source = file:$work/pin|" openssl.cnf
succeeds skatool check-config --plan --user daemon
noted 'write the whole path'
no_commands
# A place that others may write to.
mkdir -m 777 open
configure "state-dir = $work/open/new/state"
sed -i "s|^pin-source = .*|pin-source = file:$work/open/pin|" openssl.cnf
succeeds skatool check-config --plan --user daemon
noted 'PIN: users other than its owner may write to the directory'
noted 'state-dir: users other than'
no_commands
# Root's PIN file, which the signer is to have; what follows pin-source may be the PIN itself.
cp pin known-to-all
chmod 644 known-to-all
configure
sed -i "s|^pin-source = .*|pin-source = file:$work/known-to-all|" openssl.cnf
succeeds skatool check-config --plan --user daemon
grep -qxF "           \$ chown -h daemon $work/known-to-all && chmod 600 $work/known-to-all" stdout.txt ||
    fail "$(cat stdout.txt)"
sed -i "s|^pin-source = .*|pin-source = file:$pin|" openssl.cnf
planned
plans 'to do' PIN 'its name is not shown'

# ---- As the signer, and not as root --------------------------------------------------------------

# for_signer OPTION...: what root plans for the user daemon, who has a token and a configuration.
for_signer() {
    succeeds skatool check-config --plan --user daemon "$@"
}
as_signer() {
    setpriv --reuid=daemon --regid=daemon --init-groups -- "$@"
}
# give PATH...: to the signer.
give() {
    chown -R daemon "$@"
}
plays_signer=
if [ "$(id -u)" -eq 0 ] && id daemon >/dev/null 2>&1 && as_signer test -r "$simulator" -a -r "$work/openssl.cnf"; then
    plays_signer=yes
fi
if [ -n "$plays_signer" ]; then
    give tokens pin calls.log
    configure
    for_signer
    plans done PIN
    plans done login 'logged in'
    # Root's files: what root can do says nothing of the signer.
    chmod 600 openssl.cnf
    for_signer
    plans 'to do' file 'openssl.cnf cannot be read by daemon: Permission denied'
    chmod 644 openssl.cnf
    chown root pin
    for_signer
    plans 'to do' PIN 'only daemon may have access to .*belongs to uid 0 and has mode 0600'
    plans 'to do' login 'not tried: .*Permission denied'
    # But for a program that starts as root.
    configure 'load = early'
    for_signer
    plans done PIN 'start as root'
    plans done login 'start as root'
    # A user who does not exist yet.
    configure
    succeeds skatool check-config --plan --user nobody-of-this-name
    plans ask login 'uid 0 has logged in; can nobody-of-this-name\? .*exists'
    plans 'to do' PIN 'belongs to uid 0'
    give pin
    # The way there counts, too.
    mkdir -m 700 closed closed/state closed/evidence closed/log
    cp pin closed/pin
    : >closed/log/audit.log
    give closed/*
    configure "state-dir = $work/closed/state" "evidence-dir = $work/closed/evidence" \
        "audit-log = $work/closed/log/audit.log"
    sed -i "s|^pin-source = .*|pin-source = file:$work/closed/pin|" openssl.cnf
    for_signer
    for what in PIN state-dir evidence-dir 'audit log'; do plans 'to do' "$what" "daemon cannot .*closed"; done
    plans 'to do' login 'not tried'
    chmod 711 closed
    for_signer
    for what in PIN login state-dir evidence-dir 'audit log'; do plans done "$what"; done
    # A log of the signer's in a directory of root's.
    install -d -m 755 logs
    for name in audit.log audit.log.lock; do install -o daemon -m 600 /dev/null logs/$name; done
    configure "audit-log = $work/logs/audit.log"
    for_signer
    plans done 'audit log'
    # An approvals directory of root's may be shared with a group of the signer's.
    install -d -g daemon -m 3770 shared
    configure "approvals-dir = $work/shared"
    as_signer env LD_PRELOAD="$preload" "$binary_dir/tools/skatool" check-config >checked.txt 2>&1 || true
    grep -qE '^ok +approvals-dir .*shared with the group daemon' checked.txt || fail "$(cat checked.txt)"
    for_signer
    plans done approvals-dir 'shared with the group daemon'
    plans 'to do' approvers 'group daemon'
    [ "$(ls -A shared)" = done ] || fail "left there: $(ls -A shared)"
    chmod 2770 shared
    for_signer
    plans 'to do' approvals-dir 'writable by its group without the sticky bit'
    no_commands
    # A group without people, as the package makes it.
    configure "approvals-dir = $work/approvals"
    # with_group MEMBERS: where the group approvers has these.
    with_group() {
        printf 'root:x:0:\ndaemon:x:1:\napprovers:x:993:%s\n' "$1" >group
        # shellcheck disable=SC2016
        succeeds unshare -m sh -c 'mount --bind "$0" /etc/group && exec "$@"' "$work/group" \
            env LD_PRELOAD="$preload" "$binary_dir/tools/skatool" check-config --plan --user daemon
    }
    if unshare -m true 2>/dev/null; then
        for members in '' ska-notify ska-notify,daemon; do
            with_group "$members"
            plans 'to do' approvers 'add the approvers to the group approvers'
        done
        with_group alice,ska-notify
        plans ask approvers 'all members of the group approvers'
    fi
    # One that is closed is not called open.
    install -d -m 700 roots
    configure "approvals-dir = $work/roots" "state-dir = $work/roots"
    for_signer
    plans 'to do' approvals-dir 'roots belongs to uid 0 .*daemon cannot leave requests there'
    plans 'to do' state-dir 'roots belongs to uid 0, not to daemon'
    ! grep -q 'others may use it' stdout.txt || fail "$(cat stdout.txt)"
    # Others than root cannot become the signer.
    chmod 644 skasim.cnf softhsm2.conf openssl.cnf
    succeeds as_signer env LD_PRELOAD="$preload" "$binary_dir/tools/skatool" check-config --plan --user bin
    plans ask login 'uid 1 has logged in; can bin\? .*as that user'
    chown -R root tokens pin calls.log
fi

# ---- What is usually set -------------------------------------------------------------------------

configure
planned
for what in approvals-dir state-dir audit-log 'timestamp key'; do plans - "$what" '(is |)not set'; done

# ---- What is wrong -------------------------------------------------------------------------------

configure 'timestamp-key = clock'
chmod 644 pin
planned
plans 'to do' PIN 'mode 0644'
chmod 600 pin
printf '0000\n' >pin
planned
plans 'to do' login PIN
plans ask 'timestamp key' 'not looked for without a login'
printf '%s\n' "$pin" >pin
sed -i "s/^token = .*/token = seals/" openssl.cnf
planned
plans 'to do' partition '"seals"'
sed -i "s|^pkcs11-module = .*|pkcs11-module = /nonexistent.so|" openssl.cnf
planned
plans 'to do' 'PKCS#11 module' 'nonexistent'
plans_no partition
succeeds skatool check-config --plan --user nobody-of-this-name
plans 'to do' signer
grep -qF '$ useradd --system' stdout.txt || fail "no command: $(cat stdout.txt)"

# ---- Keys that are there -------------------------------------------------------------------------

configure
token=tok
key ord p256 none
key two p256
succeeds skatool keygen --key "$(uri timed)" --algorithm EC --policy timed.json --blocked
# The key's own rules count, also without their policy.
planned --key "$(uri timed)"
plans 'to do' key "'timed' cannot sign until it is unblocked"
plans_no 'key +.*with rules'
plans 'to do' 'timestamp key' 'set timestamp-key'
planned --key "$(uri timed)" --policy timed.json
plans 'to do' key "'timed' cannot sign until it is unblocked"
# An ordinary key never gets rules; other rules are said.
planned --key "$(uri ord)"
plans done key "'ord', without rules .*ordinary"
planned --key "$(uri ord)" --policy policy.json
plans 'to do' key "'ord' is an ordinary key, which can never get the rules in policy\.json"
planned --key "$(uri two)" --policy policy.json
plans done key "'two', with rules"
policy "$(rule 1 alice bob carol)" | sed "s/\"ruleBlock\":.*/\"ruleBlock\":$(rule 2 alice bob carol)}/" >one.json
planned --key "$(uri two)" --policy one.json
plans 'to do' key "'two' has other rules than one\.json \(ruleUse\)"
# A command only for what is not there.
no_keygen() {
    ! grep -qF '$ skatool keygen' stdout.txt || fail "a command that will be refused: $(cat stdout.txt)"
}
configure 'timestamp-key = ord'
for other in 'ska:token=other;object=x' 'ska:token=tok;object=ord;id=99' 'ska:token=tok'; do
    planned --key "$other"
    plans 'to do' 'timestamp key' "'ord' does not make timestamps.*set timestamp-key"
    plans 'to do' key
    no_keygen
done
planned --key 'ska:token=tok;object=x'
grep -qF "$ skatool keygen --key 'ska:token=tok;object=x' " stdout.txt || fail "$(cat stdout.txt)"

# ---- SAM mode ------------------------------------------------------------------------------------

configure
planned --sam --policy policy.json
plans ask 'SAM mode' 'Signature Act'
plans ask CAs XML
plans 'to do' alice 'certificate'
plans_no 'timestamp key'
certificate() { # NAME DAYS
    plain req -x509 -new -key "$1.pem" -subj "/CN=$1" -days "$2" -out "$1.crt"
}
certificate alice 30
certificate bob 300
policy "$(rule 1 alice bob | sed 's/public_key/certificate/g; s/\.pub\.pem/.crt/g')" >certified.json
planned --policy certified.json
plans ask 'SAM mode'
plans 'to do' alice 'a new certificate.*: this one, issued by CN=alice, expires at 2[0-9-]+ [0-9:]+ '
plans done bob 'certificate issued by CN=bob$'
key certified p256 certified.json
planned --key "$(uri certified)"
plans ask 'SAM mode'
policy "$(timed "$(rule 1 alice)")" >timed.json
planned --policy timed.json
plans 'to do' 'timestamp key' 'set timestamp-key'

# ---- Names are others' words ---------------------------------------------------------------------

bad_name='alice\n           $ rm -rf x\n\u001b[2K\u001b[31mred'
policy "$(rule 1 alice | sed 's/"name":"alice"/"name":"BAD"/')" | sed "s/BAD/${bad_name//\\/\\\\}/" >"$(printf 'ev\nil.json')"
grep -q 'u001b' ev*il.json || fail "no such name: $(cat ev*il.json)"
configure
succeeds skatool check-config --plan --policy ev*il.json --user "$(printf 'x\n    $ id\n\033[31m')"
! LC_ALL=C grep -qE $'\033|^ +\\$ (rm|id)|^il' stdout.txt || fail "a name is shown raw: $(cat -v stdout.txt)"
plans done "'alice.x0A +[$] rm -rf x.x0A.*red'"
grep -qF 'Approvers, in ev\x0Ail.json' stdout.txt || fail "$(cat stdout.txt)"
grep -qF 'check-config as x\x0A    $ id\x0A\x1B[31m' stdout.txt || fail "$(cat stdout.txt)"

# ---- Its options ---------------------------------------------------------------------------------

refused 'need --plan' skatool check-config --sam
! skatool check-config --plan --policy no-such.json >stdout.txt 2>stderr.txt || fail 'a policy that is not there'
says 'no-such\.json'

# ---- What is wrong in the file -------------------------------------------------------------------

planned
plans_no activate
configure "aprovals-dir = $work/approvals" 'unknown-setting = 1'
planned
plans 'to do' aprovals-dir 'did you mean approvals-dir\?'
plans 'to do' unknown-setting 'known settings are'
[ ! -s stderr.txt ] || fail "said twice: $(cat stderr.txt)"
providers='ska = ska_provider' configure
planned
plans 'to do' activate 'no other provider is activated'
configure
sed -i "/^\[ska_provider\]/,\$s/^activate = 1/activate = 0/; s|^module = .*|module = $simulator|" openssl.cnf
planned
plans 'to do' activate 'not set to 1'
plans 'to do' provider 'is not an OpenSSL provider'
pass
