/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/open_request.h"

#include <string.h>

#include "provider/record/audit.h"
#include "provider/request/token_check.h"
#include "provider/rule/rule_codec.h"
#include "provider/sign/ballot.h"
#include "provider/sign/hsm_time.h"
#include "provider/sign/make_request.h"
#include "provider/sign/send.h"

/* ---- Whether a request serves ---------------------------------------------------------------- */

static bool is_same_rule(const struct ska_rule *a, const struct ska_rule *b)
{
    struct ska_bytes encoded_a = {NULL, 0};
    struct ska_bytes encoded_b = {NULL, 0};
    bool same = ska_rule_encode(a, &encoded_a, NULL) && ska_rule_encode(b, &encoded_b, NULL) &&
                ska_span_equal(ska_span_of(&encoded_a), ska_span_of(&encoded_b));

    ska_bytes_free(&encoded_a);
    ska_bytes_free(&encoded_b);
    return same;
}

/*
 * Others may write into the directory: what stands there is taken up only if it is what we would
 * have written, token and rule, so that nobody is shown or approves something useless.
 */
static bool is_ours(const struct ska_job *job, const struct ska_ballot *ballot)
{
    const struct ska_request *request = ballot->request;
    const struct ska_rule *rule = ballot->rule;
    bool timed = rule != NULL ? ska_rule_has_time_limit(rule) : job->timestamp_key != NULL;

    if (request->has_rule[SKA_RULE_USE] != (rule != NULL) ||
        (rule != NULL && !is_same_rule(&request->rules[SKA_RULE_USE], rule)) ||
        !ska_approval_token_check(ska_span_of(&request->approval_token), job->key,
                                  SKA_OPERATION_SIGN, job->payload, NULL) ||
        ballot->token.has_timestamp != timed)
        return false;
    return !timed ||
           ska_hsm_timestamp_genuine(job->libctx, job->key, job->timestamp_key, &ballot->token);
}

/* It comes without approvals, from the directory or as it was prepared. */
static bool serves(const struct ska_job *job, struct ska_request *request,
                   const struct ska_rule *rule)
{
    struct ska_ballot ballot = {
        .libctx = job->libctx, .request = request, .rule = rule, .rule_of_hsm = true};
    bool good = ska_ballot_open(&ballot, NULL) && is_ours(job, &ballot);

    if (good && rule != NULL) {
        ska_ballot_ask_time(&ballot, job->key);
        good = !ska_ballot_judge(&ballot).over;
    }
    ska_ballot_close(&ballot);
    return good;
}

/* ---- Finding --------------------------------------------------------------------------------- */

static bool audit_open_request(const struct ska_job *job, const struct ska_request *request,
                               const char *detail)
{
    const struct ska_audit_entry entry = {SKA_AUDIT_REQUEST, request, NULL, detail};

    return ska_audit_append(&job->audit_log, job->libctx, &entry, job->errors);
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

/* A copy of the prepared request, if it still serves. */
static bool take_prepared(const struct ska_job *job, const struct ska_request *draft,
                          const struct ska_rule *rule, struct ska_open_request *open)
{
    struct ska_request *copy = NULL;

    if (job->prepared == NULL || strcmp(job->prepared->id, draft->id) != 0)
        return true;
    if (!copy_request(job->prepared, &copy, job->errors))
        return false;
    if (serves(job, copy, rule))
        open->request = copy;
    else
        ska_request_free(copy);
    return true;
}

/* Looks in the directory, holding what may stand there before looking at it. */
static bool take_standing(const struct ska_job *job, const struct ska_request *draft,
                          const struct ska_rule *rule, struct ska_open_request *open)
{
    struct ska_request *found = NULL;

    if (open->directory == NULL)
        return true;
    open->hold = ska_directory_hold(open->directory, draft->id);
    if (!ska_directory_find(open->directory, draft, &found, job->errors))
        return false;
    if (found != NULL && serves(job, found, rule)) {
        open->request = found;
        open->published = true;
        return audit_open_request(job, found, "taken up again");
    }
    open->superseded = found;
    return true;
}

static bool find_for_draft(const struct ska_job *job, const struct ska_rule *rule,
                           struct ska_open_request *open, struct ska_request **draft)
{
    if (!take_standing(job, *draft, rule, open) ||
        (open->request == NULL && !take_prepared(job, *draft, rule, open)))
        return false;
    if (open->request != NULL)
        return true;
    open->request = *draft;
    *draft = NULL;
    return ska_draft_set_rule(open->request, rule, job->errors) &&
           ska_draft_add_token(job, open->request) &&
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
    done = ska_draft_make(job, &draft) && find_for_draft(job, rule, open, &draft);
    ska_request_free(draft);
    return done;
}

/* ---- Standing in the directory --------------------------------------------------------------- */

static void hold_request(struct ska_open_request *open)
{
    ska_directory_let_go(open->hold);
    open->hold = ska_directory_hold(open->directory, open->request->id);
}

bool ska_open_request_publish(const struct ska_job *job, const struct ska_rule *rule,
                              struct ska_open_request *open)
{
    struct ska_request *standing = NULL;

    if (open->published && ska_directory_stands(open->directory, open->request->id, open->hold))
        return true;
    if (!ska_directory_publish(open->directory, open->request, open->superseded, &standing,
                               job->errors))
        return false;
    open->published = true;
    if (standing == NULL || ska_span_equal(ska_span_of(&standing->approval_token),
                                           ska_span_of(&open->request->approval_token))) {
        hold_request(open);
    } else if (serves(job, standing, rule)) {
        ska_request_free(open->request);
        open->request = standing;
        open->exchanged = true;
        standing = NULL;
        hold_request(open);
    } else {
        /* It is for others, who are not to be kept from closing it. */
        ska_directory_let_go(open->hold);
        open->hold = -1;
    }
    ska_request_free(standing);
    return true;
}

void ska_open_request_finish(struct ska_open_request *open)
{
    ska_directory_finish(open->directory, open->request, open->hold);
    open->hold = -1;
}

void ska_open_request_clear(struct ska_open_request *open)
{
    ska_directory_let_go(open->hold);
    ska_request_free(open->request);
    ska_request_free(open->superseded);
    ska_directory_close(open->directory);
    memset(open, 0, sizeof(*open));
    open->hold = -1;
}
