# SPDX-License-Identifier: Apache-2.0
ska_fuzzer(oaep ska-hsm OpenSSL::Crypto)
ska_fuzzer(uri ska-hsm)
ska_fuzzer(reference ska-hsm)
ska_fuzzer(reference_pem ska-hsm)
ska_fuzzer(reference_pkcs8 ska-hsm)
ska_fuzzer(tsb_key ska-broker)
ska_fuzzer(tsb_status ska-broker)
ska_fuzzer(tsb_task ska-broker)
