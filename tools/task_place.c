/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/task_place.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provider/tsb/approver_call.h"
#include "tools/show/request_text.h"
#include "tools/unique_digits.h"

/* A signed time is shown so long; the broker takes it ten minutes. */
#define PROOF_SECONDS 60

/* Of a whole id. */
#define ID_LENGTH 36

struct task_place {
    struct request_place place;
    struct tsb_connection *connection;
    struct place_key key;
    struct ska_approval proof; /* over: */
    char time[sizeof("2026-01-05T09:31:00Z")];
    time_t proved; /* 0: never */
};

static struct task_place *tasks_of(struct request_place *place)
{
    return (struct task_place *)place;
}

/* ---- Who asks -------------------------------------------------------------------------------- */

static bool open_task_key(struct task_place *tasks)
{
    struct approver *key = tasks->key.key;
    struct tool *tool = tasks->place.tool;

    return (key->key != NULL || key->locked ||
            approver_open(tool, key, tasks->key.uri, tasks->key.certificate)) &&
           approver_unlock(key, tool->libctx, &tool->errors);
}

/* The time as it is said; never ahead of the broker's, whose clock may be behind a little. */
static bool sign_time(struct task_place *tasks, time_t now)
{
    const struct ska_errors *errors = &tasks->place.tool->errors;
    struct tm parts;

    ska_approval_clear(&tasks->proof);
    tasks->proved = 0;
    if (gmtime_r(&now, &parts) == NULL ||
        strftime(tasks->time, sizeof(tasks->time), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        return ska_fail(errors, SKA_R_INTERNAL, "the time of this computer");
    if (!approver_sign(tasks->key.key, NULL, ska_span_text(tasks->time), &tasks->proof, errors))
        return false;
    tasks->proved = now;
    return true;
}

static bool prove(struct task_place *tasks, struct tsb_proof *proof)
{
    time_t now = time(NULL);

    if ((now < tasks->proved || now - tasks->proved >= PROOF_SECONDS || tasks->proved == 0) &&
        (!open_task_key(tasks) || !sign_time(tasks, now)))
        return false;
    *proof = (struct tsb_proof){tasks->time, &tasks->proof};
    return true;
}

/* ---- All tasks ------------------------------------------------------------------------------- */

struct task_list {
    struct task_place *tasks;
    struct ska_request **requests;
    size_t count;
    bool failed;
};

/* A tsb_task_visit. */
static bool keep_task(void *arg, struct ska_request *request)
{
    struct task_list *list = arg;
    struct ska_request **grown =
        reallocarray(list->requests, list->count + 1, sizeof(*list->requests));

    if (grown == NULL) {
        ska_request_free(request);
        list->failed = true;
        return ska_fail(&list->tasks->place.tool->errors, SKA_R_OUT_OF_MEMORY, "%zu tasks",
                        list->count);
    }
    list->requests = grown;
    list->requests[list->count++] = request;
    return true;
}

static bool fetch_tasks(struct task_place *tasks, const struct tsb_task_filter *filter,
                        struct task_list *list)
{
    const struct ska_errors *errors = &tasks->place.tool->errors;
    struct report_warnings warnings = {0};
    const struct ska_errors wrong = report_warnings_errors(&warnings);
    struct tsb_proof proof;
    bool done = false;

    *list = (struct task_list){.tasks = tasks};
    done = prove(tasks, &proof) &&
           tsb_tasks_visit(tasks->connection, &proof, filter, keep_task, list, &wrong, errors);
    report_warnings_end(&warnings);
    return done && !list->failed;
}

static void task_list_clear(struct task_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        ska_request_free(list->requests[i]);
    free(list->requests);
}

static bool visit_task(struct task_list *list, size_t which, const struct request_filter *filter,
                       request_visit *visit, void *arg)
{
    struct task_place *tasks = list->tasks;
    struct tool *tool = tasks->place.tool;
    struct ska_request *request = list->requests[which];
    struct listed_request listed = {
        .digits = unique_digits(list->requests, list->count, which),
        .answers_hidden = true,
        .ballot = {.libctx = tool->libctx, .request = request},
    };
    bool done = ska_ballot_open(&listed.ballot, &tool->errors);

    listed.request = request;
    listed_request_judge(&listed);
    if (done && request_filter_takes(filter, &listed))
        done = visit(arg, &listed);
    else
        tasks->place.passed_by += done;
    listed.request = NULL; /* the list's */
    listed_request_clear(&listed);
    return done;
}

static bool task_visit(struct request_place *place, const struct request_filter *filter,
                       request_visit *visit, void *arg)
{
    static const struct tsb_task_filter all;
    struct task_list list;
    bool done = fetch_tasks(tasks_of(place), &all, &list);

    for (size_t i = 0; done && i < list.count; i++)
        done = visit_task(&list, i, filter, visit, arg);
    task_list_clear(&list);
    return done;
}

/* ---- One of them ----------------------------------------------------------------------------- */

static bool fail_no_task(const struct task_place *tasks, const char *given)
{
    char *shown = ska_printable(ska_span_text(given), 64);

    ska_fail(&tasks->place.tool->errors, SKA_R_WRONG_USE,
             "%s: the broker %s asks this approver nothing by this id: it was answered, is "
             "withdrawn, or was never for this key (skatool requests shows what waits)%s%s",
             shown == NULL ? "" : shown, tasks->place.name,
             strlen(given) < ID_LENGTH ? "; of the id that the one who asks has told, give all"
                                       : "",
             tasks->key.certificate == NULL
                 ? "; who is named in the rule by a certificate gives it with --cert"
                 : "");
    free(shown);
    return false;
}

/* Whoever asks may have told the id of the request, which is another than that of the task. */
static bool find_by_request(struct task_place *tasks, const char *given,
                            char id[SKA_REQUEST_ID_LENGTH + 1])
{
    const struct tsb_task_filter filter = {.request = given};
    struct task_list list;
    bool done = fetch_tasks(tasks, &filter, &list);

    if (done && list.count != 1)
        done = fail_no_task(tasks, given);
    if (done)
        memcpy(id, list.requests[0]->id, SKA_REQUEST_ID_LENGTH + 1);
    task_list_clear(&list);
    return done;
}

static bool task_find(struct request_place *place, const char *given,
                      char id[SKA_REQUEST_ID_LENGTH + 1])
{
    static const struct tsb_task_filter all;
    struct task_place *tasks = tasks_of(place);
    size_t length = strlen(given);
    size_t matches = 0;
    struct task_list list;
    bool done = length >= SKA_REQUEST_ID_LEAST || fail_no_task(tasks, given);

    if (!done || !fetch_tasks(tasks, &all, &list))
        return false;
    for (size_t i = 0; i < list.count; i++)
        if (strncmp(list.requests[i]->id, given, length) == 0) {
            memcpy(id, list.requests[i]->id, SKA_REQUEST_ID_LENGTH + 1);
            matches++;
        }
    task_list_clear(&list);
    if (matches == 0 && length == ID_LENGTH)
        return find_by_request(tasks, given, id);
    if (matches > 1)
        return ska_fail(&place->tool->errors, SKA_R_WRONG_USE,
                        "%s: %zu tasks begin like this: give more of the id", given, matches);
    return matches == 1 || fail_no_task(tasks, given);
}

static bool task_read(struct request_place *place, const char *id, struct ska_request **request,
                      struct request_origin *origin)
{
    const struct tsb_task_filter filter = {.task = id};
    struct task_place *tasks = tasks_of(place);
    struct task_list list;
    bool done = fetch_tasks(tasks, &filter, &list);

    (void)origin;
    if (done && (list.count != 1 || strcmp(list.requests[0]->id, id) != 0))
        done = fail_no_task(tasks, id);
    if (done) {
        *request = list.requests[0];
        list.count = 0;
    }
    task_list_clear(&list);
    return done;
}

/* Nothing is known of others' answers. */
static bool task_count(struct request_place *place, struct ska_ballot *ballot, bool quiet)
{
    (void)quiet;
    return ska_ballot_open(ballot, &place->tool->errors);
}

/* A broker takes no signature for a refusal: it takes the task from who shows the key. */
static bool task_put(struct request_place *place, const struct ska_request *request,
                     enum ska_file_kind kind, struct ska_approval *answer, char *name)
{
    struct task_place *tasks = tasks_of(place);
    const struct ska_errors *errors = &place->tool->errors;
    struct tsb_proof proof;

    (void)name;
    if (kind == SKA_FILE_APPROVAL)
        return tsb_task_approve(tasks->connection, request->id,
                                ska_span_of(&request->approval_token), answer, errors);
    return prove(tasks, &proof) && tsb_task_reject(tasks->connection, request->id, &proof, errors);
}

/* ---- The place ------------------------------------------------------------------------------- */

static void task_close(struct request_place *place)
{
    ska_approval_clear(&tasks_of(place)->proof);
    free(place);
}

bool task_place_open(struct tool *tool, const struct ska_settings *settings,
                     const struct place_key *key, struct request_place **place)
{
    static const struct request_place_kind kind = {.is_broker = true,
                                                   .close = task_close,
                                                   .visit = task_visit,
                                                   .find = task_find,
                                                   .read = task_read,
                                                   .count = task_count,
                                                   .put = task_put};
    struct task_place *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "for a broker");
    if (!tsb_connection_find(settings, NULL, &made->connection, &tool->errors)) {
        free(made);
        return false;
    }
    made->key = *key;
    made->place = (struct request_place){
        .kind = &kind, .tool = tool, .name = tsb_connection_url(made->connection)};
    *place = &made->place;
    return true;
}
