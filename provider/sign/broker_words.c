/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sign/broker_words.h"

#include <stdlib.h>
#include <string.h>

#include "provider/base/error_capture.h"
#include "provider/rule/approver_name.h"
#include "provider/rule/quorum.h"
#include "provider/rule/rule_text.h"
#include "provider/sign/explain.h"

/* As much of a message as libcrypto keeps, with room for what stands before it. */
#define TEXT_LIMIT 700

/* ---- People ---------------------------------------------------------------------------------- */

static const struct ska_approver *find_approver(const struct ska_rule *rule, struct ska_span key)
{
    const struct ska_approver *approver = NULL;

    for (size_t i = 0; rule != NULL && (approver = ska_rule_approver_at(rule, i)) != NULL; i++)
        if (ska_span_equal(ska_span_of(&approver->public_key), key))
            return approver;
    return NULL;
}

void ska_broker_people_text(const struct ska_rule *rule, const struct broker_people *people,
                            struct ska_buffer *text)
{
    if (people->count == 0)
        ska_buffer_text(text, "nobody");
    for (size_t i = 0; i < people->count; i++) {
        struct ska_span key = ska_span_of(&people->list[i]);
        const struct ska_approver *approver = find_approver(rule, key);

        ska_buffer_text(text, i == 0 ? "" : ", ");
        if (approver != NULL) {
            ska_approver_text(rule, approver, text);
        } else {
            char *shown = ska_key_shown(key);

            ska_buffer_text(text, shown == NULL ? "somebody" : shown);
            free(shown);
        }
    }
}

static struct ska_span *spans_of(const struct broker_people *people)
{
    struct ska_span *spans = calloc(people->count + 1, sizeof(*spans));

    for (size_t i = 0; spans != NULL && i < people->count; i++)
        spans[i] = ska_span_of(&people->list[i]);
    return spans;
}

bool ska_broker_people_satisfy(const struct ska_rule *rule, const struct broker_people *people)
{
    struct ska_span *keys = spans_of(people);
    bool satisfied = keys != NULL && ska_rule_satisfied(rule, keys, people->count);

    free(keys);
    return satisfied;
}

void ska_broker_progress_text(const struct ska_rule *rule, const struct broker_status *status,
                              struct ska_buffer *text)
{
    struct ska_span *approved = spans_of(&status->approved);
    struct ska_span *rejected = spans_of(&status->rejected);
    const struct ska_responses responses = {approved, approved == NULL ? 0 : status->approved.count,
                                            rejected,
                                            rejected == NULL ? 0 : status->rejected.count};

    ska_rule_progress_text(rule, &responses, text);
    if (status->rejected.count > 0) {
        ska_buffer_text(text, "; rejected by ");
        ska_broker_people_text(rule, &status->rejected, text);
    }
    free(approved);
    free(rejected);
}

/* ---- Ends ------------------------------------------------------------------------------------ */

static const struct {
    enum ska_reason reason;
    const char *word;
    const char *text; /* for people, of the broker */
} ends[] = {
    [BROKER_PENDING] = {SKA_R_APPROVALS_PENDING, "pending", "waits"},
    [BROKER_APPROVED] = {SKA_R_APPROVALS_PENDING, "approved", "waits for the HSM"},
    [BROKER_EXECUTED] = {SKA_R_SERVER_FAILURE, "executed without a result",
                         "it says that it is executed, but has no signature"},
    [BROKER_REJECTED] = {SKA_R_REJECTED, "rejected",
                         "it says that it is rejected: talk to those who rejected it; trying again "
                         "makes a new request"},
    [BROKER_EXPIRED] = {SKA_R_EXPIRED, "expired",
                        "it says that the time for approvals is over: sign again, which makes a "
                        "new request"},
    [BROKER_CANCELLED] = {SKA_R_WITHDRAWN, "withdrawn",
                          "it says that it was withdrawn: trying again makes a new request"},
    [BROKER_FAILED] =
        {SKA_R_BROKER_REFUSED, "failed",
         "it could not have it executed, and does not say why: trying again makes a new request"},
    [BROKER_GONE] = {SKA_R_WITHDRAWN, "gone",
                     "it no longer knows this request: trying again makes a new one"},
};

const char *ska_broker_state_word(enum broker_state state)
{
    return ends[state].word;
}

enum ska_reason ska_broker_state_reason(enum broker_state state)
{
    return ends[state].reason;
}

/* What people have approved may have met a key that was blocked meanwhile. */
static bool check_failed_by_block(struct backend_key *key, const char *id,
                                  const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors to_failure = ska_error_capture(&failure);
    bool fine = ska_check_not_blocked(key, &to_failure);

    if (!fine)
        ska_fail(errors, failure.reason, "request %s at the broker failed: %s", id,
                 ska_error_capture_text(&failure));
    ska_error_capture_clear(&failure);
    return fine;
}

bool ska_broker_fail_ended(struct backend_key *key, const char *id, const struct ska_rule *rule,
                           const struct broker_status *status, const struct ska_errors *errors)
{
    struct ska_buffer text = {0};

    if (status->state == BROKER_FAILED && !check_failed_by_block(key, id, errors))
        return false;
    ska_broker_progress_text(rule, status, &text);
    if (text.length > TEXT_LIMIT) {
        text.length = TEXT_LIMIT;
        ska_buffer_text(&text, "...");
    }
    ska_fail(errors, ends[status->state].reason, "key '%s', request %s at the broker: %s; %s",
             backend_key_label(key), id, ends[status->state].text, ska_buffer_string(&text));
    ska_buffer_free(&text);
    return false;
}
