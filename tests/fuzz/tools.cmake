# SPDX-License-Identifier: Apache-2.0
ska_fuzzer(agent ska-approval)
set(tools ${PROJECT_SOURCE_DIR}/tools)
target_sources(agent_fuzz PRIVATE
    ${tools}/agent_decision.c ${tools}/agent_rules.c ${tools}/approver.c ${tools}/configuration.c
    ${tools}/public_key.c ${tools}/report.c ${tools}/terminal.c)
