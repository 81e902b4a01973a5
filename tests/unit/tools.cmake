# SPDX-License-Identifier: Apache-2.0
ska_unit_test(tools_agent_rules_test ska-approval)
target_sources(tools_agent_rules_test PRIVATE ${PROJECT_SOURCE_DIR}/tools/agent_rules.c)
