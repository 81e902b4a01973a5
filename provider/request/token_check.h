/* SPDX-License-Identifier: Apache-2.0 */
/*
 * That an approval token allows what is wanted: the check that stands between what was asked for
 * and what the HSM is asked to do.
 */
#ifndef SKA_REQUEST_TOKEN_CHECK_H
#define SKA_REQUEST_TOKEN_CHECK_H

#include "provider/backend/backend_key.h"
#include "provider/request/request.h"

/* That it is for this key, this operation and exactly this payload. */
bool ska_approval_token_check(struct ska_span encoded, struct backend_key *key,
                              enum ska_operation operation, struct ska_span payload,
                              const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * That a token which the HSM's library has just made is, byte for byte, the one that was asked for:
 * for this, and with exactly this timestamp (both spans empty: none). Whatever else is in it,
 * people would approve it.
 */
bool ska_approval_token_check_made(struct ska_span encoded, struct backend_key *key,
                                   enum ska_operation operation, struct ska_span payload,
                                   const struct backend_timestamp *timestamp,
                                   const struct ska_errors *errors) SKA_MUST_CHECK;

/* That a request is for this key, and its token with it. */
bool ska_request_check_key(const struct ska_request *request, struct backend_key *key,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
