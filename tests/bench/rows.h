/* SPDX-License-Identifier: Apache-2.0 */
/* What the rows' files share. */
#ifndef SKA_BENCH_ROWS_H
#define SKA_BENCH_ROWS_H

#include "measure.h"
#include "signing.h"
#include "token.h"

/* The label of the one key that most rows have. */
#define KEY_LABEL "key"

/* A ratio named like its row; a and b are filled in by the caller. */
void result_begin(struct result *result, const struct row *row);

/* What is wanted of a result by its name where instructions are counted; else nothing. */
struct bounds counted_bounds(const char *row);

/* --pairs, else what suits the row. */
size_t pairs_of(const struct options *options, size_t usual);

/* Rules that are always satisfied. */
extern const char empty_policy[];

/* Both sign, in turns; the ratio of their throughputs. */
void compare_signing(struct bench *bench, const struct row *row, const struct evp_signing *a,
                     const struct raw_signing *b, unsigned threads, struct result *result);

extern const struct row row_rsa, row_ed25519, row_p256_fresh, row_p256_reused;
extern const struct row row_threads_rsa, row_threads_p256;
extern const struct row row_ska_rsa, row_ska_ed25519, row_ska_p256, row_ska_own;
extern const struct row row_quorum, row_quorum_kept, row_threads_quorum;
extern const struct row row_lookup;
extern const struct row row_pem_p256, row_pem_rsa, row_pem_ed25519;
extern const struct row row_command_sign, row_command_unused;
extern const struct row row_approvals;
extern const struct row row_directory, row_agent;
extern const struct row row_growth_ordinary, row_growth_ska, row_growth_quorum;
extern const struct row row_simulator, row_simulator_calls;
extern const struct row row_requests, row_audit, row_waiting, row_memory, row_nginx;
extern const struct row row_broker; /* where skatsb is built */

#endif
