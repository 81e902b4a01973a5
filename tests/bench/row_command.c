/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole commands, as people and scripts run them: openssl signing with an ordinary key, ours and
 * others' against a key file; and openssl with a provider in its configuration that it does not
 * use. The module is SoftHSM itself, as others have it.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "instructions.h"
#include "peers.h"
#include "rows.h"

struct command {
    struct path configuration;
    const char *argv[12];
};

/* ---- Running --------------------------------------------------------------------------------- */

static void *command_start(const void *what)
{
    return (void *)(uintptr_t)what;
}

static void command_once(void *with)
{
    const struct command *command = with;
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        int nothing = open("/dev/null", O_RDWR);

        if (setenv("OPENSSL_CONF", command->configuration.text, 1) == 0 && nothing >= 0 &&
            dup2(nothing, 0) == 0 && dup2(nothing, 1) == 1)
            execvp(command->argv[0], (char **)(uintptr_t)command->argv);
        _exit(127);
    }
    must(child > 0 && waitpid(child, &status, 0) == child && status == 0);
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

static struct path make_key_file(const struct bench *bench)
{
    struct path path = token_path(bench, "key.pem");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fopen(path.text, "w");

    must(key != NULL && file != NULL);
    must(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0);
    EVP_PKEY_free(key);
    return path;
}

static struct command signing(const struct path *configuration, const char *key, const char *out,
                              const char *document)
{
    struct command command = {
        .configuration = *configuration,
        .argv = {"openssl", "dgst", "-sha256", "-sign", key, "-out", out, document, NULL}};

    return command;
}

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
    const size_t count = options->peer_count + 2;
    struct command commands[PEER_LIMIT + 2];
    struct path uris[PEER_LIMIT];
    struct loop loops[PEER_LIMIT + 2];
    struct path ours = token_path(bench, "ours.cnf");
    struct path plain = token_path(bench, "default.cnf");
    struct path out = token_path(bench, "signature");
    struct path document = token_path(bench, "document");
    struct path uri = key_uri(KEY_LABEL);
    struct path file = make_key_file(bench);
    struct result result;
    struct times times;
    struct token token;

    token_open(&token, bench);
    make_key(bench, KEY_LABEL, "EC:P-256", "none");
    token_close(&token);
    write_file(document.text, "a document\n");
    write_configuration(bench, ours.text, SKA_BENCH_SOFTHSM);
    write_file(plain.text, "openssl_conf = init\n[init]\nproviders = providers\n"
                           "[providers]\ndefault = default_provider\n"
                           "[default_provider]\nactivate = 1\n");
    commands[0] = signing(&ours, uri.text, out.text, document.text);
    for (size_t i = 0; i < options->peer_count; i++) {
        struct path configuration;

        snprintf(configuration.text, sizeof(configuration.text), "%s",
                 options->peers[i].configuration);
        uris[i] = peers_uri(&options->peers[i]);
        commands[i + 1] = signing(&configuration, uris[i].text, out.text, document.text);
    }
    commands[count - 1] = signing(&plain, file.text, out.text, document.text);
    for (size_t i = 0; i < count; i++)
        loops[i] = command_loop(&commands[i]);
    measure(loops, count, 1, pairs_of(options, 30), &times);
    result_begin(&result, row);
    snprintf(result.a, sizeof(result.a), "openssl dgst -sign, ordinary key, P-256");
    snprintf(result.b, sizeof(result.b), "the same with a key file");
    result_ratio(&result, &times, 0, count - 1);
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
    write_file(without.configuration.text, "openssl_conf = init\n[init]\nproviders = providers\n"
                                           "[providers]\ndefault = default_provider\n"
                                           "[default_provider]\nactivate = 1\n");
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
