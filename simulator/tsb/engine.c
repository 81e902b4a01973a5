/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/engine.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provider/rule/rule_codec.h"
#include "simulator/tsb/operation_body.h"
#include "simulator/tsb/time_text.h"

struct tsb_engine {
    struct tsb_server *server;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool woken;
    bool stopping;
};

/* ---- Where a request stands ------------------------------------------------------------------ */

struct sorted_keys {
    struct ska_span *approved;
    size_t approved_count;
    struct ska_span *rejected;
    size_t rejected_count;
};

static bool sort_answers(const struct tsb_tasks *tasks, struct sorted_keys *keys)
{
    memset(keys, 0, sizeof(*keys));
    keys->approved = calloc(tasks->count + 1, sizeof(*keys->approved));
    keys->rejected = calloc(tasks->count + 1, sizeof(*keys->rejected));
    if (keys->approved == NULL || keys->rejected == NULL)
        return false;
    for (size_t i = 0; i < tasks->count; i++) {
        struct ska_span key = ska_span_of(&tasks->list[i].public_key);

        if (tasks->list[i].state == TSB_TASK_APPROVED)
            keys->approved[keys->approved_count++] = key;
        else if (tasks->list[i].state == TSB_TASK_REJECTED)
            keys->rejected[keys->rejected_count++] = key;
    }
    return true;
}

static bool look_ahead(const struct tsb_request *request, const struct tsb_tasks *tasks,
                       int64_t now, struct tsb_outlook *outlook)
{
    uint64_t device_now = (uint64_t)(now / 1000 + request->clock_offset);
    struct ska_rule rule;
    struct sorted_keys keys = {NULL, 0, NULL, 0};
    bool done = false;

    if (!ska_rule_decode(ska_span_of(&request->rule), &rule, NULL))
        return false;
    done = sort_answers(tasks, &keys);
    if (done) {
        const struct tsb_answers answers = {keys.approved, keys.approved_count, keys.rejected,
                                            keys.rejected_count};

        tsb_judge(&rule, &answers, request->stamp, device_now, outlook);
    }
    free(keys.approved);
    free(keys.rejected);
    ska_rule_clear(&rule);
    return done;
}

/* A second of the HSM as a time of ours. */
static int64_t our_time(const struct tsb_request *request, uint64_t second)
{
    if (second >= (uint64_t)INT64_MAX / 1000)
        return 0;
    return ((int64_t)second - request->clock_offset) * 1000;
}

/* A rule that needs nobody is not delayed. */
static int64_t execution_time(const struct tsb_server *server, const struct tsb_request *request,
                              const struct tsb_tasks *tasks)
{
    for (size_t i = 0; i < tasks->count; i++)
        if (tasks->list[i].state == TSB_TASK_APPROVED)
            return request->approved + (int64_t)server->config.execution_delay;
    return request->approved;
}

bool tsb_engine_judge(struct tsb_server *server, struct tsb_request *request,
                      const struct tsb_tasks *tasks)
{
    int64_t now = tsb_now();
    struct tsb_outlook outlook;

    if (!look_ahead(request, tasks, now, &outlook))
        return false;
    if (outlook.status == TSB_APPROVED && request->approved == 0)
        request->approved = now;
    request->status = outlook.status;
    request->due =
        outlook.ready ? execution_time(server, request, tasks) : our_time(request, outlook.next);
    if (outlook.status == TSB_REJECTED || outlook.status == TSB_EXPIRED)
        request->due = 0;
    if (tsb_fault_happens(&server->faults, TSB_FAULT_PENDING, "/v1/request")) {
        request->status = TSB_PENDING;
        request->due = 0;
    }
    return true;
}

/* ---- Asking the HSM -------------------------------------------------------------------------- */

static size_t collect_approvals(const struct tsb_tasks *tasks, struct tsb_approval *approvals)
{
    size_t count = 0;

    for (size_t i = 0; i < tasks->count; i++) {
        const struct tsb_task *task = &tasks->list[i];

        if (task->state != TSB_TASK_APPROVED)
            continue;
        approvals[count].certificate = task->certificate;
        approvals[count].signature = ska_span_of(&task->signature);
        approvals[count++].signer = ska_span_of(&task->approver);
    }
    return count;
}

/* The body as if it came again, so that faults and refusals have their place. */
static bool read_request_again(struct tsb_exchange *exchange, const struct tsb_request *request,
                               struct tsb_operation *wanted)
{
    memset(wanted, 0, sizeof(*wanted));
    return tsb_exchange_parse(exchange, ska_span_of(&request->body), NULL) &&
           tsb_operation_read_again(exchange, request, wanted);
}

/* It may have been done before the process was ended, and approvals for it not count any more. */
static bool is_done_already(struct tsb_server *server, const struct tsb_request *request,
                            struct tsb_operation *wanted)
{
    return request->sent && wanted->kind->is_done != NULL &&
           wanted->kind->is_done(server->device, wanted);
}

static CK_RV ask_device(struct tsb_server *server, struct tsb_request *request,
                        const struct tsb_approval *approvals, size_t count)
{
    const struct tsb_authority by = {ska_span_of(&request->token), approvals, count};
    struct tsb_exchange exchange = {.server = server, .method = "", .path = "/v1/request"};
    struct tsb_operation wanted;
    CK_RV rv = CKR_FUNCTION_FAILED;

    if (!read_request_again(&exchange, request, &wanted))
        rv = CKR_OBJECT_HANDLE_INVALID;
    else if (is_done_already(server, request, &wanted))
        rv = CKR_OK;
    else if (!tsb_operation_run(&exchange, &wanted, &by, &request->result, &rv))
        rv = CKR_FUNCTION_FAILED;
    tsb_operation_clear(&exchange, &wanted);
    tsb_exchange_clear(&exchange);
    return rv;
}

/* Why a request has failed is said to nobody but whoever runs this. */
static void report_failure(const struct tsb_request *request, CK_RV rv)
{
    char text[64];

    fprintf(stderr, "skatsb: request %s: the HSM refuses: %s\n", request->id,
            tsb_device_result(rv, text));
}

/* The HSM's clock may have passed the end of the window since it was looked at. */
static enum tsb_status status_after_refusal(const struct tsb_request *request,
                                            const struct tsb_tasks *tasks)
{
    struct tsb_outlook outlook;

    if (look_ahead(request, tasks, tsb_now() + 2000, &outlook) && outlook.status == TSB_EXPIRED)
        return TSB_EXPIRED;
    return TSB_FAILED;
}

static bool execute(struct tsb_server *server, struct tsb_request *request,
                    const struct tsb_tasks *tasks)
{
    struct tsb_approval *approvals = calloc(tasks->count + 1, sizeof(*approvals));
    CK_RV rv = CKR_HOST_MEMORY;

    if (approvals == NULL)
        return false;
    rv = ask_device(server, request, approvals, collect_approvals(tasks, approvals));
    free(approvals);
    request->due = 0;
    request->sent = false;
    request->execution_time = tsb_now();
    request->status = TSB_EXECUTED;
    if (rv != CKR_OK) {
        request->status = status_after_refusal(request, tasks);
        report_failure(request, rv);
    }
    return true;
}

/* ---- The thread ------------------------------------------------------------------------------ */

/*
 * In two turns, so that it is on the disk that a request is sent to the HSM before it is. One that
 * is cancelled in between is not due any more.
 */
static bool look_at(struct tsb_server *server, struct tsb_request *request, bool *send)
{
    struct tsb_tasks tasks = {NULL, 0};
    bool done = tsb_tasks_of_request(server->database, request->id, &tasks);

    *send = false;
    if (done && request->sent) {
        done = execute(server, request, &tasks);
    } else if (done) {
        int64_t now = tsb_now();

        done = tsb_engine_judge(server, request, &tasks);
        *send = done && request->status == TSB_APPROVED && request->due > 0 && request->due <= now;
        request->sent = *send;
    }
    done = done && tsb_request_update(server->database, request);
    tsb_tasks_clear(&tasks);
    return done;
}

/* One turn with one request. `due` is when there is more to do; 0: nothing. */
static bool take_turn(struct tsb_server *server, int64_t *due)
{
    struct tsb_request request = {.due = 0};
    char id[TSB_ID_SIZE] = "";
    bool found = false;
    bool send = false;
    bool done = false;

    if (!tsb_database_begin(server->database))
        return false;
    done = tsb_request_first_due(server->database, id, due);
    if (done && *due > 0 && *due <= tsb_now()) {
        done = tsb_request_load(server->database, id, &request, &found) && found &&
               look_at(server, &request, &send);
        *due = 1;
    }
    tsb_request_clear(&request);
    return tsb_database_end(server->database, done);
}

static void wait_until(struct tsb_engine *engine, int64_t due)
{
    int64_t latest = tsb_now() + 60000;
    struct timespec until;

    if (due > 0 && due < latest)
        latest = due;
    until.tv_sec = latest / 1000;
    until.tv_nsec = latest % 1000 * 1000000;
    pthread_mutex_lock(&engine->lock);
    while (!engine->woken && !engine->stopping &&
           pthread_cond_timedwait(&engine->changed, &engine->lock, &until) == 0)
        ;
    engine->woken = false;
    pthread_mutex_unlock(&engine->lock);
}

static bool is_stopping(struct tsb_engine *engine)
{
    bool stopping = false;

    pthread_mutex_lock(&engine->lock);
    stopping = engine->stopping;
    pthread_mutex_unlock(&engine->lock);
    return stopping;
}

static void *engine_thread(void *arg)
{
    struct tsb_engine *engine = arg;

    while (!is_stopping(engine)) {
        int64_t due = 0;

        /* A database that fails (the disk is full) is asked again after a while. */
        if (!take_turn(engine->server, &due))
            due = tsb_now() + 1000;
        if (due == 0 || due > tsb_now())
            wait_until(engine, due);
    }
    return NULL;
}

bool tsb_engine_start(struct tsb_server *server, const struct ska_errors *errors)
{
    struct tsb_engine *engine = calloc(1, sizeof(*engine));

    if (engine == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "the engine");
    engine->server = server;
    if (pthread_mutex_init(&engine->lock, NULL) != 0 ||
        pthread_cond_init(&engine->changed, NULL) != 0 ||
        pthread_create(&engine->thread, NULL, engine_thread, engine) != 0) {
        free(engine);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a thread");
    }
    server->engine = engine;
    return true;
}

static void engine_notify(struct tsb_engine *engine, bool stop)
{
    pthread_mutex_lock(&engine->lock);
    engine->woken = true;
    engine->stopping = engine->stopping || stop;
    pthread_cond_signal(&engine->changed);
    pthread_mutex_unlock(&engine->lock);
}

void tsb_engine_wake(struct tsb_engine *engine)
{
    engine_notify(engine, false);
}

void tsb_engine_stop(struct tsb_engine *engine)
{
    if (engine == NULL)
        return;
    engine_notify(engine, true);
    pthread_join(engine->thread, NULL);
    pthread_cond_destroy(&engine->changed);
    pthread_mutex_destroy(&engine->lock);
    free(engine);
}
