# SPDX-License-Identifier: Apache-2.0
# For tests/device/run, and the scenario that runs it.
add_executable(device_objects device/objects.c)
target_link_libraries(device_objects PRIVATE ska-options ska-cryptoki ${CMAKE_DL_LIBS})
add_executable(device_settings device/settings.c)
target_link_libraries(device_settings PRIVATE ska-options ska-tools)
