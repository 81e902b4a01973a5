/* SPDX-License-Identifier: Apache-2.0 */
/* The table for people and the JSON for machines. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

void report_head(const struct report *report)
{
    const struct options *options = report->options;
    FILE *table = report->table;

    fprintf(table, "ska-bench %s, %s, %s, %u threads where there are several\n\n", SKA_VERSION,
            SKA_BENCH_BUILD, OpenSSL_version(OPENSSL_VERSION), options->threads);
    if (options->instructions)
        fprintf(table, "Ratios are B's instructions / A's, by callgrind: 1 is as many as the raw "
                       "calls take.\n");
    else
        fprintf(table, "Ratios are A's throughput / B's: 1 is as fast as the raw calls.\n");
    if (options->brief)
        fputs("--short shows that every row works, not how fast things are: nothing is judged.\n",
              table);
    fprintf(table, "\n");
    fprintf(table, "%-26s %10s %10s %9s %9s %9s %6s  %s\n", "row",
            options->instructions ? "A 1000/op" : "A us/op",
            options->instructions ? "B 1000/op" : "B us/op", "median", "lowest", "highest", "pairs",
            "wanted");
    fflush(table);
}

/* As wide as the columns for times. */
static void print_time(FILE *table, double microseconds)
{
    if (microseconds == 0)
        fprintf(table, " %10s", "");
    else
        fprintf(table, " %10.1f", microseconds);
}

static void print_bounds(const struct report *report, const struct result *result)
{
    FILE *table = report->table;
    const struct bounds *bounds = &result->bounds;

    if (!is_bounded(result))
        return;
    if (bounds->at_least != 0 && bounds->at_most != 0)
        fprintf(table, "%g to %g", bounds->at_least, bounds->at_most);
    else if (bounds->at_least != 0)
        fprintf(table, ">= %g", bounds->at_least);
    else
        fprintf(table, "<= %g", bounds->at_most);
    if (is_judged(report->options, result))
        fprintf(table, is_reached(result) ? "  ok" : "  MISSED");
}

bool report_missed(const struct report *report, const struct result *result)
{
    return is_judged(report->options, result) && !is_reached(result);
}

void report_line(const struct report *report, const struct result *result)
{
    FILE *table = report->table;
    int digits = result->unit[0] == 0 ? 3 : 2;

    fprintf(table, "%-26s", result->row);
    print_time(table, result->a_microseconds);
    print_time(table, result->b_microseconds);
    fprintf(table, " %9.*f %9.*f %9.*f %6zu  %s%s", digits, result->median, digits, result->lowest,
            digits, result->highest, result->pairs, result->unit, result->unit[0] == 0 ? "" : " ");
    print_bounds(report, result);
    fprintf(table, "\n");
    fflush(table);
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

static void add_names(cJSON *object, const char *name, const char *const *names, size_t count)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);

    must(list != NULL);
    for (size_t i = 0; i < count; i++)
        must(cJSON_AddItemToArray(list, cJSON_CreateString(names[i])));
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
    add_names(json, "failed", report->failed, report->failed_count);
    add_names(json, "skipped", report->skipped, report->skipped_count);
    return json;
}

static bool fail_json(const struct report *report)
{
    fprintf(stderr, "ska-bench: --json %s: %s\n", report->options->json, strerror(errno));
    return false;
}

bool report_json(struct report *report)
{
    struct stat status;
    cJSON *json = NULL;
    char *text = NULL;
    bool done = false;

    if (report->json == NULL)
        return true;
    json = to_json(report);
    text = cJSON_Print(json);
    must(text != NULL);
    report->json_made = false;
    done = fstat(fileno(report->json), &status) == 0 &&
           (!S_ISREG(status.st_mode) || report->json == stdout ||
            ftruncate(fileno(report->json), 0) == 0) &&
           fprintf(report->json, "%s\n", text) > 0 && fflush(report->json) == 0;
    if (!done)
        fail_json(report);
    cJSON_free(text);
    cJSON_Delete(json);
    return done;
}

/* ---- Where they go --------------------------------------------------------------------------- */

/* What stands there stays until there is something to take its place. */
static FILE *open_json(const char *path, bool *made)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOCTTY | O_CLOEXEC, 0666);

    *made = fd >= 0;
    if (fd < 0 && errno == EEXIST)
        fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? NULL : fdopen(fd, "w");
}

bool report_open(struct report *report, const struct options *options)
{
    *report = (struct report){.options = options, .table = stdout};
    if (options->json == NULL)
        return true;
    if (strcmp(options->json, "-") == 0 || strcmp(options->json, "/dev/stdout") == 0) {
        report->table = stderr;
        report->json = stdout;
        return true;
    }
    report->json = open_json(options->json, &report->json_made);
    return report->json != NULL || fail_json(report);
}

void report_close(struct report *report)
{
    if (report->json != NULL && report->json != stdout)
        fclose(report->json);
    if (report->json_made)
        unlink(report->options->json);
    free(report->results);
    memset(report, 0, sizeof(*report));
}
