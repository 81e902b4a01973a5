/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that look after requests.
 */
#include <string.h>

#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/request_status.h"

/* Loads the request that the path names, in a transaction; with its tasks if they are wanted. */
static bool load_named(struct tsb_exchange *exchange, struct tsb_request *request,
                       struct tsb_tasks *tasks)
{
    struct tsb_database *database = exchange->server->database;
    bool found = false;

    if (!tsb_request_load(database, exchange->argument, request, &found))
        return tsb_exchange_fail_storage(exchange);
    if (!found)
        return tsb_refuse(&exchange->answer, TSB_REQUEST_NOT_EXISTENT,
                          "Request with id %s not found", exchange->argument);
    return tasks == NULL || tsb_tasks_of_request(database, request->id, tasks) ||
           tsb_exchange_fail_storage(exchange);
}

void tsb_read_request(struct tsb_exchange *exchange)
{
    struct tsb_database *database = exchange->server->database;
    struct tsb_request request;
    struct tsb_tasks tasks = {NULL, 0};
    bool done = false;

    memset(&request, 0, sizeof(request));
    if (!tsb_check_uuid(exchange, exchange->argument))
        return;
    if (!tsb_database_begin(database)) {
        tsb_exchange_fail_storage(exchange);
        return;
    }
    done = load_named(exchange, &request, &tasks);
    if (!tsb_database_end(database, done) && done)
        tsb_exchange_fail_storage(exchange);
    else if (done)
        tsb_answer_json(&exchange->answer, 200, tsb_request_status(exchange, &request, &tasks));
    tsb_tasks_clear(&tasks);
    tsb_request_clear(&request);
}

/* What has come to its end stays as it is. */
static bool cancel(struct tsb_exchange *exchange)
{
    struct tsb_request request;
    bool done = load_named(exchange, &request, NULL);

    if (done && (request.status == TSB_PENDING || request.status == TSB_APPROVED)) {
        request.status = TSB_CANCELLED;
        request.due = 0;
        done = tsb_request_update(exchange->server->database, &request) ||
               tsb_exchange_fail_storage(exchange);
    }
    tsb_request_clear(&request);
    return done;
}

void tsb_cancel_request(struct tsb_exchange *exchange)
{
    struct tsb_database *database = exchange->server->database;
    bool no_content =
        tsb_fault_happens(&exchange->server->faults, TSB_FAULT_DELETE_204, exchange->path);
    bool done = false;

    if (!tsb_check_uuid(exchange, exchange->argument))
        return;
    if (!tsb_database_begin(database)) {
        tsb_exchange_fail_storage(exchange);
        return;
    }
    done = cancel(exchange);
    if (!tsb_database_end(database, done) && done)
        tsb_exchange_fail_storage(exchange);
    else if (done)
        tsb_answer_empty(&exchange->answer, no_content ? 204 : 200);
}

/* ---- Lists ----------------------------------------------------------------------------------- */

static bool read_status(const struct ska_json_place *place, bool statuses[TSB_STATUS_COUNT])
{
    for (int i = 0; cJSON_IsString(place->value) && i < TSB_STATUS_COUNT; i++) {
        if (strcmp(place->value->valuestring, tsb_status_names[i]) != 0)
            continue;
        statuses[i] = true;
        return true;
    }
    return ska_fail(&place->at.errors, place->reason, "a status of requests expected");
}

static bool read_statuses(const struct ska_json_place *top, bool statuses[TSB_STATUS_COUNT])
{
    static const char *const names[] = {"requestStatusList", NULL};
    struct ska_json_place list;
    const cJSON *item = NULL;
    size_t index = 0;

    if (!ska_json_only(top, names) ||
        !ska_json_array(top, "requestStatusList", SKA_JSON_OPTIONAL, &list))
        return false;
    if (list.value == NULL)
        memset(statuses, true, TSB_STATUS_COUNT * sizeof(statuses[0]));
    cJSON_ArrayForEach(item, list.value)
    {
        struct ska_json_place element;

        ska_json_element(&list, item, index++, &element);
        if (!read_status(&element, statuses))
            return false;
    }
    return true;
}

static bool add_listed(void *arg, const char *id, enum tsb_status status)
{
    cJSON *entry = cJSON_CreateObject();

    if (!ska_json_add_item(arg, NULL, entry))
        return false;
    return ska_json_add_text(entry, "id", id) &&
           ska_json_add_text(entry, "status", tsb_status_names[status]);
}

void tsb_list_requests(struct tsb_exchange *exchange)
{
    struct tsb_database *database = exchange->server->database;
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    bool statuses[TSB_STATUS_COUNT] = {false};
    cJSON *json = NULL;
    cJSON *array = NULL;
    struct ska_json_place top;
    bool done = false;

    tsb_exchange_top(exchange, &errors, &top);
    if (!read_statuses(&top, statuses))
        return;
    json = cJSON_CreateObject();
    array = json == NULL ? NULL : cJSON_AddArrayToObject(json, "requests");
    if (array != NULL && tsb_database_begin(database))
        done = tsb_database_end(database, tsb_request_visit(database, statuses, add_listed, array));
    if (done) {
        tsb_answer_json(&exchange->answer, 200, json);
    } else {
        cJSON_Delete(json);
        tsb_exchange_fail_storage(exchange);
    }
}
