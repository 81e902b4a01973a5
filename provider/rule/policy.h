/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as JSON, in the form of the vendor's REST API: null (always satisfied) or {"tokens":
 * [...]}.
 */
#ifndef SKA_RULE_POLICY_H
#define SKA_RULE_POLICY_H

#include <cjson/cJSON.h>

#include "provider/rule/rule.h"

/* "ruleUse", ... and, for people, "use", ... */
extern const char *const ska_rule_members[SKA_RULE_COUNT];
extern const char *const ska_rule_names[SKA_RULE_COUNT];

/* The rule that is always satisfied, as the vendor writes it: one token, one group, quorum 0. */
bool ska_rule_make_empty(struct ska_rule *rule, const struct ska_errors *errors) SKA_MUST_CHECK;

/* What is wrong with a rule that is about to be given to a key; `where` names it ("ruleUse"). */
bool ska_rule_check(const struct ska_rule *rule, const char *where,
                    const struct ska_errors *errors) SKA_MUST_CHECK;

/* An always satisfied rule becomes null. NULL: out of memory (no error raised). */
cJSON *ska_rule_to_json(const struct ska_rule *rule);
/* `json` may be null JSON. No "file" members here: requests come from others. */
bool ska_rule_from_json(const cJSON *json, const char *where, struct ska_rule *rule,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
