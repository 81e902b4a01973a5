#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Janus (DTLS)'
packages='janus'
commands='janus'
works=full
needs='its HTTPS uses GnuTLS; the test only loads the key, since DTLS needs a browser'
configuration() {
    cat <<'END'
# janus.jcfg
certificates: { cert_pem = "/etc/ska/www.crt"; cert_key = "/etc/ska/www.pem" }
END
}
# shellcheck source=tests/applications/row.sh
. "$(dirname "$0")/../row.sh"
# What can be seen without a browser: that the key is loaded and fits the certificate.
authority
row_keys www rsa ordinary
with_pin
mkdir janus
for key in www rsa ordinary; do
    {
        echo "general: { configs_folder = \"$work/janus\"; interface = \"127.0.0.1\"; debug_level = 7; }"
        configuration | placed $key
    } >janus/janus.jcfg
    timeout 5 stdbuf -o0 janus -F "$work/janus" >janus.log 2>&1 || true
    grep -aq 'Fingerprint of our certificate' janus.log || fail "with $key: $(tail -n 5 janus.log)"
done
echo 'no key' >other.pem
cp www.crt other.crt
configuration | placed other >>janus/janus.jcfg
{
    echo "general: { configs_folder = \"$work/janus\"; interface = \"127.0.0.1\"; debug_level = 7; }"
    configuration | placed other
} >janus/janus.jcfg
timeout 5 stdbuf -o0 janus -F "$work/janus" >janus.log 2>&1 || true
! grep -aq 'Fingerprint of our certificate' janus.log || fail 'whatever is in the file'
pass
