# SPDX-License-Identifier: Apache-2.0
ska_unit_test(tools_agent_rules_test ska-tools)
ska_unit_test(tools_approver_test ska-tools)
ska_unit_test(tools_words_test ska-tools)
