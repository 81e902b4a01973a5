/* SPDX-License-Identifier: Apache-2.0 */
/* New requests: who asks, for what, with which key; the token comes from the HSM. */
#include "provider/sign/make_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "provider/base/clock.h"
#include "provider/request/algorithm.h"
#include "provider/request/signed_content.h"
#include "provider/sign/hsm_time.h"
#include "provider/request/token_check.h"
#include "provider/rule/rule_codec.h"
#include "provider/rule/window.h"

static bool draft_copy_text(char **to, const char *from, const struct ska_errors *errors)
{
    *to = strdup(from);
    return *to != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");
}

/* Names that anybody may have chosen; JSON takes UTF-8 only. */
static bool copy_printable(char **to, const char *from, const struct ska_errors *errors)
{
    *to = ska_printable(ska_span_text(from), 200);
    return *to != NULL || ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for a request");
}

static bool draft_describe_key(struct ska_request *request, struct backend_key *key,
                               const struct ska_errors *errors)
{
    struct ska_span spki = {NULL, 0};

    return backend_key_spki(key, &spki, errors) &&
           ska_bytes_copy(&request->public_key, spki, errors) &&
           ska_bytes_copy(&request->key_id, backend_key_id(key), errors) &&
           draft_copy_text(&request->token_label, backend_key_token_label(key), errors) &&
           draft_copy_text(&request->key_label, backend_key_label(key), errors);
}

static bool describe_requester(struct ska_request *request, const uid_t *requester,
                               const struct ska_errors *errors)
{
    char host[256] = "";
    char utc[32] = "";

    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = 0;
    if (!ska_utc_text((uint64_t)time(NULL), utc))
        utc[0] = 0;
    request->has_requester = true;
    request->requester_uid = requester == NULL ? geteuid() : *requester;
    return copy_printable(&request->requester_host, host, errors) &&
           copy_printable(&request->requester_program, program_invocation_short_name, errors) &&
           draft_copy_text(&request->created, utc, errors);
}

static bool describe_payload(struct ska_request *request, const struct ska_job *job)
{
    struct ska_span digest = {NULL, 0};
    enum ska_digest inside = SKA_DIGEST_NONE;

    if (!ska_bytes_copy(&request->payload, job->payload, job->errors))
        return false;
    if (job->operation != SKA_OPERATION_SIGN)
        return true;
    request->mechanism = job->mechanism;
    if (request->mechanism.form != SKA_PAYLOAD_DIGEST)
        return true;
    if (!ska_payload_digest(&request->mechanism, ska_span_of(&request->payload), &inside, &digest))
        return ska_fail(job->errors, SKA_R_INTERNAL, "no digest in a digest payload");
    request->digest = inside != SKA_DIGEST_NONE ? inside : request->mechanism.digest;
    return ska_bytes_copy(&request->digest_value, digest, job->errors);
}

bool ska_draft_make(const struct ska_job *job, struct ska_request **draft)
{
    struct ska_request *request = calloc(1, sizeof(*request));

    if (request == NULL)
        return ska_fail(job->errors, SKA_R_OUT_OF_MEMORY, "for a request");
    request->operation = job->operation;
    if (!draft_describe_key(request, job->key, job->errors) ||
        !describe_requester(request, job->requester, job->errors) ||
        !describe_payload(request, job) ||
        (job->description != NULL &&
         !draft_copy_text(&request->description, job->description, job->errors)) ||
        !ska_request_identify(request, job->libctx, job->errors)) {
        ska_request_free(request);
        return false;
    }
    *draft = request;
    return true;
}

bool ska_draft_set_attempt(struct ska_request *draft, uint64_t attempt, const struct ska_job *job)
{
    draft->attempt = attempt;
    return ska_request_identify(draft, job->libctx, job->errors);
}

bool ska_draft_set_rule(struct ska_request *draft, const struct ska_rule *rule,
                        const struct ska_errors *errors)
{
    enum ska_rule_kind kind = ska_rule_kind_of(draft->operation);
    struct ska_bytes encoded = {NULL, 0};
    bool done = true;

    ska_rule_clear(&draft->rules[kind]);
    draft->has_rule[kind] = rule != NULL;
    if (rule != NULL)
        done = ska_rule_encode(rule, &encoded, errors) &&
               ska_rule_decode(ska_span_of(&encoded), &draft->rules[kind], errors);
    ska_bytes_free(&encoded);
    return done;
}

bool ska_draft_add_rules(struct ska_request *draft, struct backend_key *key,
                         const struct ska_errors *errors)
{
    enum ska_rule_kind needed = ska_rule_kind_of(draft->operation);
    struct backend_key_state state = {0};

    if (!backend_key_state(key, &state, errors))
        return false;
    for (size_t i = 0; i < SKA_RULE_COUNT; i++) {
        ska_rule_clear(&draft->rules[i]);
        draft->has_rule[i] = (i == needed || draft->operation == SKA_OPERATION_MODIFY) &&
                             state.rules[i].data != NULL &&
                             ska_rule_decode(ska_span_of(&state.rules[i]), &draft->rules[i], NULL);
    }
    backend_key_state_clear(&state);
    return true;
}

static bool set_time(char **text, uint64_t seconds, const struct ska_errors *errors)
{
    char shown[32];

    free(*text);
    *text = NULL;
    if (seconds == 0 || seconds == UINT64_MAX)
        return true;
    return draft_copy_text(text, ska_time_text(seconds, shown), errors);
}

bool ska_draft_set_times(struct ska_request *draft, uint64_t seconds,
                         const struct ska_errors *errors)
{
    enum ska_rule_kind kind = ska_rule_kind_of(draft->operation);
    struct ska_window window = {0, UINT64_MAX};

    if (draft->has_rule[kind])
        window = ska_window_of_rule(&draft->rules[kind], seconds);
    return set_time(&draft->not_before, window.opens, errors) &&
           set_time(&draft->not_after, window.closes, errors);
}

static bool describe_timestamp(struct ska_request *request, struct ska_made_timestamp *made,
                               const struct ska_errors *errors)
{
    ska_bytes_free(&request->timestamp_key);
    request->timestamp_key = made->public_key;
    memset(&made->public_key, 0, sizeof(made->public_key));
    return ska_draft_set_times(request, made->seconds, errors);
}

/* A rule that cannot be read may have time limits: a timestamp is made whenever that is possible.
 */
static bool needs_timestamp(const struct ska_request *request, const char *timestamp_key)
{
    enum ska_rule_kind kind = ska_rule_kind_of(request->operation);

    return request->has_rule[kind] ? ska_rule_has_time_limit(&request->rules[kind])
                                   : timestamp_key != NULL;
}

/* For people to see; where nobody is asked nobody sees it. */
bool ska_draft_add_content(const struct ska_job *job, struct ska_request *draft)
{
    if (job->operation != SKA_OPERATION_SIGN || job->mechanism.form != SKA_PAYLOAD_DIGEST ||
        job->request_content == SKA_REQUEST_CONTENT_NONE ||
        (draft->has_rule[SKA_RULE_USE] && ska_rule_is_empty(&draft->rules[SKA_RULE_USE])))
        return true;
    draft->no_content = job->no_content;
    if (job->content.length == 0)
        return true;
    if (ska_content_is_kept(job->request_content, job->content))
        return ska_bytes_copy(&draft->signed_content, job->content, job->errors);
    if (job->request_content == SKA_REQUEST_CONTENT_STRUCTURES &&
        ska_content_meaning(job->content, job->content.length) == SKA_MEANS_DOCUMENT)
        draft->no_content = SKA_NO_CONTENT_NO_STRUCTURE;
    return true;
}

bool ska_token_make(const struct ska_job *job, struct ska_span payload,
                    const struct backend_timestamp *timestamp, struct ska_bytes *token)
{
    static const struct backend_timestamp none;

    timestamp = timestamp == NULL ? &none : timestamp;
    if (!backend_create_token(job->key, job->operation, payload, timestamp, token, job->errors))
        return false;
    if (ska_approval_token_check_made(ska_span_of(token), job->key, job->operation, payload,
                                      timestamp, job->errors))
        return true;
    ska_bytes_free(token);
    return false;
}

bool ska_draft_add_token(const struct ska_job *job, struct ska_request *draft)
{
    struct ska_span payload = ska_span_of(&draft->payload);
    struct ska_made_timestamp made = {0};
    struct backend_timestamp timestamp = {0};
    bool done = false;

    if (needs_timestamp(draft, job->timestamp_key)) {
        if (!ska_hsm_timestamp(job->key, job->timestamp_key, draft->operation, payload, &made,
                               job->errors) ||
            !describe_timestamp(draft, &made, job->errors))
            goto out;
        timestamp.block = ska_span_of(&made.block);
        timestamp.signature = ska_span_of(&made.signature);
    }
    ska_bytes_free(&draft->approval_token);
    done = ska_draft_add_content(job, draft) &&
           ska_token_make(job, payload, &timestamp, &draft->approval_token);
out:
    ska_made_timestamp_clear(&made);
    return done;
}

bool ska_request_make(const struct ska_job *job, struct ska_request **request)
{
    if (!ska_draft_make(job, request))
        return false;
    if (ska_draft_add_rules(*request, job->key, job->errors) && ska_draft_add_token(job, *request))
        return true;
    ska_request_free(*request);
    *request = NULL;
    return false;
}

bool ska_request_make_by(const struct ska_job *job, const struct ska_current_rule *current,
                         struct ska_request **request)
{
    if (!ska_draft_make(job, request))
        return false;
    if (ska_draft_set_rule(*request, ska_current_rule_of(current), job->errors) &&
        ska_draft_add_token(job, *request))
        return true;
    ska_request_free(*request);
    *request = NULL;
    return false;
}

bool ska_request_settle(struct ska_request *request, const struct ska_job *job)
{
    free(request->token_label);
    request->token_label = NULL;
    return draft_copy_text(&request->token_label, backend_key_token_label(job->key), job->errors) &&
           ska_request_identify(request, job->libctx, job->errors);
}

enum ska_content_repeats ska_job_repeats(const struct ska_job *job)
{
    if (job->content_is_kept)
        return SKA_CONTENT_REPEATS;
    return ska_content_repeats(job->mechanism.form == SKA_PAYLOAD_MESSAGE ? job->payload
                                                                          : job->content);
}
