/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that hand a request in, which then waits for its approvers.
 */
#include <stdlib.h>
#include <string.h>

#include "provider/rule/rule_codec.h"
#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/engine.h"
#include "simulator/tsb/operation_body.h"
#include "simulator/tsb/time_text.h"

/* ---- The request ----------------------------------------------------------------------------- */

static bool copy_text(char **to, const char *from)
{
    *to = from == NULL ? NULL : strdup(from);
    return from == NULL || *to != NULL;
}

/* As it was sent, byte for byte, but where there is a password. */
static bool copy_body(const struct tsb_exchange *exchange, const struct tsb_operation_kind *kind,
                      struct ska_bytes *body)
{
    cJSON *inner = cJSON_GetObjectItemCaseSensitive(exchange->json, kind->root);
    const cJSON *password = cJSON_GetObjectItemCaseSensitive(inner, kind->password);

    if (password == NULL || cJSON_IsNull(password))
        return ska_bytes_copy(body, exchange->body, NULL);
    if (!cJSON_ReplaceItemInObjectCaseSensitive(inner, kind->password, cJSON_CreateNull()) ||
        !ska_json_print_line(exchange->json, body, NULL))
        return false;
    body->length--; /* the end of the line */
    return true;
}

static bool fill_request(struct tsb_exchange *exchange, const struct tsb_operation *wanted,
                         struct tsb_request *request)
{
    request->kind = (enum tsb_kind)exchange->of;
    request->created = tsb_now();
    return tsb_uuid_make(exchange->server->libctx, request->id) &&
           copy_text(&request->key_name, wanted->key_name) &&
           copy_text(&request->payload_type, wanted->payload_type) &&
           copy_text(&request->meta_data, wanted->meta_data) &&
           copy_text(&request->meta_data_signature, wanted->meta_data_signature) &&
           copy_text(&request->algorithm, wanted->algorithm_name) &&
           copy_text(&request->signature_type, wanted->signature_type) &&
           ska_bytes_copy(&request->payload, ska_span_of(&wanted->payload), NULL) &&
           copy_body(exchange, wanted->kind, &request->body);
}

/* What only the HSM can say: its rule, its time, the token. */
static CK_RV ask_for_token(struct tsb_exchange *exchange, const struct tsb_operation *wanted,
                           struct tsb_request *request)
{
    struct tsb_device *device = exchange->server->device;
    const struct tsb_operation_kind *kind = wanted->kind;
    struct tsb_stamp stamp = {{NULL, 0}, {NULL, 0}, 0};
    CK_RV rv =
        tsb_key_rule(device, &wanted->key, ska_rule_kind_of(kind->operation), &request->rule);

    if (rv == CKR_OK)
        rv = tsb_ska_stamp(device, kind->token, ska_span_of(&wanted->data), &stamp);
    /* By a clock that is read afterwards, a timelock seems to end late rather than early. */
    request->clock_offset = (int64_t)stamp.seconds - tsb_now() / 1000;
    request->stamp = stamp.seconds;
    if (rv == CKR_OK)
        rv = tsb_ska_token(device, &wanted->key, kind->token, ska_span_of(&wanted->data), &stamp,
                           &request->token);
    tsb_stamp_clear(&stamp);
    return rv;
}

/* ---- Its tasks ------------------------------------------------------------------------------- */

static bool has_task(const struct tsb_tasks *tasks, const struct ska_approver *approver)
{
    bool certificate = approver->type == SKA_APPROVER_CERTIFICATE;

    for (size_t i = 0; i < tasks->count; i++)
        if (tasks->list[i].certificate == certificate &&
            ska_span_equal(ska_span_of(&tasks->list[i].approver), ska_span_of(&approver->data)))
            return true;
    return false;
}

static bool add_task(struct tsb_exchange *exchange, const struct tsb_request *request,
                     const struct ska_approver *approver, struct tsb_tasks *tasks)
{
    struct tsb_task *task = &tasks->list[tasks->count];

    memcpy(task->request, request->id, sizeof(task->request));
    task->certificate = approver->type == SKA_APPROVER_CERTIFICATE;
    tasks->count++;
    return tsb_uuid_make(exchange->server->libctx, task->id) &&
           ska_bytes_copy(&task->approver, ska_span_of(&approver->data), NULL) &&
           ska_bytes_copy(&task->public_key, ska_span_of(&approver->public_key), NULL);
}

/* One for each approver whom the rule lists, however often it does. */
static bool make_tasks(struct tsb_exchange *exchange, const struct tsb_request *request,
                       struct tsb_tasks *tasks)
{
    const struct ska_approver *approver = NULL;
    struct ska_rule rule;
    size_t most = 0;
    bool done = true;

    if (!ska_rule_decode(ska_span_of(&request->rule), &rule, NULL))
        return false;
    while (ska_rule_approver_at(&rule, most) != NULL)
        most++;
    tasks->list = calloc(most + 1, sizeof(*tasks->list));
    done = tasks->list != NULL;
    for (size_t i = 0; done && (approver = ska_rule_approver_at(&rule, i)) != NULL; i++)
        if (!has_task(tasks, approver))
            done = add_task(exchange, request, approver, tasks);
    ska_rule_clear(&rule);
    return done;
}

/* ---- Handing in ------------------------------------------------------------------------------ */

static bool insert_all(struct tsb_database *database, const struct tsb_request *request,
                       const struct tsb_tasks *tasks)
{
    bool done = tsb_request_insert(database, request);

    for (size_t i = 0; done && i < tasks->count; i++)
        done = tsb_task_insert(database, &tasks->list[i], i);
    return done;
}

static bool store(struct tsb_exchange *exchange, struct tsb_request *request,
                  const struct tsb_tasks *tasks)
{
    struct tsb_server *server = exchange->server;
    bool done = false;

    if (!tsb_database_begin(server->database))
        return tsb_exchange_fail_storage(exchange);
    done = (request->status == TSB_EXECUTED || tsb_engine_judge(server, request, tasks)) &&
           insert_all(server->database, request, tasks);
    if (!tsb_database_end(server->database, done))
        return tsb_exchange_fail_storage(exchange);
    tsb_engine_wake(server->engine);
    return true;
}

/* An ordinary key's request is executed as it comes. */
static bool execute_ordinary(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                             struct tsb_request *request)
{
    static const struct tsb_authority nobody = {{NULL, 0}, NULL, 0};
    static const uint8_t none = 0;
    CK_RV rv = CKR_OK;

    if (!tsb_operation_run(exchange, wanted, &nobody, &request->result, &rv))
        return false;
    if (rv != CKR_OK)
        return tsb_exchange_fail_device(exchange, rv);
    request->status = TSB_EXECUTED;
    request->execution_time = request->created;
    return (ska_bytes_copy(&request->token, ska_span(&none, 0), NULL) &&
            ska_bytes_copy(&request->rule, ska_span(&none, 0), NULL)) ||
           tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "out of memory");
}

static bool make_request(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                         struct tsb_request *request, struct tsb_tasks *tasks)
{
    CK_RV rv = CKR_OK;

    if (!fill_request(exchange, wanted, request))
        return tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "out of memory");
    if (!wanted->key.ska)
        return execute_ordinary(exchange, wanted, request);
    rv = ask_for_token(exchange, wanted, request);
    if (rv != CKR_OK)
        return tsb_exchange_fail_device(exchange, rv);
    return make_tasks(exchange, request, tasks) ||
           tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "the rule cannot be read");
}

void tsb_hand_in(struct tsb_exchange *exchange)
{
    struct tsb_operation wanted;
    struct tsb_request request;
    struct tsb_tasks tasks = {NULL, 0};

    memset(&request, 0, sizeof(request));
    if (tsb_operation_read(exchange, (enum tsb_kind)exchange->of, false, &wanted) &&
        make_request(exchange, &wanted, &request, &tasks) && store(exchange, &request, &tasks))
        tsb_answer_member(exchange, 201, wanted.kind->id_name, request.id);
    tsb_tasks_clear(&tasks);
    tsb_request_clear(&request);
    tsb_operation_clear(exchange, &wanted);
}
