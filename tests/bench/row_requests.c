/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory in which ten thousand requests are open: one more signature through it, and the list.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cJSON.h>
#include <openssl/params.h>

#include "approval.h"
#include "rows.h"
#include "ska/provider.h"

struct scene {
    struct token token;
    struct approvers approvers;
    EVP_PKEY *key;
    struct path few;   /* a directory without others */
    struct path many;  /* and one with them */
    struct path aside; /* where answers are prepared */
};

/* ---- Requests -------------------------------------------------------------------------------- */

static struct path in_directory(const struct path *directory, const char *id, const char *ending)
{
    struct path path;

    must(snprintf(path.text, sizeof(path.text), "%.300s/%.64s%s", directory->text, id, ending) <
         (int)sizeof(path.text));
    return path;
}

/* Of the request for a signature over the document; its text, which is to be freed. */
static char *make_request(const struct scene *scene, const char *document, char id[65])
{
    char *text = request_for(scene->token.libctx, scene->key, document);
    cJSON *json = cJSON_Parse(text);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, "requestId");

    must(cJSON_IsString(item) && strlen(item->valuestring) == 64);
    memcpy(id, item->valuestring, 65);
    cJSON_Delete(json);
    return text;
}

/* Not by signatures, each of which would wait for the disk. */
static void fill(const struct scene *scene, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char document[32];
        char id[65];
        char *text = NULL;

        snprintf(document, sizeof(document), "another %zu", i);
        text = make_request(scene, document, id);
        write_file(in_directory(&scene->many, id, ".request.json").text, text);
        free(text);
    }
}

/* ---- One more signature ---------------------------------------------------------------------- */

/* Who approves: puts the answer into the directory when the request has been there for a moment. */
struct approver {
    struct path request;
    struct path prepared; /* beside the directory, since an answer comes there whole */
    struct path answer;
};

static void approver_prepare(struct approver *approver, const struct scene *scene,
                             const struct path *directory, const char *document)
{
    struct path copy;
    char id[65];
    char *text = make_request(scene, document, id);
    char *json = NULL;

    copy = in_directory(&scene->aside, id, ".request.json");
    write_file(copy.text, text);
    json = approval_for(copy.text, scene->approvers.keys[0]);
    approver->request = in_directory(directory, id, ".request.json");
    approver->prepared = in_directory(&scene->aside, id, ".approval.json");
    approver->answer = in_directory(directory, id, ".somebody.approval.json");
    write_file(approver->prepared.text, json);
    free(json);
    free(text);
}

static void *approve(void *argument)
{
    const struct approver *approver = argument;
    const struct timespec moment = {0, 5000000};
    const struct timespec thought = {0, 50000000}; /* people are not that fast */

    while (access(approver->request.text, F_OK) != 0)
        nanosleep(&moment, NULL);
    nanosleep(&thought, NULL);
    must(rename(approver->prepared.text, approver->answer.text) == 0);
    return NULL;
}

static void sign(const struct scene *scene, const struct path *directory, const char *document)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[256];
    size_t length = sizeof(signature);
    struct path copy = *directory;
    unsigned int seconds = 60;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVALS_DIR, copy.text, 0),
                           OSSL_PARAM_construct_uint(SKA_PARAM_APPROVALS_TIMEOUT, &seconds),
                           OSSL_PARAM_construct_end()};

    must(context != NULL);
    must(EVP_DigestSignInit_ex(context, NULL, "SHA256", scene->token.libctx, NULL, scene->key,
                               params) == 1);
    must(EVP_DigestSign(context, signature, &length, (const unsigned char *)document,
                        strlen(document)) == 1);
    EVP_MD_CTX_free(context);
}

/* In milliseconds of the processor, since what a disk takes is the same for both. */
static double sign_one_more(const struct scene *scene, const struct path *directory, size_t number)
{
    struct approver approver;
    pthread_t thread;
    char document[32];
    double begun = 0;
    double used = 0;

    snprintf(document, sizeof(document), "one more %zu", number);
    approver_prepare(&approver, scene, directory, document);
    must(pthread_create(&thread, NULL, approve, &approver) == 0);
    begun = now_used();
    sign(scene, directory, document);
    used = now_used() - begun;
    must(pthread_join(thread, NULL) == 0);
    return used / 1000;
}

static void report_one_more(const struct bench *bench, const struct row *row,
                            const struct scene *scene, size_t count)
{
    size_t pairs = pairs_of(bench->options, 50);
    double *values = calloc(pairs, sizeof(*values));
    struct result result;

    must(values != NULL);
    for (size_t i = 0; i < pairs; i++)
        values[i] =
            sign_one_more(scene, &scene->many, i) - sign_one_more(scene, &scene->few, i + pairs);
    result_begin(&result, row);
    snprintf(result.row, sizeof(result.row), "%s-signature", row->name);
    snprintf(result.a, sizeof(result.a), "a signature that waits for an approval, %zu others open",
             count);
    snprintf(result.b, sizeof(result.b), "the same, no others");
    snprintf(result.measure, sizeof(result.measure), "how much longer A takes, processor");
    snprintf(result.unit, sizeof(result.unit), "ms");
    result.bounds = (struct bounds){0, 5};
    result_values(&result, values, pairs);
    bench_report(bench, &result);
    free(values);
}

/* ---- The list -------------------------------------------------------------------------------- */

static void report_list(const struct bench *bench, const struct row *row, const struct scene *scene,
                        size_t count)
{
    const char *const arguments[] = {"requests", "--dir", scene->many.text, NULL};
    size_t times = amount(bench->options, 5, 1);
    double *values = calloc(times, sizeof(*values));
    struct result result;

    must(values != NULL);
    for (size_t i = 0; i < times; i++) {
        double begun = now();

        skatool(bench, arguments);
        values[i] = (now() - begun) / 1000;
    }
    result_begin(&result, row);
    snprintf(result.row, sizeof(result.row), "%s-list", row->name);
    snprintf(result.a, sizeof(result.a), "skatool requests, %zu are open", count);
    snprintf(result.measure, sizeof(result.measure), "time of the command");
    snprintf(result.unit, sizeof(result.unit), "ms");
    result.bounds = (struct bounds){0, 1000};
    result_values(&result, values, times);
    bench_report(bench, &result);
    free(values);
}

/* ---- The row --------------------------------------------------------------------------------- */

static void run(struct bench *bench, const struct row *row)
{
    size_t count = amount(bench->options, 10000, 50);
    struct path policy = token_path(bench, "policy.json");
    struct scene scene = {.few = token_path(bench, "few"),
                          .many = token_path(bench, "many"),
                          .aside = token_path(bench, "aside")};

    must(mkdir(scene.few.text, 0700) == 0 && mkdir(scene.many.text, 0700) == 0 &&
         mkdir(scene.aside.text, 0700) == 0);
    token_open(&scene.token, bench);
    approvers_make(&scene.approvers, 1);
    approvers_policy(&scene.approvers, 1, policy.text);
    make_key(bench, KEY_LABEL, "EC:P-256", policy.text);
    scene.key = load_key(scene.token.libctx, key_uri(KEY_LABEL).text);
    fill(&scene, count);
    report_one_more(bench, row, &scene, count);
    report_list(bench, row, &scene, count);
    EVP_PKEY_free(scene.key);
    approvers_free(&scene.approvers);
    token_close(&scene.token);
}

const struct row row_requests = {
    "requests", "an approvals directory in which 10,000 requests are open", {0, 0}, run, NULL};
