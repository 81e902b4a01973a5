/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as JSON, in the form of the vendor's REST API: RULE is null (always satisfied) or
 * {"tokens": [...]}. They come from strangers, to be shown, or from a policy file, to be given to a
 * key: {"ruleUse": RULE, "ruleBlock": RULE, "ruleUnblock": RULE, "ruleModify": RULE}.
 */
#ifndef SKA_RULE_POLICY_JSON_H
#define SKA_RULE_POLICY_JSON_H

#include "provider/base/json.h"
#include "provider/rule/rule.h"

/* "ruleUse", ... */
extern const char *const ska_rule_members[SKA_RULE_COUNT];

/*
 * The rule at a place: null or an object. `directory` is what "file" is relative to, with its '/',
 * or ""; NULL: the rule comes from others, "file" and members that are new are not looked at, while
 * in a policy file unknown members are refused. Only in that there may be approvers whom a broker
 * knows by name (SKA_APPROVER_ONBOARDED). On failure the rule is empty.
 */
bool ska_rule_read(const struct ska_json_place *place, const char *directory,
                   struct ska_rule *rule) SKA_MUST_CHECK;

/* An always satisfied rule becomes null. NULL: out of memory (no error raised). */
cJSON *ska_rule_to_json(const struct ska_rule *rule);

#endif
