# SPDX-License-Identifier: Apache-2.0
ska_fuzzer(json ska-approval)
ska_fuzzer(request ska-approval)
ska_fuzzer(approvals ska-approval)
ska_fuzzer(policy ska-approval)
ska_fuzzer(payload ska-approval)
