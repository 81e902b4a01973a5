/* SPDX-License-Identifier: Apache-2.0 */
/* The one open request for a signature, which all who wait for the same thing share. */
#include "provider/sign/gather.h"

#include <string.h>
#include <unistd.h>

#include "provider/request/algorithm.h"
#include "provider/record/audit.h"
#include "provider/sign/draft.h"
#include "provider/sign/explain.h"
#include "provider/sign/hsm_time.h"
#include "provider/rule/rule_codec.h"

static bool is_expired(const struct ska_signing *signing, const struct ska_request *request,
                       const struct ska_rule *rule)
{
    struct ska_time_limits limits;

    return rule != NULL &&
           ska_time_limits_of(signing->libctx, signing->key, rule,
                              ska_span_of(&request->approval_token), &limits) &&
           ska_window_state(&limits.window, limits.now) == SKA_WINDOW_CLOSED;
}

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
static bool is_ours(const struct ska_signing *signing, const struct ska_request *request,
                    const struct ska_rule *rule)
{
    bool timed = rule != NULL ? ska_rule_has_time_limit(rule) : signing->timestamp_key != NULL;
    struct ska_approval_token token;

    if (request->has_rule[SKA_RULE_USE] != (rule != NULL) ||
        (rule != NULL && !is_same_rule(&request->rules[SKA_RULE_USE], rule)) ||
        !ska_approval_token_check(ska_span_of(&request->approval_token), signing->key,
                                  SKA_OPERATION_SIGN, signing->payload, NULL) ||
        !ska_approval_token_decode(ska_span_of(&request->approval_token), &token, NULL) ||
        token.has_timestamp != timed)
        return false;
    return !timed ||
           ska_hsm_timestamp_genuine(signing->libctx, signing->key, signing->timestamp_key, &token);
}

static bool is_fit(const struct ska_signing *signing, const struct ska_request *request,
                   const struct ska_rule *rule)
{
    return is_ours(signing, request, rule) && !is_expired(signing, request, rule);
}

static bool audit(const struct ska_signing *signing, const struct ska_request *request,
                  const char *detail, const struct ska_errors *errors)
{
    const struct ska_audit_entry entry = {SKA_AUDIT_REQUEST, request, NULL, detail};

    return ska_audit_append(signing->audit_log, signing->libctx, &entry, errors);
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

/* Whatever a bundle says of the rule: people are shown, and the log names, what holds. */
static bool set_rule(struct ska_request *request, const struct ska_rule *rule,
                     const struct ska_errors *errors)
{
    struct ska_bytes encoded = {NULL, 0};
    bool done = true;

    ska_rule_clear(&request->rules[SKA_RULE_USE]);
    request->has_rule[SKA_RULE_USE] = rule != NULL;
    if (rule != NULL)
        done = ska_rule_encode(rule, &encoded, errors) &&
               ska_rule_decode(ska_span_of(&encoded), &request->rules[SKA_RULE_USE], errors);
    ska_bytes_free(&encoded);
    return done;
}

/* The prepared request, if it is still for this, else a new one. Takes over the draft. */
static bool complete(const struct ska_signing *signing, const struct ska_rule *rule,
                     struct ska_request *draft, struct ska_open_request *open,
                     const struct ska_errors *errors)
{
    const struct ska_request_options options = ska_signing_options(signing);
    const struct ska_request *prepared = signing->prepared;

    open->request = draft;
    if (prepared == NULL || strcmp(prepared->id, draft->id) != 0 ||
        !is_fit(signing, prepared, rule))
        return set_rule(draft, rule, errors) &&
               ska_draft_add_token(draft, signing->key, &options, errors) &&
               audit(signing, draft, SKA_REQUEST_MADE, errors);
    ska_request_free(draft);
    open->request = NULL;
    return copy_request(prepared, &open->request, errors);
}

/* Looks in the directory, holding what may stand there before looking at it. */
static bool look(const struct ska_signing *signing, const struct ska_request *draft,
                 const struct ska_rule *rule, struct ska_open_request *open,
                 const struct ska_errors *errors)
{
    struct ska_request *found = NULL;

    if (open->directory == NULL)
        return true;
    open->hold = ska_directory_hold(open->directory, draft->id);
    if (!ska_directory_find(open->directory, draft, &found, errors))
        return false;
    if (found != NULL && is_fit(signing, found, rule)) {
        open->request = found;
        open->published = true;
        return audit(signing, found, "taken up again", errors);
    }
    open->superseded = found;
    return true;
}

bool ska_open_request_find(const struct ska_signing *signing, const struct ska_rule *rule,
                           struct ska_open_request *open, const struct ska_errors *errors)
{
    const struct ska_request_options options = ska_signing_options(signing);
    struct ska_request *draft = NULL;

    if (open->request != NULL)
        return set_rule(open->request, rule, errors) &&
               audit(signing, open->request, SKA_REQUEST_HANDED_IN, errors);
    if (!ska_draft_make(signing->key, &options, &draft, errors))
        return false;
    if (!look(signing, draft, rule, open, errors)) {
        ska_request_free(draft);
        return false;
    }
    if (open->request == NULL)
        return complete(signing, rule, draft, open, errors);
    ska_request_free(draft);
    return true;
}

static void hold(struct ska_open_request *open)
{
    ska_directory_let_go(open->hold);
    open->hold = ska_directory_hold(open->directory, open->request->id);
}

bool ska_open_request_publish(const struct ska_signing *signing, const struct ska_rule *rule,
                              struct ska_open_request *open, const struct ska_errors *errors)
{
    struct ska_request *standing = NULL;

    if (open->published && ska_directory_stands(open->directory, open->request, open->hold))
        return true;
    if (!ska_directory_publish(open->directory, open->request, open->superseded, &standing, errors))
        return false;
    open->published = true;
    if (standing == NULL || ska_span_equal(ska_span_of(&standing->approval_token),
                                           ska_span_of(&open->request->approval_token))) {
        hold(open);
    } else if (is_fit(signing, standing, rule)) {
        ska_request_free(open->request);
        open->request = standing;
        open->exchanged = true;
        standing = NULL;
        hold(open);
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
