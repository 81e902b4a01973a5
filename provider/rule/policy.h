/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules and policies as JSON, in the form of the vendor's REST API (interfaces, "Policy files"):
 * {"ruleUse": RULE, "ruleBlock": RULE, "ruleUnblock": RULE, "ruleModify": RULE,
 *  "keyStatus": {"blocked": false}}; RULE is null (always satisfied) or {"tokens": [...]}.
 */
#ifndef SKA_RULE_POLICY_H
#define SKA_RULE_POLICY_H

#include <cjson/cJSON.h>

#include "provider/rule/rule.h"

struct ska_policy {
    bool named[SKA_RULE_COUNT]; /* whether the member is there; a modification leaves out some */
    struct ska_rule rules[SKA_RULE_COUNT];
    bool blocked;
};

/* "ruleUse", ... and, for people, "use", ... */
extern const char *const ska_rule_members[SKA_RULE_COUNT];
extern const char *const ska_rule_names[SKA_RULE_COUNT];

/*
 * Reads a policy file. "file" members are read relative to its directory (PEM or DER; of a
 * certificate file the first certificate, of a public key file the public key). Refused with the
 * place and the name of the approver: a quorum above the number of approvers, the same approver
 * twice in a group, a key that cannot approve, unknown members. Free with ska_policy_clear().
 */
bool ska_policy_read(const char *path, struct ska_policy *policy,
                     const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_policy_clear(struct ska_policy *policy);

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
