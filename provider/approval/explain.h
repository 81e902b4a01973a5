/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a signature is not made: the one place that says which approvals are missing or do not count.
 */
#ifndef SKA_APPROVAL_EXPLAIN_H
#define SKA_APPROVAL_EXPLAIN_H

#include "../hsm/key.h"
#include "progress.h"

/* The current use rule of the key; *known is false where the HSM does not tell it or it does not
 * decode. */
bool ska_use_rule_read(struct hsm_key *key, struct ska_rule *rule, bool *known,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* Raises what is missing for a key that was given no approvals at all. Returns false. */
bool ska_explain_no_sources(struct hsm_key *key, const struct ska_rule *rule,
                            const struct ska_errors *errors);

/* Raises why the HSM refused a request with these approvals. Returns false. */
bool ska_explain_refusal(OSSL_LIB_CTX *libctx, struct hsm_key *key,
                         const struct ska_request *request, const struct hsm_refusal *refusal,
                         const struct ska_errors *errors);

/*
 * Raises "approvals pending" for a request that is open in an approvals directory. `rule` may be
 * NULL. `notes` names files that do not count. Returns false.
 */
bool ska_explain_pending(const struct ska_request *request, const char *directory,
                         const struct ska_rule *rule, const struct ska_progress *progress,
                         const struct ska_buffer *notes, const struct ska_errors *errors);

#endif
