/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a request is: which groups of a rule have how many of how many, which approvals count
 * and which do not and why. The same finding serves the tool's status, the pending message and the
 * explanation of a refusal.
 */
#ifndef SKA_SIGN_PROGRESS_H
#define SKA_SIGN_PROGRESS_H

#include "provider/request/request.h"

enum ska_approval_state {
    SKA_APPROVAL_COUNTS,
    SKA_APPROVAL_INVALID,    /* the signature does not verify over this token */
    SKA_APPROVAL_NOT_LISTED, /* not an approver of the rule; then not verified */
    SKA_APPROVAL_DOUBLED     /* valid, but another of the same approver counts already */
};

struct ska_progress {
    enum ska_approval_state *states; /* one for each approval */
    struct ska_span *keys;           /* public keys of those that count; borrowed */
    size_t key_count;
    bool satisfied;
};

/* Verifies each approval once. `rule` may be NULL (the HSM does not tell it): then whatever
 * verifies counts and satisfied is false. Free with ska_progress_clear(). */
bool ska_progress_find(OSSL_LIB_CTX *libctx, const struct ska_rule *rule, struct ska_span token,
                       const struct ska_approval *approvals, size_t count,
                       struct ska_progress *progress,
                       const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_progress_clear(struct ska_progress *progress);

/* ska_rule_progress_text() of those that count. */
void ska_progress_missing(const struct ska_rule *rule, const struct ska_progress *progress,
                          struct ska_buffer *text);

#endif
