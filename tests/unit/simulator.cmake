# SPDX-License-Identifier: Apache-2.0
# What tests of the simulator share: a token of their own, approvers, short ways to say things.
add_library(simulator-fixture STATIC unit/simulator_fixture.c)
target_include_directories(simulator-fixture PUBLIC ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(simulator-fixture PRIVATE ska-options
                      PUBLIC skasim ska-cryptoki OpenSSL::Crypto PkgConfig::CMOCKA)

# ska_simulator_test(NAME): a unit test with the fixture. SoftHSM's own leaks are not ours.
function(ska_simulator_test name)
    ska_unit_test(${name} simulator-fixture)
    set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT
                 "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp")
endfunction()

ska_simulator_test(simulator_sign_test)
ska_simulator_test(simulator_keys_test)
