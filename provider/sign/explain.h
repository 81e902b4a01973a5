/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a signature is not made: the one place that says which approvals are missing or do not count.
 */
#ifndef SKA_SIGN_EXPLAIN_H
#define SKA_SIGN_EXPLAIN_H

#include "provider/hsm/key.h"
#include "provider/sign/progress.h"
#include "provider/rule/window.h"

/* The rule that an operation needs. */
enum ska_rule_kind ska_rule_kind_of(enum ska_operation operation);

/*
 * A rule of the key as it is now; *known is false where the HSM does not tell it or it does not
 * decode.
 */
bool ska_current_rule(struct hsm_key *key, enum ska_rule_kind kind, struct ska_rule *rule,
                      bool *known, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The earliest opening and the last closing of the rule for a token with a timestamp, by the HSM's
 * clock now; false for a rule without time limits or a token without a timestamp.
 */
struct ska_time_limits {
    uint64_t timestamp;
    struct ska_window window;
    uint64_t now;
};
bool ska_time_limits_of(OSSL_LIB_CTX *libctx, struct hsm_key *key, const struct ska_rule *rule,
                        struct ska_span token, struct ska_time_limits *limits);

/* Raises what is missing for a key that was given no approvals at all. Returns false. */
bool ska_explain_no_sources(struct hsm_key *key, const struct ska_rule *rule,
                            const struct ska_errors *errors);

/* Whether the key is blocked, as far as the HSM tells. */
bool ska_is_blocked(struct hsm_key *key);

/*
 * False: the key is blocked, which is raised. Before people are asked, who would approve in vain.
 */
bool ska_check_not_blocked(struct hsm_key *key, const struct ska_errors *errors) SKA_MUST_CHECK;

/* Raises why the HSM refused a request with these approvals. Returns false. */
bool ska_explain_refusal(OSSL_LIB_CTX *libctx, struct hsm_key *key,
                         const struct ska_request *request, const struct hsm_refusal *refusal,
                         const struct ska_errors *errors);

/* What is told of a request that did not come to the HSM. */
struct ska_pending {
    enum ska_reason reason;
    const struct ska_request *request;
    const char *directory;       /* where it is open; NULL: nowhere */
    const struct ska_rule *rule; /* NULL: not known */
    const struct ska_progress *progress;
    const struct ska_buffer *notes; /* what does not count, and who has refused */
};
/* Raises it: how many of how many in which group, until when, what to do. Returns false. */
bool ska_explain_pending(const struct ska_pending *pending, const struct ska_errors *errors);

#endif
