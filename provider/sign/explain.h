/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a signature is not made: the one place that says which approvals are missing or do not count.
 */
#ifndef SKA_SIGN_EXPLAIN_H
#define SKA_SIGN_EXPLAIN_H

#include "provider/sign/ballot.h"
#include "provider/sign/job.h"

/* Raises what is missing for a key that was given no approvals at all. Returns false. */
bool ska_explain_no_sources(struct backend_key *key, const struct ska_rule *rule,
                            const struct ska_errors *errors);

/*
 * False: the key is blocked, which is raised. Before people are asked, who would approve in vain.
 */
bool ska_check_not_blocked(struct backend_key *key, const struct ska_errors *errors) SKA_MUST_CHECK;

/* Raises why the HSM refused a request with these approvals. Returns false. */
bool ska_explain_refusal(const struct ska_job *job, struct ska_request *request,
                         const struct backend_refusal *refusal);

/* "; alice has refused", for each who has. */
void ska_explain_refusals(const struct ska_ballot *ballot, struct ska_buffer *text);

/* What is told of a request that did not come to the HSM. */
struct ska_pending {
    enum ska_reason reason;
    const struct ska_ballot *ballot;
    const char *directory;          /* where it is open; NULL: nowhere */
    const struct ska_buffer *notes; /* what does not count, and who has refused */
};
/* Raises it: how many of how many in which group, until when, what to do. Returns false. */
bool ska_explain_pending(const struct ska_pending *pending, const struct ska_errors *errors);

#endif
