# SPDX-License-Identifier: Apache-2.0
# provider/hsm/ runs against SoftHSM, through a module that counts calls and injects answers.
find_library(SKA_TEST_SOFTHSM softhsm2 PATH_SUFFIXES softhsm REQUIRED)

add_library(hsm_proxy MODULE ${CMAKE_CURRENT_LIST_DIR}/hsm_proxy.c)
target_compile_definitions(hsm_proxy PRIVATE HSM_PROXY_MODULE="${SKA_TEST_SOFTHSM}")
target_link_libraries(hsm_proxy PRIVATE ska-options ska-cryptoki OpenSSL::Crypto
                                        ${CMAKE_DL_LIBS})

function(ska_hsm_test name)
    ska_unit_test(${name} ska-hsm ska-cryptoki Threads::Threads ${CMAKE_DL_LIBS})
    target_compile_definitions(${name} PRIVATE HSM_TEST_SOFTHSM="${SKA_TEST_SOFTHSM}"
                                               HSM_TEST_PROXY="$<TARGET_FILE:hsm_proxy>")
    add_dependencies(${name} hsm_proxy)
endfunction()

ska_hsm_test(hsm_call_log_test)
add_test(NAME hsm_call_log_off_test COMMAND hsm_call_log_test off)
set_property(TEST hsm_call_log_off_test PROPERTY ENVIRONMENT ${ska_sanitizers})
ska_hsm_test(hsm_decrypt_test)
ska_hsm_test(hsm_fork_test)
ska_hsm_test(hsm_uri_test)
ska_hsm_test(hsm_public_key_test)
ska_hsm_test(hsm_reference_test)
ska_hsm_test(hsm_token_test)
ska_hsm_test(hsm_key_test)
ska_hsm_test(hsm_object_test)
ska_hsm_test(hsm_recovery_test)
add_test(NAME hsm_recovery_reset_test COMMAND hsm_recovery_test reset)
set_property(TEST hsm_recovery_reset_test PROPERTY ENVIRONMENT ${ska_sanitizers})

# And against the simulator, for SKA keys.
ska_unit_test(hsm_ska_test ska-hsm ska-codec ska-cryptoki Threads::Threads ${CMAKE_DL_LIBS})
target_compile_definitions(hsm_ska_test PRIVATE HSM_TEST_SOFTHSM="${SKA_TEST_SOFTHSM}"
                                                HSM_TEST_SIMULATOR="$<TARGET_FILE:skasim>"
                                                HSM_TEST_PROXY="$<TARGET_FILE:hsm_proxy>")
add_dependencies(hsm_ska_test skasim hsm_proxy)

# Timestamps and changes: against the simulator, too, and against modules that behave otherwise.
add_library(hsm_device MODULE ${CMAKE_CURRENT_LIST_DIR}/hsm_device.c)
add_library(hsm_device_lean MODULE ${CMAKE_CURRENT_LIST_DIR}/hsm_device.c)
target_compile_definitions(hsm_device_lean PRIVATE HSM_DEVICE_LEAN)
foreach(device hsm_device hsm_device_lean)
    target_compile_definitions(${device} PRIVATE HSM_DEVICE_MODULE="$<TARGET_FILE:skasim>")
    target_link_libraries(${device} PRIVATE ska-options ska-cryptoki OpenSSL::Crypto
                                            ${CMAKE_DL_LIBS})
    add_dependencies(${device} skasim)
endforeach()
ska_unit_test(hsm_change_test ska-hsm ska-codec ska-cryptoki Threads::Threads ${CMAKE_DL_LIBS})
target_compile_definitions(hsm_change_test PRIVATE HSM_TEST_SOFTHSM="${SKA_TEST_SOFTHSM}"
                                                   HSM_TEST_SIMULATOR="$<TARGET_FILE:skasim>"
                                                   HSM_TEST_PROXY="$<TARGET_FILE:hsm_proxy>"
                                                   HSM_TEST_DEVICE="$<TARGET_FILE:hsm_device>"
                                                   HSM_TEST_LEAN="$<TARGET_FILE:hsm_device_lean>")
add_dependencies(hsm_change_test skasim hsm_proxy hsm_device hsm_device_lean)

# What is sent to the HSM, against the simulator's call log.
ska_unit_test(sign_send_test ska-sign ska-cryptoki Threads::Threads ${CMAKE_DL_LIBS})
target_compile_definitions(sign_send_test PRIVATE HSM_TEST_SOFTHSM="${SKA_TEST_SOFTHSM}"
                                                  HSM_TEST_SIMULATOR="$<TARGET_FILE:skasim>"
                                                  HSM_TEST_PROXY="$<TARGET_FILE:hsm_proxy>")
add_dependencies(sign_send_test skasim hsm_proxy)
