/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole commands, as people and scripts run them: openssl signing with an ordinary key, ours and
 * others' against a key file; and openssl with a provider in its configuration that it does not
 * use. The module is SoftHSM itself, as others have it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "instructions.h"
#include "rows.h"

/* ---- Running --------------------------------------------------------------------------------- */

static void *command_start(const void *what)
{
    return (void *)(uintptr_t)what;
}

static void command_once(void *with)
{
    command_wait(with, command_run(with), NULL);
}

static double command_count(void *with)
{
    const struct command *command = with;

    must(setenv("OPENSSL_CONF", command->configuration.text, 1) == 0);
    return instructions_of_command(command->argv);
}

static void command_stop(void *with)
{
    (void)with;
}

static struct loop command_loop(const struct command *command)
{
    const struct loop loop = {command_start, command_once, command_stop,
                              command,       true,         command_count};

    return loop;
}

/* ---- Signing --------------------------------------------------------------------------------- */

/* Ours against the best of the peers: the goal that counts. */
static void report_against_best(const struct bench *bench, const struct row *row,
                                const struct times *times)
{
    struct result result;
    size_t best = 1;

    for (size_t i = 2; i <= bench->options->peer_count; i++)
        if (median_time(times, i) < median_time(times, best))
            best = i;
    result_begin(&result, row);
    snprintf(result.row, sizeof(result.row), "%s-peer", row->name);
    snprintf(result.a, sizeof(result.a), "openssl dgst -sign, ordinary key, P-256");
    snprintf(result.b, sizeof(result.b), "the same with %s", bench->options->peers[best - 1].name);
    result.bounds = counted_bounds(result.row);
    result_ratio(&result, times, 0, best);
    bench_report(bench, &result);
}

static void run_sign(struct bench *bench, const struct row *row)
{
    const struct options *options = bench->options;
    struct signing_commands commands;
    struct loop loops[PEER_LIMIT + 2];
    struct result result;
    struct times times;

    signing_commands_make(&commands, bench);
    for (size_t i = 0; i < commands.count; i++)
        loops[i] = command_loop(&commands.list[i]);
    measure(loops, commands.count, 1, pairs_of(options, 30), &times);
    result_begin(&result, row);
    snprintf(result.a, sizeof(result.a), "openssl dgst -sign, ordinary key, P-256");
    snprintf(result.b, sizeof(result.b), "the same with a key file");
    result_ratio(&result, &times, 0, commands.count - 1);
    bench_report(bench, &result);
    if (options->peer_count > 0)
        report_against_best(bench, row, &times);
    times_free(&times);
}

/* ---- Nothing --------------------------------------------------------------------------------- */

static void run_unused(struct bench *bench, const struct row *row)
{
    struct command with = {.configuration = token_path(bench, "ours.cnf"),
                           .argv = {"openssl", "list", "-providers", NULL}};
    struct command without = {.configuration = token_path(bench, "default.cnf"),
                              .argv = {"openssl", "list", "-providers", NULL}};
    struct loop loops[] = {command_loop(&with), command_loop(&without)};
    struct result result;
    struct times times;

    write_configuration(bench, with.configuration.text, SKA_BENCH_SOFTHSM);
    write_plain_configuration(without.configuration.text);
    measure(loops, COUNT(loops), 1, pairs_of(bench->options, 30), &times);
    result_begin(&result, row);
    snprintf(result.a, sizeof(result.a), "openssl list -providers, ours configured");
    snprintf(result.b, sizeof(result.b), "the same without");
    result_ratio(&result, &times, 0, 1);
    bench_report(bench, &result);
    times_free(&times);
}

const struct row row_command_sign = {
    "command-sign", "openssl dgst -sign as a whole, ordinary key, P-256", {0, 0}, run_sign, NULL};
const struct row row_command_unused = {"command-unused",
                                       "openssl with the provider configured, but not used",
                                       {0, 0},
                                       run_unused,
                                       NULL};
