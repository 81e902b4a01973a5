/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/same_request.h"

#include <stdlib.h>
#include <string.h>

#include "provider/request/token_check.h"
#include "provider/sign/ballot.h"
#include "provider/sign/hsm_time.h"
#include "provider/sign/make_request.h"

static bool has_same_words(const struct ska_request *a, const struct ska_request *b)
{
    if (a->description == NULL || b->description == NULL)
        return a->description == b->description;
    return strcmp(a->description, b->description) == 0;
}

/* For this key, operation and payload; with a timestamp, of the HSM, just where there must be one.
 */
static bool is_token_right(const struct ska_job *job, const struct ska_ballot *ballot,
                           struct ska_bytes *timestamp_key)
{
    bool timed =
        ballot->rule != NULL ? ska_rule_has_time_limit(ballot->rule) : job->timestamp_key != NULL;

    return ska_approval_token_check(ska_span_of(&ballot->request->approval_token), job->key,
                                    job->operation, job->payload, NULL) &&
           ballot->token.has_timestamp == timed &&
           (!timed || ska_hsm_timestamp_genuine(job->libctx, job->key, job->timestamp_key,
                                                &ballot->token, timestamp_key));
}

static bool is_printed_alike(const struct ska_request *a, const struct ska_request *b)
{
    struct ska_bytes one = {NULL, 0};
    struct ska_bytes other = {NULL, 0};
    bool alike = ska_request_print(a, &one, NULL) && ska_request_print(b, &other, NULL) &&
                 ska_span_equal(ska_span_of(&one), ska_span_of(&other));

    ska_bytes_free(&one);
    ska_bytes_free(&other);
    return alike;
}

/*
 * Written out, both must be the same to the last byte: no member is forgotten, not even one that
 * this comparison knows nothing of.
 */
static bool is_as_written_here(const struct ska_ballot *ballot, const struct ska_request *draft,
                               const struct ska_bytes *timestamp_key)
{
    const struct ska_request *request = ballot->request;
    /* Members are borrowed, but for those that are set below. */
    struct ska_request wanted = *draft;
    bool alike = false;

    wanted.created = request->created;
    wanted.requester_host = request->requester_host;
    wanted.requester_program = request->requester_program;
    wanted.signed_content = request->signed_content;
    wanted.no_content = request->no_content;
    wanted.approval_token = request->approval_token;
    /*
     * A change is the same one whoever asks for it, and then it is not asked for twice. One that
     * was imported gives way, with its approvals, to what this process writes.
     */
    if (request->operation != SKA_OPERATION_SIGN)
        wanted.requester_uid = request->requester_uid;
    else {
        wanted.is_imported = request->is_imported;
        wanted.importer_uid = request->importer_uid;
    }
    wanted.timestamp_key = *timestamp_key;
    wanted.not_before = NULL;
    wanted.not_after = NULL;
    alike = (!ballot->token.has_timestamp ||
             ska_draft_set_times(&wanted, ballot->token.timestamp.seconds, NULL)) &&
            is_printed_alike(&wanted, request);
    free(wanted.not_before);
    free(wanted.not_after);
    return alike;
}

enum ska_sameness ska_request_compare(const struct ska_job *job, const struct ska_request *draft,
                                      struct ska_request *request)
{
    enum ska_rule_kind kind = ska_rule_kind_of(draft->operation);
    const struct ska_rule *rule = draft->has_rule[kind] ? &draft->rules[kind] : NULL;
    struct ska_ballot ballot = {.libctx = job->libctx, .request = request, .rule = rule};
    struct ska_bytes timestamp_key = {NULL, 0};
    bool good = false;

    if (!has_same_words(draft, request))
        return SKA_REQUEST_OTHER_WORDS;
    good = ska_ballot_open(&ballot, NULL) && is_token_right(job, &ballot, &timestamp_key) &&
           ska_request_check_content(request, job->libctx, NULL) &&
           is_as_written_here(&ballot, draft, &timestamp_key);
    if (good && rule != NULL) {
        ska_ballot_ask_time(&ballot, job->key);
        good = !ska_ballot_judge(&ballot).over;
    }
    ska_bytes_free(&timestamp_key);
    ska_ballot_close(&ballot);
    return good ? SKA_REQUEST_SAME : SKA_REQUEST_STALE;
}
