/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "provider/record/audit.h"
#include "provider/record/evidence.h"
#include "provider/request/approver_signature.h"
#include "provider/request/token_check.h"
#include "provider/sign/ballot.h"
#include "provider/sign/current_rule.h"
#include "provider/sign/explain.h"
#include "provider/sign/make_request.h"

/* ---- The call -------------------------------------------------------------------------------- */

/* Approvals in the form that the HSM takes, in an array for all of them. */
static bool pack_approvals(const struct ska_request *request, struct backend_approval *approvals,
                           const struct ska_errors *errors)
{
    for (size_t i = 0; i < request->approval_count; i++) {
        const struct ska_approval *approval = &request->approvals[i];

        approvals[i].certificate = approval->certificate;
        approvals[i].signer = ska_span_of(&approval->signer);
        if (!ska_signature_to_der(ska_span_of(&approval->public_key), approval->digest,
                                  ska_span_of(&approval->signature), &approvals[i].signature,
                                  errors))
            return false;
    }
    return true;
}

static enum backend_answer ask_hsm(const struct ska_job *job, const struct ska_request *request,
                                   struct backend_refusal *refusal)
{
    struct ska_span token = ska_span_of(&request->approval_token);
    size_t count = request->approval_count;
    struct backend_approval *approvals = calloc(count + 1, sizeof(*approvals));
    enum backend_answer answer = BACKEND_FAILED;

    if (approvals == NULL)
        ska_fail(job->errors, SKA_R_OUT_OF_MEMORY, "for %zu approvals", count);
    else if (pack_approvals(request, approvals, job->errors))
        answer = request->operation == SKA_OPERATION_SIGN
                     ? backend_ska_sign(job->key, &request->mechanism, token, approvals, count,
                                        job->signature, job->signature_length, refusal, job->errors)
                     : backend_ska_change(job->key, request->operation, token, approvals, count,
                                          refusal, job->errors);
    for (size_t i = 0; approvals != NULL && i < count; i++)
        ska_bytes_free(&approvals[i].signature);
    free(approvals);
    return answer;
}

/* ---- The audit log --------------------------------------------------------------------------- */

static bool audit_intent(const struct ska_job *job, const struct ska_request *request)
{
    const struct ska_audit_entry entry = {SKA_AUDIT_INTENT, request, NULL, NULL};

    return ska_audit_append(&job->audit_log, job->libctx, &entry, job->errors);
}

/* Whatever a request says of the rule: the log names approvers by the one that holds. */
static bool take_current_rule(const struct ska_job *job, struct ska_request *request)
{
    enum ska_rule_kind kind = ska_rule_kind_of(request->operation);
    struct ska_current_rule current;
    bool done = ska_current_rule_read(job->key, kind, &current, job->errors) &&
                ska_draft_set_rule(request, ska_current_rule_of(&current), job->errors);

    ska_current_rule_clear(&current);
    return done;
}

/* What a ballot has found, else whether it is valid. */
static enum ska_answer_state find_state(const struct ska_job *job,
                                        const struct ska_request *request,
                                        const struct ska_approval *approval)
{
    if (approval->state != SKA_ANSWER_UNSEEN)
        return approval->state;
    return ska_approval_verify_with(job->libctx, job->approver_keys, approval,
                                    ska_span_of(&request->approval_token))
               ? SKA_ANSWER_COUNTS
               : SKA_ANSWER_INVALID;
}

static struct ska_audit_entry approval_entry(const struct ska_job *job,
                                             const struct ska_request *request, size_t index,
                                             const char *origin)
{
    const struct ska_approval *approval = &request->approvals[index];
    enum ska_answer_state state = find_state(job, request, approval);
    bool counts = state == SKA_ANSWER_COUNTS;
    struct ska_audit_entry entry = {counts ? SKA_AUDIT_APPROVAL : SKA_AUDIT_APPROVAL_REFUSED,
                                    request, approval,
                                    counts ? origin : ska_answer_fault(state, false)};

    return entry;
}

static bool audit_sent_request(const struct ska_job *job, struct ska_request *request,
                               const char *origin)
{
    size_t count = request->approval_count;
    struct ska_audit_entry *entries = NULL;
    bool done = false;

    if (!ska_audit_log_is_kept(&job->audit_log))
        return true;
    entries = calloc(count + 1, sizeof(*entries));
    if (entries == NULL)
        return ska_fail(job->errors, SKA_R_OUT_OF_MEMORY, "for %zu approvals", count);
    entries[0] = (struct ska_audit_entry){SKA_AUDIT_REQUEST, request, NULL, origin};
    for (size_t i = 0; i < count; i++)
        entries[i + 1] = approval_entry(job, request, i, origin);
    done = ska_audit_append_all(&job->audit_log, job->libctx, entries, count + 1, job->errors);
    free(entries);
    return done;
}

/* What has become of it: the lines are written together, or neither. False: raised. */
/* What the HSM said, or a broker, in words, and with its own code behind. */
static void word_decision(const struct backend_key *key, enum backend_answer answer,
                          const struct backend_refusal *refusal, char decision[160])
{
    if (answer != BACKEND_REFUSED)
        snprintf(decision, 160, "%s", answer == BACKEND_DONE ? "done" : "failed");
    else if (refusal->blocked)
        snprintf(decision, 160, "refused: %sthe key is blocked (%s)",
                 backend_word_lead(backend_key_word(key)), refusal->code);
    else if (refusal->unsatisfied)
        snprintf(decision, 160, "refused: approvals do not satisfy the rule (%s)", refusal->code);
    else
        snprintf(decision, 160, "refused (%s)", refusal->code);
}

static bool audit_outcome(const struct ska_job *job, const struct ska_request *request,
                          enum backend_answer answer, const struct backend_refusal *refusal)
{
    char decision[160];
    const struct ska_audit_entry entries[] = {{SKA_AUDIT_DECISION, request, NULL, decision},
                                              {SKA_AUDIT_EVIDENCE, request, NULL, NULL}};

    word_decision(job->key, answer, refusal, decision);
    /* Who changes evidence and its manifest would have to change the audit log too. A failure has
     * been raised already. */
    return ska_audit_append_all(&job->audit_log, job->libctx, entries,
                                request->evidence[0] != 0 ? 2 : 1,
                                answer == BACKEND_FAILED ? NULL : job->errors);
}

/* ---- Sending --------------------------------------------------------------------------------- */

/* A busy server with an agent would leave a folder for each handshake. */
static bool keeps_evidence(const struct ska_job *job, const struct ska_request *request,
                           const struct ska_directory *directory, bool of_people)
{
    return directory != NULL ||
           (job->evidence_dir != NULL && of_people && request->operation == SKA_OPERATION_SIGN &&
            request->approval_count > 0);
}

static bool begin_kept_evidence(const struct ska_job *job, const struct ska_request *request,
                                const struct ska_directory *directory,
                                struct ska_evidence **evidence)
{
    return job->evidence_dir != NULL
               ? ska_evidence_begin_in(job->evidence_dir, request, evidence, job->errors)
               : ska_evidence_begin(ska_directory_fd(directory), ska_directory_path(directory),
                                    request, evidence, job->errors);
}

/* The request to the HSM, between intent and outcome; with a signature in job->signature. */
static enum backend_answer send_on_record(const struct ska_job *job, struct ska_request *request,
                                          const struct ska_directory *directory, bool of_people,
                                          struct backend_refusal *refusal)
{
    struct ska_evidence *evidence = NULL;
    enum backend_answer answer = BACKEND_FAILED;
    bool kept = true;

    request->evidence[0] = 0;
    if (keeps_evidence(job, request, directory, of_people) &&
        !begin_kept_evidence(job, request, directory, &evidence))
        return BACKEND_FAILED;
    /* Nothing is signed that could not be recorded. */
    if (audit_intent(job, request))
        answer = ask_hsm(job, request, refusal);
    /* First what was signed: it stays, whatever becomes of the log. */
    if (answer != BACKEND_DONE)
        ska_evidence_abandon(evidence);
    else if (evidence != NULL)
        kept = ska_evidence_finish(evidence, job->libctx, request,
                                   ska_span(job->signature, *job->signature_length), job->errors);
    return audit_outcome(job, request, answer, refusal) && kept ? answer : BACKEND_FAILED;
}

static enum backend_answer release_signature(const struct ska_job *job, struct ska_span signature)
{
    if (signature.length > *job->signature_length) {
        ska_fail(job->errors, SKA_R_INTERNAL, "%zu bytes for a signature of %zu",
                 *job->signature_length, signature.length);
        return BACKEND_FAILED;
    }
    memcpy(job->signature, signature.data, signature.length);
    *job->signature_length = signature.length;
    return BACKEND_DONE;
}

/* A signature is in our own memory until the last line is written: nobody has it without a line. */
enum backend_answer ska_send_gathered(const struct ska_job *job, struct ska_request *request,
                                      const struct ska_directory *directory, bool of_people,
                                      struct backend_refusal *refusal)
{
    uint8_t signature[BACKEND_SIGNATURE_LIMIT];
    size_t length = sizeof(signature);
    struct ska_job own = *job;
    enum backend_answer answer = BACKEND_FAILED;

    /* Whatever way the request came: nothing but what the job is about goes to the HSM. */
    if (!ska_approval_token_check(ska_span_of(&request->approval_token), job->key, job->operation,
                                  job->payload, job->errors))
        return BACKEND_FAILED;
    own.signature = signature;
    own.signature_length = &length;
    answer = send_on_record(&own, request, directory, of_people, refusal);
    if (answer != BACKEND_DONE)
        ska_bytes_clear_free(&request->signature);
    else if (job->operation == SKA_OPERATION_SIGN)
        answer = release_signature(job, ska_span(signature, length));
    OPENSSL_cleanse(signature, sizeof(signature));
    return answer;
}

static enum backend_answer send_and_explain(const struct ska_job *job, struct ska_request *request)
{
    struct backend_refusal refusal = {0};
    enum backend_answer answer = ska_send_gathered(job, request, NULL, true, &refusal);

    if (answer == BACKEND_REFUSED)
        ska_explain_refusal(job, request, &refusal);
    return answer;
}

enum backend_answer ska_send(const struct ska_job *job, struct ska_request *request,
                             const char *origin)
{
    bool is_recorded = ska_audit_log_is_kept(&job->audit_log) || job->evidence_dir != NULL;

    if ((is_recorded && request->approval_count > 0 && !take_current_rule(job, request)) ||
        !audit_sent_request(job, request, origin))
        return BACKEND_FAILED;
    return send_and_explain(job, request);
}

/* ---- Handed in ------------------------------------------------------------------------------- */

static void name_left_out(const struct ska_ballot *ballot, const struct ska_errors *left_out)
{
    for (size_t i = 0; i < ballot->request->approval_count; i++) {
        const struct ska_approval *approval = &ballot->request->approvals[i];
        char *name = NULL;

        if (approval->state == SKA_ANSWER_COUNTS)
            continue;
        name = ska_approver_shown(ballot->rule, approval);
        ska_fail(left_out,
                 approval->state == SKA_ANSWER_INVALID ? SKA_R_APPROVAL_INVALID
                                                       : SKA_R_APPROVER_NOT_LISTED,
                 "approval %zu is left out: %s %s", i + 1, name == NULL ? "an approver" : name,
                 ska_answer_fault(approval->state, false));
        free(name);
    }
}

/*
 * The log is told of all, the HSM of what counts by the rule that it has now: it would refuse all
 * of them for one that is invalid.
 */
static bool audit_and_leave_out(const struct ska_job *job, struct ska_request *request,
                                const struct ska_errors *left_out)
{
    enum ska_rule_kind kind = ska_rule_kind_of(request->operation);
    struct ska_ballot ballot = {.libctx = job->libctx,
                                .cache = job->approver_keys,
                                .request = request,
                                .rule = request->has_rule[kind] ? &request->rules[kind] : NULL};
    bool done = ska_ballot_open(&ballot, job->errors);

    if (done)
        name_left_out(&ballot, left_out);
    done = done && audit_sent_request(job, request, SKA_REQUEST_HANDED_IN);
    ska_ballot_drop_uncounted(&ballot);
    ska_ballot_close(&ballot);
    return done;
}

bool ska_execute(const struct ska_job *job, struct ska_request *request,
                 const struct ska_errors *left_out)
{
    if (request->operation != job->operation)
        return ska_fail(job->errors, SKA_R_OPERATION_MISMATCH,
                        "the request is for another operation");
    return ska_request_check_key(request, job->key, job->errors) &&
           ska_request_settle(request, job) && take_current_rule(job, request) &&
           audit_and_leave_out(job, request, left_out) &&
           send_and_explain(job, request) == BACKEND_DONE;
}
