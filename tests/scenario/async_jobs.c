/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures in libcrypto's ASYNC jobs: async_jobs COUNT ABANDONED KEY-URI. Starts COUNT jobs in
 * one thread, each for a message of its own ("message 0", ...), prints "waiting" when all of them
 * pause, and then waits for their descriptors with poll() until all but the last ABANDONED have
 * signed; those are never resumed. Signatures go to the files "signature.0", ...
 *
 * async_jobs nested KEY-URI: a bundle of 900 nested arrays, parsed on the small stack of a job.
 */
#include "application.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/async.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "ska/provider.h"

#define JOBS_LIMIT 1000

struct task {
    ASYNC_JOB *job;
    ASYNC_WAIT_CTX *wait;
    EVP_MD_CTX *md; /* belongs to the task: an abandoned job cannot free it */
    int done;
    int number;
};

static EVP_PKEY *key;
static struct task tasks[JOBS_LIMIT];

static int sign(void *vtask)
{
    struct task *task = *(struct task **)vtask;
    char message[32];
    char name[32];
    unsigned char signature[1024];
    size_t length = sizeof(signature);
    FILE *file = NULL;

    snprintf(message, sizeof(message), "message %d", task->number);
    snprintf(name, sizeof(name), "signature.%d", task->number);
    must(EVP_DigestSignUpdate(task->md, message, strlen(message)) == 1);
    must(EVP_DigestSignFinal(task->md, signature, &length) == 1);
    file = fopen(name, "wb");
    must(file != NULL && fwrite(signature, 1, length, file) == length && fclose(file) == 0);
    return 1;
}

static void begin(struct task *task, int number)
{
    task->number = number;
    task->wait = ASYNC_WAIT_CTX_new();
    task->md = EVP_MD_CTX_new();
    must(task->wait != NULL && task->md != NULL);
    must(EVP_DigestSignInit_ex(task->md, NULL, "SHA256", NULL, NULL, key, NULL) == 1);
    /* Final works on this context, not on a copy that an abandoned job could not free. */
    EVP_MD_CTX_set_flags(task->md, EVP_MD_CTX_FLAG_FINALISE);
}

/* Starts or resumes; true when it pauses. */
static int run(struct task *task)
{
    int result = 0;

    switch (ASYNC_start_job(&task->job, task->wait, &result, sign, (void *)&task, sizeof(task))) {
    case ASYNC_PAUSE:
        return 1;
    case ASYNC_FINISH:
        must(result == 1);
        task->done = 1;
        return 0;
    default:
        must(0);
        return 0;
    }
}

static int descriptor_of(const struct task *task)
{
    OSSL_ASYNC_FD descriptor = -1;
    size_t count = 1;

    must(ASYNC_WAIT_CTX_get_all_fds(task->wait, NULL, &count) == 1 && count == 1);
    must(ASYNC_WAIT_CTX_get_all_fds(task->wait, &descriptor, &count) == 1);
    return descriptor;
}

static void wait_for_all(int count)
{
    static struct pollfd polled[JOBS_LIMIT];
    int left = count;

    while (left > 0) {
        for (int i = 0; i < count; i++) {
            polled[i].fd = tasks[i].done ? -1 : descriptor_of(&tasks[i]);
            polled[i].events = POLLIN;
        }
        must(poll(polled, (nfds_t)count, 30000) > 0);
        for (int i = 0; i < count; i++)
            if (!tasks[i].done && polled[i].revents != 0 && !run(&tasks[i]))
                left--;
    }
}

/* True: it is refused, as it must be. */
static int refuse_nested(void *vtask)
{
    struct task *task = *(struct task **)vtask;
    static char bundle[1801];
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVALS, bundle, 0),
                            OSSL_PARAM_construct_end()};
    unsigned char signature[1024];
    size_t length = sizeof(signature);

    memset(bundle, '[', 900);
    memset(bundle + 900, ']', 900);
    params[0] = OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVALS, bundle, 0);
    must(EVP_PKEY_CTX_set_params(EVP_MD_CTX_get_pkey_ctx(task->md), params) == 1);
    must(EVP_DigestSignUpdate(task->md, "x", 1) == 1);
    return EVP_DigestSignFinal(task->md, signature, &length) != 1;
}

static void run_nested(void)
{
    struct task *task = &tasks[0];
    int refused = 0;

    begin(task, 0);
    must(ASYNC_start_job(&task->job, task->wait, &refused, refuse_nested, (void *)&task,
                         sizeof(task)) == ASYNC_FINISH);
    ERR_print_errors_fp(stderr);
    must(refused);
    ASYNC_WAIT_CTX_free(task->wait);
    EVP_MD_CTX_free(task->md);
    EVP_PKEY_free(key);
}

int main(int argc, char **argv)
{
    int count = 0;
    int abandoned = 0;

    if (argc == 3 && strcmp(argv[1], "nested") == 0) {
        key = load_key(NULL, argv[2]);
        run_nested();
        return 0;
    }
    must(argc == 4);
    count = atoi(argv[1]);
    abandoned = atoi(argv[2]);
    must(count <= JOBS_LIMIT && abandoned <= count);
    key = load_key(NULL, argv[3]);
    must(ASYNC_init_thread((size_t)count, (size_t)count) == 1);
    for (int i = 0; i < count; i++) {
        begin(&tasks[i], i);
        must(run(&tasks[i]));
    }
    puts("waiting");
    fflush(stdout);
    wait_for_all(count - abandoned);
    for (int i = 0; i < count; i++) {
        ASYNC_WAIT_CTX_free(tasks[i].wait);
        EVP_MD_CTX_free(tasks[i].md);
    }
    EVP_PKEY_free(key);
    must(ERR_peek_error() == 0);
    ASYNC_cleanup_thread();
    return 0;
}
