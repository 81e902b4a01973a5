# SPDX-License-Identifier: Apache-2.0
#
# Last part of `cmake --install`: files that name where the others are. cmake/places.cmake.in, which
# ran first, says where that is.

# They are written here before they are copied; not in the build directory, where what root has written
# would be in the way of its owner.
execute_process(COMMAND mktemp -d OUTPUT_VARIABLE written OUTPUT_STRIP_TRAILING_WHITESPACE
                COMMAND_ERROR_IS_FATAL ANY)

# The sandbox looks for the programs in the source tree; an installed one knows where they are.
file(READ "${SKA_SOURCE_DIR}/tools/sandbox" script)
string(CONCAT places
    "provider=${SKA_MODULES_DIR}/ska.so\n"
    "simulator=${SKA_LIB_DIR}/ska/libskasim.so\n"
    "broker=${SKA_BIN_DIR}/skatsb\n"
    "tools=${SKA_BIN_DIR}\n")
string(REGEX REPLACE "# places:.*# end of places\n" "${places}" script "${script}")
string(REPLACE "tools/sandbox" "ska-sandbox" script "${script}")
file(WRITE "${written}/ska-sandbox" "${script}")
file(INSTALL "${written}/ska-sandbox" DESTINATION "${SKA_BIN_DIR}" TYPE PROGRAM)

foreach(unit ska-agent@.service ska-execute.service ska-approvals.service)
    configure_file("${SKA_SOURCE_DIR}/tools/systemd/${unit}.in" "${written}/${unit}" @ONLY)
    file(INSTALL "${written}/${unit}" DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
endforeach()

configure_file("${SKA_SOURCE_DIR}/cmake/ska-provider.pc.in" "${written}/ska-provider.pc" @ONLY)
file(INSTALL "${written}/ska-provider.pc" DESTINATION "${SKA_LIB_DIR}/pkgconfig")

file(READ "${SKA_SOURCE_DIR}/openssl.cnf.example" example)
string(REGEX REPLACE "\nmodule = [^\n]*" "\nmodule = ${SKA_MODULES_DIR}/ska.so" example "${example}")
file(WRITE "${written}/openssl.cnf.example" "${example}")
file(INSTALL "${written}/openssl.cnf.example" DESTINATION "${SKA_DOC_DIR}")

execute_process(COMMAND "${SKA_SOURCE_DIR}/cmake/pages" "${SKA_SOURCE_DIR}" "${written}/pages"
                        "${SKA_DOC_DIR}" "${SKA_INCLUDE_DIR}" "${SKA_LIB_DIR}"
                COMMAND_ERROR_IS_FATAL ANY)
file(INSTALL "${written}/pages/" DESTINATION "${SKA_DOC_DIR}")
file(REMOVE_RECURSE "${written}")

# The record for cmake/uninstall: after DESTDIR and the prefix a line per file, with its hash. What an earlier
# installation has put there stays in it.
set(lines)
if(EXISTS "${record}")
    file(STRINGS "${record}" lines REGEX "^[0-9a-f]+ /")
endif()
foreach(file IN LISTS CMAKE_INSTALL_MANIFEST_FILES)
    file(SHA256 "$ENV{DESTDIR}${file}" hash)
    list(APPEND lines "${hash} ${file}")
endforeach()
list(REMOVE_DUPLICATES lines)
list(JOIN lines "\n" lines)
ska_record("${lines}\n" "the installation is not recorded, so install again")
file(CHMOD "${unfinished}" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
file(RENAME "${unfinished}" "${record}")
message(STATUS "In the provider's section of openssl.cnf: module = ${SKA_MODULES_DIR}/ska.so")
