# SPDX-License-Identifier: Apache-2.0
#
# Last part of `cmake --install`: files that name where the others are. cmake/places.cmake.in, which
# ran first, says where that is.

# The sandbox looks for the programs in the source tree; an installed one knows where they are.
file(READ "${SKA_SOURCE_DIR}/tools/sandbox" script)
string(CONCAT places
    "provider=${SKA_MODULES_DIR}/ska.so\n"
    "simulator=${SKA_LIB_DIR}/ska/libskasim.so\n"
    "broker=${SKA_BIN_DIR}/skatsb\n"
    "tools=${SKA_BIN_DIR}\n")
string(REGEX REPLACE "# places:.*# end of places\n" "${places}" script "${script}")
string(REPLACE "tools/sandbox" "ska-sandbox" script "${script}")
file(WRITE "${SKA_INSTALLED}/ska-sandbox" "${script}")
file(INSTALL "${SKA_INSTALLED}/ska-sandbox" DESTINATION "${SKA_BIN_DIR}" TYPE PROGRAM)

foreach(unit ska-agent@.service ska-execute.service ska-approvals.service)
    configure_file("${SKA_SOURCE_DIR}/tools/systemd/${unit}.in" "${SKA_INSTALLED}/${unit}" @ONLY)
    file(INSTALL "${SKA_INSTALLED}/${unit}" DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
endforeach()

configure_file("${SKA_SOURCE_DIR}/cmake/ska-provider.pc.in" "${SKA_INSTALLED}/ska-provider.pc" @ONLY)
file(INSTALL "${SKA_INSTALLED}/ska-provider.pc" DESTINATION "${SKA_LIB_DIR}/pkgconfig")

file(READ "${SKA_SOURCE_DIR}/openssl.cnf.example" example)
string(REGEX REPLACE "\nmodule = [^\n]*" "\nmodule = ${SKA_MODULES_DIR}/ska.so" example "${example}")
file(WRITE "${SKA_INSTALLED}/openssl.cnf.example" "${example}")
file(INSTALL "${SKA_INSTALLED}/openssl.cnf.example" DESTINATION "${SKA_DOC_DIR}")

execute_process(COMMAND "${SKA_SOURCE_DIR}/cmake/pages" "${SKA_SOURCE_DIR}" "${SKA_INSTALLED}/pages"
                COMMAND_ERROR_IS_FATAL ANY)
file(INSTALL "${SKA_INSTALLED}/pages/" DESTINATION "${SKA_DOC_DIR}")

file(WRITE "${SKA_BUILD_DIR}/install_prefix.txt" "${CMAKE_INSTALL_PREFIX}\n")
message(STATUS "In the provider's section of openssl.cnf: module = ${SKA_MODULES_DIR}/ska.so")
