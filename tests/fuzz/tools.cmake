# SPDX-License-Identifier: Apache-2.0
ska_fuzzer(agent ska-tools)
ska_fuzzer(inspect ska-tools)
ska_fuzzer(content ska-tools)
ska_fuzzer(history ska-tools)
ska_fuzzer(screen ska-tools)
ska_fuzzer(signature_values ska-tools)
