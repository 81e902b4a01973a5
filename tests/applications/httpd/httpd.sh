#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Apache httpd, event model, with workers that are not root.
. "$(dirname "$0")/../lib.sh"
needs apache2 curl pgrep
authority
guarded_key www p256 server.json
port=$(free_port)
example httpd/httpd.conf >site.conf
modules=/usr/lib/apache2/modules
cat >main.conf <<END
ServerRoot $work
ServerName localhost
PidFile $work/httpd.pid
DefaultRuntimeDir $work
ErrorLog $work/error.log
LogLevel warn
Listen $port
${user:+User $user
Group $user}
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule alias_module $modules/mod_alias.so
LoadModule socache_shmcb_module $modules/mod_socache_shmcb.so
LoadModule ssl_module $modules/mod_ssl.so
StartServers 2
Include $work/site.conf
END
export APACHE_RUN_DIR=$work

untouched succeeds ours apache2 -t -f "$work/main.conf"

start httpd.log apache2 -D FOREGROUND -f "$work/main.conf"
httpd=$server
serving "$port" httpd.log
takes 1 connects -tls1_2
takes 1 connects -tls1_3
answer() {
    [ "$(visit -o /dev/null -w '%{http_code}')" = 204 ]
}
answer || fail 'no answer'

# A graceful restart: other processes, the same service.
pgrep -P "$httpd" >before
kill -USR1 "$httpd"
replaced() {
    [ -n "$(pgrep -P "$httpd")" ] && [ -z "$(pgrep -P "$httpd" | grep -xFf before)" ]
}
within 20 'no other processes after a graceful restart' replaced
takes 1 connects -tls1_3
answer || fail 'no answer after a graceful restart'

turn block www
refuses -tls1_2
refuses -tls1_3
within 5 'the error log does not say that the key is blocked' \
    grep -q "key is blocked.*'www'" error.log
turn unblock www
connects

stop "$httpd" WINCH
[ "$ended_with" -eq 0 ] || fail "httpd ends with status $ended_with"
! grep -qiE 'segmentation|exit signal' error.log || fail "a crash: $(cat error.log)"
pass
