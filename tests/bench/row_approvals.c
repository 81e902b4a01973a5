/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the time of a signature grows with the approvals, and how much of that is the simulator's
 * own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "approval.h"
#include "rows.h"
#include "signing.h"

/* As many as one rule and one request hold, and as are told apart easily. */
static const size_t counts[] = {1, 10, 100};
#define MOST 100

/* A key that is content with one approval of a hundred people, and bundles for it. */
struct scene {
    struct token token;
    struct approvers approvers;
    EVP_PKEY *key;
    struct bundle bundles[COUNT(counts)];
    struct evp_signing a[COUNT(counts)];
    struct raw_signing b[COUNT(counts)];
};

static void begin(struct scene *scene, const struct bench *bench)
{
    struct path policy = token_path(bench, "policy.json");

    memset(scene, 0, sizeof(*scene));
    token_open(&scene->token, bench);
    approvers_make(&scene->approvers, MOST);
    approvers_policy(&scene->approvers, 1, policy.text);
    make_key(bench, KEY_LABEL, "EC:P-256", policy.text);
    scene->key = load_key(scene->token.libctx, key_uri(KEY_LABEL).text);
    for (size_t i = 0; i < COUNT(counts); i++) {
        bundle_make(&scene->bundles[i], scene->token.libctx, scene->key, &scene->approvers,
                    counts[i]);
        scene->a[i].libctx = scene->token.libctx;
        scene->a[i].key = scene->key;
        scene->a[i].approvals = scene->bundles[i].json;
        scene->b[i].token = &scene->token;
        scene->b[i].key = find_private(&scene->token, KEY_LABEL);
        scene->b[i].kind = RAW_EC;
        scene->b[i].ska = true;
        scene->b[i].approved = ska_span_of(&scene->bundles[i].token);
        scene->b[i].approvals = scene->bundles[i].approvals;
        scene->b[i].approval_count = scene->bundles[i].count;
    }
}

static void end(struct scene *scene)
{
    for (size_t i = 0; i < COUNT(counts); i++)
        bundle_free(&scene->bundles[i]);
    EVP_PKEY_free(scene->key);
    approvers_free(&scene->approvers);
    token_close(&scene->token);
}

/* ---- Growth with approvals ------------------------------------------------------------------- */

/* (T(100) - T(10)) / 90 divided by (T(10) - T(1)) / 9, of the first three loops. */
static double steepness(const struct times *times, size_t round)
{
    double high = (time_of(times, round, 2) - time_of(times, round, 1)) / 90;
    double low = (time_of(times, round, 1) - time_of(times, round, 0)) / 9;

    return low > 0 ? high / low : 0;
}

static void report_linear(const struct bench *bench, const struct row *row,
                          const struct times *times)
{
    double *values = calloc(times->rounds, sizeof(*values));
    struct result result;

    must(values != NULL);
    result_begin(&result, row);
    snprintf(result.row, sizeof(result.row), "%s-linear", row->name);
    snprintf(result.a, sizeof(result.a), "EVP_DigestSign with 1, 10 and 100 approvals");
    snprintf(result.measure, sizeof(result.measure), "((T(100)-T(10))/90) / ((T(10)-T(1))/9)");
    for (size_t i = 0; i < times->rounds; i++)
        values[i] = steepness(times, i);
    result_values(&result, values, times->rounds);
    bench_report(bench, &result);
    free(values);
}

static void report_count(const struct bench *bench, const struct row *row,
                         const struct times *times, size_t which)
{
    struct result result;

    result_begin(&result, row);
    memset(&result.bounds, 0, sizeof(result.bounds));
    snprintf(result.row, sizeof(result.row), "%s-%zu", row->name, counts[which]);
    snprintf(result.a, sizeof(result.a), "EVP_DigestSign, %zu approvals in a bundle",
             counts[which]);
    snprintf(result.b, sizeof(result.b), "digest, C_SKASign with the same approvals");
    result_ratio(&result, times, which, COUNT(counts) + which);
    bench_report(bench, &result);
}

static void run_approvals(struct bench *bench, const struct row *row)
{
    struct loop loops[2 * COUNT(counts)];
    struct scene scene;
    struct times times;

    begin(&scene, bench);
    for (size_t i = 0; i < COUNT(counts); i++) {
        evp_try(&scene.a[i], &scene.a[i]);
        loops[i] = evp_loop(&scene.a[i]);
        loops[COUNT(counts) + i] = raw_loop(&scene.b[i]);
    }
    measure(loops, COUNT(loops), 1, pairs_of(bench->options, 100), &times);
    for (size_t i = 0; i < COUNT(counts); i++)
        report_count(bench, row, &times, i);
    report_linear(bench, row, &times);
    times_free(&times);
    end(&scene);
}

const struct row row_approvals = {"approvals",
                                  "1, 10 and 100 approvals: the time grows with their number",
                                  {0.8, 1.2},
                                  run_approvals,
                                  NULL};

/* ---- The simulator's own enforcement --------------------------------------------------------- */

static void report_time(const struct bench *bench, const struct row *row, const struct times *times)
{
    double *values = calloc(times->rounds, sizeof(*values));
    struct result result;

    must(values != NULL);
    result_begin(&result, row);
    snprintf(result.row, sizeof(result.row), "%s-time", row->name);
    snprintf(result.a, sizeof(result.a), "C_SKASign with 1 and with 100 approvals");
    snprintf(result.measure, sizeof(result.measure), "the simulator's time for one approval");
    snprintf(result.unit, sizeof(result.unit), "us");
    for (size_t i = 0; i < times->rounds; i++)
        values[i] = (time_of(times, i, 1) - time_of(times, i, 0)) / (MOST - 1);
    result_values(&result, values, times->rounds);
    bench_report(bench, &result);
    free(values);
}

/* The most memory that this process ever had, in KiB. */
static double peak(void)
{
    struct rusage usage;

    must(getrusage(RUSAGE_SELF, &usage) == 0);
    return (double)usage.ru_maxrss;
}

/* Many signatures with one approval, then many with a hundred: how much higher the peak is. */
static void report_memory(const struct bench *bench, const struct row *row,
                          const struct scene *scene)
{
    struct loop loops[] = {raw_loop(&scene->b[0]), raw_loop(&scene->b[2])};
    size_t times = amount(bench->options, 200, 3);
    double peaks[COUNT(loops)];
    struct result result;

    for (size_t i = 0; i < COUNT(loops); i++) {
        void *with = loops[i].start(loops[i].what);

        for (size_t done = 0; done < times; done++)
            loops[i].once(with);
        loops[i].stop(with);
        peaks[i] = peak();
    }
    result_begin(&result, row);
    snprintf(result.row, sizeof(result.row), "%s-memory", row->name);
    snprintf(result.a, sizeof(result.a), "C_SKASign with 1 and with 100 approvals");
    snprintf(result.measure, sizeof(result.measure),
             "peak of resident memory for one approval, in the simulator");
    snprintf(result.unit, sizeof(result.unit), "KiB");
    result.median = result.lowest = result.highest = (peaks[1] - peaks[0]) / (MOST - 1);
    result.pairs = 1;
    bench_report(bench, &result);
}

static void run_simulator(struct bench *bench, const struct row *row)
{
    struct scene scene;
    struct times times;

    begin(&scene, bench);
    report_memory(bench, row, &scene);
    struct loop loops[] = {raw_loop(&scene.b[0]), raw_loop(&scene.b[2])};
    measure(loops, COUNT(loops), 1, pairs_of(bench->options, 100), &times);
    report_time(bench, row, &times);
    times_free(&times);
    end(&scene);
}

const struct row row_simulator = {"simulator",
                                  "what the simulator's own enforcement takes for one approval",
                                  {0, 0},
                                  run_simulator,
                                  NULL};
