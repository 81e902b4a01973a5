# SPDX-License-Identifier: Apache-2.0
# What tests of the simulator share: a token of their own, approvers, short ways to say things.
add_library(simulator-fixture STATIC unit/simulator_fixture.c)
target_include_directories(simulator-fixture PUBLIC ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(simulator-fixture PRIVATE ska-options
                      PUBLIC skasim ska-cryptoki OpenSSL::Crypto PkgConfig::CMOCKA)

function(ska_with_softhsm name)
    target_compile_definitions(${name} PRIVATE SOFTHSM_PATH="${SKASIM_SOFTHSM_MODULE}"
                                               SKASIM_PATH="$<TARGET_FILE:skasim>")
endfunction()

# ska_simulator_test(NAME): a unit test with the fixture.
function(ska_simulator_test name)
    ska_unit_test(${name} simulator-fixture)
    ska_with_softhsm(${name})
endfunction()

# A program that loads the module by its path, as applications do.
add_executable(simulator_probe unit/simulator_probe.c)
target_compile_definitions(simulator_probe PRIVATE SOFTHSM_PATH="${SKASIM_SOFTHSM_MODULE}"
                                                   SKASIM_PATH="$<TARGET_FILE:skasim>")
target_link_libraries(simulator_probe PRIVATE ska-options ska-cryptoki OpenSSL::Crypto
                                              Threads::Threads ${CMAKE_DL_LIBS})
add_dependencies(simulator_probe skasim)

ska_simulator_test(simulator_bypass_test)
ska_simulator_test(simulator_change_test)
ska_simulator_test(simulator_crash_test)
ska_simulator_test(simulator_example_test)
ska_simulator_test(simulator_format_test)
ska_simulator_test(simulator_hash_test)
ska_simulator_test(simulator_keys_test)
ska_simulator_test(simulator_module_test)
target_compile_definitions(simulator_module_test
                           PRIVATE SKASIM_PROBE="$<TARGET_FILE:simulator_probe>")
add_dependencies(simulator_module_test simulator_probe)

# SoftHSM at chosen moments.
get_filename_component(softhsm_directory ${SKASIM_SOFTHSM_MODULE} DIRECTORY)
add_library(softhsm_racing MODULE unit/softhsm_racing.c)
target_include_directories(softhsm_racing PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(softhsm_racing PRIVATE ska-options ska-cryptoki ${CMAKE_DL_LIBS}
                                             -Wl,--no-as-needed ${SKASIM_SOFTHSM_MODULE})
set_target_properties(softhsm_racing PROPERTIES BUILD_RPATH ${softhsm_directory})
foreach(name simulator_race_test simulator_hostile_test)
    ska_simulator_test(${name})
    target_compile_definitions(${name} PRIVATE SOFTHSM_RACING_PATH="$<TARGET_FILE:softhsm_racing>")
    target_link_libraries(${name} PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
    add_dependencies(${name} softhsm_racing)
endforeach()

ska_unit_test(simulator_ordinary_test ska-cryptoki ${CMAKE_DL_LIBS})
ska_with_softhsm(simulator_ordinary_test)
add_dependencies(simulator_ordinary_test skasim)
ska_simulator_test(simulator_policy_test)
ska_simulator_test(simulator_sam_test)
ska_simulator_test(simulator_sign_test)
ska_simulator_test(simulator_threads_test)
ska_simulator_test(simulator_time_test)
ska_simulator_test(simulator_truth_test)
ska_simulator_test(simulator_use_test)

ska_simulator_test(sign_agreement_test)
target_link_libraries(sign_agreement_test PRIVATE ska-sign)

# The vendor's examples are in C++, so the header must do for it too.
include(CheckLanguage)
check_language(CXX)
if(CMAKE_CXX_COMPILER)
    enable_language(CXX)
    add_executable(simulator_example_cpp unit/simulator_example.cpp)
    target_compile_options(simulator_example_cpp PRIVATE -Wall -Wextra)
    if(SKA_SANITIZE)
        target_compile_options(simulator_example_cpp PRIVATE -fsanitize=address,undefined)
        target_link_options(simulator_example_cpp PRIVATE -fsanitize=address,undefined)
    elseif(SKA_TSAN)
        target_compile_options(simulator_example_cpp PRIVATE -fsanitize=thread)
        target_link_options(simulator_example_cpp PRIVATE -fsanitize=thread)
    endif()
    target_link_libraries(simulator_example_cpp PRIVATE simulator-fixture)
    add_test(NAME simulator_example_cpp COMMAND simulator_example_cpp)
    set_property(TEST simulator_example_cpp PROPERTY ENVIRONMENT ${ska_sanitizers})
endif()
