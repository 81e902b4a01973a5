# SPDX-License-Identifier: Apache-2.0
# The pages: where they lead to, whether all on them is tried, words and spelling. The scenarios journey_* play them.
add_test(NAME links COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/links ${PROJECT_SOURCE_DIR})
foreach(check played words spelling)
    add_test(NAME pages.${check} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/pages/${check})
    set_tests_properties(pages.${check} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
