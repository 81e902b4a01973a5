# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the scenarios share. A scenario is a bash script that sources this file first; it then stands
# in an empty directory of its own, with an empty token of the simulator, and ends with `pass`.
# By hand: tests/scenario/NAME.sh (SKA_BINARY_DIR names another build directory than build).

set -Eeuo pipefail

scenario=${device:+device-}$(basename "$0" .sh) # device: tests/device/lib.sh
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
binary_dir=${SKA_BINARY_DIR:-$source_dir/build}
programs=$binary_dir/tests
simulator=$binary_dir/simulator/libskasim.so
work=$binary_dir/tests/scenario/$scenario

# What the caller's shell has set must not change what is tested.
unset OPENSSL_MODULES OPENSSL_ENGINES SSL_CERT_FILE SSL_CERT_DIR PKCS11_MODULE_PATH SKA_DEBUG
export LC_ALL=C

# Below a directory that others may write, or that is another user's, no PIN is read: then elsewhere.
is_safe_place() { # DIRECTORY
    local place=$1 owner mode
    while :; do
        read -r owner mode < <(stat -c '%u %a' "$place")
        { [ "$owner" -eq 0 ] || [ "$owner" -eq "$(id -u)" ]; } &&
            { (((8#$mode & 8#022) == 0)) || (((8#$mode & 8#1000) != 0)); } || return 1
        [ "$place" != / ] || return 0
        place=$(dirname "$place")
    done
}
# What a run before has left may be another user's.
rm -rf "$work"
mkdir -p "$work"
if ! is_safe_place "$work"; then
    work=/tmp/ska-scenario-$(id -u)/$scenario
    mkdir -p -m 700 "${work%/*}"
    rm -rf "$work"
    mkdir -p "$work"
    is_safe_place "$work" || {
        echo "$scenario: FAILED: no place that is nobody else's" >&2
        exit 1
    }
fi

mkdir -p "$work/tokens"
cd "$work"
exec </dev/null

fail() {
    local IFS=' '
    printf '%s: FAILED: %s\n' "$scenario" "$*" >&2
    exit 1
}
trap 'printf "%s: FAILED at %s line %s: %s\n" "$scenario" "${BASH_SOURCE[0]##*/}" "$LINENO" \
    "$BASH_COMMAND" >&2' ERR
# timeout(1) sends it to this script and to what it started, so that it is done waiting.
trap 'printf "%s: FAILED: took too long: %s, called in lines %s of %s\n" "$scenario" \
    "$BASH_COMMAND" "${BASH_LINENO[*]}" "${BASH_SOURCE[*]##*/}" >&2
exit 1' USR1

passed=no
# What a scenario has to stop or remove at its end, however that comes.
at_end() {
    :
}
finish() {
    local status=$? started
    at_end
    # What is still there has our standard error, and CTest waits for the end of that.
    started=$(jobs -p)
    # shellcheck disable=SC2086
    [ -z "$started" ] || kill $started 2>/dev/null || true
    if [ "$status" -eq 0 ] && [ "$passed" = no ]; then
        echo "$scenario: FAILED: did not come to its end" >&2
        exit 1
    fi
}
trap finish EXIT
pass() {
    passed=yes
    echo "$scenario: passed"
    exit 0
}

# ---- Sanitizers ----------------------------------------------------------------------------------
#
# openssl and softhsm2-util are not built with sanitizers, so the runtimes are loaded before them.
# Only for programs that load our modules: bash and the plain openssl are nobody's business here.

preload=
if grep -q '^SKA_SANITIZE:BOOL=ON' "$binary_dir/CMakeCache.txt"; then
    preload="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
    # Modules that stay loaded keep their names in reports, and their leaks can be told apart.
    preload="$preload $programs/libfake_dlclose.so"
    # shellcheck source=tests/sanitizers
    . "$source_dir/tests/sanitizers"
    # A status that no tool uses, so that a finding is never taken for an expected refusal.
    export ASAN_OPTIONS+=:exitcode=99 UBSAN_OPTIONS+=:exitcode=99
    export LSAN_OPTIONS+=:exitcode=99:suppressions=$source_dir/tests/lsan.supp
fi
if grep -q '^SKA_TSAN:BOOL=ON' "$binary_dir/CMakeCache.txt"; then
    preload=$(gcc -print-file-name=libtsan.so)
    export TSAN_OPTIONS=exitcode=99
fi
sanitizer_finding='(Address|Leak|UndefinedBehavior|Thread)Sanitizer|runtime error:'

# skip REASON: what the scenario needs is not there; CTest shows it as skipped.
skip() {
    passed=yes
    echo "$scenario: skipped: $*"
    exit 77
}
# What a terminal has shown, from standard input, without the ends of lines that come of its width: they
# depend on how long the names of our directories are.
unfolded() {
    tr -d '\r' | sed -z 's/\n    | //g'
}
# Whether pseudo-terminals can be had: not where devpts is not mounted, as in a bare chroot.
has_terminal() {
    "$programs/skatool_terminal" -- true >/dev/null 2>&1
}

# Runs a program that loads our modules.
ours() {
    LD_PRELOAD=$preload "$@"
}

# ---- The programs --------------------------------------------------------------------------------

token=tok # label of the token
pin=sesame-7 # no number, time or digest has it: tests look whether it is told

if [ -z "${device-}" ]; then
    export SOFTHSM2_CONF=$work/softhsm2.conf
    export SKASIM_CONF=$work/skasim.cnf
fi
export OPENSSL_CONF=$work/openssl.cnf
# What skatool remembers; not in the home of whoever runs this.
export XDG_STATE_HOME=$work/xdg-state

# openssl that does not know of our provider: the independent witness.
plain() {
    OPENSSL_CONF=/dev/null openssl "$@"
}
# Whether `openssl pkey -pubin` looks for a private key where it finds no public one, as that of 3.5 does.
pubin_takes_private() {
    plain genpkey -quiet -algorithm ED25519 -out "$work/private.pem"
    plain pkey -pubin -in "$work/private.pem" -noout 2>/dev/null
}
# openssl with our provider, by openssl.cnf.
ska() {
    ours openssl "$@"
}
skatool() {
    ours "$binary_dir/tools/skatool" "$@"
}
# pkcs11-tool, logged in to the token. It has leaks of its own.
p11() {
    ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 ours pkcs11-tool --module "$simulator" \
        --token-label "$token" --login --pin "$pin" "$@"
}

cat >softhsm2.conf <<END
directories.tokendir = $work/tokens
objectstore.backend = file
log.level = ERROR
END
printf 'call-log = %s\n' "$work/calls.log" >skasim.cnf
printf '%s\n' "$pin" >pin
chmod 600 pin

# configure [LINE...]: writes openssl.cnf; LINEs go into our provider's section.
configure() {
    {
        cat <<END
config_diagnostics = 1
openssl_conf = openssl_init

[openssl_init]
providers = providers

[providers]
${providers:-default = default_provider
ska = ska_provider}

[default_provider]
activate = 1

[ska_provider]
module = $binary_dir/provider/ska.so
activate = 1
pkcs11-module = $simulator
token = $token
pin-source = file:$work/pin
END
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >openssl.cnf
}

# new_token LABEL
new_token() {
    ours softhsm2-util --module "$simulator" --init-token --free --label "$1" --pin "$pin" \
        --so-pin 12345678 >/dev/null
}

uri() { # LABEL
    printf 'ska:token=%s;object=%s' "$token" "$1"
}

# ---- What must hold ------------------------------------------------------------------------------

# quietly COMMAND...: succeeds and says nothing at all.
quietly() {
    local status=0
    "$@" >"$work/stdout.txt" 2>"$work/stderr.txt" || status=$?
    if [ "$status" -ne 0 ] || [ -s "$work/stdout.txt" ] || [ -s "$work/stderr.txt" ]; then
        cat "$work/stdout.txt" "$work/stderr.txt" >&2
        fail "status $status, should be 0 without a word: $*"
    fi
}

# succeeds COMMAND...: status 0, whatever it says; kept in stdout.txt and stderr.txt.
succeeds() {
    local status=0
    "$@" >"$work/stdout.txt" 2>"$work/stderr.txt" || status=$?
    if [ "$status" -ne 0 ] || grep -qE "$sanitizer_finding" "$work/stderr.txt"; then
        cat "$work/stdout.txt" "$work/stderr.txt" >&2
        fail "status $status, should be 0: $*"
    fi
}

# ends STATUS COMMAND...: kept in stdout.txt and stderr.txt.
ends() {
    local expected=$1 status=0
    shift
    "$@" >"$work/stdout.txt" 2>"$work/stderr.txt" || status=$?
    [ "$status" -eq "$expected" ] || {
        cat "$work/stdout.txt" "$work/stderr.txt" >&2
        fail "status $status, should be $expected: $*"
    }
}

# shows PATTERN..., says PATTERN...: what stands in stdout.txt and in stderr.txt (grep -E).
shows() {
    local pattern
    for pattern in "$@"; do
        grep -qE -- "$pattern" stdout.txt || fail "does not show '$pattern': $(cat stdout.txt)"
    done
}
says() {
    local pattern
    for pattern in "$@"; do
        grep -qE -- "$pattern" stderr.txt || fail "does not say '$pattern': $(cat stderr.txt)"
    done
}

# refused PATTERN COMMAND...: ends with a status that is not 0, no crash, and a message on standard
# error that PATTERN (grep -E) matches; writes no byte to standard output or to its -out or -o FILE.
refused() {
    local pattern=$1 status=0 output='' previous='' argument
    shift
    for argument in "$@"; do
        case $previous in -out | -o) output=$argument ;; esac
        previous=$argument
    done
    [ -z "$output" ] || rm -f -- "$output"
    "$@" >"$work/stdout.txt" 2>"$work/stderr.txt" || status=$?
    if [ "$status" -eq 0 ] || [ "$status" -ge 99 ] || [ -s "$work/stdout.txt" ] ||
        grep -qE "$sanitizer_finding" "$work/stderr.txt" ||
        ! grep -qE -- "$pattern" "$work/stderr.txt"; then
        cat "$work/stdout.txt" "$work/stderr.txt" >&2
        fail "status $status; should be refused with /$pattern/, silent on standard output: $*"
    fi
    if [ -n "$output" ] && [ -s "$output" ]; then
        fail "refused, but wrote $output: $*"
    fi
}

# takes N COMMAND...: the command makes N calls of C_SKASign.
signing_calls() {
    [ -f calls.log ] || : >calls.log
    grep -c '^C_SKASign\b' calls.log || true
}
takes() {
    local expected=$1 before after
    shift
    before=$(signing_calls)
    "$@"
    after=$(signing_calls)
    [ "$((after - before))" -eq "$expected" ] ||
        fail "$((after - before)) calls of C_SKASign, should be $expected: $*"
}

# untouched COMMAND...: the command makes no vendor call at all.
untouched() {
    [ -f calls.log ] || : >calls.log
    cp calls.log calls.before
    "$@"
    cmp -s calls.before calls.log || fail "makes vendor calls, should make none: $*"
}

# same FILE FILE
same() {
    cmp -s -- "$1" "$2" || fail "$1 and $2 differ"
}

# ---- People and keys -----------------------------------------------------------------------------

# without_end CERTIFICATE: the certificate in PEM, its notAfter in month 13, which OpenSSL cannot read
without_end() {
    local end
    end=$(plain asn1parse -in "$1" | sed -nE 's/.*UTCTIME *:([0-9]+Z)$/\1/p' | sed -n 2p)
    [ -n "$end" ] || fail "$1: no notAfter in UTCTime"
    echo '-----BEGIN CERTIFICATE-----'
    plain x509 -in "$1" -outform DER | perl -0777 -pe "s/$end/${end:0:2}13${end:4}/" | base64
    echo '-----END CERTIFICATE-----'
}

# approver NAME [GENPKEY-OPTION...]: a key of plain openssl, P-256 if nothing is said.
approver() {
    local name=$1
    shift
    [ $# -gt 0 ] || set -- -algorithm EC -pkeyopt ec_paramgen_curve:P-256
    plain genpkey "$@" -out "$name.pem" -quiet
    plain pkey -in "$name.pem" -pubout -out "$name.pub.pem"
}

# rule QUORUM NAME...: the JSON of "QUORUM of these".
rule() {
    local quorum=$1 separator='' name
    shift
    printf '{"tokens":[{"name":"seal","timelock":0,"timeout":0,"groups":[{"name":"board",'
    printf '"quorum":%s,"approvals":[' "$quorum"
    for name in "$@"; do
        printf '%s{"type":"public_key","name":"%s","file":"%s.pub.pem"}' "$separator" "$name" "$name"
        separator=,
    done
    printf ']}]}]}'
}
# policy RULE: the JSON of a policy whose four rules are all RULE.
policy() {
    printf '{"ruleUse":%s,"ruleBlock":%s,"ruleUnblock":%s,"ruleModify":%s,' "$1" "$1" "$1" "$1"
    printf '"keyStatus":{"blocked":false}}\n'
}

# board: alice, bob and carol, two of whom must approve (policy.json), and no rule (empty.json).
board() {
    approver alice
    approver bob -algorithm RSA -pkeyopt rsa_keygen_bits:2048
    approver carol -algorithm EC -pkeyopt ec_paramgen_curve:P-384
    policy "$(rule 2 alice bob carol)" >policy.json
    policy null >empty.json
}

# key_options SPEC: the keygen options for rsa2048, rsa3072, rsapss, p256, p384, p521, ...
key_options() {
    case $1 in
    rsa[0-9]*) echo --algorithm RSA --size "${1#rsa}" ;;
    rsapss) echo --algorithm RSA-PSS --size 2048 ;;
    p[0-9]*) echo --algorithm EC --curve "P-${1#p}" ;;
    ed25519) echo --algorithm ED25519 ;;
    ed448) echo --algorithm ED448 ;;
    *) fail "no such key: $1" ;;
    esac
}
# The same as options of openssl genpkey.
software_key_options() {
    case $1 in
    rsa[0-9]*) echo -algorithm RSA -pkeyopt "rsa_keygen_bits:${1#rsa}" ;;
    rsapss) echo -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 ;;
    p[0-9]*) echo -algorithm EC -pkeyopt "ec_paramgen_curve:P-${1#p}" ;;
    ed25519) echo -algorithm ED25519 ;;
    ed448) echo -algorithm ED448 ;;
    *) fail "no such key: $1" ;;
    esac
}
# key LABEL SPEC [POLICY-FILE]: makes the key; LABEL.pub.pem is its public key.
key() {
    # shellcheck disable=SC2046
    succeeds skatool keygen --key "$(uri "$1")" $(key_options "$2") --policy "${3:-policy.json}"
    quietly ska pkey -in "$(uri "$1")" -pubout -out "$1.pub.pem"
}

# request LABEL FILE DOCUMENT [OPTION...]: FILE becomes a request of skatool, whatever it was.
request() {
    local label=$1 file=$2 document=$3
    shift 3
    rm -f -- "$file"
    succeeds skatool request --key "$(uri "$label")" "$@" -o "$file" "$document"
}
# id_of_pending [DIRECTORY]: the whole id of the request that the message "approvals pending" in
# stderr.txt names by its first 16 digits. Another one, for the same document, may be named, too.
id_of_pending() {
    local short
    short=$(grep -oE 'request [0-9a-f]{16}\b( is open)?' stderr.txt | grep -v 'is open' | sort -u |
        cut -d ' ' -f 2)
    [ "$(wc -w <<<"$short")" -eq 1 ] || fail "no single request in the message: $(cat stderr.txt)"
    basename "${1:-approvals}/$short"*.request.json .request.json
}
# approve FILE NAME...
approve() {
    local file=$1 name
    shift
    for name in "$@"; do
        succeeds skatool approve --approver "$name.pem" --yes "$file"
    done
}
# approved LABEL FILE DOCUMENT [OPTION...]: a request that alice and bob have approved.
approved() {
    request "$@"
    approve "$2" alice bob
}

# ---- Bundles by hand -----------------------------------------------------------------------------

# token_of REQUEST: the approval token, decoded.
token_of() {
    tr -d '\n\t' <"$1" | sed -E 's/.*"approvalToBeSigned": *"([^"]*)".*/\1/' |
        plain base64 -d -A
}
# approval NAME TOKEN-FILE: an approval object, made by openssl alone.
approval() {
    printf '{"approverPublicKey":"%s","approvalDigestAlgorithm":"SHA-256","signature":"%s"}' \
        "$(plain pkey -in "$1.pem" -pubout -outform DER | plain base64 -A)" \
        "$(plain dgst -sha256 -sign "$1.pem" "$2" | plain base64 -A)"
}
# bundle REQUEST APPROVAL...: the request with exactly these approvals, on one line.
bundle() {
    local file=$1 approvals='' one
    shift
    for one in "$@"; do
        approvals+=${approvals:+,}$one
    done
    tr -d '\n\t' <"$file" | awk -v with="\"approvals\":[$approvals]" '{
        # The last member of this name: rules have some too. Approvals hold no brackets of their
        # own, so the next one ends them.
        for (rest = $0; match(rest, /"approvals": *\[/); rest = substr(rest, RSTART + RLENGTH))
            start = length($0) - length(rest) + RSTART
        if (!start) exit 1
        rest = substr($0, start)
        match(rest, /"approvals": *\[[^]]*\]/)
        print substr($0, 1, start - 1) with substr(rest, RLENGTH + 1)
    }'
}

if [ -z "${device-}" ]; then
    configure
    new_token "$token"
fi

# ---- Units of systemd ----------------------------------------------------------------------------

# drop_in UNIT: what the comment in it shows for `systemctl edit`.
drop_in() {
    sed -nE 's/^#       (\[Service\]|[A-Z][a-z]+[A-Za-z]*=.*)$/\1/p' "$source_dir/tools/systemd/$1.in"
}
# changed_command UNIT: the only command that it runs with this drop-in, without its program.
changed_command() {
    { cat "$source_dir/tools/systemd/$1.in" && drop_in "$1"; } |
        awk '/^ExecStart=$/ { count = 0 } /^ExecStart=./ { count++; sub(/^[^ ]* ?/, ""); command = $0 }
            END { if (count != 1) exit 1; print command }' || fail "$1: not one command with the drop-in"
}
