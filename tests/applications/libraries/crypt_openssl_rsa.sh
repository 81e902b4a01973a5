#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034
title='Perl Crypt::OpenSSL::RSA (Mail::DKIM)'
packages='libcrypt-openssl-rsa-perl'
commands='perl'
works='no: it needs the private value of an `RSA`'
keys='rsa'
prepare() {
    perl -MCrypt::OpenSSL::RSA -e 1 2>/dev/null || skip 'no Crypt::OpenSSL::RSA'
}
play() {
    local status=0
    cat >sign.pl <<'END'
use Crypt::OpenSSL::RSA;
local $/;
open my $file, '<', 'rsa.pem' or die;
my $rsa = Crypt::OpenSSL::RSA->new_private_key(<$file>);
$rsa->use_sha256_hash;
$rsa->sign('x');
print "signed\n";
END
    ours perl sign.pl >said.txt 2>&1 || status=$?
    [ "$status" -eq 255 ] || # what Perl dies with
        fail "status $status: $(cat said.txt)"
}
# shellcheck source=tests/applications/library.sh
. "$(dirname "$0")/../library.sh"
