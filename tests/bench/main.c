/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ska-bench: the provider against the raw calls into the HSM, in one run.
 */
#include "bench.h"

#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether one of the patterns matches. */
static bool is_chosen(const char *patterns, const char *name, bool *used)
{
    char *copy = strdup(patterns);
    char *rest = NULL;
    bool chosen = false;
    size_t i = 0;

    must(copy != NULL);
    for (char *pattern = strtok_r(copy, ",", &rest); pattern != NULL;
         pattern = strtok_r(NULL, ",", &rest), i++)
        if (fnmatch(pattern, name, 0) == 0)
            chosen = used[i] = true;
    free(copy);
    return chosen;
}

/* The rows that --rows names. False: one of its patterns matches none. */
static bool choose(const char *patterns, const struct row **chosen, size_t *count)
{
    bool *used = calloc(strlen(patterns) + 1, sizeof(*used));
    char *copy = strdup(patterns);
    char *rest = NULL;
    bool good = true;
    size_t i = 0;

    must(used != NULL && copy != NULL);
    for (size_t row = 0; row < row_count; row++)
        if (is_chosen(patterns, rows[row]->name, used))
            chosen[(*count)++] = rows[row];
    for (char *pattern = strtok_r(copy, ",", &rest); pattern != NULL;
         pattern = strtok_r(NULL, ",", &rest), i++)
        if (!used[i]) {
            fprintf(stderr, "ska-bench: no row is called '%s'; --list lists them\n", pattern);
            good = false;
        }
    free(copy);
    free(used);
    return good && *count > 0;
}

static void list_rows(void)
{
    for (size_t i = 0; i < row_count; i++)
        printf("%s\n", rows[i]->name);
}

static int run(const struct options *options, const struct row *const *chosen, size_t count)
{
    struct report report;
    bool good = true;
    int stopped = 0;

    if (!report_open(&report, options))
        return 2;
    report_head(&report);
    stopped = supervise(options, chosen, count, &report);
    good = (stopped != 0 || report_json(&report)) && report.failed_count == 0;
    report_close(&report);
    if (stopped != 0) {
        signal(stopped, SIG_DFL);
        raise(stopped);
    }
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    const struct row **chosen = calloc(row_count, sizeof(const struct row *));
    struct options options;
    size_t count = 0;
    int status = 2;

    must(chosen != NULL);
    if (options_read(&options, argc, argv)) {
        status = 0;
        if (options.help)
            options_help();
        else if (options.list)
            list_rows();
        else if (!choose(options.rows == NULL ? "*" : options.rows, chosen, &count))
            status = 2;
        else
            status = run(&options, chosen, count);
    }
    free(chosen);
    return status;
}
