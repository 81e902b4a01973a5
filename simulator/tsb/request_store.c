/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/request_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

void tsb_request_clear(struct tsb_request *request)
{
    free(request->key_name);
    ska_bytes_free(&request->body);
    ska_bytes_free(&request->payload);
    free(request->payload_type);
    free(request->meta_data);
    free(request->meta_data_signature);
    free(request->algorithm);
    free(request->signature_type);
    ska_bytes_free(&request->token);
    ska_bytes_free(&request->rule);
    free(request->result);
    memset(request, 0, sizeof(*request));
}

void tsb_task_clear(struct tsb_task *task)
{
    ska_bytes_free(&task->approver);
    ska_bytes_free(&task->public_key);
    ska_bytes_free(&task->signature);
    memset(task, 0, sizeof(*task));
}

void tsb_tasks_clear(struct tsb_tasks *tasks)
{
    for (size_t i = 0; i < tasks->count; i++)
        tsb_task_clear(&tasks->list[i]);
    free(tasks->list);
    memset(tasks, 0, sizeof(*tasks));
}

/* ---- UUIDs ----------------------------------------------------------------------------------- */

bool tsb_uuid_make(OSSL_LIB_CTX *libctx, char id[TSB_ID_SIZE])
{
    uint8_t b[16];

    if (RAND_bytes_ex(libctx, b, sizeof(b), 0) != 1)
        return false;
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    snprintf(id, TSB_ID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return true;
}

bool tsb_uuid_valid(const char *text)
{
    for (size_t i = 0; i < TSB_ID_SIZE - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (text[i] == '\0' ||
            (dash ? text[i] != '-' : strchr("0123456789abcdef", text[i]) == NULL))
            return false;
    }
    return text[TSB_ID_SIZE - 1] == '\0';
}

static void take_id(struct tsb_query *query, char id[TSB_ID_SIZE])
{
    char *text = tsb_query_take_text(query);

    memset(id, 0, TSB_ID_SIZE);
    if (text != NULL && tsb_uuid_valid(text))
        memcpy(id, text, TSB_ID_SIZE);
    else
        query->failed = true;
    free(text);
}

/* ---- Requests -------------------------------------------------------------------------------- */

static void give_due(struct tsb_query *query, int64_t due)
{
    if (due == 0)
        tsb_query_give_text(query, NULL);
    else
        tsb_query_give_number(query, due);
}

bool tsb_request_insert(struct tsb_database *database, const struct tsb_request *request)
{
    struct tsb_query query;

    tsb_query_begin(database, &query,
                    "INSERT INTO request VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    tsb_query_give_text(&query, request->id);
    tsb_query_give_number(&query, request->kind);
    tsb_query_give_text(&query, request->key_name);
    tsb_query_give_bytes(&query, ska_span_of(&request->body));
    tsb_query_give_bytes(&query, ska_span_of(&request->payload));
    tsb_query_give_text(&query, request->payload_type);
    tsb_query_give_text(&query, request->meta_data);
    tsb_query_give_text(&query, request->meta_data_signature);
    tsb_query_give_text(&query, request->algorithm);
    tsb_query_give_text(&query, request->signature_type);
    tsb_query_give_bytes(&query, ska_span_of(&request->token));
    tsb_query_give_bytes(&query, ska_span_of(&request->rule));
    tsb_query_give_number(&query, (int64_t)request->stamp);
    tsb_query_give_number(&query, request->clock_offset);
    tsb_query_give_number(&query, request->created);
    tsb_query_give_number(&query, request->status);
    give_due(&query, request->due);
    tsb_query_give_number(&query, request->approved);
    tsb_query_give_number(&query, request->sent);
    tsb_query_give_number(&query, request->execution_time);
    tsb_query_give_text(&query, request->result);
    return tsb_query_end(&query);
}

static enum tsb_kind take_kind(struct tsb_query *query)
{
    int64_t number = tsb_query_take_number(query);

    if (number >= 0 && number < TSB_KIND_COUNT)
        return (enum tsb_kind)number;
    query->failed = true;
    return TSB_SIGN;
}

static void take_request(struct tsb_query *query, struct tsb_request *request)
{
    take_id(query, request->id);
    request->kind = take_kind(query);
    request->key_name = tsb_query_take_text(query);
    tsb_query_take_bytes(query, &request->body);
    tsb_query_take_bytes(query, &request->payload);
    request->payload_type = tsb_query_take_text(query);
    request->meta_data = tsb_query_take_text(query);
    request->meta_data_signature = tsb_query_take_text(query);
    request->algorithm = tsb_query_take_text(query);
    request->signature_type = tsb_query_take_text(query);
    tsb_query_take_bytes(query, &request->token);
    tsb_query_take_bytes(query, &request->rule);
    request->stamp = (uint64_t)tsb_query_take_number(query);
    request->clock_offset = tsb_query_take_number(query);
    request->created = tsb_query_take_number(query);
    request->status = (enum tsb_status)tsb_query_take_number(query);
    request->due = tsb_query_take_number(query);
    request->approved = tsb_query_take_number(query);
    request->sent = tsb_query_take_number(query) != 0;
    request->execution_time = tsb_query_take_number(query);
    request->result = tsb_query_take_text(query);
}

bool tsb_request_load(struct tsb_database *database, const char *id, struct tsb_request *request,
                      bool *found)
{
    struct tsb_query query;

    memset(request, 0, sizeof(*request));
    tsb_query_begin(database, &query, "SELECT * FROM request WHERE id = ?");
    tsb_query_give_text(&query, id);
    *found = tsb_query_row(&query);
    if (*found)
        take_request(&query, request);
    return tsb_query_end(&query);
}

bool tsb_request_update(struct tsb_database *database, const struct tsb_request *request)
{
    struct tsb_query query;

    tsb_query_begin(database, &query,
                    "UPDATE request SET status = ?, due = ?, approved = ?, sent = ?,"
                    " execution_time = ?, result = ? WHERE id = ?");
    tsb_query_give_number(&query, request->status);
    give_due(&query, request->due);
    tsb_query_give_number(&query, request->approved);
    tsb_query_give_number(&query, request->sent);
    tsb_query_give_number(&query, request->execution_time);
    tsb_query_give_text(&query, request->result);
    tsb_query_give_text(&query, request->id);
    return tsb_query_end(&query);
}

bool tsb_request_first_due(struct tsb_database *database, char id[TSB_ID_SIZE], int64_t *due)
{
    struct tsb_query query;

    *due = 0;
    tsb_query_begin(database, &query,
                    "SELECT id, due FROM request WHERE due IS NOT NULL ORDER BY due LIMIT 1");
    if (tsb_query_row(&query)) {
        take_id(&query, id);
        *due = tsb_query_take_number(&query);
    }
    return tsb_query_end(&query);
}

bool tsb_request_cancel_of_key(struct tsb_database *database, const char *key_name)
{
    struct tsb_query query;

    tsb_query_begin(database, &query,
                    "UPDATE request SET status = ?, due = NULL"
                    " WHERE key_name = ? AND status IN (?, ?)");
    tsb_query_give_number(&query, TSB_CANCELLED);
    tsb_query_give_text(&query, key_name);
    tsb_query_give_number(&query, TSB_PENDING);
    tsb_query_give_number(&query, TSB_APPROVED);
    return tsb_query_end(&query);
}

bool tsb_request_visit(struct tsb_database *database, const bool statuses[TSB_STATUS_COUNT],
                       tsb_request_visitor *visit, void *arg)
{
    struct tsb_query query;
    bool going_on = true;

    tsb_query_begin(database, &query, "SELECT id, status FROM request ORDER BY created, id");
    while (going_on && tsb_query_row(&query)) {
        char id[TSB_ID_SIZE];
        int64_t status = 0;

        take_id(&query, id);
        status = tsb_query_take_number(&query);
        if (status >= 0 && status < TSB_STATUS_COUNT && statuses[status])
            going_on = visit(arg, id, (enum tsb_status)status);
    }
    return tsb_query_end(&query) && going_on;
}

/* ---- Tasks ----------------------------------------------------------------------------------- */

#define TASK_COLUMNS                                                                               \
    "task.id, task.request, task.certificate, task.approver, task.public_key, task.state,"         \
    " task.signature"

static void take_task(struct tsb_query *query, struct tsb_task *task)
{
    take_id(query, task->id);
    take_id(query, task->request);
    task->certificate = tsb_query_take_number(query) != 0;
    tsb_query_take_bytes(query, &task->approver);
    tsb_query_take_bytes(query, &task->public_key);
    task->state = (enum tsb_task_state)tsb_query_take_number(query);
    tsb_query_take_bytes(query, &task->signature);
}

/* All rows of a query, whose memory doubles as they come. */
static void take_tasks(struct tsb_query *query, struct tsb_tasks *tasks)
{
    size_t room = 0;

    memset(tasks, 0, sizeof(*tasks));
    while (tsb_query_row(query)) {
        if (tasks->count == room) {
            size_t more = room == 0 ? 8 : room * 2;
            struct tsb_task *list = realloc(tasks->list, more * sizeof(*list));

            if (list == NULL) {
                query->failed = true;
                return;
            }
            tasks->list = list;
            room = more;
        }
        memset(&tasks->list[tasks->count], 0, sizeof(*tasks->list));
        take_task(query, &tasks->list[tasks->count++]);
    }
}

bool tsb_task_insert(struct tsb_database *database, const struct tsb_task *task, size_t number)
{
    struct tsb_query query;

    tsb_query_begin(database, &query, "INSERT INTO task VALUES (?,?,?,?,?,?,?,?,0)");
    tsb_query_give_text(&query, task->id);
    tsb_query_give_text(&query, task->request);
    tsb_query_give_number(&query, (int64_t)number);
    tsb_query_give_number(&query, task->certificate);
    tsb_query_give_bytes(&query, ska_span_of(&task->approver));
    tsb_query_give_bytes(&query, ska_span_of(&task->public_key));
    tsb_query_give_number(&query, task->state);
    tsb_query_give_bytes(&query, ska_span_of(&task->signature));
    return tsb_query_end(&query);
}

bool tsb_task_load(struct tsb_database *database, const char *id, struct tsb_task *task,
                   bool *found)
{
    struct tsb_query query;

    memset(task, 0, sizeof(*task));
    tsb_query_begin(database, &query, "SELECT " TASK_COLUMNS " FROM task WHERE id = ?");
    tsb_query_give_text(&query, id);
    *found = tsb_query_row(&query);
    if (*found)
        take_task(&query, task);
    return tsb_query_end(&query);
}

bool tsb_task_update(struct tsb_database *database, const struct tsb_task *task)
{
    struct tsb_query query;

    tsb_query_begin(database, &query, "UPDATE task SET state = ?, signature = ? WHERE id = ?");
    tsb_query_give_number(&query, task->state);
    tsb_query_give_bytes(&query, ska_span_of(&task->signature));
    tsb_query_give_text(&query, task->id);
    return tsb_query_end(&query);
}

bool tsb_tasks_of_request(struct tsb_database *database, const char *request,
                          struct tsb_tasks *tasks)
{
    struct tsb_query query;

    tsb_query_begin(database, &query,
                    "SELECT " TASK_COLUMNS " FROM task WHERE request = ? ORDER BY number");
    tsb_query_give_text(&query, request);
    take_tasks(&query, tasks);
    return tsb_query_end(&query);
}

static bool mark_fetched(struct tsb_database *database, const struct tsb_tasks *tasks, int64_t now)
{
    bool done = true;

    for (size_t i = 0; done && i < tasks->count; i++) {
        struct tsb_query query;

        tsb_query_begin(database, &query, "UPDATE task SET fetched = ? WHERE id = ?");
        tsb_query_give_number(&query, now);
        tsb_query_give_text(&query, tasks->list[i].id);
        done = tsb_query_end(&query);
    }
    return done;
}

#define OPEN_TASKS(order)                                                                          \
    "SELECT " TASK_COLUMNS " FROM task JOIN request ON request.id = task.request"                  \
    " WHERE task.state = 0 AND request.status IN (0, 1)"                                           \
    " AND (?1 OR (task.approver = ?2 AND task.certificate = ?3))"                                  \
    " AND (?4 IS NULL OR task.id = ?4) AND (?5 IS NULL OR request.id = ?5)"                        \
    " AND (1 << request.operation) & ?6 ORDER BY " order " LIMIT ?7 OFFSET ?8"

bool tsb_tasks_open(struct tsb_database *database, const struct tsb_task_filter *filter,
                    int64_t now, struct tsb_tasks *tasks)
{
    static const char *const statements[] = {
        [TSB_CREATED_ASCENDING] = OPEN_TASKS("request.created, task.id"),
        [TSB_CREATED_DESCENDING] = OPEN_TASKS("request.created DESC, task.id"),
        [TSB_FETCHED_ASCENDING] = OPEN_TASKS("task.fetched, task.id"),
        [TSB_FETCHED_DESCENDING] = OPEN_TASKS("task.fetched DESC, task.id"),
    };
    struct tsb_query query;

    tsb_query_begin(database, &query, statements[filter->order]);
    tsb_query_give_number(&query, filter->everybody);
    tsb_query_give_bytes(&query, filter->approver);
    tsb_query_give_number(&query, filter->certificate);
    tsb_query_give_text(&query, filter->id);
    tsb_query_give_text(&query, filter->request);
    tsb_query_give_number(&query, filter->kinds);
    tsb_query_give_number(&query, (int64_t)filter->most);
    tsb_query_give_number(&query, (int64_t)filter->first);
    take_tasks(&query, tasks);
    return tsb_query_end(&query) && mark_fetched(database, tasks, now);
}
