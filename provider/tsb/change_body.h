/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the broker is asked to change of a key.
 */
#ifndef SKA_TSB_CHANGE_BODY_H
#define SKA_TSB_CHANGE_BODY_H

#include "provider/base/json.h"
#include "provider/tsb/broker_key.h"

/*
 * The members of a blockRequest and the like: the key and, to modify it, the rules that the payload
 * has, all four. NULL: raised.
 */
cJSON *tsb_change_members(const struct tsb_key *key, enum ska_operation operation,
                          struct ska_span payload, const struct ska_errors *errors);

#endif
