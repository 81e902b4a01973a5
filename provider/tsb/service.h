/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker says of itself.
 */
#ifndef SKA_TSB_SERVICE_H
#define SKA_TSB_SERVICE_H

#include "provider/tsb/connection.h"

enum tsb_service_answer {
    TSB_SERVICE_TOLD,
    TSB_SERVICE_NOT_US, /* it tells that who has an API key for its service; nothing raised */
    TSB_SERVICE_FAILED  /* raised */
};

/*
 * Its version, as it writes it; harmless on a terminal, to be freed with ska_bytes_free(). *time:
 * what it is by the broker's clock, in seconds since 1970, also where it refuses; -1: not known.
 */
enum tsb_service_answer tsb_service_version(struct tsb_connection *connection,
                                            struct ska_bytes *version, int64_t *time,
                                            const struct ska_errors *errors);

/* What its licence covers. */
struct tsb_licence {
    bool key_auth;   /* keys with rules */
    bool rest_api;   /* signatures at once */
    bool tsb_engine; /* requests that wait for approvers */
};
enum tsb_service_answer tsb_service_licence(struct tsb_connection *connection,
                                            struct tsb_licence *licence,
                                            const struct ska_errors *errors);

/* Whether requests may be looked at, by an API key for key operations. */
bool tsb_service_requests(struct tsb_connection *connection,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
