# SPDX-License-Identifier: Apache-2.0
ska_unit_test(approval_json_test ska-approval)
ska_unit_test(approval_algorithm_test ska-approval)
ska_unit_test(approval_policy_test ska-approval)
ska_unit_test(approval_request_test ska-approval)
ska_unit_test(approval_progress_test ska-approval)
ska_unit_test(approval_settings_test ska-approval)
