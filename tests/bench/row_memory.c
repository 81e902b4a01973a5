/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resident memory of a process that has loaded one key and signed with it, ours and others'. The
 * module is SoftHSM itself, as others have it.
 */
#include <stdio.h>

#include "commands.h"
#include "rows.h"

/* The most that it ever had, in KiB: the least of some runs. */
static double peak_of(const struct command *command, size_t runs)
{
    double least = 0;

    for (size_t i = 0; i < runs; i++) {
        struct rusage usage;

        command_wait(command, command_run(command), &usage);
        if (least == 0 || (double)usage.ru_maxrss < least)
            least = (double)usage.ru_maxrss;
    }
    return least;
}

static void report(const struct bench *bench, const struct row *row, const char *other, double ours,
                   double theirs, double at_most)
{
    struct result result;

    result_begin(&result, row);
    if (at_most != 0)
        snprintf(result.row, sizeof(result.row), "%s (%.32s)", row->name, other);
    snprintf(result.a, sizeof(result.a), "openssl dgst -sign, ordinary key, P-256: %.0f KiB", ours);
    snprintf(result.b, sizeof(result.b), "the same with %.20s: %.0f KiB", other, theirs);
    snprintf(result.measure, sizeof(result.measure), "peak of resident memory of A / of B");
    result.bounds = (struct bounds){0, at_most};
    result.median = result.lowest = result.highest = ours / theirs;
    result.pairs = 1;
    bench_report(bench, &result);
}

static void run(struct bench *bench, const struct row *row)
{
    const struct options *options = bench->options;
    size_t runs = pairs_of(options, 10);
    struct signing_commands commands;
    double ours = 0;

    signing_commands_make(&commands, bench);
    ours = peak_of(&commands.list[0], runs);
    report(bench, row, "a key file", ours, peak_of(&commands.list[commands.count - 1], runs), 0);
    for (size_t i = 0; i < options->peer_count; i++)
        report(bench, row, options->peers[i].name, ours, peak_of(&commands.list[i + 1], runs), 1.1);
}

const struct row row_memory = {
    "memory", "resident memory of a process that has loaded one key", {0, 0}, run, NULL};
