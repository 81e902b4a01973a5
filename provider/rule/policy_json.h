/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as JSON, in the form of the vendor's REST API: RULE is null (always satisfied) or
 * {"tokens": [...]}. They come from strangers, to be shown, or from a policy file, to be given to a
 * key: {"ruleUse": RULE, "ruleBlock": RULE, "ruleUnblock": RULE, "ruleModify": RULE}.
 */
#ifndef SKA_RULE_POLICY_JSON_H
#define SKA_RULE_POLICY_JSON_H

#include <cjson/cJSON.h>

#include "provider/rule/rule.h"

/* "ruleUse", ... */
extern const char *const ska_rule_members[SKA_RULE_COUNT];

struct ska_rule_reader {
    bool policy_file;      /* unknown members are refused, "file" is allowed */
    const char *directory; /* that "file" is relative to, with its '/', or "" */
    enum ska_reason reason;
    const struct ska_errors *errors;
};

/* `json` is null or an object. On failure the rule is empty. `where` is harmless on a terminal. */
bool ska_rule_read(const struct ska_rule_reader *reader, const cJSON *json, const char *where,
                   struct ska_rule *rule) SKA_MUST_CHECK;

/* The same for a rule in a request, which comes from others: SKA_R_BAD_REQUEST. */
bool ska_rule_from_json(const cJSON *json, const char *where, struct ska_rule *rule,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/* An always satisfied rule becomes null. NULL: out of memory (no error raised). */
cJSON *ska_rule_to_json(const struct ska_rule *rule);

#endif
