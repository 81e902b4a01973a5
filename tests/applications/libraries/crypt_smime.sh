#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Perl Crypt::SMIME'
packages='libcrypt-smime-perl'
commands='perl'
works=full
configuration() {
    cat <<'END'
$smime->setPrivateKey($text_of_www_pem, $text_of_www_crt);
END
}
keys='www rsa ordinary ordinary_rsa'
prepare() {
    perl -MCrypt::SMIME -e 1 2>/dev/null || skip 'no Crypt::SMIME'
    cat >sign.pl <<'END'
use Crypt::SMIME;
local $/;
my ($name) = @ARGV;
sub text { open my $file, '<', shift or die; return <$file> }
my $smime = Crypt::SMIME->new;
$smime->setPrivateKey(text("$name.pem"), text("$name.crt"));
print $smime->sign("Content-Type: text/plain\r\n\r\nHello\r\n");
END
}
play() {
    succeeds ours perl sign.pl "$1"
    cp stdout.txt signed.eml
    plain smime -verify -in signed.eml -CAfile ca.crt -purpose any -out /dev/null 2>verified.txt || fail "$(cat verified.txt)"
}
# shellcheck source=tests/applications/library.sh
. "$(dirname "$0")/../library.sh"
