/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a key shows what the broker says that it has done: nobody is told of a change that is not
 * there to be seen. Both are the broker's word, but of two that differ one is wrong.
 */
#ifndef SKA_TSB_STATE_CHECK_H
#define SKA_TSB_STATE_CHECK_H

#include "provider/backend/backend_key_template.h"
#include "provider/tsb/broker_key.h"

/*
 * After a change: the key is asked for. BROKER_AWAY: it could not be seen (raised). BROKER_WRONG:
 * it shows something else, or nothing (raised).
 */
enum broker_answer tsb_check_changed(struct tsb_key *key, enum ska_operation operation,
                                     struct ska_span payload, const struct ska_errors *errors);

/* Of a new key, whose state this is: a key with other rules than its owner thinks is of no use. */
bool tsb_check_created(const struct backend_key *key, const struct backend_key_state *state,
                       const struct backend_key_template *wanted,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
