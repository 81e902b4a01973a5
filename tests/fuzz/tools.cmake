# SPDX-License-Identifier: Apache-2.0
# skatool but for its main().
get_target_property(sources skatool SOURCES)
list(REMOVE_ITEM sources main.c)
list(TRANSFORM sources PREPEND ${PROJECT_SOURCE_DIR}/tools/)

ska_fuzzer(agent ska-approval ska-hsm)
target_sources(agent_fuzz PRIVATE ${sources})
ska_fuzzer(inspect ska-approval ska-hsm)
target_sources(inspect_fuzz PRIVATE ${sources})
