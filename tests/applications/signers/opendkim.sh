#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='opendkim'
packages='opendkim python3-dkim'
commands='opendkim python3'
works='full'
needs='for RSA `legacy-methods = yes`; a file that begins with `-----BEGIN`: remove the comment above the reference (`sed "/^#/d"`)'
pin_of=user
user=opendkim
configuration() {
    cat <<'END'
# /etc/opendkim.conf
KeyFile /etc/ska/www.pem
SignatureAlgorithm rsa-sha256

# in the provider's section of openssl.cnf
legacy-methods = yes
END
}
# shellcheck source=tests/applications/row.sh
. "$(dirname "$0")/../row.sh"
/usr/bin/python3 -c 'import dkim, nacl' 2>/dev/null || skip 'no python3-dkim'
authority
row_keys ed ordinary_ed rsa ordinary_rsa
with_pin 'legacy-methods = yes'
sed -i '/^#/d' ed.pem ordinary_ed.pem rsa.pem ordinary_rsa.pem
chown opendkim ./*.pem
milter=$source_dir/tests/applications/milter.py
sed 's/$/\r/' >message.eml <<'END'
From: user@example.org
To: other@example.net
Subject: Hello
Date: Sat, 28 Nov 2026 12:00:00 +0000
Message-ID: <1@example.org>

Hello.
END
algorithm_of() { # KEY
    case $1 in
    *ed) echo ed25519-sha256 ;;
    *) echo rsa-sha256 ;;
    esac
}
filter_with() { # KEY
    port=$(free_port)
    {
        configuration | sed '/^$/,$d' | placed "$1" |
            sed "s/^SignatureAlgorithm.*/SignatureAlgorithm $(algorithm_of "$1")/"
        printf '%s\n' 'Domain example.org' 'Selector s' 'Canonicalization relaxed/relaxed' 'Mode s' \
            "Socket inet:$port@127.0.0.1" "PidFile $short/pid" 'Syslog no' 'RequireSafeKeys no' \
            'InternalHosts 127.0.0.1' 'UserID opendkim'
    } >opendkim.conf
    chown opendkim "$short"
    start opendkim.log opendkim -f -x "$work/opendkim.conf"
    serving "$port" opendkim.log
}
mail_is_signed() { # KEY
    OPENSSL_CONF=/dev/null succeeds python3 "$milter" "$port" message.eml "$1.pub.pem"
    shows verified
}
# Each is refused for now, by an answer of the filter's and not by its end: it frees its RSA twice after a
# failure, and would end sooner or later.
mails_are_refused() { # KEY
    local tries
    for ((tries = 0; tries < 20; tries++)); do
        OPENSSL_CONF=/dev/null ends 1 python3 "$milter" "$port" message.eml "$1.pub.pem"
        says "no signature: b'[ty]'"
    done
    kill -0 "$server" || fail "it has ended: $(cat opendkim.log)"
}
for key in ed ordinary_ed rsa ordinary_rsa; do
    filter_with $key
    mail_is_signed $key
    stop "$server"
done
for key in ed rsa; do
    filter_with $key
    turn block $key
    mails_are_refused $key
    turn unblock $key
    mail_is_signed $key
    stop "$server"
done
# Without the setting no mail is signed by RSA, and the log says what it takes.
with_pin
filter_with rsa
mails_are_refused rsa
grep -q 'legacy-methods = yes' "$failures" || fail "not in the log: $(cat "$failures")"
stop "$server"
pass
