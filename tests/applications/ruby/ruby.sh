#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Ruby: Ed25519 signs; with RSA and EC it says that it needs the private key, and does not crash.
. "$(dirname "$0")/../lib.sh"
needs ruby
board
cat >sign.rb <<'END'
require 'openssl'
key = OpenSSL::PKey.read(File.read(ARGV[0]))
public_key = OpenSSL::PKey.read(File.read(ARGV[1]))
puts "private: #{key.private?}" if key.respond_to?(:private?)
begin
  digest = key.oid == 'ED25519' ? nil : 'SHA256'
  puts "verified: #{public_key.verify(digest, key.sign(digest, 'A document.'), 'A document.')}"
rescue ArgumentError => error
  puts "#{error.message}"
end
END
key ed ed25519 none
quietly ska pkey -in "$(uri ed)" -out ed.pem
succeeds ours ruby -ropenssl sign.rb ed.pem ed.pub.pem
shows '^verified: true$'
for label in rsa2048 p256; do
    key $label $label none
    quietly ska pkey -in "$(uri $label)" -out $label.pem
    succeeds ours ruby -ropenssl sign.rb $label.pem $label.pub.pem
    shows '^private: false$' 'private key is needed'
done
pass
