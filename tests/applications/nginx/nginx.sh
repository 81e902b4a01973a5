#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# nginx with two workers that are not root: starts and reloads without the HSM, serves with it, and
# says what is wrong.
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/applications/nginx/lib.sh
. "$source_dir/tests/applications/nginx/lib.sh"
needs nginx curl pgrep
authority
guarded_key rsa rsa2048 none
guarded_key www p256 server.json
site rsa
rsa_port=$port
site www
www_port=$port
main_configuration

# The configuration is read without the HSM.
mv tokens tokens.away
untouched succeeds ours nginx -t -e stderr -c "$work/nginx.conf"
mv tokens.away tokens

# With workers that may not read the token the first handshake fails, and the log tells why.
start_nginx
if [ -n "$user" ]; then
    chown root tokens
    chmod 700 tokens
    refuses
    log_says "uid $(id -u "$user"); .*tokens.*: Permission denied"
    hand_over tokens
fi
hand_over calls.log
takes 1 connects -tls1_2
takes 1 connects -tls1_3
port=$rsa_port
takes 0 connects -tls1_2
takes 0 connects -tls1_3
port=$www_port

reload
takes 1 connects -tls1_3
[ "$(visit)" = Hello ]

turn block www
refuses
log_says "key is blocked.*'www'"
turn unblock www
connects

log_is_empty
stop_nginx
log_is_empty

# With load = early all of that stays as it is: without the HSM, for each worker, after a reload; and the
# PIN is root's alone, with workers that read no key.
configure 'load = early'
[ -z "$user" ] || chown root pin
mv tokens tokens.away
untouched succeeds ours nginx -t -e stderr -c "$work/nginx.conf"
start_nginx
mv tokens.away tokens
takes 1 connects -tls1_2
reload
for ((i = 0; i < 8; i++)); do
    connects -tls1_3
done
turn block www
refuses
log_says "key is blocked.*'www'"
turn unblock www
connects
log_is_empty
stop_nginx
pass
