/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/request_status.h"

#include <stdlib.h>
#include <string.h>

#include "simulator/tsb/operation_kind.h"
#include "simulator/tsb/signed_approval.h"
#include "simulator/tsb/time_text.h"

static bool is_faulty(struct tsb_exchange *exchange, enum tsb_fault fault)
{
    return tsb_fault_happens(&exchange->server->faults, fault, exchange->path);
}

/* A key once, though it may be asked in two forms. */
static bool add_key_once(cJSON *array, struct ska_span key)
{
    const cJSON *item = NULL;
    char *text = NULL;
    bool there = false;
    bool done = ska_base64_encode(key, &text, NULL);

    cJSON_ArrayForEach(item, array)
    {
        there = there || (done && strcmp(item->valuestring, text) == 0);
    }
    if (done && !there)
        done = ska_json_add_item(array, NULL, cJSON_CreateString(text));
    free(text);
    return done;
}

/* Public keys, also of those who are listed by certificate. */
static bool add_approvers(cJSON *json, const char *name, const struct tsb_tasks *tasks,
                          enum tsb_task_state state, bool wanted)
{
    cJSON *array = cJSON_AddArrayToObject(json, name);
    bool done = array != NULL;

    for (size_t i = 0; done && wanted && i < tasks->count; i++)
        if (tasks->list[i].state == state)
            done = add_key_once(array, ska_span_of(&tasks->list[i].public_key));
    return done;
}

static bool add_lists(cJSON *json, const struct tsb_request *request, const struct tsb_tasks *tasks)
{
    bool waiting = request->status == TSB_PENDING || request->status == TSB_APPROVED;

    return add_approvers(json, "approvedBy", tasks, TSB_TASK_APPROVED, true) &&
           add_approvers(json, "notYetApprovedBy", tasks, TSB_TASK_OPEN, waiting) &&
           add_approvers(json, "rejectedBy", tasks, TSB_TASK_REJECTED, true);
}

static bool add_time(struct tsb_exchange *exchange, cJSON *json, const struct tsb_request *request)
{
    char text[32];

    if (request->execution_time == 0)
        return cJSON_AddNullToObject(json, "executionTime") != NULL;
    tsb_time_text(request->execution_time, text);
    if (is_faulty(exchange, TSB_FAULT_NO_ZONE))
        text[strcspn(text, "Z")] = '\0';
    return ska_json_add_text(json, "executionTime", text);
}

static bool add_blank_result(cJSON *json, const char *result)
{
    struct ska_buffer text = {0};
    bool done = false;

    ska_buffer_text(&text, " ");
    for (size_t i = 0; result[i] != '\0'; i++) {
        ska_buffer_add(&text, &result[i], 1);
        if (i % 64 == 63)
            ska_buffer_text(&text, "\n");
    }
    ska_buffer_text(&text, " \n");
    done = !text.failed && ska_json_add_text(json, "result", ska_buffer_string(&text));
    ska_buffer_free(&text);
    return done;
}

/* What is to be carried to a HSM without a network: the request with what has been approved. */
static bool add_signed_approvals(cJSON *json, const struct tsb_request *request,
                                 const struct tsb_tasks *tasks)
{
    cJSON *array = cJSON_AddArrayToObject(json, "signedApprovals");
    bool done = array != NULL;

    for (size_t i = 0; done && i < tasks->count; i++) {
        const struct tsb_task *task = &tasks->list[i];
        const struct tsb_approval approval = {task->certificate, ska_span_of(&task->signature),
                                              ska_span_of(&task->approver)};
        char *text = NULL;

        if (task->state != TSB_TASK_APPROVED)
            continue;
        done = tsb_signed_approval_write(ska_span_of(&request->token), &approval, &text) &&
               ska_json_add_item(array, NULL, cJSON_CreateString(text));
        free(text);
    }
    return done;
}

/* The members of the request as it was sent, but for what only a broker reads. */
static cJSON *copy_inner(const struct tsb_request *request, const struct tsb_operation_kind *kind)
{
    struct ska_span body = ska_span_of(&request->body);
    cJSON *top = cJSON_ParseWithLength((const char *)body.data, body.length);
    cJSON *inner = cJSON_DetachItemFromObjectCaseSensitive(top, kind->root);

    cJSON_Delete(top);
    cJSON_DeleteItemFromObjectCaseSensitive(inner, kind->password);
    cJSON_DeleteItemFromObjectCaseSensitive(inner, "metaData");
    cJSON_DeleteItemFromObjectCaseSensitive(inner, "metaDataSignature");
    return inner;
}

static bool add_offline_input(cJSON *json, const struct tsb_request *request,
                              const struct tsb_tasks *tasks)
{
    const struct tsb_operation_kind *kind = tsb_operation_kind(request->kind);
    cJSON *input = cJSON_AddObjectToObject(json, "inputOfflineHsm");
    cJSON *inner = copy_inner(request, kind);

    if (input == NULL || inner == NULL) {
        cJSON_Delete(inner);
        return false;
    }
    return ska_json_add_item(input, kind->root, inner) &&
           (request->payload_type == NULL || cJSON_HasObjectItem(inner, "payloadType") ||
            ska_json_add_text(inner, "payloadType", request->payload_type)) &&
           add_signed_approvals(inner, request, tasks);
}

static bool add_air_gapped_result(cJSON *json, const struct tsb_request *request,
                                  const struct tsb_tasks *tasks)
{
    return ska_json_add_text(json, "result", "Execution shall be made with offline HSM") &&
           add_offline_input(json, request, tasks);
}

static bool add_result(struct tsb_exchange *exchange, cJSON *json,
                       const struct tsb_request *request, const struct tsb_tasks *tasks)
{
    const char *result = request->result;

    if (request->status == TSB_PENDING && is_faulty(exchange, TSB_FAULT_AIR_GAPPED))
        return add_air_gapped_result(json, request, tasks);
    if (result == NULL || is_faulty(exchange, TSB_FAULT_NO_RESULT))
        return cJSON_AddNullToObject(json, "result") != NULL;
    return is_faulty(exchange, TSB_FAULT_BLANK_RESULT) ? add_blank_result(json, result)
                                                       : ska_json_add_text(json, "result", result);
}

static bool add_members(struct tsb_exchange *exchange, cJSON *json,
                        const struct tsb_request *request, const struct tsb_tasks *tasks)
{
    if (!ska_json_add_text(json, "id", request->id) ||
        !ska_json_add_text(json, "status", tsb_status_names[request->status]))
        return false;
    if (is_faulty(exchange, TSB_FAULT_EXTRA_MEMBERS) &&
        (cJSON_AddStringToObject(json, "keyVersion", "0") == NULL ||
         cJSON_AddArrayToObject(json, "unknownMember") == NULL))
        return false;
    if (is_faulty(exchange, TSB_FAULT_MISSING_LISTS))
        return request->result == NULL || add_result(exchange, json, request, tasks);
    return add_time(exchange, json, request) && add_lists(json, request, tasks) &&
           add_result(exchange, json, request, tasks);
}

cJSON *tsb_request_status(struct tsb_exchange *exchange, const struct tsb_request *request,
                          const struct tsb_tasks *tasks)
{
    cJSON *json = cJSON_CreateObject();

    if (json != NULL && add_members(exchange, json, request, tasks))
        return json;
    cJSON_Delete(json);
    return NULL;
}
