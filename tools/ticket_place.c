/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ticket_place.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "provider/sign/broker_ticket.h"
#include "provider/sign/broker_words.h"
#include "provider/tsb/broker_key.h"
#include "tools/show/request_text.h"
#include "tools/unique_digits.h"
#include "tools/withdrawal.h"

struct ticket_place {
    struct request_place place;
    struct tsb_connection *connection;
    const char *state_dir;   /* the configuration's */
    enum broker_state state; /* of the request that was counted last */
};

static struct ticket_place *tickets_of(struct request_place *place)
{
    return (struct ticket_place *)place;
}

/* ---- What is remembered ---------------------------------------------------------------------- */

struct ticket_list {
    struct ska_request **requests; /* with the broker's ids */
    size_t count;
    bool failed;
};

/* A ska_broker_ticket_visit. */
static bool keep_ticket(void *arg, const char *id, struct ska_request *draft)
{
    struct ticket_list *list = arg;
    struct ska_request **grown =
        reallocarray(list->requests, list->count + 1, sizeof(*list->requests));

    _Static_assert(sizeof(draft->id) >= BROKER_ID_SIZE, "an id of a broker has room");
    if (grown == NULL) {
        ska_request_free(draft);
        list->failed = true;
        return false;
    }
    memcpy(draft->stated_id, draft->id, sizeof(draft->stated_id));
    memcpy(draft->id, id, strlen(id) + 1);
    list->requests = grown;
    list->requests[list->count++] = draft;
    return true;
}

/* By the time at which they were made, which is text. */
static int compare_created(const void *a, const void *b)
{
    const struct ska_request *one = *(const struct ska_request *const *)a;
    const struct ska_request *other = *(const struct ska_request *const *)b;
    int order = strcmp(one->created == NULL ? "" : one->created,
                       other->created == NULL ? "" : other->created);

    return order != 0 ? order : strcmp(one->id, other->id);
}

static bool read_tickets(struct ticket_place *tickets, struct ticket_list *list)
{
    const struct ska_errors *errors = &tickets->place.tool->errors;
    struct report_warnings warnings = {0};
    const struct ska_errors wrong = report_warnings_errors(&warnings);
    bool done = false;

    *list = (struct ticket_list){NULL, 0, false};
    done = ska_broker_tickets_visit(tickets->state_dir, tickets->place.name, keep_ticket, list,
                                    &wrong, errors);
    report_warnings_end(&warnings);
    if (list->failed)
        done = ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu requests", list->count);
    if (done && list->count > 1)
        qsort(list->requests, list->count, sizeof(*list->requests), compare_created);
    return done;
}

static void ticket_list_clear(struct ticket_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        ska_request_free(list->requests[i]);
    free(list->requests);
}

/* ---- What the broker says -------------------------------------------------------------------- */

/* Who has answered, as answers that count. */
static bool take_people(const struct broker_people *people, struct ska_approval **answers,
                        size_t *count)
{
    *answers = calloc(people->count + 1, sizeof(**answers));
    for (size_t i = 0; *answers != NULL && i < people->count; i++) {
        struct ska_approval *answer = &(*answers)[i];

        if (!ska_bytes_copy(&answer->public_key, ska_span_of(&people->list[i]), NULL))
            return false;
        answer->state = SKA_ANSWER_COUNTS;
        ++*count;
    }
    return *answers != NULL;
}

/* By the broker's word; the HSM counts them itself. */
static bool take_answers(struct ska_ballot *ballot, const struct broker_status *status)
{
    struct ska_request *request = ballot->request;

    ska_approvals_free(request->approvals, request->approval_count);
    request->approval_count = 0;
    ballot->keys = calloc(status->approved.count + 1, sizeof(*ballot->keys));
    if (ballot->keys == NULL ||
        !take_people(&status->approved, &request->approvals, &request->approval_count) ||
        !take_people(&status->rejected, &ballot->refusals, &ballot->refusal_count))
        return false;
    for (size_t i = 0; i < request->approval_count; i++)
        ballot->keys[ballot->key_count++] = ska_span_of(&request->approvals[i].public_key);
    return true;
}

/* The HSM's time is practically that at which the request was handed in. */
static void take_time(struct ska_ballot *ballot)
{
    ballot->token.operation = ballot->request->operation;
    ballot->token.key_name = ska_span_text(ballot->request->key_label);
    ballot->token.has_timestamp =
        ska_time_read(ballot->request->created, &ballot->token.timestamp.seconds);
    ska_ballot_set_time(ballot, (uint64_t)time(NULL), false);
}

static void note_state(struct ticket_place *tickets, enum broker_state state)
{
    struct request_place *place = &tickets->place;

    tickets->state = state;
    place->is_executed = state == BROKER_EXECUTED;
    place->word = place->is_executed ? "executed" : ska_broker_state_word(state);
    place->ended = place->is_executed ? 0 : ska_broker_state_reason(state);
}

static bool ticket_count(struct request_place *place, struct ska_ballot *ballot, bool quiet)
{
    struct ticket_place *tickets = tickets_of(place);
    const struct ska_errors *errors = &place->tool->errors;
    struct broker_status status = {.state = BROKER_PENDING};
    bool done = false;

    (void)quiet;
    if (tsb_request_state(tickets->connection, ballot->request->id, &status, errors) != BROKER_TOLD)
        return false;
    note_state(tickets, status.state);
    take_time(ballot);
    done = take_answers(ballot, &status) || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");
    broker_status_clear(&status);
    return done;
}

/* ---- All of them ----------------------------------------------------------------------------- */

static enum request_outlook outlook_of(enum broker_state state, enum request_outlook judged)
{
    switch (state) {
    case BROKER_PENDING:
        return judged;
    case BROKER_APPROVED:
    case BROKER_EXECUTED:
        return REQUEST_COMPLETE;
    case BROKER_REJECTED:
        return REQUEST_HOPELESS;
    case BROKER_EXPIRED:
    case BROKER_CANCELLED:
    case BROKER_FAILED:
    case BROKER_GONE:
        break;
    }
    return REQUEST_OVER;
}

static bool visit_ticket(struct ticket_place *tickets, const struct ticket_list *list, size_t which,
                         const struct request_filter *filter, request_visit *visit, void *arg)
{
    struct request_place *place = &tickets->place;
    struct ska_request *request = list->requests[which];
    struct listed_request listed = {
        .digits = unique_digits(list->requests, list->count, which),
        .request = request,
        .origin = {.known = true, .owner = geteuid()}, /* whose state-dir it is */
        .ballot = {.libctx = place->tool->libctx,
                   .request = request,
                   .rule = request_stated_rule(request)},
    };
    bool done = true;

    if (request_filter_takes(filter, request, &listed.origin)) {
        done = ticket_count(place, &listed.ballot, false);
        listed_request_judge(&listed);
        listed.outlook = outlook_of(tickets->state, listed.outlook);
        listed.word = place->word;
        done = done && visit(arg, &listed);
    } else {
        place->passed_by++;
    }
    listed.request = NULL; /* the list's */
    listed_request_clear(&listed);
    return done;
}

static bool ticket_visit(struct request_place *place, const struct request_filter *filter,
                         request_visit *visit, void *arg)
{
    struct ticket_place *tickets = tickets_of(place);
    struct ticket_list list;
    bool done = read_tickets(tickets, &list);

    for (size_t i = 0; done && i < list.count; i++)
        done = visit_ticket(tickets, &list, i, filter, visit, arg);
    ticket_list_clear(&list);
    return done;
}

/* ---- One of them ----------------------------------------------------------------------------- */

static bool fail_no_ticket(const struct ticket_place *tickets, const char *given)
{
    char *shown = ska_printable(ska_span_text(given), 64);

    ska_fail(&tickets->place.tool->errors, SKA_R_REQUEST_NOT_OPEN,
             "%s: state-dir remembers no request with this id at %s: it was fetched or withdrawn, "
             "or submitted elsewhere (skatool requests shows those that are there)",
             shown == NULL ? "" : shown, tickets->place.name);
    free(shown);
    return false;
}

/* The one that begins like this. NULL: raised. */
static struct ska_request *find_ticket(struct ticket_place *tickets, const char *given)
{
    size_t length = strlen(given);
    struct ska_request *found = NULL;
    struct ticket_list list;
    size_t matches = 0;
    bool done = read_tickets(tickets, &list);

    for (size_t i = 0; done && length >= SKA_REQUEST_ID_LEAST && i < list.count; i++) {
        if (!request_is_called(list.requests[i], given))
            continue;
        matches++;
        ska_request_free(found);
        found = list.requests[i];
        list.requests[i] = NULL;
    }
    ticket_list_clear(&list);
    if (matches == 1)
        return found;
    ska_request_free(found);
    if (done && matches > 1)
        ska_fail(&tickets->place.tool->errors, SKA_R_WRONG_USE,
                 "%s: %zu requests start with this: give more of the id", given, matches);
    else if (done)
        fail_no_ticket(tickets, given);
    return NULL;
}

static bool ticket_find(struct request_place *place, const char *given,
                        char id[SKA_REQUEST_ID_LENGTH + 1])
{
    struct ska_request *found = find_ticket(tickets_of(place), given);

    if (found == NULL)
        return false;
    memcpy(id, found->id, SKA_REQUEST_ID_LENGTH + 1);
    ska_request_free(found);
    return true;
}

static bool ticket_read(struct request_place *place, const char *id, struct ska_request **request,
                        struct request_origin *origin)
{
    (void)origin;
    *request = find_ticket(tickets_of(place), id);
    return *request != NULL;
}

static void forget_ticket(const struct ticket_place *tickets, const struct ska_request *draft,
                          const char *broker_id)
{
    struct ska_broker_ticket ticket = {.fd = -1};

    if (ska_broker_ticket_init(&ticket, tickets->state_dir, draft->id, NULL)) {
        memcpy(ticket.id, broker_id, sizeof(ticket.id));
        ska_broker_ticket_forget(&ticket, tickets->place.name);
    }
    ska_broker_ticket_clear(&ticket);
}

/* By our own id, which the draft gives. */
static void end_ticket(struct ticket_place *tickets, struct ska_request *draft)
{
    char id[BROKER_ID_SIZE];

    memcpy(id, draft->id, sizeof(id));
    if (ska_request_identify(draft, tickets->place.tool->libctx, NULL)) {
        withdrawal_audit(tickets->place.tool, draft, id);
        forget_ticket(tickets, draft, id);
    }
    memcpy(draft->id, id, sizeof(id));
}

/* Without a result: it is only forgotten. */
static bool has_ended(const struct request_place *place)
{
    return place->ended != 0 && place->ended != SKA_R_APPROVALS_PENDING;
}

static bool ticket_withdraw(struct request_place *place, const struct ska_ballot *ballot)
{
    static const struct ska_leftovers nothing;
    struct ticket_place *tickets = tickets_of(place);

    if (!has_ended(place) && tsb_withdraw(tickets->connection, ballot->request->id, false,
                                          &place->tool->errors) != BROKER_WITHDRAWN)
        return false;
    withdrawal_say(ballot, &nothing);
    end_ticket(tickets, ballot->request);
    return true;
}

/* ---- The place ------------------------------------------------------------------------------- */

static void ticket_close(struct request_place *place)
{
    free(place);
}

bool ticket_place_open(struct tool *tool, const struct ska_settings *settings, bool may_answer,
                       struct request_place **place)
{
    static const struct request_place_kind kind = {.is_broker = true,
                                                   .keeps_results = true,
                                                   .close = ticket_close,
                                                   .visit = ticket_visit,
                                                   .find = ticket_find,
                                                   .read = ticket_read,
                                                   .count = ticket_count,
                                                   .withdraw = ticket_withdraw};
    const char *state_dir = tool->configuration.settings.state_dir;
    struct ticket_place *made = NULL;

    if (state_dir == NULL)
        return ska_fail(&tool->errors, SKA_R_WRONG_USE,
                        "the configuration sets no state-dir, which would remember what was "
                        "submitted to a broker%s",
                        may_answer ? " (approvers add --approver KEY)" : "");
    made = calloc(1, sizeof(*made));
    if (made == NULL)
        return ska_fail(&tool->errors, SKA_R_OUT_OF_MEMORY, "for a broker");
    if (!tsb_connection_find(settings, NULL, &made->connection, &tool->errors)) {
        free(made);
        return false;
    }
    made->state_dir = state_dir;
    made->place = (struct request_place){
        .kind = &kind, .tool = tool, .name = tsb_connection_url(made->connection)};
    *place = &made->place;
    return true;
}
