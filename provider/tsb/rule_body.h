/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as the broker takes them.
 */
#ifndef SKA_TSB_RULE_BODY_H
#define SKA_TSB_RULE_BODY_H

#include "provider/base/json.h"
#include "provider/rule/rule.h"

/* A broker counts in minutes: SKA_R_BAD_POLICY for others. NULL rules are passed over. */
bool tsb_rules_check(const struct ska_rule *const rules[SKA_RULE_COUNT],
                     const struct ska_errors *errors) SKA_MUST_CHECK;

/* {"ruleUse": RULE, ...}; a rule that is NULL is left out. NULL: memory ran out (not raised). */
cJSON *tsb_rules_body(const struct ska_rule *const rules[SKA_RULE_COUNT]);

#endif
