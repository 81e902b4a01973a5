# SPDX-License-Identifier: Apache-2.0
ska_unit_test(approval_json_test ska-sign)
# It measures time, and has no need of the slow ways of tests that load SoftHSM.
set_property(TEST approval_json_test PROPERTY ENVIRONMENT)
ska_unit_test(approval_algorithm_test ska-sign)
ska_unit_test(approval_policy_test ska-tools)
ska_unit_test(approval_request_test ska-sign)
ska_unit_test(sign_ballot_test ska-sign)
ska_unit_test(approval_settings_test ska-sign)
ska_unit_test(approval_tls13_test ska-tools)
ska_unit_test(approval_agent_test ska-sign Threads::Threads)
ska_unit_test(approval_audit_test ska-tools)
ska_unit_test(approval_keys_test ska-sign Threads::Threads)
