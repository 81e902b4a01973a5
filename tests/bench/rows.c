/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include "instructions.h"

const struct row *const rows[] = {
    &row_rsa,
    &row_ed25519,
    &row_p256_fresh,
    &row_p256_reused,
    &row_ska_rsa,
    &row_ska_ed25519,
    &row_ska_p256,
    &row_ska_own,
    &row_quorum,
    &row_quorum_kept,
    &row_threads_rsa,
    &row_threads_p256,
    &row_threads_quorum,
    &row_lookup,
    &row_pem_p256,
    &row_pem_rsa,
    &row_pem_ed25519,
    &row_command_sign,
    &row_command_unused,
    &row_approvals,
    &row_directory,
    &row_agent,
    &row_growth_ordinary,
    &row_growth_ska,
    &row_growth_quorum,
    &row_simulator,
    &row_simulator_calls,
    &row_requests,
    &row_audit,
    &row_waiting,
    &row_memory,
    &row_nginx,
#ifdef SKA_BENCH_SKATSB
    &row_broker,
#endif
};
const size_t row_count = COUNT(rows);

/* What is wanted where instructions are counted: with B the raw calls, a key file, or nothing. */
static const struct {
    const char *row;
    struct bounds bounds;
} counted[] = {
    {"p256-fresh", {0.96, 0}},       {"ska-2-of-3-kept", {0.95, 0}}, {"pem-p256", {0.85, 0}},
    {"command-sign-peer", {1.0, 0}}, {"command-unused", {0.95, 0}},
};

struct bounds counted_bounds(const char *row)
{
    const struct bounds none = {0, 0};

    for (size_t i = 0; instructions_counted() && i < COUNT(counted); i++)
        if (strcmp(counted[i].row, row) == 0)
            return counted[i].bounds;
    return none;
}

void result_begin(struct result *result, const struct row *row)
{
    memset(result, 0, sizeof(*result));
    snprintf(result->row, sizeof(result->row), "%s", row->name);
    snprintf(result->measure, sizeof(result->measure), "%s",
             instructions_counted() ? "instructions of B / instructions of A"
                                    : "throughput of A / throughput of B");
    result->bounds = instructions_counted() ? counted_bounds(row->name) : row->bounds;
}

size_t pairs_of(const struct options *options, size_t usual)
{
    return options->pairs != 0 ? options->pairs : amount(options, usual, 3);
}
