#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='opendkim'
packages='opendkim python3-dkim'
commands='opendkim python3'
works='part: Ed25519. **Not RSA**: it asks for an `RSA`, cannot sign with it, and then may end by a fault of its own (it frees a key twice)'
needs='a file that begins with `-----BEGIN`: without the comment of a reference (`sed "/^#/d"`)'
pin_of=user
user=opendkim
configuration() {
    cat <<'END'
# /etc/opendkim.conf
KeyFile /etc/ska/www.pem
SignatureAlgorithm ed25519-sha256
END
}
# shellcheck source=tests/applications/row.sh
. "$(dirname "$0")/../row.sh"
/usr/bin/python3 -c 'import dkim, nacl' 2>/dev/null || skip 'no python3-dkim'
authority
row_keys ed ordinary_ed rsa
with_pin
sed -i '/^#/d' ed.pem ordinary_ed.pem rsa.pem
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
filter_with() { # KEY ALGORITHM
    port=$(free_port)
    {
        configuration | placed "$1" | sed "s/^SignatureAlgorithm.*/SignatureAlgorithm $2/"
        printf '%s\n' 'Domain example.org' 'Selector s' 'Canonicalization relaxed/relaxed' 'Mode s' \
            "Socket inet:$port@127.0.0.1" "PidFile $short/pid" 'Syslog no' 'RequireSafeKeys no' \
            'InternalHosts 127.0.0.1' 'UserID opendkim'
    } >opendkim.conf
    chown opendkim "$short"
    start opendkim.log opendkim -f -x "$work/opendkim.conf"
    serving "$port" opendkim.log
}
for key in ed ordinary_ed; do
    filter_with $key ed25519-sha256
    OPENSSL_CONF=/dev/null succeeds python3 "$milter" "$port" message.eml $key.pub.pem
    shows verified
    stop "$server"
done
# A failure is one mail that is refused for now.
filter_with ed ed25519-sha256
turn block ed
OPENSSL_CONF=/dev/null ends 1 python3 "$milter" "$port" message.eml ed.pub.pem
sleep 1
turn unblock ed
OPENSSL_CONF=/dev/null succeeds python3 "$milter" "$port" message.eml ed.pub.pem
shows verified
stop "$server"
# With RSA no mail is signed; and then opendkim 2.11 frees its key once more than it may (dkim_free() after
# a RSA_sign() that failed, whatever the key), so that it may end.
filter_with rsa rsa-sha256
OPENSSL_CONF=/dev/null ends 1 python3 "$milter" "$port" message.eml rsa.pub.pem
pass
