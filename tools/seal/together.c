/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/seal/together.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <openssl/async.h>

#include "tools/interruption.h"
#include "tools/report.h"

/* Each signature that waits has some descriptors open. */
static void allow_many_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* A signature, and the job in which it waits; job NULL: none. */
struct turn {
    struct sealing *sealing;
    ASYNC_JOB *job;
    ASYNC_WAIT_CTX *context;
};

static int sign_in_job(void *vsealing)
{
    sealing_sign(*(struct sealing **)vsealing);
    return 1;
}

/* Starts or resumes it until it waits or is done. Without jobs it is done when this returns. */
static void run_turn(struct turn *turn)
{
    bool resumed = turn->job != NULL;
    int result = 0;

    switch (ASYNC_start_job(&turn->job, turn->context, &result, sign_in_job, &turn->sealing,
                            sizeof(turn->sealing))) {
    case ASYNC_PAUSE:
        return;
    case ASYNC_FINISH:
        break;
    default:
        if (!resumed)
            sealing_sign(turn->sealing);
        break;
    }
    turn->job = NULL;
    sealing_finish(turn->sealing);
}

/* What a job waits for; -1: nothing that is known, so that it is asked again. */
static int descriptor_of(const struct turn *turn)
{
    OSSL_ASYNC_FD descriptor = -1;
    size_t count = 0;

    if (turn->job == NULL || ASYNC_WAIT_CTX_get_all_fds(turn->context, NULL, &count) != 1 ||
        count != 1 || ASYNC_WAIT_CTX_get_all_fds(turn->context, &descriptor, &count) != 1)
        return -1;
    return descriptor;
}

static size_t count_waiting(const struct turn *turns, size_t count)
{
    size_t waiting = 0;

    for (size_t i = 0; i < count; i++)
        waiting += turns[i].job != NULL;
    return waiting;
}

/* One round: waits until something is ready, and resumes what it is ready for; all at the end. */
static void run_ready(struct turn *turns, struct pollfd *polled, size_t count)
{
    int ready = 0;

    for (size_t i = 0; i < count; i++)
        polled[i] = (struct pollfd){descriptor_of(&turns[i]), POLLIN, 0};
    do
        ready = poll(polled, (nfds_t)count, 1000);
    while (ready < 0 && errno == EINTR && !interruption_seen());
    for (size_t i = 0; i < count; i++)
        if (turns[i].job != NULL &&
            (polled[i].fd < 0 || polled[i].revents != 0 || interruption_seen()))
            run_turn(&turns[i]);
}

static void run_all(struct turn *turns, struct pollfd *polled, size_t count)
{
    size_t waiting = 0;

    for (size_t i = 0; i < count; i++)
        run_turn(&turns[i]);
    waiting = count_waiting(turns, count);
    if (waiting > 0)
        report_note("%zu of %zu documents wait for approvals", waiting, count);
    while (count_waiting(turns, count) > 0)
        run_ready(turns, polled, count);
}

void seal_together(struct sealing *sealings, size_t count, const struct ska_errors *errors)
{
    struct turn *turns = calloc(count + 1, sizeof(*turns));
    struct pollfd *polled = calloc(count + 1, sizeof(*polled));
    bool ready = turns != NULL && polled != NULL;

    allow_many_files();
    for (size_t i = 0; ready && i < count; i++) {
        turns[i].sealing = &sealings[i];
        turns[i].context = ASYNC_WAIT_CTX_new();
        ready = turns[i].context != NULL;
    }
    if (ready)
        run_all(turns, polled, count);
    else
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for %zu documents", count);
    for (size_t i = 0; turns != NULL && i < count; i++)
        ASYNC_WAIT_CTX_free(turns[i].context);
    free(turns);
    free(polled);
}
