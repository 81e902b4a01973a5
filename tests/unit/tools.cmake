# SPDX-License-Identifier: Apache-2.0
ska_unit_test(tools_agent_rules_test ska-approval)
target_sources(tools_agent_rules_test PRIVATE ${PROJECT_SOURCE_DIR}/tools/agent_rules.c)
ska_unit_test(tools_words_test ska-approval)
foreach(file approver foreign mailbox page people public_key tally tally_text text windows)
    target_sources(tools_words_test PRIVATE ${PROJECT_SOURCE_DIR}/tools/${file}.c)
endforeach()
