# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# nginx around the example: what its main configuration and its start need in a test.

# site NAME: the example for this key, at a port of its own, which is $port then.
site() {
    port=$(free_port)
    example nginx/nginx.conf | sed "s|/www\.|/$1.|g; s|shared:www|shared:$1|" >"site.$1.conf"
}
# The HSM beneath is configured by environment variables, which nginx takes from its workers unless
# it is told to leave them.
main_configuration() {
    : >error.log
    cat >nginx.conf <<END
${user:+user $user;}
daemon off;
worker_processes 2;
pid $work/nginx.pid;
error_log $work/error.log warn;
env SOFTHSM2_CONF;
env SKASIM_CONF;
events {
    worker_connections 256;
}
http {
    log_format worker \$pid;
    access_log $work/access.log worker;
    client_body_temp_path $work/body;
    proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi;
    scgi_temp_path $work/scgi;
    include $work/site.*.conf;
}
END
}
start_nginx() {
    start nginx.log nginx -e stderr -c "$work/nginx.conf"
    nginx=$server
    serving "$port" nginx.log
}
workers() {
    pgrep -P "$nginx" | sort
}
# Other workers than those before have taken over, and those have gone.
reload() {
    workers >workers.before
    kill -HUP "$nginx"
    within 20 'workers do not go after a reload' reloaded
}
reloaded() {
    [ "$(workers | wc -l)" -eq 2 ] && [ -z "$(workers | comm -12 - workers.before)" ]
}
# log_says PATTERN: and it did not before.
log_says() {
    within 5 "the error log does not say /$1/" grep -qE -- "$1" error.log
    : >error.log
}
log_is_empty() {
    [ ! -s error.log ] || fail "in the error log: $(cat error.log)"
}
stop_nginx() {
    local one last
    last=$(workers)
    stop "$nginx" QUIT
    [ "$ended_with" -eq 0 ] || fail "nginx ends with status $ended_with"
    for one in $last; do
        ! kill -0 "$one" 2>/dev/null || fail 'a worker is left'
    done
}
