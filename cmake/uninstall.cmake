# SPDX-License-Identifier: Apache-2.0
#
# Removes what the last `cmake --install` of this build directory has put there, and the directories
# that are empty then: below a prefix of somebody's own all of them, in the system those of our name.
foreach(name install_manifest.txt install_prefix.txt)
    if(NOT EXISTS "${CMAKE_BINARY_DIR}/${name}")
        message(FATAL_ERROR "nothing was installed from ${CMAKE_BINARY_DIR}")
    endif()
endforeach()
file(STRINGS "${CMAKE_BINARY_DIR}/install_manifest.txt" files)
file(STRINGS "${CMAKE_BINARY_DIR}/install_prefix.txt" prefix)

function(remove_empty directory)
    while(directory MATCHES "^${prefix}/" AND IS_DIRECTORY "$ENV{DESTDIR}${directory}")
        if(prefix MATCHES "^/usr(/local)?$" AND NOT directory MATCHES "/ska(-provider)?(/|$)")
            return()
        endif()
        file(GLOB left "$ENV{DESTDIR}${directory}/*" "$ENV{DESTDIR}${directory}/.*")
        list(FILTER left EXCLUDE REGEX "/\\.\\.?$")
        if(left)
            return()
        endif()
        file(REMOVE_RECURSE "$ENV{DESTDIR}${directory}")
        get_filename_component(directory "${directory}" DIRECTORY)
    endwhile()
endfunction()

foreach(file IN LISTS files)
    message(STATUS "Removing: $ENV{DESTDIR}${file}")
    file(REMOVE "$ENV{DESTDIR}${file}")
    get_filename_component(directory "${file}" DIRECTORY)
    remove_empty("${directory}")
endforeach()
file(REMOVE "${CMAKE_BINARY_DIR}/install_manifest.txt" "${CMAKE_BINARY_DIR}/install_prefix.txt")
