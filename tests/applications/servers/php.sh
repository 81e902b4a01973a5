#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='PHP 8.2: stream server, `openssl_sign`, `openssl_cms_sign`, `openssl_csr_new`'
packages='php-cli'
commands='php'
works=full
needs='Ed25519 only for TLS, as always in PHP'
logs=nothing
port=8443
configuration() {
    cat <<'END'
stream_context_create(['ssl' => ['local_cert' => '/etc/ska/www.crt', 'local_pk' => '/etc/ska/www.pem']]);
openssl_sign($data, $signature, 'file:///etc/ska/www.pem', 'sha256');
openssl_cms_sign($in, $out, 'file:///etc/ska/www.crt', 'file:///etc/ska/www.pem', []);
END
}
prepare() { # for requests for certificates
    printf '[req]\ndistinguished_name = name\n[name]\n' >>openssl.cnf
}
server() {
    {
        echo '<?php $context ='
        configuration | placed "$1" | head -n 1
        cat <<END
\$server = stream_socket_server('tls://127.0.0.1:$port', \$code, \$text, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN, \$context);
while (true) {
    \$client = @stream_socket_accept(\$server, 100);
    if (\$client) { fread(\$client, 10); fclose(\$client); }
    else { print_r(error_get_last()); while (\$text = openssl_error_string()) echo \$text, "\n"; }
}
END
    } >server.php
    start server.log php server.php
}
further() {
    cat >sign.php <<'END'
<?php
$name = $argv[1];
$file = "file://" . getcwd() . "/$name.pem";
$certificate = "file://" . getcwd() . "/$name.crt";
function must($what, $result) { if (!$result) { echo "$what: "; while ($text = openssl_error_string()) echo "$text | "; exit(1); } }
$key = openssl_pkey_get_private($file);
must('get_private', $key);
must('details', openssl_pkey_get_details($key));
$public = openssl_pkey_get_public("file://" . getcwd() . "/$name.pub.pem");
must('sign', openssl_sign('x', $signature, $key, 'sha256'));
must('verify', openssl_verify('x', $signature, $public, 'sha256') === 1);
must('sign file', openssl_sign('x', $signature, $file, OPENSSL_ALGO_SHA256));
file_put_contents('data', "Hello\n");
must('cms', openssl_cms_sign('data', 'data.cms', $certificate, $file, [], OPENSSL_CMS_BINARY | OPENSSL_CMS_DETACHED, OPENSSL_ENCODING_DER));
must('pkcs7', openssl_pkcs7_sign('data', 'data.p7', $certificate, $file, []));
must('csr', @openssl_csr_new(['commonName' => 'x'], $key, ['digest_alg' => 'sha256']));
must('check', openssl_x509_check_private_key($certificate, $file));
END
    for key in www rsa ordinary; do
        succeeds ours php sign.php $key
        plain cms -verify -in data.cms -binary -inform DER -content data -CAfile ca.crt -purpose any -out /dev/null \
            2>verified.txt || fail "CMS with $key: $(cat verified.txt)"
    done
}
# shellcheck source=tests/applications/server.sh
. "$(dirname "$0")/../server.sh"
