/* SPDX-License-Identifier: Apache-2.0 */
/* SKA keys, with an empty rule and with approvals, against the vendor's raw calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "instructions.h"
#include "rows.h"
#include "signing.h"

const char empty_policy[] =
    "{\"ruleUse\":null,\"ruleBlock\":null,\"ruleUnblock\":null,\"ruleModify\":null,"
    "\"keyStatus\":{\"blocked\":false}}\n";

void compare_signing(struct bench *bench, const struct row *row, const struct evp_signing *a,
                     const struct raw_signing *b, unsigned threads, struct result *result)
{
    struct loop loops[] = {evp_loop(a), raw_loop(b)};
    struct times times;

    evp_try(a, a);
    measure(loops, COUNT(loops), threads, pairs_of(bench->options, 500), &times);
    result_begin(result, row);
    result_ratio(result, &times, 0, 1);
    times_free(&times);
}

/* ---- An empty rule --------------------------------------------------------------------------- */

static void run_empty(struct bench *bench, const struct row *row)
{
    const char *algorithm = row->detail;
    struct path policy = token_path(bench, "policy.json");
    struct evp_signing a = {NULL, NULL, false, NULL, NULL};
    struct raw_signing b = {.ska = true, .kind = raw_kind_of(algorithm)};
    struct result result;
    struct token token;

    token_open_slow(&token, bench);
    write_file(policy.text, empty_policy);
    make_key(bench, KEY_LABEL, algorithm, policy.text);
    a.libctx = token.libctx;
    a.key = load_key(token.libctx, key_uri(KEY_LABEL).text);
    b.token = &token;
    b.key = find_private(&token, KEY_LABEL);
    compare_signing(bench, row, &a, &b, 1, &result);
    snprintf(result.a, sizeof(result.a), "EVP_DigestSign, %s, empty rule, fresh context",
             algorithm);
    snprintf(result.b, sizeof(result.b), "digest, C_CreateApprovalToken, C_SKASign");
    bench_report(bench, &result);
    EVP_PKEY_free(a.key);
    token_close(&token);
}

const struct row row_ska_rsa = {
    "ska-empty-rsa2048", "SKA key, empty rule, RSA-2048", {0.97, 0}, run_empty, "RSA:2048"};
const struct row row_ska_ed25519 = {
    "ska-empty-ed25519", "SKA key, empty rule, Ed25519", {0.97, 0}, run_empty, "ED25519"};
const struct row row_ska_p256 = {
    "ska-empty-p256", "SKA key, empty rule, P-256", {0.92, 0}, run_empty, "EC:P-256"};

/* ---- The provider's own time ----------------------------------------------------------------- */

static void report_own(const struct bench *bench, const struct row *row, const struct times *times)
{
    double *values = calloc(times->rounds, sizeof(*values));
    struct result result;

    must(values != NULL);
    result_begin(&result, row);
    snprintf(result.a, sizeof(result.a), "EVP_DigestSign, P-256, empty rule, fresh context");
    snprintf(result.b, sizeof(result.b), "digest, C_CreateApprovalToken, C_SKASign");
    snprintf(result.measure, sizeof(result.measure), "%s of A less those of B",
             instructions_counted() ? "thousands of instructions" : "microseconds");
    snprintf(result.unit, sizeof(result.unit), "%s", instructions_counted() ? "1000" : "us");
    for (size_t i = 0; i < times->rounds; i++)
        values[i] = time_of(times, i, 0) - time_of(times, i, 1);
    result_values(&result, values, times->rounds);
    result.a_microseconds = median_time(times, 0);
    result.b_microseconds = median_time(times, 1);
    bench_report(bench, &result);
    free(values);
}

/* With a simulator that is quick itself. */
static void run_own(struct bench *bench, const struct row *row)
{
    struct path policy = token_path(bench, "policy.json");
    struct evp_signing a = {NULL, NULL, false, NULL, NULL};
    struct raw_signing b = {.ska = true, .kind = RAW_EC};
    struct loop loops[] = {evp_loop(&a), raw_loop(&b)};
    struct times times;
    struct token token;

    token_open(&token, bench);
    write_file(policy.text, empty_policy);
    make_key(bench, KEY_LABEL, "EC:P-256", policy.text);
    a.libctx = token.libctx;
    a.key = load_key(token.libctx, key_uri(KEY_LABEL).text);
    b.token = &token;
    b.key = find_private(&token, KEY_LABEL);
    evp_try(&a, &a);
    measure(loops, COUNT(loops), 1, pairs_of(bench->options, 500), &times);
    report_own(bench, row, &times);
    times_free(&times);
    EVP_PKEY_free(a.key);
    token_close(&token);
}

const struct row row_ska_own = {
    "ska-own", "what the provider itself adds to a signature, empty rule", {0, 0}, run_own, NULL};

/* ---- Two of three, bundle by parameter ------------------------------------------------------- */

struct quorum_kind {
    bool threads;    /* several */
    bool token_kept; /* the raw calls use the token that was approved, instead of making it again */
};

static void run_quorum(struct bench *bench, const struct row *row)
{
    const struct quorum_kind *kind = row->detail;
    struct path policy = token_path(bench, "policy.json");
    struct evp_signing a = {NULL, NULL, false, NULL, NULL};
    struct raw_signing b = {.ska = true, .kind = RAW_EC};
    struct approvers approvers;
    struct bundle bundle;
    struct result result;
    struct token token;

    token_open_slow(&token, bench);
    approvers_make(&approvers, 3);
    approvers_policy(&approvers, 2, policy.text);
    make_key(bench, KEY_LABEL, "EC:P-256", policy.text);
    a.libctx = token.libctx;
    a.key = load_key(token.libctx, key_uri(KEY_LABEL).text);
    bundle_make(&bundle, token.libctx, a.key, &approvers, 2);
    a.approvals = bundle.json;
    b.token = &token;
    b.key = find_private(&token, KEY_LABEL);
    if (kind->token_kept)
        b.approved = ska_span_of(&bundle.token);
    b.approvals = bundle.approvals;
    b.approval_count = bundle.count;
    compare_signing(bench, row, &a, &b, kind->threads ? bench->options->threads : 1, &result);
    snprintf(result.a, sizeof(result.a), "EVP_DigestSign, P-256, 2 of 3, ska-approvals");
    snprintf(result.b, sizeof(result.b), "digest, %sC_SKASign with the same approvals",
             kind->token_kept ? "" : "C_CreateApprovalToken, ");
    bench_report(bench, &result);
    bundle_free(&bundle);
    approvers_free(&approvers);
    EVP_PKEY_free(a.key);
    token_close(&token);
}

static const struct quorum_kind one_thread = {false, false};
static const struct quorum_kind one_thread_kept = {false, true};
static const struct quorum_kind several_threads = {true, false};

const struct row row_quorum = {"ska-2-of-3",
                               "SKA key, P-256, 2 of 3 approvals, bundle by parameter",
                               {0.95, 0},
                               run_quorum,
                               &one_thread};
const struct row row_quorum_kept = {"ska-2-of-3-kept",
                                    "the same, against C_SKASign alone with the token kept",
                                    {0.95, 0},
                                    run_quorum,
                                    &one_thread_kept};
const struct row row_threads_quorum = {"threads-ska-2-of-3",
                                       "SKA key, P-256, 2 of 3 approvals, several threads",
                                       {0.95, 0},
                                       run_quorum,
                                       &several_threads};
