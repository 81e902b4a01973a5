# SPDX-License-Identifier: Apache-2.0
# Real programs with keys of the token. Where a program is not installed its test is skipped.

# ska_application(NAME SCRIPT...): the tests applications/NAME/SCRIPT.sh.
function(ska_application name)
    foreach(script IN LISTS ARGN)
        add_test(NAME application.${script}
                 COMMAND timeout --signal=USR1 --kill-after=10 500
                         ${CMAKE_CURRENT_SOURCE_DIR}/applications/${name}/${script}.sh)
        set_tests_properties(application.${script} PROPERTIES
            ENVIRONMENT "SKA_BINARY_DIR=${PROJECT_BINARY_DIR}"
            LABELS application TIMEOUT 600 SKIP_RETURN_CODE 77)
    endforeach()
endfunction()

if(NOT SKA_TSAN)
    ska_application(broker behind_broker)
    ska_application(confinement apparmor credential)
    ska_application(haproxy haproxy)
    ska_application(httpd httpd)
    ska_application(journeys acme_journey dkim_journey dnssec_journey firmware_journey secure_boot_journey)
    ska_application(mosquitto mosquitto)
    ska_application(nginx nginx)
    ska_application(node node)
    ska_application(osslsigncode osslsigncode)
    ska_application(podofo podofo)
    ska_application(python python signing_service)
    ska_application(ruby ruby)
    ska_application(stunnel stunnel)
    ska_application(vsftpd vsftpd)
    ska_application(xmlsec xmlsec)
endif()
# The rows of the table.
foreach(kind servers clients libraries signers)
    file(GLOB rows RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/applications/${kind} CONFIGURE_DEPENDS
         applications/${kind}/*.sh)
    foreach(row IN LISTS rows)
        get_filename_component(name ${row} NAME_WE)
        if(NOT SKA_TSAN AND NOT SKA_SANITIZE)
            ska_application(${kind} ${name})
        endif()
    endforeach()
endforeach()
add_test(NAME table_of_applications COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/applications/table)
# With the sanitizers' runtime curl does not start, PostgreSQL takes minutes to, and what is measured
# under load is the sanitizers.
if(NOT SKA_TSAN AND NOT SKA_SANITIZE)
    ska_application(curl curl)
    ska_application(nginx nginx_load)
    ska_application(postgresql postgresql)
    set_tests_properties(application.nginx_load PROPERTIES PROCESSORS 2)
endif()

# A test that is written but not registered is a defect: refuse to configure.
file(GLOB written RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS applications/*/*.sh)
foreach(file IN LISTS written)
    get_filename_component(name ${file} NAME_WE)
    if(NOT name STREQUAL lib AND NOT TEST application.${name}
       AND NOT SKA_SANITIZE AND NOT SKA_TSAN)
        message(FATAL_ERROR "tests/${file} is not registered")
    endif()
endforeach()
