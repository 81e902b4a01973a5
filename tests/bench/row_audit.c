/* SPDX-License-Identifier: Apache-2.0 */
/* An audit log of a million lines: one more line, and all of them read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <openssl/evp.h>

#include "commands.h"
#include "rows.h"
#include "signing.h"

/* ---- Logs ------------------------------------------------------------------------------------ */

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void hash_line(EVP_MD_CTX *context, const EVP_MD *sha256, const char *line, char hex[65])
{
    unsigned char digest[32];

    must(EVP_DigestInit_ex2(context, sha256, NULL) == 1 &&
         EVP_DigestUpdate(context, line, strlen(line)) == 1 &&
         EVP_DigestFinal_ex(context, digest, NULL) == 1);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* As doc/formats.md has them, each tied to the one before. */
static void write_log(const char *path, size_t lines)
{
    FILE *file = fopen(path, "w");
    EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    char before[65] = "";
    char line[1024];

    must(file != NULL && sha256 != NULL && context != NULL && chmod(path, 0600) == 0);
    memset(before, '0', sizeof(before) - 1);
    for (size_t i = 1; i <= lines; i++) {
        must(snprintf(line, sizeof(line),
                      "{\"sequence\":%zu,\"time\":\"2026-01-01T00:00:00Z\",\"event\":\"approval\","
                      "\"requestId\":\"" HASH "\",\"operation\":\"SIGN\",\"token\":\"bench\","
                      "\"key\":\"key\",\"approvalToken\":\"" HASH "\",\"approver\":\"somebody\","
                      "\"approverKey\":\"" HASH "\",\"detail\":\"somebody.approval.json\","
                      "\"uid\":1000,\"pid\":4711,\"previous\":\"%s\"}\n",
                      i, before) < (int)sizeof(line));
        must(fputs(line, file) >= 0);
        hash_line(context, sha256, line, before);
    }
    must(fclose(file) == 0);
    EVP_MD_CTX_free(context);
    EVP_MD_free(sha256);
}

/* A library context whose provider writes there. */
static OSSL_LIB_CTX *logging_to(const struct bench *bench, const char *name, const char *log)
{
    struct path configuration = token_path(bench, name);
    FILE *file = NULL;

    write_configuration(bench, configuration.text, SKA_BENCH_SIMULATOR);
    file = fopen(configuration.text, "a");
    must(file != NULL);
    must(fprintf(file, "audit-log = %s\nstate-dir = %s/state\n", log, bench->directory) > 0 &&
         fclose(file) == 0);
    return new_context(configuration.text);
}

/* ---- One more line --------------------------------------------------------------------------- */

static void report_append(const struct bench *bench, const struct row *row, const char *logs[2],
                          size_t lines)
{
    struct evp_signing signing[2];
    struct loop loops[2];
    struct result result;
    struct times times;

    for (size_t i = 0; i < COUNT(signing); i++) {
        char name[16];

        snprintf(name, sizeof(name), "log%zu.cnf", i);
        signing[i] = (struct evp_signing){.libctx = logging_to(bench, name, logs[i])};
        signing[i].key = load_key(signing[i].libctx, key_uri(KEY_LABEL).text);
        loops[i] = evp_loop(&signing[i]);
    }
    evp_try(&signing[0], &signing[0]);
    measure(loops, COUNT(loops), 1, pairs_of(bench->options, 100), &times);
    result_begin(&result, row);
    snprintf(result.row, sizeof(result.row), "%s-append", row->name);
    snprintf(result.a, sizeof(result.a), "EVP_DigestSign, empty rule, a log of %zu lines", lines);
    snprintf(result.b, sizeof(result.b), "the same, 1,000 lines");
    result.bounds = (struct bounds){0.97, 0};
    result_ratio(&result, &times, 0, 1);
    bench_report(bench, &result);
    times_free(&times);
    for (size_t i = 0; i < COUNT(signing); i++) {
        EVP_PKEY_free(signing[i].key);
        OSSL_LIB_CTX_free(signing[i].libctx);
    }
}

/* ---- All lines ------------------------------------------------------------------------------- */

static void report_read(const struct bench *bench, const struct row *row, const char *log,
                        size_t lines)
{
    const struct command command = {.configuration = token_path(bench, "openssl.cnf"),
                                    .argv = {SKA_BENCH_SKATOOL, "audit", log, NULL}};
    double begun = now();
    pid_t child = command_run(&command);
    struct result result;
    int status = 0;

    must(waitpid(child, &status, 0) == child && status == 0);
    result_begin(&result, row);
    snprintf(result.row, sizeof(result.row), "%s-read", row->name);
    snprintf(result.a, sizeof(result.a), "skatool audit, %zu lines", lines);
    snprintf(result.measure, sizeof(result.measure), "time of the command");
    snprintf(result.unit, sizeof(result.unit), "s");
    result.bounds = (struct bounds){0, 10};
    result.median = result.lowest = result.highest = (now() - begun) / 1e6;
    result.pairs = 1;
    bench_report(bench, &result);
}

/* ---- The row --------------------------------------------------------------------------------- */

static void run(struct bench *bench, const struct row *row)
{
    size_t lines = amount(bench->options, 1000000, 1000);
    struct path policy = token_path(bench, "policy.json");
    struct path many = token_path(bench, "many.log");
    struct path few = token_path(bench, "few.log");
    const char *logs[] = {many.text, few.text};
    struct token token;

    token_open(&token, bench);
    must(mkdir(token_path(bench, "state").text, 0700) == 0);
    write_file(policy.text, empty_policy);
    make_key(bench, KEY_LABEL, "EC:P-256", policy.text);
    write_log(many.text, lines);
    write_log(few.text, 1000);
    report_append(bench, row, logs, lines);
    report_read(bench, row, many.text, lines);
    token_close(&token);
}

const struct row row_audit = {
    "audit", "an audit log of 1,000,000 lines: one more, and all read", {0, 0}, run, NULL};
