/* SPDX-License-Identifier: Apache-2.0 */
/* The table for people and the JSON for machines. */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <cJSON.h>
#include <openssl/crypto.h>

#include "version.h"

/* Differences smaller than what the table shows decide nothing. */
static bool is_reached(const struct result *result)
{
    const struct bounds *bounds = &result->bounds;

    return (bounds->at_least == 0 || result->median >= bounds->at_least) &&
           (bounds->at_most == 0 || result->median <= bounds->at_most);
}

static bool is_bounded(const struct result *result)
{
    return result->bounds.at_least != 0 || result->bounds.at_most != 0;
}

/* Few turns of small work say nothing of how fast anything is. */
static bool is_judged(const struct options *options, const struct result *result)
{
    return is_bounded(result) && !options->brief;
}

/* ---- For people ------------------------------------------------------------------------------ */

void report_head(const struct options *options)
{
    printf("ska-bench %s, %s, %s, %u threads where there are several\n\n", SKA_VERSION,
           SKA_BENCH_BUILD, OpenSSL_version(OPENSSL_VERSION), options->threads);
    printf("Ratios are A's throughput / B's: 1 is as fast as the raw calls.\n");
    if (options->brief)
        printf("--short shows that every row works, not how fast things are: nothing is judged.\n");
    printf("\n");
    printf("%-26s %10s %10s %9s %9s %9s %6s  %s\n", "row", "A us/op", "B us/op", "median", "lowest",
           "highest", "pairs", "wanted");
    fflush(stdout);
}

/* As wide as the columns for times. */
static void print_time(double microseconds)
{
    if (microseconds == 0)
        printf(" %10s", "");
    else
        printf(" %10.1f", microseconds);
}

static void print_bounds(const struct options *options, const struct result *result)
{
    const struct bounds *bounds = &result->bounds;

    if (!is_bounded(result))
        return;
    if (bounds->at_least != 0 && bounds->at_most != 0)
        printf("%g to %g", bounds->at_least, bounds->at_most);
    else if (bounds->at_least != 0)
        printf(">= %g", bounds->at_least);
    else
        printf("<= %g", bounds->at_most);
    if (is_judged(options, result))
        printf(is_reached(result) ? "  ok" : "  MISSED");
}

void report_line(const struct report *report, const struct result *result)
{
    int digits = result->unit[0] == 0 ? 3 : 2;

    printf("%-26s", result->row);
    print_time(result->a_microseconds);
    print_time(result->b_microseconds);
    printf(" %9.*f %9.*f %9.*f %6zu  %s%s", digits, result->median, digits, result->lowest, digits,
           result->highest, result->pairs, result->unit, result->unit[0] == 0 ? "" : " ");
    print_bounds(report->options, result);
    printf("\n");
    fflush(stdout);
}

/* ---- For machines ---------------------------------------------------------------------------- */

static void add_number(cJSON *object, const char *name, double value)
{
    if (isfinite(value))
        must(cJSON_AddNumberToObject(object, name, value) != NULL);
    else
        must(cJSON_AddNullToObject(object, name) != NULL);
}

static void add_text(cJSON *object, const char *name, const char *value)
{
    must(cJSON_AddStringToObject(object, name, value) != NULL);
}

static cJSON *result_to_json(const struct options *options, const struct result *result)
{
    cJSON *object = cJSON_CreateObject();

    must(object != NULL);
    add_text(object, "row", result->row);
    add_text(object, "a", result->a);
    if (result->b[0] != 0)
        add_text(object, "b", result->b);
    add_text(object, "measure", result->measure);
    add_text(object, "unit", result->unit[0] == 0 ? "ratio" : result->unit);
    add_number(object, "median", result->median);
    add_number(object, "lowest", result->lowest);
    add_number(object, "highest", result->highest);
    add_number(object, "pairs", (double)result->pairs);
    if (result->a_microseconds != 0)
        add_number(object, "aMicroseconds", result->a_microseconds);
    if (result->b_microseconds != 0)
        add_number(object, "bMicroseconds", result->b_microseconds);
    if (result->bounds.at_least != 0)
        add_number(object, "atLeast", result->bounds.at_least);
    if (result->bounds.at_most != 0)
        add_number(object, "atMost", result->bounds.at_most);
    if (is_judged(options, result))
        must(cJSON_AddBoolToObject(object, "reached", is_reached(result)) != NULL);
    return object;
}

static cJSON *to_json(const struct report *report)
{
    const struct options *options = report->options;
    cJSON *json = cJSON_CreateObject();
    cJSON *list = NULL;

    must(json != NULL);
    add_text(json, "version", SKA_VERSION);
    add_text(json, "build", SKA_BENCH_BUILD);
    add_text(json, "libcrypto", OpenSSL_version(OPENSSL_VERSION));
    add_number(json, "threads", options->threads);
    must(cJSON_AddBoolToObject(json, "short", options->brief) != NULL);
    list = cJSON_AddArrayToObject(json, "rows");
    must(list != NULL);
    for (size_t i = 0; i < report->count; i++)
        must(cJSON_AddItemToArray(list, result_to_json(options, &report->results[i])));
    list = cJSON_AddArrayToObject(json, "failed");
    must(list != NULL);
    for (size_t i = 0; i < report->failed_count; i++)
        must(cJSON_AddItemToArray(list, cJSON_CreateString(report->failed[i])));
    return json;
}

bool report_json(const struct report *report)
{
    cJSON *json = to_json(report);
    char *text = cJSON_Print(json);
    FILE *file = fopen(report->options->json, "w");
    bool done = text != NULL && file != NULL && fprintf(file, "%s\n", text) > 0;

    if (file != NULL && fclose(file) != 0)
        done = false;
    if (!done)
        perror(report->options->json);
    cJSON_free(text);
    cJSON_Delete(json);
    return done;
}
