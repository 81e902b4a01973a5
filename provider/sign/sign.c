/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/sign.h"

#include "provider/backend/broker.h"
#include "provider/rule/rule_codec.h"
#include "provider/sign/ask_broker.h"
#include "provider/sign/bundle.h"
#include "provider/sign/current_rule.h"
#include "provider/sign/explain.h"
#include "provider/sign/gather.h"
#include "provider/sign/make_request.h"
#include "provider/sign/send.h"
#include "provider/sign/wait.h"

bool ska_sources_any(const struct ska_sources *sources)
{
    return sources->bundle != NULL || sources->bundle_files != NULL || sources->directory != NULL ||
           sources->agent != NULL;
}

static bool gathers(const struct ska_job *job)
{
    return job->sources.directory != NULL || job->sources.agent != NULL;
}

/*
 * The rule that was read with the key spares asking the HSM for it at each signature. It only tells
 * how far the approvals are; the HSM decides by what holds now. What people do takes minutes, and a
 * rule with time limits asks the HSM for its clock anyway: only agents, and what needs nobody. The
 * audit log is to name approvers as the rule does now, and a request that was prepared shows a rule
 * that is newer.
 */
static bool take_remembered_rule(const struct ska_job *job, struct ska_current_rule *current)
{
    struct ska_span encoded = backend_key_use_rule(job->key);

    if (job->sources.directory != NULL || ska_audit_log_is_kept(&job->audit_log) ||
        job->prepared != NULL || encoded.data == NULL ||
        !ska_rule_decode(encoded, &current->rule, NULL))
        return false;
    current->known = true;
    current->remembered = true;
    if (!ska_rule_has_time_limit(&current->rule) && current->rule.alternative_count > 0 &&
        ska_rule_is_empty(&current->rule) == (job->sources.agent == NULL))
        return true;
    ska_current_rule_clear(current);
    return false;
}

/* Nothing but the token goes to the HSM, and nobody else gets to see a request. */
static bool sign_unseen(const struct ska_job *job)
{
    struct ska_request request = {.operation = SKA_OPERATION_SIGN, .mechanism = job->mechanism};
    bool done = ska_token_make(job, job->payload, NULL, &request.approval_token) &&
                ska_send(job, &request, SKA_REQUEST_MADE);

    ska_bytes_free(&request.approval_token);
    return done;
}

/* A rule that needs nobody, or that only the HSM knows. */
static bool sign_without_approvals(const struct ska_job *job,
                                   const struct ska_current_rule *current)
{
    struct ska_request *request = NULL;
    bool done = false;

    if (current->remembered)
        return sign_unseen(job);
    done = ska_request_make_by(job, current, &request) && ska_send(job, request, SKA_REQUEST_MADE);
    ska_request_free(request);
    return done;
}

/*
 * A broker asks people itself. That the rule of before still holds nobody has to know: it only says
 * whom a message names, and the broker goes by its own.
 */
static bool sign_by_broker(const struct ska_job *job)
{
    struct ska_current_rule current = {0};
    bool done = false;

    current.known = backend_key_use_rule(job->key).data != NULL &&
                    ska_rule_decode(backend_key_use_rule(job->key), &current.rule, NULL);
    current.remembered = true;
    if (current.known && current.rule.alternative_count == 0)
        ska_explain_no_sources(job->key, &current.rule, job->errors);
    else if (current.known && ska_rule_is_empty(&current.rule))
        done = sign_without_approvals(job, &current);
    else
        done = ska_ask_broker(job, &current);
    ska_current_rule_clear(&current);
    return done;
}

static bool check_sources(const struct ska_job *job)
{
    return !backend_key_has_broker(job->key) || !gathers(job) ||
           ska_fail(job->errors, SKA_R_WRONG_USE,
                    "key '%s' is behind a broker, which asks approvers itself: %s has no effect on "
                    "that, so leave it out",
                    backend_key_label(job->key),
                    job->sources.directory != NULL ? "approvals-dir" : "agent");
}

/* By the rule, which is decided here and nowhere else on the way. Takes over the bundle. */
static enum ska_outcome sign_by_rule(struct ska_job *job, struct ska_request *bundle)
{
    struct ska_current_rule current = {0};
    enum ska_outcome outcome = SKA_NOT_SIGNED;

    if ((bundle != NULL || !take_remembered_rule(job, &current)) &&
        !ska_wait_for_rule(job, bundle, &current))
        ska_request_free(bundle);
    else if (bundle == NULL && (current.known ? ska_rule_is_empty(&current.rule) : !gathers(job)))
        outcome = sign_without_approvals(job, &current) ? SKA_SIGNED : SKA_NOT_SIGNED;
    else if (!gathers(job) || (current.known && current.rule.alternative_count == 0)) {
        ska_explain_no_sources(job->key, &current.rule, job->errors);
        ska_request_free(bundle);
    } else
        outcome = ska_gather_and_sign(job, &current, bundle);
    ska_current_rule_clear(&current);
    return outcome;
}

bool ska_sign(const struct ska_job *job)
{
    struct ska_request *bundle = NULL;
    struct ska_job patient = *job; /* whose time goes by while the HSM is away */
    enum ska_outcome outcome = SKA_NOT_SIGNED;
    bool done = false;

    if (backend_key_label(job->key)[0] == 0)
        return ska_fail(job->errors, SKA_R_KEY_MISMATCH,
                        "the key has no label, and approvals bind to the label");
    if (!check_sources(job))
        return false;
    if (!ska_bundles_read(job, &bundle)) {
        ska_request_free(bundle);
        return false;
    }
    if (bundle != NULL && !gathers(job)) {
        done = ska_send(job, bundle, SKA_REQUEST_HANDED_IN);
        ska_request_free(bundle);
        return done;
    }
    if (backend_key_has_broker(job->key))
        return sign_by_broker(job);
    outcome = sign_by_rule(&patient, bundle);
    /* It can change once only: then it is read, and no longer remembered. */
    if (outcome == SKA_RULE_HAS_CHANGED) {
        backend_key_forget_use_rule(job->key);
        outcome = sign_by_rule(&patient, NULL);
    }
    return outcome == SKA_SIGNED;
}
