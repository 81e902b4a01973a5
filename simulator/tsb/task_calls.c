/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of approvers: what they are asked, and what they say.
 */
#include <stdlib.h>
#include <string.h>

#include "provider/request/approver_signature.h"
#include "simulator/tsb/approver_proof.h"
#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/engine.h"
#include "simulator/tsb/task_json.h"
#include "simulator/tsb/time_text.h"

#define PAGE_SIZE 100
#define PAGE_SIZE_MOST 1000

/* ---- Lists ----------------------------------------------------------------------------------- */

struct listing {
    struct tsb_caller caller;
    struct tsb_task_filter filter;
    unsigned int level;
    struct tsb_tasks tasks;
    struct tsb_request *requests; /* of each task */
};

static void clear_listing(struct listing *listing)
{
    for (size_t i = 0; listing->requests != NULL && i < listing->tasks.count; i++)
        tsb_request_clear(&listing->requests[i]);
    free(listing->requests);
    tsb_tasks_clear(&listing->tasks);
    tsb_caller_clear(&listing->caller);
}

static bool read_level(const struct ska_json_place *top, unsigned int *level)
{
    const char *text = NULL;

    *level = 1;
    if (!ska_json_text(top, "detailLevel", SKA_JSON_OPTIONAL, &text))
        return false;
    if (text == NULL)
        return true;
    *level = strncmp(text, "level", 5) == 0 && strlen(text) == 6 ? (unsigned int)text[5] - '0' : 0;
    return (*level >= 1 && *level <= TSB_LEVEL_MOST) ||
           ska_json_fail_value(top, "detailLevel", text, "level1 to level6");
}

static bool read_order(const struct ska_json_place *paging, enum tsb_order *order)
{
    static const char *const names[] = {
        [TSB_CREATED_ASCENDING] = "CREATION_DATE_ASC",
        [TSB_CREATED_DESCENDING] = "CREATION_DATE_DESC",
        [TSB_FETCHED_ASCENDING] = "LAST_FETCHED_DATE_ASC",
        [TSB_FETCHED_DESCENDING] = "LAST_FETCHED_DATE_DESC",
    };
    const char *text = NULL;

    if (!ska_json_text(paging, "sortOrder", SKA_JSON_OPTIONAL, &text))
        return false;
    for (int i = TSB_CREATED_ASCENDING; text != NULL && i <= TSB_FETCHED_DESCENDING; i++) {
        if (strcmp(text, names[i]) != 0)
            continue;
        *order = (enum tsb_order)i;
        return true;
    }
    return text == NULL || ska_json_fail_value(paging, "sortOrder", text, "an order");
}

static bool read_paging(const struct ska_json_place *top, struct tsb_task_filter *filter)
{
    static const char *const names[] = {"pageNumber", "pageSize", "sortOrder", NULL};
    struct ska_json_place paging;
    uint64_t page = 0;

    filter->most = PAGE_SIZE;
    if (!ska_json_object(top, "paging", SKA_JSON_OPTIONAL, &paging))
        return false;
    if (paging.value == NULL)
        return true;
    if (!ska_json_only(&paging, names) ||
        !ska_json_uint(&paging, "pageNumber", SKA_JSON_OPTIONAL, &page) ||
        !ska_json_uint(&paging, "pageSize", SKA_JSON_OPTIONAL, &filter->most) ||
        !read_order(&paging, &filter->order))
        return false;
    if (filter->most < 1 || filter->most > PAGE_SIZE_MOST)
        return ska_json_fail(&paging, "pageSize", "from 1 to 1000");
    if (page > UINT32_MAX)
        return ska_json_fail(&paging, "pageNumber", "too large");
    filter->first = page * filter->most;
    return true;
}

static bool read_listing(struct tsb_exchange *exchange, struct listing *listing)
{
    static const char *const names[] = {"timestamp",
                                        "timestampSignature",
                                        "approverPublicKey",
                                        "approverCertificate",
                                        "timestampSigningCertificate",
                                        "timestampDigestAlgorithm",
                                        "id",
                                        "requestId",
                                        "detailLevel",
                                        "paging",
                                        NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct tsb_task_filter *filter = &listing->filter;
    struct ska_json_place top;

    tsb_exchange_top(exchange, &errors, &top);
    if (!ska_json_only(&top, names) || !tsb_proof_read(exchange, &top, &listing->caller) ||
        !tsb_read_uuid(exchange, &top, "id", SKA_JSON_OPTIONAL, &filter->id) ||
        !tsb_read_uuid(exchange, &top, "requestId", SKA_JSON_OPTIONAL, &filter->request) ||
        !read_level(&top, &listing->level) || !read_paging(&top, filter))
        return false;
    if (filter->id != NULL)
        filter->request = NULL; /* ignored then */
    filter->everybody = listing->caller.everybody;
    filter->certificate = listing->caller.certificate;
    filter->approver = ska_span_of(&listing->caller.data);
    return true;
}

static bool load_listing(struct tsb_database *database, struct listing *listing)
{
    bool done = tsb_tasks_open(database, &listing->filter, tsb_now(), &listing->tasks);
    bool found = true;

    listing->requests = calloc(listing->tasks.count + 1, sizeof(*listing->requests));
    done = done && listing->requests != NULL;
    for (size_t i = 0; done && i < listing->tasks.count; i++)
        done = tsb_request_load(database, listing->tasks.list[i].request, &listing->requests[i],
                                &found) &&
               found;
    return done;
}

static cJSON *listing_to_json(struct tsb_exchange *exchange, const struct listing *listing)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *array = json == NULL ? NULL : cJSON_AddArrayToObject(json, "tasks");
    bool done = array != NULL;

    for (size_t i = 0; done && i < listing->tasks.count; i++)
        done = ska_json_add_item(array, NULL,
                                 tsb_task_json(exchange, &listing->tasks.list[i],
                                               &listing->requests[i], listing->level));
    if (done)
        return json;
    cJSON_Delete(json);
    return NULL;
}

static void answer_listing(struct tsb_exchange *exchange, struct listing *listing)
{
    struct tsb_database *database = exchange->server->database;
    cJSON *json = NULL;

    if (!tsb_database_begin(database) ||
        !tsb_database_end(database, load_listing(database, listing))) {
        tsb_exchange_fail_storage(exchange);
        return;
    }
    json = listing_to_json(exchange, listing);
    if (exchange->answer.status == 0)
        tsb_answer_json(&exchange->answer, 200, json);
    else
        cJSON_Delete(json);
}

void tsb_list_tasks(struct tsb_exchange *exchange)
{
    struct listing listing;

    memset(&listing, 0, sizeof(listing));
    listing.filter.kinds = exchange->of;
    if (read_listing(exchange, &listing))
        answer_listing(exchange, &listing);
    clear_listing(&listing);
}

/* ---- Answers to tasks ------------------------------------------------------------------------ */

/* What an approver says to a task. */
struct decision {
    struct tsb_caller caller;
    const char *id;
    bool approves;
    struct ska_bytes token;
    struct ska_bytes signature;
    const char *digest;
    struct tsb_task task;
    struct tsb_request request;
};

static void clear_decision(struct decision *decision)
{
    tsb_caller_clear(&decision->caller);
    ska_bytes_free(&decision->token);
    ska_bytes_free(&decision->signature);
    tsb_task_clear(&decision->task);
    tsb_request_clear(&decision->request);
}

static bool fail_no_task(struct tsb_exchange *exchange, const char *id)
{
    return tsb_refuse(&exchange->answer, TSB_TASK_NOT_EXISTENT, "Task with id %s not found", id);
}

/* A task that is answered, or whose request is over, or that is another's, is not there. */
static bool load_task(struct tsb_exchange *exchange, struct decision *decision)
{
    struct tsb_database *database = exchange->server->database;
    bool found = false;

    if (!tsb_task_load(database, decision->id, &decision->task, &found))
        return tsb_exchange_fail_storage(exchange);
    if (!found || decision->task.state != TSB_TASK_OPEN ||
        decision->task.certificate != decision->caller.certificate ||
        !ska_span_equal(ska_span_of(&decision->task.approver), ska_span_of(&decision->caller.data)))
        return fail_no_task(exchange, decision->id);
    if (!tsb_request_load(database, decision->task.request, &decision->request, &found))
        return tsb_exchange_fail_storage(exchange);
    return (found && (decision->request.status == TSB_PENDING ||
                      decision->request.status == TSB_APPROVED)) ||
           fail_no_task(exchange, decision->id);
}

/* What is no signature over the token is not kept for the HSM to refuse. */
static bool check_approval(struct tsb_exchange *exchange, struct decision *decision)
{
    struct ska_span key = ska_span_of(&decision->task.public_key);
    struct ska_span token = ska_span_of(&decision->request.token);

    if (!ska_span_equal(ska_span_of(&decision->token), token) ||
        !ska_signature_verify(exchange->server->libctx, key, decision->digest,
                              ska_span_of(&decision->signature), token) ||
        !ska_signature_to_der(key, decision->digest, ska_span_of(&decision->signature),
                              &decision->task.signature, NULL))
        return tsb_refuse(&exchange->answer, TSB_INVALID_SIGNATURE,
                          "the signature is not this approver's over the approval to be signed");
    return true;
}

static bool note_decision(struct tsb_exchange *exchange, struct decision *decision)
{
    struct tsb_server *server = exchange->server;
    struct tsb_tasks tasks = {NULL, 0};
    bool done = false;

    decision->task.state = decision->approves ? TSB_TASK_APPROVED : TSB_TASK_REJECTED;
    done = tsb_task_update(server->database, &decision->task) &&
           tsb_tasks_of_request(server->database, decision->request.id, &tasks) &&
           tsb_engine_judge(server, &decision->request, &tasks) &&
           tsb_request_update(server->database, &decision->request);
    tsb_tasks_clear(&tasks);
    return done || tsb_exchange_fail_storage(exchange);
}

static void take_decision(struct tsb_exchange *exchange, struct decision *decision)
{
    struct tsb_database *database = exchange->server->database;
    bool done = false;

    if (!tsb_database_begin(database)) {
        tsb_exchange_fail_storage(exchange);
        return;
    }
    done = load_task(exchange, decision) &&
           (!decision->approves || check_approval(exchange, decision)) &&
           note_decision(exchange, decision);
    if (tsb_database_end(database, done))
        tsb_answer_empty(&exchange->answer, 200);
    else
        tsb_exchange_fail_storage(exchange);
    tsb_engine_wake(exchange->server->engine);
}

static bool read_approval(struct tsb_exchange *exchange, struct decision *decision)
{
    static const char *const names[] = {"id",
                                        "approvalToBeSigned",
                                        "signature",
                                        "approvalDigestAlgorithm",
                                        "approverPublicKey",
                                        "approverCertificate",
                                        NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_json_place top;

    tsb_exchange_top(exchange, &errors, &top);
    if (!ska_json_only(&top, names) ||
        !tsb_read_uuid(exchange, &top, "id", SKA_JSON_REQUIRED, &decision->id) ||
        !tsb_need_base64(&top, "approvalToBeSigned", &decision->token) ||
        !tsb_need_base64(&top, "signature", &decision->signature) ||
        !tsb_read_digest(&top, "approvalDigestAlgorithm", &decision->digest) ||
        !tsb_caller_read(&exchange->answer, &top, &decision->caller))
        return false;
    return decision->caller.data.data != NULL ||
           ska_json_fail(&top, "approverPublicKey",
                         "approverPublicKey or approverCertificate is missing");
}

void tsb_approve(struct tsb_exchange *exchange)
{
    struct decision decision = {.approves = true};

    if (read_approval(exchange, &decision))
        take_decision(exchange, &decision);
    clear_decision(&decision);
}

static bool read_rejection(struct tsb_exchange *exchange, struct decision *decision)
{
    static const char *const names[] = {"id",
                                        "timestamp",
                                        "timestampSignature",
                                        "timestampDigestAlgorithm",
                                        "approverPublicKey",
                                        "approverCertificate",
                                        "timestampSigningCertificate",
                                        NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_json_place top;

    tsb_exchange_top(exchange, &errors, &top);
    if (!ska_json_only(&top, names) ||
        !tsb_read_uuid(exchange, &top, "id", SKA_JSON_REQUIRED, &decision->id) ||
        !tsb_proof_read(exchange, &top, &decision->caller))
        return false;
    /* A service may see what others are asked, and answer nothing for them. */
    return decision->caller.by_service
               ? tsb_refuse(&exchange->answer, TSB_TIMESTAMP_SIGNER_NOT_ALLOWED,
                            "only its approver can answer a task")
               : true;
}

void tsb_reject(struct tsb_exchange *exchange)
{
    struct decision decision = {.approves = false};

    if (read_rejection(exchange, &decision))
        take_decision(exchange, &decision);
    clear_decision(&decision);
}
