/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests in the making. A draft says what is asked for and has its id, so that an open request
 * for the same thing can be found; only when there is none does the HSM make a token for it.
 */
#ifndef SKA_SIGN_MAKE_REQUEST_H
#define SKA_SIGN_MAKE_REQUEST_H

#include "provider/request/signed_content.h"
#include "provider/sign/current_rule.h"
#include "provider/sign/job.h"

/*
 * A new request for what the job is about: the rules as the HSM has them now, a token made by it,
 * with a timestamp where the rule has time limits, no approvals yet. Free with ska_request_free().
 */
bool ska_request_make(const struct ska_job *job, struct ska_request **request) SKA_MUST_CHECK;
/* The same by a rule that is read already. Only for signing. */
bool ska_request_make_by(const struct ska_job *job, const struct ska_current_rule *current,
                         struct ska_request **request) SKA_MUST_CHECK;

bool ska_draft_make(const struct ska_job *job, struct ska_request **draft) SKA_MUST_CHECK;
/* What is hashed, for people to see, as far as the settings let it be kept. */
bool ska_draft_add_content(const struct ska_job *job, struct ska_request *draft) SKA_MUST_CHECK;
/* It becomes another request for the same thing, with an id of its own. */
bool ska_draft_set_attempt(struct ska_request *draft, uint64_t attempt,
                           const struct ska_job *job) SKA_MUST_CHECK;
/* When approvals can be used, by the rule that is in the draft and this time of the HSM. */
bool ska_draft_set_times(struct ska_request *draft, uint64_t seconds,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
/*
 * The rules that it shows, as the HSM has them now: that of its operation, all four for a
 * modification.
 */
bool ska_draft_add_rules(struct ska_request *draft, struct backend_key *key,
                         const struct ska_errors *errors) SKA_MUST_CHECK;
/* Whatever it says of the rule: people are shown, and the log names, what holds. */
bool ska_draft_set_rule(struct ska_request *draft, const struct ska_rule *rule,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
/*
 * The HSM's token for what the job is about, the very one that was asked for. `timestamp` is NULL
 * for none.
 */
bool ska_token_make(const struct ska_job *job, struct ska_span payload,
                    const struct backend_timestamp *timestamp,
                    struct ska_bytes *token) SKA_MUST_CHECK;
/* Adds the HSM's token, by the rule that is in the draft. */
bool ska_draft_add_token(const struct ska_job *job, struct ska_request *draft) SKA_MUST_CHECK;

/*
 * Its id and the token's label become what they are, whatever a request for this key says of them
 * itself: directories and the audit log go by them.
 */
bool ska_request_settle(struct ska_request *request, const struct ska_job *job) SKA_MUST_CHECK;

/* Whether the same command, given again, signs the same. */
enum ska_content_repeats ska_job_repeats(const struct ska_job *job);

#endif
