/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a broker says of a request.
 */
#ifndef SKA_TSB_STATUS_ANSWER_H
#define SKA_TSB_STATUS_ANSWER_H

#include "provider/backend/broker.h"
#include "provider/base/json.h"

/* The most people that are taken from a list. */
#define TSB_PEOPLE_MOST 1024

/*
 * Of the answer to GET /v1/request/ID: all of the status but the signature, of which `result` is
 * the base64, borrowed; NULL: none, or the request is not executed. A status that is not known is
 * one to wait by; lists that are missing are empty. Errors have the reason of the place.
 */
bool tsb_status_read(const struct ska_json_place *answer, const char *id,
                     struct broker_status *status, const char **result) SKA_MUST_CHECK;

/* "EXECUTED", as the broker says it. */
const char *tsb_state_name(enum broker_state state);

/* The id in an answer that tells a new one: of letters, digits and hyphens only, in lower case. */
bool tsb_request_id_read(const struct ska_json_place *answer, const char *name,
                         char id[BROKER_ID_SIZE]) SKA_MUST_CHECK;

#endif
