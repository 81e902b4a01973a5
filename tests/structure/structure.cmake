# SPDX-License-Identifier: Apache-2.0
# Who knows whom: see tests/structure/check.
add_test(NAME structure COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/structure/check ${PROJECT_BINARY_DIR})
add_test(NAME structure.faults COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/structure/faults)
