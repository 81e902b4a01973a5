# SPDX-License-Identifier: Apache-2.0
# Configure with CC=clang and -DSKA_FUZZ=ON -DSKA_SANITIZE=ON.
if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "SKA_FUZZ needs libFuzzer, so clang: configure with CC=clang")
endif()
if(NOT SKA_SANITIZE)
    # Without it nothing would watch the libraries, and programs that are no fuzzers would not link:
    # the runtime of the sanitizers has what -fsanitize=fuzzer-no-link calls.
    message(FATAL_ERROR "SKA_FUZZ needs SKA_SANITIZE too: configure with -DSKA_SANITIZE=ON")
endif()

# ska_fuzzer(NAME LIBRARIES...): tests/fuzz/NAME_fuzz.c as the program NAME_fuzz, and a test that
# runs it for a short while from the seeds in tests/fuzz/corpus/NAME, if there are any. What it finds
# on its way stays in the build directory. To fuzz for longer: tests/NAME_fuzz CORPUS_DIRECTORY.
add_custom_target(fuzzers)
function(ska_fuzzer name)
    set(seeds ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
    set(found ${CMAKE_CURRENT_BINARY_DIR}/corpus/${name})
    if(NOT EXISTS ${seeds})
        set(seeds)
    endif()
    file(MAKE_DIRECTORY ${found})
    add_executable(${name}_fuzz fuzz/${name}_fuzz.c)
    target_include_directories(${name}_fuzz PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_options(${name}_fuzz PRIVATE -fsanitize=fuzzer,address,undefined)
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer,address,undefined)
    target_link_libraries(${name}_fuzz PRIVATE ska-options ${ARGN})
    add_dependencies(fuzzers ${name}_fuzz)
    add_test(NAME ${name}_fuzz
             COMMAND ${name}_fuzz -runs=50000 -max_total_time=10 -timeout=5 -max_len=8192
                     -verbosity=0 ${found} ${seeds})
endfunction()

ska_fuzzer(token ska-codec)
ska_fuzzer(rule ska-codec)
ska_fuzzer(modify ska-codec)
ska_fuzzer(signature ska-codec)
ska_fuzzer(approver ska-codec)
ska_fuzzer(describe ska-tools)

include(fuzz/sign.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/hsm.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/simulator.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/tools.cmake)
