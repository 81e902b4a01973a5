/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has become of a request at a broker, in words, with names from the rule.
 */
#ifndef SKA_SIGN_BROKER_WORDS_H
#define SKA_SIGN_BROKER_WORDS_H

#include "provider/backend/broker.h"
#include "provider/rule/rule.h"

/* "1 of 2; still needed: bob or carol; rejected by dave". `rule` NULL: it is not known. */
void ska_broker_progress_text(const struct ska_rule *rule, const struct broker_status *status,
                              struct ska_buffer *text);

/* Whether these are enough, time aside. */
bool ska_broker_people_satisfy(const struct ska_rule *rule, const struct broker_people *people);

/* Raises why a request that has ended gives no signature. Returns false. */
bool ska_broker_fail_ended(struct backend_key *key, const char *id, const struct ska_rule *rule,
                           const struct broker_status *status, const struct ska_errors *errors);

/* "rejected", "expired": for the log; and the reason of a failure that it is. */
const char *ska_broker_state_word(enum broker_state state);
enum ska_reason ska_broker_state_reason(enum broker_state state);

/* "alice, bob", as the rule calls them; others by their keys. "nobody". */
void ska_broker_people_text(const struct ska_rule *rule, const struct broker_people *people,
                            struct ska_buffer *text);

#endif
