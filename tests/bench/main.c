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

#include "instructions.h"

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

/* The row that prints lines of this name, as one with several results does; NULL: none. */
static const struct row *find_printing(const char *name)
{
    const struct row *found = NULL;

    for (size_t i = 0; i < row_count; i++) {
        size_t length = strlen(rows[i]->name);

        if (strncmp(name, rows[i]->name, length) == 0 && strchr("- ", name[length]) != NULL &&
            (found == NULL || length > strlen(found->name)))
            found = rows[i];
    }
    return found;
}

static void tell_unknown(const char *pattern)
{
    const struct row *meant = find_printing(pattern);

    fprintf(stderr, "ska-bench: --rows: no row is called '%s'", pattern);
    if (meant != NULL)
        fprintf(stderr, "; lines of such names come from the row '%s'", meant->name);
    fputc('\n', stderr);
}

/* As wide as a terminal. */
static void tell_names(void)
{
    size_t column = (size_t)fprintf(stderr, "ska-bench: the rows are");

    for (size_t i = 0; i < row_count; i++) {
        size_t length = strlen(rows[i]->name) + 2;
        const char *end = i + 1 == row_count ? "\n" : ",";

        column = column + length > 80 ? length : column + length;
        fprintf(stderr, "%s %s%s", column == length ? "\n" : "", rows[i]->name, end);
    }
}

/* The rows that --rows names. False: one of its patterns matches none, or there is no pattern. */
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
            tell_unknown(pattern);
            good = false;
        }
    if (i == 0) {
        fprintf(stderr, "ska-bench: --rows '%s': names of rows expected\n", patterns);
        good = false;
    }
    if (!good)
        tell_names();
    free(copy);
    free(used);
    return good;
}

static void list_rows(void)
{
    for (size_t i = 0; i < row_count; i++)
        printf("%s\n", rows[i]->name);
}

static int run(const struct options *options, const struct row *const *chosen, size_t count)
{
    struct report report;
    int status = 0;
    int stopped = 0;

    if (!report_open(&report, options))
        return 2;
    stopped = supervise(chosen, count, &report);
    if (report.refused)
        status = 2;
    else if (stopped == 0 && (!report_json(&report) || report.failed_count > 0 ||
                              (options->check && report.missed > 0)))
        status = 1;
    report_close(&report);
    if (stopped != 0) {
        signal(stopped, SIG_DFL);
        raise(stopped);
    }
    return status;
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
        else if (options.instructions && !instructions_counted())
            status = instructions_run(argv);
        else if (!choose(options.rows == NULL ? "*" : options.rows, chosen, &count))
            status = 2;
        else
            status = run(&options, chosen, count);
    }
    free(chosen);
    return status;
}
