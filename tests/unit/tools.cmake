# SPDX-License-Identifier: Apache-2.0
ska_unit_test(tools_agent_rules_test ska-tools)
ska_unit_test(tools_approver_test ska-tools)
ska_unit_test(tools_agent_model_test ska-tools)
ska_unit_test(tools_words_test ska-tools)
ska_unit_test(tools_change_test ska-tools)
ska_unit_test(tools_document_test ska-tools)
ska_unit_test(tools_history_test ska-tools)
ska_unit_test(tools_page_test ska-tools)
ska_unit_test(tools_memory_test ska-tools)
foreach(function malloc calloc realloc reallocarray strdup strndup realpath vasprintf
                 __vasprintf_chk asprintf __asprintf_chk)
    target_link_options(tools_memory_test PRIVATE -Wl,--wrap=${function})
endforeach()
