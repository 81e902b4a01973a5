/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/approver_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/clock.h"
#include "provider/base/error_capture.h"
#include "provider/tsb/broker_call.h"
#include "provider/tsb/status_answer.h"
#include "provider/tsb/task_answer.h"

/*
 * So many tasks are asked for at once. One task holds what is signed several times over, up to
 * 64 KiB of it and whatever words the requester likes, and an answer is taken up to 1 MiB: where
 * one is too long, its tasks are asked for one by one, so that none hides the others.
 */
#define PAGE_SIZE 20
/* The most that are looked at. */
#define TASKS_MOST 1000
/* What is told of a task: the request as it was handed in; what has become of that. */
#define LEVEL_OF_REQUEST "level3"
#define LEVEL_OF_STATUS "level6"
/* So many one after the other that cannot be had: it is not for what is in them. */
#define FAILURES_MOST 3
/* Nor do slow answers become faster: so long after a page was asked for, its tasks are not. */
#define FAILURES_MS 30000

/* ---- Bodies ---------------------------------------------------------------------------------- */

static bool add_signer(cJSON *json, const struct ska_approval *signature)
{
    return ska_json_add_base64(json,
                               signature->certificate ? "approverCertificate" : "approverPublicKey",
                               ska_span_of(&signature->signer));
}

static bool add_proof(cJSON *json, const struct tsb_proof *proof)
{
    return ska_json_add_text(json, "timestamp", proof->time) &&
           ska_json_add_base64(json, "timestampSignature",
                               ska_span_of(&proof->signature->signature)) &&
           ska_json_add_text(json, "timestampDigestAlgorithm", proof->signature->digest) &&
           add_signer(json, proof->signature);
}

static bool fail_memory(const struct ska_errors *errors)
{
    return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a call");
}

/* Takes the JSON over. `*json` is the answer. */
static enum tsb_outcome call_as_approver(struct tsb_connection *connection,
                                         enum ska_http_method method, const char *path, cJSON *body,
                                         bool complete, cJSON **json, struct tsb_refusal *refusal,
                                         const struct ska_errors *errors)
{
    struct ska_bytes text = {NULL, 0};
    enum tsb_outcome outcome = TSB_FAILED;
    bool done = complete || fail_memory(errors);

    if (done && ska_json_print_line(body, &text, errors)) {
        const struct tsb_call call = {
            .api = TSB_APPROVER, .method = method, .path = path, .body = ska_span_of(&text)};

        outcome = tsb_call(connection, &call, json, refusal, errors);
    }
    ska_bytes_free(&text);
    cJSON_Delete(body);
    return outcome;
}

/* ---- Tasks ----------------------------------------------------------------------------------- */

struct task_id {
    char id[SKA_REQUEST_ID_LENGTH + 1];
};

/* One walk through tasks. */
struct walk {
    struct tsb_connection *connection;
    const struct tsb_proof *proof;
    const struct tsb_task_filter *filter;
    const char *level; /* how much of each is told */
    tsb_task_visit *visit;
    void *arg;
    const struct ska_errors *wrong;
    bool ended;   /* the visitor wants no more, or there are too many */
    bool refused; /* the broker does not answer this approver */
    struct task_id *seen;
    size_t seen_count;
    size_t repeated; /* that were seen before */
    int64_t until;   /* in ms: failures after it are of all tasks of this page */
};

static bool add_page(cJSON *json, size_t first, size_t size)
{
    cJSON *paging = cJSON_AddObjectToObject(json, "paging");
    const size_t number = first / size;

    return paging != NULL &&
           cJSON_AddNumberToObject(paging, "pageNumber", (double)number) != NULL &&
           cJSON_AddNumberToObject(paging, "pageSize", (double)size) != NULL &&
           ska_json_add_text(paging, "sortOrder", "CREATION_DATE_ASC");
}

/* Of a page that begins with the first, a multiple of its size. */
static bool ask_page(struct walk *walk, size_t first, size_t size, cJSON **json,
                     const struct ska_errors *errors)
{
    cJSON *body = cJSON_CreateObject();
    struct tsb_refusal refusal;
    bool complete = body != NULL && add_proof(body, walk->proof) &&
                    ska_json_add_text(body, "id", walk->filter->task) &&
                    ska_json_add_text(body, "requestId", walk->filter->request) &&
                    ska_json_add_text(body, "detailLevel", walk->level) &&
                    add_page(body, first, size);

    switch (call_as_approver(walk->connection, SKA_HTTP_POST, "/v1/filteredAllApprovalTask", body,
                             complete, json, &refusal, errors)) {
    case TSB_DONE:
        return true;
    case TSB_REFUSED:
        walk->refused = true;
        tsb_fail_refused(walk->connection, "tasks of this approver", &refusal, errors);
        break;
    case TSB_FAILED:
        break;
    }
    return false;
}

static bool is_seen(const struct walk *walk, const char *id)
{
    for (size_t i = 0; i < walk->seen_count; i++)
        if (strcmp(walk->seen[i].id, id) == 0)
            return true;
    return false;
}

static bool note_seen(struct walk *walk, const struct ska_request *request,
                      const struct ska_errors *errors)
{
    struct task_id *grown = reallocarray(walk->seen, walk->seen_count + 1, sizeof(*grown));

    if (grown == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu tasks", walk->seen_count);
    walk->seen = grown;
    memcpy(grown[walk->seen_count++].id, request->id, sizeof(grown->id));
    return true;
}

static void end_at_limit(struct walk *walk)
{
    walk->ended = true;
    ska_fail(walk->wrong, SKA_R_UNSUPPORTED,
             "there are more tasks than %d: only the oldest are looked at", TASKS_MOST);
}

/* To the visitor, whose it is from here on. */
static bool take_task(struct walk *walk, struct ska_request **request)
{
    walk->ended = !walk->visit(walk->arg, *request);
    *request = NULL;
    return true;
}

/* False, with errors raised: out of memory. */
static bool visit_task(struct walk *walk, const struct ska_json_place *array, const cJSON *item,
                       size_t index, const struct ska_errors *errors)
{
    struct ska_request *request = NULL;
    struct ska_json_place task;
    bool done = true;

    ska_json_element(array, item, index, &task);
    if (!tsb_task_read(&task, &request))
        return true;
    if (is_seen(walk, request->id))
        walk->repeated++;
    else if (walk->seen_count == TASKS_MOST)
        end_at_limit(walk);
    else
        done = note_seen(walk, request, errors) && take_task(walk, &request);
    ska_request_free(request);
    return done;
}

/* *count: how many there were. */
static bool visit_page(struct walk *walk, const cJSON *json, size_t *count,
                       const struct ska_errors *errors)
{
    struct ska_json_place top;
    struct ska_json_place array;
    const cJSON *item = NULL;

    tsb_answer_top(&top, walk->connection, json, errors);
    if (!cJSON_IsObject(json))
        return ska_fail(&top.at.errors, top.reason, "tasks expected");
    if (!ska_json_array(&top, "tasks", SKA_JSON_REQUIRED, &array))
        return false;
    tsb_answer_top(&top, walk->connection, json, walk->wrong);
    if (!ska_json_array(&top, "tasks", SKA_JSON_REQUIRED, &array))
        return false;
    *count = 0;
    cJSON_ArrayForEach(item, array.value)
    {
        if (!walk->ended && !visit_task(walk, &array, item, *count, errors))
            return false;
        ++*count;
    }
    return true;
}

static bool take_page(struct walk *walk, size_t first, size_t size, size_t *count,
                      const struct ska_errors *errors)
{
    cJSON *json = NULL;
    bool done = ask_page(walk, first, size, &json, errors) && visit_page(walk, json, count, errors);

    cJSON_Delete(json);
    return done;
}

/* Those before a task, one after the other: named once it is known that others can be had. */
struct failed_tasks {
    struct ska_error_capture failures[FAILURES_MOST];
    size_t count;
};

static void clear_failed(struct failed_tasks *failed)
{
    for (size_t i = 0; i < failed->count; i++)
        ska_error_capture_clear(&failed->failures[i]);
    failed->count = 0;
}

/* `next`: the number of the task after them, counted from 0. */
static void name_failed(const struct walk *walk, struct failed_tasks *failed, size_t next)
{
    for (size_t i = 0; i < failed->count; i++)
        ska_fail(walk->wrong, failed->failures[i].reason, "task %zu cannot be fetched: %s",
                 next - failed->count + i + 1, ska_error_capture_text(&failed->failures[i]));
    clear_failed(failed);
}

/* False: the failure is of all, and raised. One that is of this task alone is added. */
static bool take_one(struct walk *walk, size_t number, size_t *count, struct failed_tasks *failed,
                     const struct ska_errors *errors)
{
    struct ska_error_capture *failure = &failed->failures[failed->count];
    const struct ska_errors quiet = ska_error_capture(failure);

    if (take_page(walk, number, 1, count, &quiet)) {
        name_failed(walk, failed, number);
        return true;
    }
    failed->count++;
    return (!walk->refused && failure->reason == SKA_R_SERVER_FAILURE) ||
           ska_error_capture_raise(failure, errors);
}

static bool may_go_on(const struct walk *walk, size_t failures)
{
    return failures < FAILURES_MOST && ska_clock_ms() < walk->until;
}

static bool take_one_by_one(struct walk *walk, size_t first, const struct ska_error_capture *whole,
                            size_t *count, const struct ska_errors *errors)
{
    struct failed_tasks failed = {.count = 0};
    bool done = true;

    for (*count = 0; done && *count < PAGE_SIZE && !walk->ended; ++*count) {
        size_t one = 1;

        done = take_one(walk, first + *count, &one, &failed, errors) &&
               (failed.count == 0 || may_go_on(walk, failed.count) ||
                ska_error_capture_raise(whole, errors));
        if (one == 0)
            break;
    }
    if (done)
        name_failed(walk, &failed, first + *count);
    clear_failed(&failed);
    return done;
}

/* *more: there may be more after it. */
static bool visit_from(struct walk *walk, size_t first, bool *more, const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    size_t before = walk->repeated;
    size_t count = 0;
    bool done = false;

    walk->until = ska_clock_ms() + FAILURES_MS;
    done = take_page(walk, first, PAGE_SIZE, &count, &quiet);
    if (!done && !walk->refused && failure.reason == SKA_R_SERVER_FAILURE && may_go_on(walk, 0))
        done = take_one_by_one(walk, first, &failure, &count, errors);
    else if (!done)
        ska_error_capture_raise(&failure, errors);
    ska_error_capture_clear(&failure);
    /* A broker that gives the same page again and again has no other. */
    *more = done && count == PAGE_SIZE && !walk->ended && walk->repeated - before < count;
    return done;
}

bool tsb_tasks_visit(struct tsb_connection *connection, const struct tsb_proof *proof,
                     const struct tsb_task_filter *filter, tsb_task_visit *visit, void *arg,
                     const struct ska_errors *wrong, const struct ska_errors *errors)
{
    struct walk walk = {.connection = connection,
                        .proof = proof,
                        .filter = filter,
                        .level = LEVEL_OF_REQUEST,
                        .visit = visit,
                        .arg = arg,
                        .wrong = wrong};
    bool more = true;
    bool done = true;

    for (size_t first = 0; done && more; first += PAGE_SIZE) {
        if (first == TASKS_MOST) {
            end_at_limit(&walk);
            break;
        }
        done = visit_from(&walk, first, &more, errors);
    }
    free(walk.seen);
    return done;
}

/* ---- The request of a task ------------------------------------------------------------------- */

static bool read_request_of(const struct ska_json_place *top, const char *task,
                            char id[BROKER_ID_SIZE])
{
    struct ska_json_place array;
    struct ska_json_place first;

    if (!ska_json_array(top, "tasks", SKA_JSON_REQUIRED, &array))
        return false;
    if (cJSON_GetArraySize(array.value) != 1)
        return ska_json_fail(top, "tasks", "one task expected");
    ska_json_element(&array, array.value->child, 0, &first);
    return tsb_task_request_read(&first, task, id);
}

bool tsb_task_request(struct tsb_connection *connection, const struct tsb_proof *proof,
                      const char *task, char id[BROKER_ID_SIZE], const struct ska_errors *errors)
{
    const struct tsb_task_filter filter = {.task = task};
    struct walk walk = {
        .connection = connection, .proof = proof, .filter = &filter, .level = LEVEL_OF_STATUS};
    struct ska_json_place top;
    cJSON *json = NULL;
    bool done = ask_page(&walk, 0, 1, &json, errors);

    if (done) {
        tsb_answer_top(&top, connection, json, errors);
        done = cJSON_IsObject(json) ? read_request_of(&top, task, id)
                                    : ska_fail(&top.at.errors, top.reason, "tasks expected");
    }
    cJSON_Delete(json);
    return done;
}

/* ---- Answers --------------------------------------------------------------------------------- */

static bool conclude(const struct tsb_connection *connection, enum tsb_outcome outcome,
                     const struct tsb_refusal *refusal, const struct ska_errors *errors)
{
    if (outcome == TSB_REFUSED && refusal->status == 404)
        return ska_fail(errors, SKA_R_WITHDRAWN,
                        "the broker %s no longer asks this approver: the request was answered or "
                        "withdrawn, or its time is over",
                        tsb_connection_url(connection));
    if (outcome == TSB_REFUSED)
        tsb_fail_refused(connection, "the answer to a task", refusal, errors);
    return outcome == TSB_DONE;
}

bool tsb_task_approve(struct tsb_connection *connection, const char *task, struct ska_span token,
                      const struct ska_approval *approval, const struct ska_errors *errors)
{
    cJSON *body = cJSON_CreateObject();
    bool complete = body != NULL && ska_json_add_text(body, "id", task) &&
                    ska_json_add_base64(body, "approvalToBeSigned", token) &&
                    ska_json_add_base64(body, "signature", ska_span_of(&approval->signature)) &&
                    ska_json_add_text(body, "approvalDigestAlgorithm", approval->digest) &&
                    add_signer(body, approval);
    struct tsb_refusal refusal;
    cJSON *json = NULL;
    enum tsb_outcome outcome = call_as_approver(connection, SKA_HTTP_POST, "/v1/approval", body,
                                                complete, &json, &refusal, errors);

    cJSON_Delete(json);
    return conclude(connection, outcome, &refusal, errors);
}

bool tsb_task_reject(struct tsb_connection *connection, const char *task,
                     const struct tsb_proof *proof, const struct ska_errors *errors)
{
    cJSON *body = cJSON_CreateObject();
    bool complete = body != NULL && ska_json_add_text(body, "id", task) && add_proof(body, proof);
    struct tsb_refusal refusal;
    cJSON *json = NULL;
    enum tsb_outcome outcome = call_as_approver(connection, SKA_HTTP_PATCH, "/v1/task", body,
                                                complete, &json, &refusal, errors);

    cJSON_Delete(json);
    return conclude(connection, outcome, &refusal, errors);
}
