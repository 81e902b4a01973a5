/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/task_place.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provider/base/clock.h"
#include "provider/base/error_capture.h"
#include "provider/tsb/approver_call.h"
#include "tools/own_answers.h"
#include "tools/show/request_text.h"
#include "tools/show/unshown.h"
#include "tools/unique_digits.h"

/* A signed time is shown so long; the broker takes it ten minutes. */
#define PROOF_SECONDS 60

/* Of a whole id. */
#define ID_LENGTH 36
/* So long a list of tasks stands for what there is; then others may have answered meanwhile. */
#define LIST_SECONDS 60
/* So many that were rejected, and are still there, are named. */
#define NAMED_MOST 5

struct task_list {
    struct ska_request **requests; /* NULL: taken away */
    size_t count;
};

struct task_place {
    struct request_place place;
    struct tsb_connection *connection;
    struct place_key key;
    struct task_list all; /* as they were listed last, but for those that were read since, at: */
    time_t listed;        /* 0: never */
    struct own_rejections rejected;
    bool answers_read;         /* those that the history tells */
    bool rejections_told;      /* which of them are still there */
    bool unread_told;          /* that nobody knows whether some are wanted */
    bool ids_untold;           /* the broker's own, of requests */
    struct ska_approval proof; /* over: */
    char time[32];             /* "2026-01-05T09:31:00Z" */
    time_t proved;             /* 0: never */
};

static struct task_place *tasks_of(struct request_place *place)
{
    return (struct task_place *)place;
}

/* ---- Who asks -------------------------------------------------------------------------------- */

static bool open_task_key(struct task_place *tasks, const struct ska_errors *errors)
{
    struct approver *key = tasks->key.key;
    struct tool *tool = tasks->place.tool;

    return (key->key != NULL || key->locked ||
            approver_open(tool, key, tasks->key.uri, tasks->key.certificate)) &&
           approver_unlock(key, tool->libctx, errors);
}

/* The time as it is said; never ahead of the broker's, whose clock may be behind a little. */
static bool sign_time(struct task_place *tasks, time_t now, const struct ska_errors *errors)
{
    ska_approval_clear(&tasks->proof);
    tasks->proved = 0;
    if (!ska_utc_text((uint64_t)now, tasks->time))
        return ska_fail(errors, SKA_R_INTERNAL, "the time of this computer");
    if (!approver_sign(tasks->key.key, NULL, ska_span_text(tasks->time), &tasks->proof, errors))
        return false;
    tasks->proved = now;
    return true;
}

static bool prove(struct task_place *tasks, struct tsb_proof *proof,
                  const struct ska_errors *errors)
{
    time_t now = time(NULL);

    if ((now < tasks->proved || now - tasks->proved >= PROOF_SECONDS || tasks->proved == 0) &&
        (!open_task_key(tasks, errors) || !sign_time(tasks, now, errors)))
        return false;
    *proof = (struct tsb_proof){tasks->time, &tasks->proof};
    return true;
}

/* ---- All tasks ------------------------------------------------------------------------------- */

/* On its way into a list. */
struct task_fetch {
    struct task_place *tasks;
    struct task_list *list;
    bool failed;
};

/* A tsb_task_visit. */
static bool keep_task(void *arg, struct ska_request *request)
{
    struct task_fetch *fetch = arg;
    struct task_list *list = fetch->list;
    struct ska_request **grown =
        reallocarray(list->requests, list->count + 1, sizeof(*list->requests));

    if (grown == NULL) {
        ska_request_free(request);
        fetch->failed = true;
        return ska_fail(&fetch->tasks->place.tool->errors, SKA_R_OUT_OF_MEMORY, "%zu tasks",
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
    struct task_fetch fetch = {tasks, list, false};
    struct tsb_proof proof;
    bool done = false;

    *list = (struct task_list){NULL, 0};
    done = prove(tasks, &proof, errors) &&
           tsb_tasks_visit(tasks->connection, &proof, filter, keep_task, &fetch, &wrong, errors);
    report_warnings_end(&warnings);
    return done && !fetch.failed;
}

static void task_list_clear(struct task_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        ska_request_free(list->requests[i]);
    free(list->requests);
    *list = (struct task_list){NULL, 0};
}

static bool fetch_all(struct task_place *tasks)
{
    static const struct tsb_task_filter all;

    task_list_clear(&tasks->all);
    tasks->listed = 0;
    if (!fetch_tasks(tasks, &all, &tasks->all))
        return false;
    tasks->listed = time(NULL);
    return true;
}

/* What was listed just now need not be fetched once more. NULL: it was not. */
static struct ska_request *take_listed(struct task_place *tasks, const char *id)
{
    struct task_list *all = &tasks->all;
    time_t now = time(NULL);
    bool fresh = tasks->listed != 0 && now >= tasks->listed && now - tasks->listed < LIST_SECONDS;

    for (size_t i = 0; fresh && i < all->count; i++) {
        struct ska_request *request = all->requests[i];

        if (request != NULL && strcmp(request->id, id) == 0) {
            all->requests[i] = NULL;
            return request;
        }
    }
    return NULL;
}

/* ---- What was rejected ----------------------------------------------------------------------- */

static bool read_rejected(struct task_place *tasks)
{
    if (!tasks->answers_read)
        tasks->answers_read = own_rejections_read(
            tasks->place.tool, ska_span_of(&tasks->key.key->public_key), &tasks->rejected);
    return tasks->answers_read;
}

/* A rejection that did not arrive, or that the broker does not heed: nobody is to think it done. */
static void tell_rejected(struct task_place *tasks)
{
    struct ska_buffer ids = {0};
    size_t count = 0;
    bool shown = true;

    for (size_t i = 0; i < tasks->all.count; i++) {
        const struct ska_request *request = tasks->all.requests[i];

        if (!own_rejections_have_task(&tasks->rejected, request->id))
            continue;
        shown = shown && request->unshown == NULL;
        if (++count <= NAMED_MOST)
            ska_buffer_format(&ids, "%s%.36s", count > 1 ? ", " : "", request_shown_id(request));
    }
    if (count > 0 && !tasks->rejections_told)
        report_note("the broker still asks for what you have rejected (skatool history shows it): "
                    "%s%s. You are not asked again; skatool reject with the id rejects it once "
                    "more%s",
                    ska_buffer_string(&ids), count > NAMED_MOST ? " and others" : "",
                    shown ? ", skatool approve approves it" : "");
    ska_buffer_free(&ids);
    tasks->rejections_told = tasks->rejections_told || count > 0;
}

/* They are none of those that are wanted, but may be. */
static void tell_unread(struct task_place *tasks, const struct request_filter *filter)
{
    struct ska_buffer ids = {0};
    size_t count = 0;

    for (size_t i = 0; i < tasks->all.count; i++) {
        const struct ska_request *request = tasks->all.requests[i];

        if (request->unshown != NULL && request->key_label == NULL && ++count <= NAMED_MOST)
            ska_buffer_format(&ids, "%s%.36s", count > 1 ? ", " : "", request_shown_id(request));
    }
    if (count > 0 && filter->key != NULL && !tasks->unread_told)
        report_note("the approval token of %s%s cannot be read, so with which key it would be used "
                    "is not known (skatool requests without --key lists it)",
                    ska_buffer_string(&ids), count > NAMED_MOST ? " and others" : "");
    ska_buffer_free(&ids);
    tasks->unread_told = tasks->unread_told || count > 0;
}

/* ---- Ballots ----------------------------------------------------------------------------------
 */

/* What cannot be shown has no token, and nobody's approval counts for it here. */
static bool open_ballot(struct ska_ballot *ballot, const struct ska_errors *errors)
{
    const struct ska_request *request = ballot->request;

    if (request->unshown == NULL)
        return ska_ballot_open(ballot, errors);
    ballot->token.operation = request->operation;
    ballot->token.key_name = ska_span_text(request->key_label);
    return true;
}

/* ---- Visiting -------------------------------------------------------------------------------- */

static bool visit_task(struct task_place *tasks, size_t which, const struct request_filter *filter,
                       request_visit *visit, void *arg)
{
    const struct task_list *list = &tasks->all;
    struct tool *tool = tasks->place.tool;
    struct ska_request *request = list->requests[which];
    struct listed_request listed = {
        .digits = unique_digits(list->requests, list->count, which),
        .answers_hidden = true,
        .ballot = {.libctx = tool->libctx, .request = request},
    };
    bool done = open_ballot(&listed.ballot, &tool->errors);

    listed.request = request;
    listed_request_judge(&listed);
    if (done && !own_rejections_have_task(&tasks->rejected, request->id) &&
        request_filter_takes(filter, request, &listed.origin))
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
    struct task_place *tasks = tasks_of(place);
    bool done = fetch_all(tasks) && read_rejected(tasks);

    if (done)
        tell_rejected(tasks);
    if (done)
        tell_unread(tasks, filter);
    for (size_t i = 0; done && i < tasks->all.count; i++)
        done = visit_task(tasks, i, filter, visit, arg);
    return done;
}

/* ---- One of them ----------------------------------------------------------------------------- */

static bool fail_no_task(const struct task_place *tasks, const char *given)
{
    char *shown = ska_printable(ska_span_text(given), 64);

    ska_fail(&tasks->place.tool->errors, SKA_R_REQUEST_NOT_OPEN,
             "%s: the broker %s has nothing with this id for this approver: it has expired, was "
             "answered or withdrawn, or was never for this key (skatool requests shows what is "
             "waiting)%s%s",
             shown == NULL ? "" : shown, tasks->place.name,
             strlen(given) < ID_LENGTH ? ". A broker shows approvers only the ids of tasks: its "
                                         "own id of a request must be given in full"
                                       : "",
             tasks->key.certificate == NULL ? ". If the rule names your certificate, add --cert"
                                            : "");
    free(shown);
    return false;
}

/* Which has been answered, or never was. */
static bool end_without_task(struct task_place *tasks, const char *given)
{
    own_answer_find(tasks->place.tool->libctx, ska_span_of(&tasks->key.key->public_key), given,
                    &tasks->place.answered);
    return !tasks->place.answered.found && fail_no_task(tasks, given);
}

/* A broker could answer with any other task, and that would be rejected unseen. */
static bool check_request_of(struct task_place *tasks, const char *task, const char *wanted)
{
    const struct ska_errors *errors = &tasks->place.tool->errors;
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    char told[BROKER_ID_SIZE] = "";
    struct tsb_proof proof;
    bool done = prove(tasks, &proof, errors);
    bool known = done && tsb_task_request(tasks->connection, &proof, task, told, &to_failure);

    if (done && !known)
        done = ska_fail(errors, SKA_R_SERVER_FAILURE,
                        "request %s: the broker names task %s, and does not confirm that this is "
                        "its task (%s): give the id of the task, which skatool requests shows",
                        wanted, task, ska_error_capture_text(&failure));
    else if (done && strcmp(told, wanted) != 0)
        done = ska_fail(errors, SKA_R_SERVER_FAILURE,
                        "request %s: the broker names task %s, which is of request %s: nothing was "
                        "answered",
                        wanted, task, told);
    ska_error_capture_clear(&failure);
    return done;
}

/* Whoever asks may have told the id of the request, which is another than that of the task. */
static bool find_by_request(struct task_place *tasks, const char *given,
                            char id[SKA_REQUEST_ID_LENGTH + 1])
{
    char written[ID_LENGTH + 1] = ""; /* as brokers write them */
    const struct tsb_task_filter filter = {.request = written};
    struct task_list list;
    bool done = false;

    for (size_t i = 0; i < ID_LENGTH && given[i] != 0; i++)
        written[i] = ska_lower(given[i]);
    done = fetch_tasks(tasks, &filter, &list);

    if (done && list.count != 1)
        done = end_without_task(tasks, given);
    else if (done)
        done = check_request_of(tasks, list.requests[0]->id, written);
    if (done && list.count == 1)
        memcpy(id, list.requests[0]->id, SKA_REQUEST_ID_LENGTH + 1);
    task_list_clear(&list);
    return done;
}

/* Whoever asks may state the same id for another request, or hand the same in twice. */
static bool fail_ambiguous_task(const struct task_place *tasks, const char *given, size_t matches)
{
    struct ska_buffer ids = {0};
    size_t count = 0;

    for (size_t i = 0; i < tasks->all.count; i++)
        if (request_is_called(tasks->all.requests[i], given) && ++count <= NAMED_MOST)
            ska_buffer_format(&ids, "%s%s", count > 1 ? ", " : "", tasks->all.requests[i]->id);
    ska_fail(&tasks->place.tool->errors, SKA_R_WRONG_USE,
             "%s: %zu tasks match: give more of the id, or the broker's own id of the one that you "
             "mean: %s%s",
             given, matches, ska_buffer_string(&ids), matches > NAMED_MOST ? " and others" : "");
    ska_buffer_free(&ids);
    return false;
}

static bool task_find(struct request_place *place, const char *given,
                      char id[SKA_REQUEST_ID_LENGTH + 1])
{
    struct task_place *tasks = tasks_of(place);
    size_t length = strlen(given);
    size_t matches = 0;
    bool done = length >= SKA_REQUEST_ID_LEAST || fail_no_task(tasks, given);

    if (!done || !fetch_all(tasks))
        return false;
    for (size_t i = 0; i < tasks->all.count; i++)
        if (request_is_called(tasks->all.requests[i], given)) {
            memcpy(id, tasks->all.requests[i]->id, SKA_REQUEST_ID_LENGTH + 1);
            matches++;
        }
    if (matches == 0 && length == ID_LENGTH)
        return find_by_request(tasks, given, id);
    if (matches > 1)
        return fail_ambiguous_task(tasks, given, matches);
    return matches == 1 || end_without_task(tasks, given);
}

static bool task_read(struct request_place *place, const char *id, struct ska_request **request,
                      struct request_origin *origin)
{
    const struct tsb_task_filter filter = {.task = id};
    struct task_place *tasks = tasks_of(place);
    struct task_list list;
    bool done = false;

    (void)origin;
    *request = take_listed(tasks, id);
    if (*request != NULL)
        return true;
    done = fetch_tasks(tasks, &filter, &list);
    if (done && (list.count != 1 || strcmp(list.requests[0]->id, id) != 0))
        done = fail_no_task(tasks, id);
    if (done) {
        *request = list.requests[0];
        list.count = 0;
    }
    task_list_clear(&list);
    return done;
}

static const struct own_rejections *task_rejections(struct request_place *place)
{
    struct task_place *tasks = tasks_of(place);

    return read_rejected(tasks) ? &tasks->rejected : NULL;
}

/* Nothing is known of others' answers. */
static bool task_count(struct request_place *place, struct ska_ballot *ballot, bool quiet)
{
    (void)quiet;
    return open_ballot(ballot, &place->tool->errors);
}

/* Not every broker tells; asked once, one that does not is asked no more. */
static bool task_broker_id(struct request_place *place, const struct ska_request *request,
                           char id[BROKER_ID_SIZE])
{
    struct task_place *tasks = tasks_of(place);
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    struct tsb_proof proof;

    tasks->ids_untold = tasks->ids_untold || !prove(tasks, &proof, &quiet) ||
                        !tsb_task_request(tasks->connection, &proof, request->id, id, &quiet);
    ska_error_capture_clear(&failure);
    return !tasks->ids_untold;
}

/* A broker takes no signature for a refusal: it takes the task from who shows the key. */
static bool task_put(struct request_place *place, const struct ska_request *request,
                     enum ska_file_kind kind, struct ska_approval *answer, char *name)
{
    struct task_place *tasks = tasks_of(place);
    const struct ska_errors *errors = &place->tool->errors;
    struct tsb_proof proof;

    (void)name;
    tasks->answers_read = false; /* this one stands there by now */
    if (kind == SKA_FILE_APPROVAL)
        return unshown_refuse(request, errors) &&
               tsb_task_approve(tasks->connection, request->id,
                                ska_span_of(&request->approval_token), answer, errors);
    return prove(tasks, &proof, errors) &&
           tsb_task_reject(tasks->connection, request->id, &proof, errors);
}

/* ---- The place ------------------------------------------------------------------------------- */

static void task_close(struct request_place *place)
{
    struct task_place *tasks = tasks_of(place);

    ska_approval_clear(&tasks->proof);
    task_list_clear(&tasks->all);
    own_rejections_clear(&tasks->rejected);
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
                                                   .rejections = task_rejections,
                                                   .count = task_count,
                                                   .broker_id = task_broker_id,
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
