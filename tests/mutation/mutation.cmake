# SPDX-License-Identifier: Apache-2.0
# That the mutants still fit the tree; tests/mutation/run tries them.
add_test(NAME mutation.lists COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mutation/run --check)
