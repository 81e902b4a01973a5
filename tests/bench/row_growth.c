/* SPDX-License-Identifier: Apache-2.0 */
/* Resident memory after many signatures against that after few. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "approval.h"
#include "rows.h"
#include "signing.h"

enum growing { ORDINARY, EMPTY_RULE, QUORUM };

/* In KiB. */
static double resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long total = 0;
    long pages = 0;

    must(file != NULL && fscanf(file, "%ld %ld", &total, &pages) == 2);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static void make_growing_key(const struct bench *bench, enum growing growing,
                             struct approvers *approvers)
{
    struct path policy = token_path(bench, "policy.json");

    if (growing == QUORUM) {
        approvers_make(approvers, 3);
        approvers_policy(approvers, 2, policy.text);
    } else {
        write_file(policy.text, empty_policy);
    }
    make_key(bench, KEY_LABEL, "EC:P-256", growing == ORDINARY ? "none" : policy.text);
}

static double grow(const struct bench *bench, const struct evp_signing *signing)
{
    size_t few = amount(bench->options, 1000, 50);
    size_t many = amount(bench->options, 100000, 200);
    struct loop loop = evp_loop(signing);
    void *with = loop.start(loop.what);
    double before = 0;

    for (size_t i = 0; i < many; i++) {
        if (i == few)
            before = resident();
        loop.once(with);
    }
    loop.stop(with);
    return resident() - before;
}

static void run(struct bench *bench, const struct row *row)
{
    const enum growing *growing = row->detail;
    struct approvers approvers = {NULL, 0};
    struct evp_signing signing = {NULL, NULL, false, NULL, NULL};
    struct bundle bundle = {NULL, {NULL, 0}, NULL, 0};
    struct result result;
    struct token token;

    token_open(&token, bench);
    make_growing_key(bench, *growing, &approvers);
    signing.libctx = token.libctx;
    signing.key = load_key(token.libctx, key_uri(KEY_LABEL).text);
    if (*growing == QUORUM)
        bundle_make(&bundle, token.libctx, signing.key, &approvers, 2);
    signing.approvals = bundle.json;
    evp_try(&signing, &signing);
    result_begin(&result, row);
    snprintf(result.a, sizeof(result.a), "EVP_DigestSign, %zu and %zu times",
             amount(bench->options, 1000, 50), amount(bench->options, 100000, 200));
    snprintf(result.measure, sizeof(result.measure), "growth of resident memory");
    snprintf(result.unit, sizeof(result.unit), "KiB");
    result.median = result.lowest = result.highest = grow(bench, &signing);
    result.pairs = 1;
    bench_report(bench, &result);
    bundle_free(&bundle);
    approvers_free(&approvers);
    EVP_PKEY_free(signing.key);
    token_close(&token);
}

static const enum growing ordinary = ORDINARY;
static const enum growing empty = EMPTY_RULE;
static const enum growing quorum = QUORUM;

const struct row row_growth_ordinary = {
    "growth-ordinary", "memory after many signatures, ordinary key", {0, 512}, run, &ordinary};
const struct row row_growth_ska = {
    "growth-ska-empty", "memory after many signatures, SKA key, empty rule", {0, 512}, run, &empty};
const struct row row_growth_quorum = {
    "growth-ska-2-of-3", "memory after many signatures, SKA key, bundles", {0, 512}, run, &quorum};
