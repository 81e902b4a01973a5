/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures that wait: for approvals in a directory, and for an agent on a socket.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/params.h>

#include "agent_process.h"
#include "approval.h"
#include "approver_process.h"
#include "instructions.h"
#include "rows.h"
#include "signing.h"
#include "ska/provider.h"

static void wait_ms(long milliseconds)
{
    const struct timespec moment = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    nanosleep(&moment, NULL);
}

/* ---- Directory ------------------------------------------------------------------------------- */

/* A signature of a message that nothing was approved for yet. */
struct waiting {
    OSSL_LIB_CTX *libctx;
    EVP_PKEY *key;
    struct path directory;
    char message[32];
    double done; /* when the signature was there */
};

static void *sign_and_wait(void *argument)
{
    struct waiting *waiting = argument;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    char seconds[] = "60";
    unsigned char signature[256];
    size_t length = sizeof(signature);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVALS_DIR, waiting->directory.text, 0),
        OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVALS_TIMEOUT, seconds, 0),
        OSSL_PARAM_construct_end()};

    must(context != NULL);
    must(EVP_DigestSignInit_ex(context, NULL, "SHA256", waiting->libctx, NULL, waiting->key,
                               params) == 1);
    must(EVP_DigestSign(context, signature, &length, (unsigned char *)waiting->message,
                        strlen(waiting->message)) == 1);
    waiting->done = now();
    EVP_MD_CTX_free(context);
    return NULL;
}

/* The request that is open. */
static struct path find_request(const char *path)
{
    static const char ending[] = ".request.json";

    for (int tries = 0; tries < 10000; tries++) {
        DIR *directory = opendir(path);
        struct path found = {""};

        must(directory != NULL);
        for (const struct dirent *entry = readdir(directory); entry != NULL;
             entry = readdir(directory)) {
            size_t length = strlen(entry->d_name);

            if (length > strlen(ending) && entry->d_name[0] != '.' &&
                strcmp(entry->d_name + length - strlen(ending), ending) == 0)
                snprintf(found.text, sizeof(found.text), "%.200s/%.200s", path, entry->d_name);
        }
        closedir(directory);
        if (found.text[0] != 0)
            return found;
        wait_ms(1);
    }
    must(!"a request appears");
    return (struct path){""};
}

/* Puts an approval under its name; the moment just before. */
static double put_approval(const struct waiting *waiting, const struct path *request,
                           EVP_PKEY *approver, const char *who)
{
    char *json = approval_for(request->text, approver);
    struct path temporary;
    struct path final;
    double moment = 0;

    snprintf(temporary.text, sizeof(temporary.text), "%.400s/.tmp", waiting->directory.text);
    /* ID.WHO.approval.json beside ID.request.json */
    snprintf(final.text, sizeof(final.text), "%.*s.%s.approval.json",
             (int)(strlen(request->text) - strlen(".request.json")), request->text, who);
    write_file(temporary.text, json);
    free(json);
    moment = now();
    must(rename(temporary.text, final.text) == 0);
    return moment;
}

/* In milliseconds: from the last approval to the signature. */
static double wait_once(struct waiting *waiting, const struct approvers *approvers, size_t number)
{
    pthread_t signer;
    struct path request;
    double last = 0;

    snprintf(waiting->message, sizeof(waiting->message), "message %zu", number);
    must(pthread_create(&signer, NULL, sign_and_wait, waiting) == 0);
    request = find_request(waiting->directory.text);
    put_approval(waiting, &request, approvers->keys[0], "first");
    wait_ms(30); /* so that it is waiting again */
    last = put_approval(waiting, &request, approvers->keys[1], "second");
    must(pthread_join(signer, NULL) == 0);
    return (waiting->done - last) / 1000;
}

static void run_directory(struct bench *bench, const struct row *row)
{
    size_t count = pairs_of(bench->options, 50);
    double *values = calloc(count, sizeof(*values));
    struct path policy = token_path(bench, "policy.json");
    struct waiting waiting = {.directory = token_path(bench, "approvals")};
    struct approvers approvers;
    struct result result;
    struct token token;

    must(values != NULL && mkdir(waiting.directory.text, 0700) == 0);
    token_open(&token, bench);
    approvers_make(&approvers, 3);
    approvers_policy(&approvers, 2, policy.text);
    make_key(bench, KEY_LABEL, "EC:P-256", policy.text);
    waiting.libctx = token.libctx;
    waiting.key = load_key(token.libctx, key_uri(KEY_LABEL).text);
    for (size_t i = 0; i < count; i++)
        values[i] = wait_once(&waiting, &approvers, i);
    result_begin(&result, row);
    snprintf(result.a, sizeof(result.a), "EVP_DigestSign, P-256, 2 of 3, ska-approvals-dir");
    snprintf(result.measure, sizeof(result.measure), "last approval there until signature there");
    snprintf(result.unit, sizeof(result.unit), "ms");
    result_values(&result, values, count);
    bench_report(bench, &result);
    free(values);
    EVP_PKEY_free(waiting.key);
    approvers_free(&approvers);
    token_close(&token);
}

const struct row row_directory = {"directory",
                                  "last approval put into the directory until the signature",
                                  {0, 20},
                                  run_directory,
                                  NULL};

/* ---- Agent ----------------------------------------------------------------------------------- */

/*
 * The agent against raw calls twice: with the approver's signature made in the same process, and
 * with all that another process takes at the least. What one is slower than the other nobody who
 * asks another process can avoid.
 */
static void report_agent(struct bench *bench, const struct row *row, const struct times *times)
{
    struct result result;

    result_begin(&result, row);
    result_ratio(&result, times, 0, 1);
    snprintf(result.a, sizeof(result.a), "EVP_DigestSign, P-256, 1 of 1, ska-agent");
    snprintf(result.b, sizeof(result.b), "digest, C_CreateApprovalToken, approval, C_SKASign");
    bench_report(bench, &result);
    result_begin(&result, row);
    snprintf(result.row, sizeof(result.row), "agent-process");
    if (!instructions_counted())
        result.bounds = (struct bounds){0.8, 0};
    result_ratio(&result, times, 0, 2);
    snprintf(result.a, sizeof(result.a), "EVP_DigestSign, P-256, 1 of 1, ska-agent");
    snprintf(result.b, sizeof(result.b), "the same, another process approves, verified");
    bench_report(bench, &result);
}

static void measure_agent(struct bench *bench, const struct row *row, const struct evp_signing *a,
                          const struct raw_signing *b)
{
    struct approver_process process;
    struct raw_signing apart = *b;
    struct loop loops[] = {evp_loop(a), raw_loop(b), raw_loop(&apart)};
    struct times times;

    approver_process_start(&process, b->approver);
    apart.process = &process;
    loops[2].waits = true;
    evp_try(a, a);
    measure(loops, COUNT(loops), 1, pairs_of(bench->options, 500), &times);
    report_agent(bench, row, &times);
    times_free(&times);
    approver_process_stop(&process);
}

static void run_agent(struct bench *bench, const struct row *row)
{
    struct path policy = token_path(bench, "policy.json");
    struct path socket = token_path(bench, "agent");
    struct evp_signing a = {NULL, NULL, false, NULL, socket.text};
    struct raw_signing b = {.ska = true, .kind = RAW_EC, .approval_count = 1};
    struct approvers approvers;
    struct token token;
    pid_t agent = 0;

    token_open_slow(&token, bench);
    approvers_make(&approvers, 1);
    approvers_policy(&approvers, 1, policy.text);
    make_key(bench, KEY_LABEL, "EC:P-256", policy.text);
    agent = agent_process_start(bench, socket.text, approvers.keys[0]);
    a.libctx = token.libctx;
    a.key = load_key(token.libctx, key_uri(KEY_LABEL).text);
    b.token = &token;
    b.key = find_private(&token, KEY_LABEL);
    b.approver = approvers.keys[0];
    measure_agent(bench, row, &a, &b);
    agent_process_stop(agent);
    EVP_PKEY_free(a.key);
    approvers_free(&approvers);
    token_close(&token);
}

const struct row row_agent = {
    "agent", "SKA key, P-256, one agent on a socket approves", {0.72, 0}, run_agent, NULL};
