/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the broker is asked for each operation: to sign, to block, to unblock and to modify a key.
 */
#ifndef SKA_TSB_OPERATION_CALL_H
#define SKA_TSB_OPERATION_CALL_H

#include "provider/tsb/broker_call.h"
#include "provider/tsb/broker_key.h"

/*
 * What is asked for: see tsb_sign_members() (which the mechanism is for) and tsb_change_members().
 * NULL: raised.
 */
cJSON *tsb_operation_members(const struct tsb_key *key, enum ska_operation operation,
                             const struct ska_mechanism *mechanism, struct ska_span payload,
                             const struct ska_errors *errors);

enum tsb_when {
    TSB_HAND_IN, /* when enough have approved: the broker keeps the request */
    TSB_AT_ONCE
};

/*
 * Asks for it. Takes over the members. `unclear` and the rest as of tsb_call(), a refusal
 * included.
 */
enum tsb_outcome tsb_operation_call(const struct tsb_key *key, enum ska_operation operation,
                                    enum tsb_when when, cJSON *members, const char *unclear,
                                    cJSON **json, struct tsb_refusal *refusal,
                                    const struct ska_errors *errors) SKA_MUST_CHECK;

/* The member of the answer that has the id of a request that was handed in. */
const char *tsb_operation_id(enum ska_operation operation);

#endif
