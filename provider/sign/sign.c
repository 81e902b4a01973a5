/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/sign.h"

#include "provider/backend/broker.h"
#include "provider/base/error_capture.h"
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
static enum backend_answer sign_unseen(const struct ska_job *job)
{
    struct ska_request request = {.operation = SKA_OPERATION_SIGN, .mechanism = job->mechanism};
    enum backend_answer answer = BACKEND_FAILED;

    if (ska_token_make(job, job->payload, NULL, &request.approval_token))
        answer = ska_send(job, &request, SKA_REQUEST_MADE);
    ska_bytes_free(&request.approval_token);
    return answer;
}

/* A rule that needs nobody, or that only the HSM knows. */
static enum backend_answer sign_without_approvals(const struct ska_job *job,
                                                  const struct ska_current_rule *current)
{
    struct ska_request *request = NULL;
    enum backend_answer answer = BACKEND_FAILED;

    if (current->remembered)
        return sign_unseen(job);
    if (ska_request_make_by(job, current, &request))
        answer = ska_send(job, request, SKA_REQUEST_MADE);
    ska_request_free(request);
    return answer;
}

/*
 * As it was read with the key, and once more where it has changed since. It only says whom a
 * message names: the broker goes by its own.
 */
static bool take_rule_of_broker(const struct ska_job *job, struct ska_current_rule *current)
{
    struct ska_span encoded = backend_key_use_rule(job->key);

    if (backend_key_use_rule_is_forgotten(job->key))
        return ska_current_rule_read(job->key, SKA_RULE_USE, current, job->errors);
    current->known = encoded.data != NULL && ska_rule_decode(encoded, &current->rule, NULL);
    current->remembered = true;
    return true;
}

/* Without a request, and so without a time by the HSM. */
static bool needs_nobody(const struct ska_current_rule *current)
{
    return current->known && ska_rule_is_empty(&current->rule) &&
           !ska_rule_has_time_limit(&current->rule);
}

/* Changed: it needs somebody now, and nothing is raised. */
static enum ska_outcome sign_as_if_nobody(const struct ska_job *job,
                                          struct ska_current_rule *current)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    struct ska_job captured = *job;
    const bool remembered = current->remembered;
    enum backend_answer answer = BACKEND_FAILED;
    bool changed = false;

    captured.errors = &to_failure;
    /* The log names what was asked for. */
    current->remembered = remembered && !ska_audit_log_is_kept(&job->audit_log);
    answer = sign_without_approvals(&captured, current);
    changed = remembered && answer == BACKEND_REFUSED && ska_use_rule_has_changed(job->key);
    if (answer != BACKEND_DONE && !changed)
        ska_error_capture_raise(&failure, job->errors);
    ska_error_capture_clear(&failure);
    return answer == BACKEND_DONE ? SKA_SIGNED : changed ? SKA_RULE_HAS_CHANGED : SKA_NOT_SIGNED;
}

/* A broker asks people itself. */
static enum ska_outcome sign_by_broker(const struct ska_job *job)
{
    struct ska_current_rule current = {0};
    enum ska_outcome outcome = SKA_NOT_SIGNED;

    if (!take_rule_of_broker(job, &current))
        return SKA_NOT_SIGNED;
    if (needs_nobody(&current))
        outcome = sign_as_if_nobody(job, &current);
    else if (current.known && current.rule.alternative_count == 0)
        ska_explain_no_sources(job->key, &current.rule, job->errors);
    else if (ska_ask_broker(job, &current))
        outcome = SKA_SIGNED;
    ska_current_rule_clear(&current);
    return outcome;
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
        outcome =
            sign_without_approvals(job, &current) == BACKEND_DONE ? SKA_SIGNED : SKA_NOT_SIGNED;
    else if (!gathers(job) || (current.known && current.rule.alternative_count == 0)) {
        ska_explain_no_sources(job->key, &current.rule, job->errors);
        ska_request_free(bundle);
    } else
        outcome = ska_gather_and_sign(job, &current, bundle);
    ska_current_rule_clear(&current);
    return outcome;
}

static enum ska_outcome sign_by_way(struct ska_job *job, struct ska_request *bundle)
{
    return backend_key_has_broker(job->key) ? sign_by_broker(job) : sign_by_rule(job, bundle);
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
        done = ska_send(job, bundle, SKA_REQUEST_HANDED_IN) == BACKEND_DONE;
        ska_request_free(bundle);
        return done;
    }
    outcome = sign_by_way(&patient, bundle);
    /* It can change once only: then it is read, and no longer remembered. */
    if (outcome == SKA_RULE_HAS_CHANGED) {
        backend_key_forget_use_rule(job->key);
        outcome = sign_by_way(&patient, NULL);
    }
    return outcome == SKA_SIGNED;
}
