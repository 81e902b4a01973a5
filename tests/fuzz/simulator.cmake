# SPDX-License-Identifier: Apache-2.0
ska_fuzzer(vendor_calls skasim ska-cryptoki OpenSSL::Crypto)
