/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests in the making. A draft says what is asked for and has its id, so that an open request
 * for the same thing can be found; only when there is none does the HSM make a token for it.
 */
#ifndef SKA_SIGN_DRAFT_H
#define SKA_SIGN_DRAFT_H

#include "provider/sign/sign.h"

bool ska_draft_make(struct hsm_key *key, const struct ska_request_options *options,
                    struct ska_request **draft, const struct ska_errors *errors) SKA_MUST_CHECK;

/* Adds the rules and the HSM's token, with a timestamp where the rule has time limits. */
bool ska_draft_complete(struct ska_request *draft, struct hsm_key *key,
                        const struct ska_request_options *options,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/* The same for a draft that has its rules already: they are not read again. */
bool ska_draft_add_token(struct ska_request *draft, struct hsm_key *key,
                         const struct ska_request_options *options,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/* That an approval token is for this key, this operation and exactly this payload. */
bool ska_approval_token_check(struct ska_span encoded, struct hsm_key *key,
                              enum ska_operation operation, struct ska_span payload,
                              const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
