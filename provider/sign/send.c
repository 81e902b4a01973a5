/* SPDX-License-Identifier: Apache-2.0 */
/* The one call to the HSM with the complete request, and the lines of the audit log around it. */
#include "provider/sign/send.h"

#include <stdlib.h>

#include "provider/record/audit.h"
#include "provider/sign/explain.h"
#include "provider/request/approver_signature.h"

static void free_packed(struct ska_bytes *signatures, struct hsm_approval *approvals, size_t count)
{
    for (size_t i = 0; signatures != NULL && i < count; i++)
        ska_bytes_free(&signatures[i]);
    free(signatures);
    free(approvals);
}

/* Approvals in the form that the HSM takes. The signatures are owned by *signatures. */
static bool pack_approvals(const struct ska_request *request, struct ska_bytes **signatures,
                           struct hsm_approval **approvals, const struct ska_errors *errors)
{
    size_t count = request->approval_count;

    *signatures = calloc(count + 1, sizeof(**signatures));
    *approvals = calloc(count + 1, sizeof(**approvals));
    if (*signatures == NULL || *approvals == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for %zu approvals", count);
    for (size_t i = 0; i < count; i++) {
        const struct ska_approval *approval = &request->approvals[i];

        if (!ska_signature_to_der(ska_span_of(&approval->public_key), approval->digest,
                                  ska_span_of(&approval->signature), &(*signatures)[i], errors))
            return false;
        (*approvals)[i].certificate = approval->certificate;
        (*approvals)[i].signer = ska_span_of(&approval->signer);
        (*approvals)[i].signature = ska_span_of(&(*signatures)[i]);
    }
    return true;
}

/* output == NULL: a request to change the key. */
static enum hsm_answer ask_hsm(struct hsm_key *key, const struct ska_request *request,
                               const struct ska_output *output, struct hsm_refusal *refusal,
                               const struct ska_errors *errors)
{
    struct ska_span token = ska_span_of(&request->approval_token);
    struct ska_bytes *signatures = NULL;
    struct hsm_approval *approvals = NULL;
    size_t count = request->approval_count;
    enum hsm_answer answer = HSM_FAILED;

    if (pack_approvals(request, &signatures, &approvals, errors))
        answer = output != NULL ? hsm_ska_sign(key, &request->mechanism, token, approvals, count,
                                               output->signature, output->length, refusal, errors)
                                : hsm_ska_change(key, request->operation, token, approvals, count,
                                                 refusal, errors);
    free_packed(signatures, approvals, count);
    return answer;
}

static bool audit(const struct ska_sender *sender, enum ska_audit_event event,
                  const struct ska_request *request, const char *detail,
                  const struct ska_errors *errors)
{
    const struct ska_audit_entry entry = {event, request, NULL, detail};

    return ska_audit_append(sender->audit_log, sender->libctx, &entry, errors);
}

/* Whatever a request says of the rule: the log names approvers by the one that holds. */
static bool take_current_rule(const struct ska_sender *sender, struct ska_request *request,
                              const struct ska_errors *errors)
{
    enum ska_rule_kind kind = ska_rule_kind_of(request->operation);

    ska_rule_clear(&request->rules[kind]);
    return ska_current_rule(sender->key, kind, &request->rules[kind], &request->has_rule[kind],
                            errors);
}

static struct ska_audit_entry approval_entry(const struct ska_sender *sender,
                                             const struct ska_request *request, size_t index,
                                             const char *origin)
{
    const struct ska_approval *approval = &request->approvals[index];
    bool valid = ska_approval_verify_with(sender->libctx, sender->approver_keys, approval,
                                          ska_span_of(&request->approval_token));
    struct ska_audit_entry entry = {valid ? SKA_AUDIT_APPROVAL : SKA_AUDIT_APPROVAL_REFUSED,
                                    request, approval,
                                    valid ? origin : "has no valid signature over this request"};

    return entry;
}

static bool record_request(const struct ska_sender *sender, struct ska_request *request,
                           const char *origin, const struct ska_errors *errors)
{
    size_t count = request->approval_count;
    struct ska_audit_entry *entries = NULL;
    bool done = false;

    if (sender->audit_log == NULL)
        return true;
    if (count > 0 && !take_current_rule(sender, request, errors))
        return false;
    entries = calloc(count + 1, sizeof(*entries));
    if (entries == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "for %zu approvals", count);
    entries[0] = (struct ska_audit_entry){SKA_AUDIT_REQUEST, request, NULL, origin};
    for (size_t i = 0; i < count; i++)
        entries[i + 1] = approval_entry(sender, request, i, origin);
    done = ska_audit_append_all(sender->audit_log, sender->libctx, entries, count + 1, errors);
    free(entries);
    return done;
}

enum hsm_answer ska_send_quietly(const struct ska_sender *sender, const struct ska_request *request,
                                 const struct ska_output *output, struct hsm_refusal *refusal,
                                 const struct ska_errors *errors)
{
    /* Nothing is signed that could not be recorded. */
    return audit(sender, SKA_AUDIT_INTENT, request, NULL, errors)
               ? ask_hsm(sender->key, request, output, refusal, errors)
               : HSM_FAILED;
}

enum hsm_answer ska_send_record(const struct ska_sender *sender, const struct ska_request *request,
                                enum hsm_answer answer, const struct hsm_refusal *refusal,
                                const struct ska_errors *errors)
{
    const char *decision = answer == HSM_DONE      ? "done"
                           : answer == HSM_REFUSED ? refusal->code
                                                   : "failed";

    /* A failure has been raised already. */
    return audit(sender, SKA_AUDIT_DECISION, request, decision,
                 answer == HSM_FAILED ? NULL : errors)
               ? answer
               : HSM_FAILED;
}

bool ska_send(const struct ska_sender *sender, struct ska_request *request, const char *origin,
              const struct ska_output *output, const struct ska_errors *errors)
{
    struct hsm_refusal refusal = {0};
    enum hsm_answer answer = HSM_FAILED;

    if (!record_request(sender, request, origin, errors))
        return false;
    answer = ska_send_quietly(sender, request, output, &refusal, errors);
    switch (ska_send_record(sender, request, answer, &refusal, errors)) {
    case HSM_DONE:
        return true;
    case HSM_REFUSED:
        return ska_explain_refusal(sender->libctx, sender->key, request, &refusal, errors);
    case HSM_FAILED:
        break;
    }
    return false;
}

bool ska_request_execute(const struct ska_sender *sender, struct ska_request *request,
                         uint8_t *signature, size_t *signature_length,
                         const struct ska_errors *errors)
{
    const struct ska_output output = {signature, signature_length};

    if (request->operation != SKA_OPERATION_SIGN)
        return ska_fail(errors, SKA_R_OPERATION_MISMATCH, "not a request to sign");
    return ska_request_check_key(request, sender->key, errors) &&
           ska_request_settle(request, sender->key, sender->libctx, errors) &&
           ska_send(sender, request, SKA_REQUEST_HANDED_IN, &output, errors);
}

bool ska_request_change(const struct ska_sender *sender, struct ska_request *request,
                        const struct ska_errors *errors)
{
    if (request->operation == SKA_OPERATION_SIGN)
        return ska_fail(errors, SKA_R_OPERATION_MISMATCH, "a request to sign changes no key");
    return ska_request_check_key(request, sender->key, errors) &&
           ska_request_settle(request, sender->key, sender->libctx, errors) &&
           ska_send(sender, request, SKA_REQUEST_HANDED_IN, NULL, errors);
}
