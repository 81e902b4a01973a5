/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKATSB_ACCESS_H
#define SKATSB_ACCESS_H

#include "simulator/tsb/exchange.h"

/*
 * Whether the headers of a call open calls of this kind: the API key, and, but for approvers, the
 * access token. Else it is refused.
 */
bool tsb_access_allowed(struct tsb_exchange *exchange, enum tsb_access access) SKA_MUST_CHECK;

/* Whether the licence has this flag; else it is refused. */
bool tsb_access_licensed(struct tsb_exchange *exchange, const char *flag) SKA_MUST_CHECK;

/* Whether a JSON web token says that it has expired by this time, in seconds since 1970. */
bool tsb_jwt_expired(const char *token, int64_t now);

#endif
