/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/open_request.h"

#include <string.h>

#include "provider/record/audit.h"
#include "provider/sign/make_request.h"
#include "provider/sign/same_request.h"
#include "provider/sign/send.h"

/* ---- Finding --------------------------------------------------------------------------------- */

static bool audit_event(const struct ska_job *job, enum ska_audit_event event,
                        const struct ska_request *request, const char *detail)
{
    const struct ska_audit_entry entry = {event, request, NULL, detail};

    return ska_audit_append(&job->audit_log, job->libctx, &entry, job->errors);
}

static bool audit_open_request(const struct ska_job *job, const struct ska_request *request,
                               const char *detail)
{
    return audit_event(job, SKA_AUDIT_REQUEST, request, detail);
}

static bool copy_request(const struct ska_request *from, struct ska_request **to,
                         const struct ska_errors *errors)
{
    struct ska_bytes text = {NULL, 0};
    bool done = ska_request_print(from, &text, errors) &&
                ska_request_parse(ska_span_of(&text), "the request", to, errors);

    ska_bytes_free(&text);
    return done;
}

/* With the rules that it will show; that for a signature is known already. */
static bool make_draft(const struct ska_job *job, const struct ska_rule *rule,
                       struct ska_request **draft)
{
    if (!ska_draft_make(job, draft))
        return false;
    if (job->operation == SKA_OPERATION_SIGN ? ska_draft_set_rule(*draft, rule, job->errors)
                                             : ska_draft_add_rules(*draft, job->key, job->errors))
        return true;
    ska_request_free(*draft);
    *draft = NULL;
    return false;
}

/* A copy of the prepared request, if it is still what would be written now. */
static bool take_prepared(const struct ska_job *job, const struct ska_request *draft,
                          struct ska_open_request *open)
{
    struct ska_request *copy = NULL;

    if (job->prepared == NULL)
        return true;
    if (!copy_request(job->prepared, &copy, job->errors))
        return false;
    if (ska_draft_set_attempt(copy, draft->attempt, job) && strcmp(copy->id, draft->id) == 0 &&
        ska_request_compare(job, draft, copy) == SKA_REQUEST_SAME)
        open->request = copy;
    else
        ska_request_free(copy);
    return true;
}

/* ---- Names that are taken -------------------------------------------------------------------- */

/*
 * So many requests for one thing, and no more: names can be guessed, so somebody may take them one
 * after the other. Looking at all of them takes less than a second.
 */
#define ATTEMPTS_MOST 50000
/* So many of them are named. */
#define PASSED_BY_NAMED 3

static void pass_by(struct ska_open_request *open, const char *id, uid_t owner)
{
    open->passed_by_count++;
    if (open->passed_by_count <= PASSED_BY_NAMED)
        ska_buffer_format(&open->passed_by, "%s%.16s... of uid %lu",
                          open->passed_by_count == 1 ? "" : ", ", id, (unsigned long)owner);
    else if (open->passed_by_count == PASSED_BY_NAMED + 1)
        ska_buffer_text(&open->passed_by, ", ...");
}

/* Makes it the next request for the same thing. */
static bool try_next(const struct ska_job *job, const struct ska_open_request *open,
                     struct ska_request *request)
{
    if (request->attempt < ATTEMPTS_MOST)
        return ska_draft_set_attempt(request, request->attempt + 1, job);
    return ska_fail(job->errors, SKA_R_DIRECTORY_UNSAFE,
                    "%s: others have taken %zu names of requests for this signature (%.*s): the "
                    "directory's owner has to remove these files",
                    ska_directory_path(open->directory), open->passed_by_count,
                    (int)open->passed_by.length, (const char *)open->passed_by.data);
}

/* ---- In the directory ------------------------------------------------------------------------ */

/* Takes up what stands there for the draft; *decided: the draft's name is the one to be used. */
static bool take_standing(const struct ska_job *job, const struct ska_request *draft,
                          struct ska_open_request *open, bool *decided)
{
    struct ska_standing_request found;
    enum ska_sameness sameness = SKA_REQUEST_OTHER_WORDS;
    bool done = ska_directory_find(open->directory, draft->id, &found, job->errors);

    *decided = found.state == SKA_NAME_FREE;
    if (found.state == SKA_NAME_TAKEN)
        pass_by(open, draft->id, found.owner);
    if (found.state == SKA_NAME_OWN)
        sameness = ska_request_compare(job, draft, found.request);
    if (sameness != SKA_REQUEST_OTHER_WORDS) {
        *decided = true;
        open->hold = found.hold;
        found.hold = -1;
        open->published = sameness == SKA_REQUEST_SAME;
        open->taken_up = open->published;
        *(open->published ? &open->request : &open->superseded) = found.request;
        found.request = NULL;
    }
    ska_standing_request_clear(&found);
    return done && (!open->published || audit_open_request(job, open->request, "taken up again"));
}

/* Goes through the requests for the same thing until one is ours or can be. */
static bool find_standing(const struct ska_job *job, struct ska_request *draft,
                          struct ska_open_request *open)
{
    bool decided = open->directory == NULL;

    while (!decided)
        if (!take_standing(job, draft, open, &decided) || (!decided && !try_next(job, open, draft)))
            return false;
    return true;
}

static bool find_for_draft(const struct ska_job *job, struct ska_open_request *open,
                           struct ska_request **draft)
{
    if (!find_standing(job, *draft, open) ||
        (open->request == NULL && !take_prepared(job, *draft, open)))
        return false;
    if (open->request != NULL)
        return true;
    open->request = *draft;
    *draft = NULL;
    return ska_draft_add_token(job, open->request) &&
           audit_open_request(job, open->request, SKA_REQUEST_MADE);
}

bool ska_open_request_find(const struct ska_job *job, const struct ska_rule *rule,
                           struct ska_open_request *open)
{
    struct ska_request *draft = NULL;
    bool done = false;

    if (open->request != NULL)
        return ska_draft_set_rule(open->request, rule, job->errors) &&
               audit_open_request(job, open->request, SKA_REQUEST_HANDED_IN);
    done = make_draft(job, rule, &draft) && find_for_draft(job, open, &draft);
    ska_request_free(draft);
    return done;
}

/* ---- Standing there -------------------------------------------------------------------------- */

/* Another process was faster: whether its request is the one that this one would write. */
static bool compare_standing(const struct ska_job *job, const struct ska_rule *rule,
                             const struct ska_open_request *open,
                             struct ska_standing_request *standing, enum ska_sameness *sameness)
{
    struct ska_request *draft = NULL;

    if (!make_draft(job, rule, &draft))
        return false;
    if (!ska_draft_set_attempt(draft, open->request->attempt, job)) {
        ska_request_free(draft);
        return false;
    }
    *sameness = ska_request_compare(job, draft, standing->request);
    ska_request_free(draft);
    return true;
}

static void take_over(struct ska_open_request *open, struct ska_standing_request *standing)
{
    if (standing->request != NULL &&
        !ska_request_has_same_token(standing->request, open->request)) {
        ska_request_free(open->request);
        open->request = standing->request;
        standing->request = NULL;
        open->exchanged = true;
    }
    ska_directory_let_go(open->hold);
    open->hold = standing->hold;
    standing->hold = -1;
    open->published = true;
    ska_request_free(open->superseded);
    open->superseded = NULL;
}

/* Gives the request its name, or takes over what has it; *decided is false for want of the name. */
static bool publish_once(const struct ska_job *job, const struct ska_rule *rule,
                         struct ska_open_request *open, bool *decided)
{
    struct ska_standing_request standing;
    enum ska_sameness sameness = SKA_REQUEST_STALE;
    /* Of another attempt it says nothing, even if both have the same token. */
    const struct ska_request *expired =
        open->superseded != NULL && open->superseded->attempt == open->request->attempt
            ? open->superseded
            : NULL;
    bool done =
        ska_directory_publish(open->directory, open->request, expired, &standing, job->errors);

    *decided = done && standing.state == SKA_NAME_FREE;
    if (done && standing.state == SKA_NAME_TAKEN)
        pass_by(open, open->request->id, standing.owner);
    if (done && standing.state == SKA_NAME_OWN) {
        done = compare_standing(job, rule, open, &standing, &sameness);
        *decided = done && sameness == SKA_REQUEST_SAME;
    }
    if (*decided)
        take_over(open, &standing);
    ska_standing_request_clear(&standing);
    return done;
}

/* Only its owner, who is this user, and root could do so. */
static bool fail_withdrawn(const struct ska_job *job, const struct ska_open_request *open)
{
    return audit_event(job, SKA_AUDIT_WITHDRAWN, open->request,
                       "noticed by a signature that waited, which ends") &&
           ska_fail(job->errors, SKA_R_WITHDRAWN, "request %.16s: nothing was signed",
                    open->request->id);
}

bool ska_open_request_publish(const struct ska_job *job, const struct ska_rule *rule,
                              struct ska_open_request *open)
{
    uint64_t attempt = open->request->attempt;
    bool decided = false;

    if (open->published && ska_directory_stands(open->directory, open->request->id, open->hold))
        return true;
    if (open->published && ska_directory_was_withdrawn(open->hold))
        return fail_withdrawn(job, open);
    while (!decided)
        if (!publish_once(job, rule, open, &decided) ||
            (!decided && !try_next(job, open, open->request)))
            return false;
    return open->request->attempt == attempt || open->exchanged ||
           audit_open_request(job, open->request, SKA_REQUEST_MADE);
}

bool ska_open_request_close(struct ska_open_request *open, struct timespec *changed,
                            struct ska_leftovers *left)
{
    int hold = open->hold;

    open->hold = -1;
    return ska_directory_close_request(open->directory, open->request, hold, changed, left);
}

void ska_open_request_clear(struct ska_open_request *open)
{
    ska_directory_let_go(open->hold);
    ska_request_free(open->request);
    ska_request_free(open->superseded);
    ska_buffer_free(&open->passed_by);
    ska_directory_close(open->directory);
    memset(open, 0, sizeof(*open));
    open->hold = -1;
}
