# SPDX-License-Identifier: Apache-2.0
ska_unit_test(base_json_test ska-sign)
# It measures time, and has no need of the slow ways of tests that load SoftHSM.
set_property(TEST base_json_test PROPERTY ENVIRONMENT)
ska_unit_test(request_algorithm_test ska-sign)
ska_unit_test(rule_policy_test ska-tools)
ska_unit_test(request_parse_test ska-sign)
ska_unit_test(sign_ballot_test ska-sign)
ska_unit_test(base_settings_test ska-sign)
ska_unit_test(tools_tls13_test ska-tools)
ska_unit_test(sign_agent_client_test ska-sign Threads::Threads)
ska_unit_test(record_audit_test ska-tools)
ska_unit_test(record_state_test ska-tools)
ska_unit_test(request_key_cache_test ska-sign Threads::Threads)
