# SPDX-License-Identifier: Apache-2.0
# Scenarios: scripts that use the products as people do, with the openssl of the system.

# ska_scenario(NAME): scenario/NAME.sh as the test scenario.NAME; where there is a scenario/NAME.c
# it is built for the script.
set(ska_scenarios journey_page lib servers)
function(ska_scenario name)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/scenario/${name}.c)
        add_executable(${name} scenario/${name}.c scenario/application.c)
        target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/include)
        target_link_libraries(${name} PRIVATE ska-options ska-cryptoki OpenSSL::Crypto
                                              Threads::Threads)
    endif()
    add_test(NAME scenario.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/scenario/${name}.sh)
    set_tests_properties(scenario.${name} PROPERTIES
        ENVIRONMENT "SKA_BINARY_DIR=${PROJECT_BINARY_DIR}"
        LABELS scenario TIMEOUT 900 SKIP_RETURN_CODE 77)
    set(ska_scenarios ${ska_scenarios} ${name} PARENT_SCOPE)
endfunction()

if(SKA_SANITIZE)
    add_library(fake_dlclose SHARED fake_dlclose.c)
    set_target_properties(fake_dlclose PROPERTIES C_VISIBILITY_PRESET default)
endif()

ska_scenario(approval_by_hand)
ska_scenario(approval_request)
ska_scenario(approvals_directory)
ska_scenario(command_table)
ska_scenario(configuration_order)
ska_scenario(dgst_and_pkeyutl)
ska_scenario(empty_rule)
ska_scenario(example_configuration)
ska_scenario(hostile_directory)
ska_scenario(journey_qes)
ska_scenario(journey_seal)
ska_scenario(lifetimes)
ska_scenario(one_process)
target_link_libraries(one_process PRIVATE PkgConfig::CJSON)
ska_scenario(ordinary_keys)
ska_scenario(private_keys_stay)
ska_scenario(provider_list)
ska_scenario(refusals)
ska_scenario(same_module)
ska_scenario(signature_contexts)
ska_scenario(skatool_configuration)
ska_scenario(skatool_inspect)
ska_scenario(skatool_keys)
ska_scenario(skatool_operations)
ska_scenario(skatool_terminal)
ska_scenario(software_keys)
ska_scenario(store_listing)
ska_scenario(tls)
ska_scenario(tool)

# A scenario that is written but not registered is a defect: refuse to configure.
file(GLOB written RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/scenario CONFIGURE_DEPENDS scenario/*.sh)
foreach(file IN LISTS written)
    get_filename_component(name ${file} NAME_WE)
    if(NOT name IN_LIST ska_scenarios)
        message(FATAL_ERROR "tests/scenario/${file} is not registered")
    endif()
endforeach()
