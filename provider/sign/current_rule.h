/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the HSM says of a key now: the rule of an operation, and whether the key is blocked.
 */
#ifndef SKA_SIGN_CURRENT_RULE_H
#define SKA_SIGN_CURRENT_RULE_H

#include "provider/backend/backend_key.h"
#include "provider/rule/rule.h"

/* Starts as {0}; free with ska_current_rule_clear(). */
struct ska_current_rule {
    struct ska_rule rule;
    bool known;      /* the HSM tells it, and it decodes */
    bool remembered; /* as it was read with the key; it may have changed since */
};
bool ska_current_rule_read(struct backend_key *key, enum ska_rule_kind kind,
                           struct ska_current_rule *current,
                           const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_current_rule_clear(struct ska_current_rule *current);

/* NULL where it is not known. */
const struct ska_rule *ska_current_rule_of(const struct ska_current_rule *current);

/* Whether the HSM tells another rule by now than the one that was read with the key. */
bool ska_use_rule_has_changed(struct backend_key *key);

/* As far as the HSM tells. */
bool ska_key_is_blocked(struct backend_key *key);

#endif
