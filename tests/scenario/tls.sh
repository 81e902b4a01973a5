#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# TLS with keys of the token on one side and the plain openssl on the other: server and client, RSA,
# EC and EdDSA, TLS 1.2 and 1.3, one signature for each full handshake. A blocked key stops the new
# handshakes of a server that goes on running, which says why; unblocking is all it takes to go on.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/servers.sh
. "$source_dir/tests/scenario/servers.sh"
board

plain req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-521 -nodes -keyout ca.pem \
    -subj /CN=CA -addext basicConstraints=critical,CA:TRUE -out ca.crt 2>/dev/null
# certificate LABEL: LABEL.crt by this CA, for LABEL.pub.pem.
certificate() {
    plain x509 -new -force_pubkey "$1.pub.pem" -subj /CN=localhost -CA ca.crt -CAkey ca.pem \
        -days 2 -out "$1.crt"
}
approver software
certificate software

# ---- Our key at the server -----------------------------------------------------------------------

query=
serve() { # LABEL [S_SERVER-OPTION...]; $query is added to the key's URI
    local label=$1
    shift
    port=$(free_port)
    start server.log openssl s_server -accept "$port" -www -cert "$label.crt" \
        -key "$(uri "$label")$query" "$@"
    serving "$port" server.log
}
# client S_CLIENT-OPTION...: the plain openssl comes through a handshake.
client() {
    succeeds plain s_client -connect "localhost:$port" -verify_return_error -CAfile ca.crt -brief \
        "$@"
    grep -q '^Verification: OK' stderr.txt || fail "no verified server: $*"
}
# no_client S_CLIENT-OPTION...: it does not.
no_client() {
    refused alert plain s_client -connect "localhost:$port" -verify_return_error -CAfile ca.crt \
        -brief "$@"
}

# ---- Our key at the client -----------------------------------------------------------------------

ask_for_certificates() {
    port=$(free_port)
    start_plain server.log openssl s_server -accept "$port" -www -cert software.crt \
        -key software.pem -Verify 1 -verify_return_error -CAfile ca.crt
    serving "$port" server.log
}
# The server's answer tells that it took the certificate, in TLS 1.3 nothing before does.
with_certificate() { # LABEL S_CLIENT-OPTION...
    local label=$1
    shift
    succeeds ska s_client -connect "localhost:$port" -verify_return_error -CAfile ca.crt -quiet \
        -cert "$label.crt" -key "$(uri "$label")" "$@" <<<$'GET / HTTP/1.0\r\n\r'
    grep -q '^HTTP/1.0 200' stdout.txt || fail "no answer: $label $*"
}

# ---- Every kind of key ---------------------------------------------------------------------------

# What a client may ask for, in TLS 1.2 and 1.3.
schemes() { # SPEC
    case $1 in
    rsa2048) echo 2:RSA+SHA256 2:RSA+SHA512 2:rsa_pss_rsae_sha256 3:rsa_pss_rsae_sha256 \
        3:rsa_pss_rsae_sha512 ;;
    rsapss) echo 2:rsa_pss_pss_sha256 3:rsa_pss_pss_sha256 ;;
    p256) echo 2:ECDSA+SHA256 2:ECDSA+SHA384 3:ecdsa_secp256r1_sha256 ;;
    p384) echo 2:ECDSA+SHA384 3:ecdsa_secp384r1_sha384 ;;
    *) echo "2:$1 3:$1" ;;
    esac
}
specs=(rsa2048 p256)
# With sanitizers each command takes its time, and what these add is not in how they are called.
[ -n "$preload" ] || specs+=(ed25519 rsapss p384 ed448)
for spec in "${specs[@]}"; do
    for kind in ska ordinary; do
        label=$kind-$spec
        case $label in
        ska-*) calls=1 policy=empty.json ;;
        ordinary-p256 | ordinary-ed25519) calls=0 policy=none ;;
        *) continue ;;
        esac
        key $label $spec $policy
        certificate $label

        serve $label
        takes $calls client -tls1_2
        takes $calls client -tls1_3
        for scheme in $(schemes $spec); do
            [ $kind = ska ] || continue
            # What the CA signs with must be there too.
            takes $calls client "-tls1_${scheme%%:*}" -sigalgs "${scheme#*:}:ECDSA+SHA512"
        done
        stop "$server"
        ask_for_certificates
        takes $calls with_certificate $label -tls1_2
        takes $calls with_certificate $label -tls1_3
        stop "$server"
    done
done

# A session that is resumed takes no signature.
serve ska-p256
for version in 2 3; do
    takes 1 succeeds plain s_client -connect "localhost:$port" "-tls1_$version" -CAfile ca.crt \
        -sess_out session -quiet <<<$'GET / HTTP/1.0\r\n\r'
    takes 0 succeeds plain s_client -connect "localhost:$port" "-tls1_$version" -CAfile ca.crt \
        -sess_in session <<<$'GET / HTTP/1.0\r\n\r'
    grep -q '^Reused, ' stdout.txt
done
stop "$server"

# RSA key exchange is decryption, which would be as good as a signature; and what TLS 1.1 signs is no
# digest that anyone could be shown.
serve ska-rsa2048 -cipher ALL:@SECLEVEL=0
takes 0 no_client -tls1_2 -cipher AES128-GCM-SHA256
takes 0 no_client -tls1_1 -cipher ALL:@SECLEVEL=0
grep -q 'digest MD5-SHA1' server.log || fail "TLS 1.1, but not said why not: $(cat server.log)"
takes 1 client -tls1_2
stop "$server"

# ---- Approved by an agent ------------------------------------------------------------------------

approver agent
policy "$(rule 1 agent)" >agent.json
start agent.log "$binary_dir/tools/skatool" agent --socket agent.socket --approver agent.pem \
    --allow key=approved-rsa2048,payload=tls13-server \
    --allow key=approved-ed25519,payload=tls13-server
agent=$server
within 60 'no agent' grep -q 'listening on' agent.log
query='?payload=message&agent=agent.socket'
for spec in rsa2048 ed25519; do
    label=approved-$spec
    key $label $spec agent.json
    certificate $label
    serve $label
    for scheme in $(schemes $spec); do
        case $scheme in
        3:*) takes 1 client -tls1_3 -sigalgs "${scheme#*:}:ECDSA+SHA512" ;;
        # What a server of TLS 1.2 signs could be anything.
        *) takes 0 no_client -tls1_2 -sigalgs "${scheme#*:}:ECDSA+SHA512" ;;
        esac
    done
    stop "$server"
done
query=
stop "$agent"

# ---- Blocked and unblocked -----------------------------------------------------------------------

turn() { # block|unblock LABEL
    succeeds skatool request --key "$(uri "$2")" --operation "$1" --force -o "$1.json"
    succeeds skatool execute --key "$(uri "$2")" "$1.json"
}
for label in ska-rsa2048 ska-p256; do
    serve $label
    client -tls1_3
    turn block $label
    for version in 2 3; do
        no_client "-tls1_$version"
        grep -q "blocked.*'$label'\|'$label'.*blocked" server.log ||
            fail "the server does not say that its key is blocked: $(cat server.log)"
    done
    turn unblock $label
    client -tls1_2
    client -tls1_3
    stop "$server"
done
pass
