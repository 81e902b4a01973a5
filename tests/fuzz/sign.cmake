# SPDX-License-Identifier: Apache-2.0
ska_fuzzer(json ska-sign)
ska_fuzzer(request ska-sign)
ska_fuzzer(approvals ska-sign)
ska_fuzzer(policy ska-tools)
ska_fuzzer(payload ska-sign)
ska_fuzzer(audit_head ska-sign)
