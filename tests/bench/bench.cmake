# SPDX-License-Identifier: Apache-2.0
include(CheckIncludeFile)

# ska-bench: the provider against the raw calls into the HSM.
add_executable(ska-bench
    bench/agent_process.c bench/approval.c bench/approver_process.c bench/commands.c bench/instructions.c bench/main.c bench/measure.c bench/options.c bench/report.c
    bench/row_approvals.c bench/row_audit.c bench/row_command.c bench/row_growth.c bench/row_lookup.c
    bench/row_memory.c bench/row_nginx.c bench/row_ordinary.c bench/row_pem.c bench/row_people.c bench/row_requests.c bench/row_simulator.c
    bench/row_ska.c bench/row_waiting.c bench/rows.c bench/signing.c bench/supervise.c
    bench/token.c)
target_sources(ska-bench PRIVATE bench/peers.c)
set_target_properties(ska-bench PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/bench)
target_include_directories(ska-bench PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include
                                             ${PROJECT_BINARY_DIR}/provider)
if(SKA_SANITIZE OR SKA_TSAN)
    set(ska_bench_build "with sanitizers")
else()
    set(ska_bench_build "${CMAKE_BUILD_TYPE}")
endif()
target_compile_definitions(ska-bench PRIVATE
    SKA_BENCH_BUILD="${ska_bench_build}"
    SKA_BENCH_PROVIDER="$<TARGET_FILE:ska>"
    SKA_BENCH_SIMULATOR="$<TARGET_FILE:skasim>"
    SKA_BENCH_SKATOOL="$<TARGET_FILE:skatool>"
    SKA_BENCH_SOFTHSM="${SKASIM_SOFTHSM_MODULE}")
check_include_file(valgrind/callgrind.h SKA_HAVE_CALLGRIND)
if(SKA_HAVE_CALLGRIND)
    target_compile_definitions(ska-bench PRIVATE SKA_BENCH_CALLGRIND)
endif()
target_link_libraries(ska-bench PRIVATE ska-options ska-codec ska-cryptoki PkgConfig::CJSON
                                        OpenSSL::Crypto Threads::Threads m ${CMAKE_DL_LIBS})
add_dependencies(ska-bench ska skasim skatool)
if(SKA_TSB)
    target_sources(ska-bench PRIVATE bench/row_broker.c)
    target_compile_definitions(ska-bench PRIVATE SKA_BENCH_SKATSB="$<TARGET_FILE:skatsb>")
    target_link_libraries(ska-bench PRIVATE PkgConfig::CURL)
    add_dependencies(ska-bench skatsb)
endif()

# A short form of it, to see that it works: how fast things are is for people to measure.
add_executable(bench_test bench/bench_test.c)
target_compile_definitions(bench_test PRIVATE
    SKA_BENCH="$<TARGET_FILE:ska-bench>"
    SKA_BENCH_PROVIDER="$<TARGET_FILE:ska>"
    SKA_BENCH_SIMULATOR="$<TARGET_FILE:skasim>")
target_link_libraries(bench_test PRIVATE ska-options PkgConfig::CJSON PkgConfig::CMOCKA)
add_dependencies(bench_test ska-bench)
add_test(NAME bench COMMAND bench_test)
set_tests_properties(bench PROPERTIES TIMEOUT 600)
set_property(TEST bench PROPERTY ENVIRONMENT ${ska_sanitizers})

# By callgrind, so the same under any load.
add_test(NAME bench.instructions COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/bench/instructions)
set_tests_properties(bench.instructions PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77
    ENVIRONMENT "SKA_BINARY_DIR=${PROJECT_BINARY_DIR}")
