/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy files: the rules of a key as JSON, in the form of the vendor's REST API,
 * {"ruleUse": RULE, "ruleBlock": RULE, "ruleUnblock": RULE, "ruleModify": RULE,
 *  "keyStatus": {"blocked": false}}; RULE as in provider/rule/policy_json.h.
 */
#ifndef SKA_TOOLS_POLICY_FILE_H
#define SKA_TOOLS_POLICY_FILE_H

#include "provider/base/json.h"
#include "provider/rule/rule.h"

struct ska_policy {
    bool named[SKA_RULE_COUNT]; /* whether the member is there; a modification leaves out some */
    struct ska_rule rules[SKA_RULE_COUNT];
    bool blocked; /* "keyStatus": {"blocked": true} */
};

/*
 * Reads a policy file. "file" members are read relative to its directory (PEM or DER; of a
 * certificate file the first certificate, of a public key file the public key). Refused with the
 * place and the name of the approver: a quorum above the number of approvers, the same approver
 * twice in a group, a key that cannot approve, unknown members. Free with ska_policy_clear().
 */
bool ska_policy_read(const char *path, struct ska_policy *policy,
                     const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The same for the rules at a place, members of an object; `directory` as for ska_rule_read().
 * Other members are not looked at.
 */
bool ska_policy_read_rules(const struct ska_json_place *place, const char *directory,
                           struct ska_policy *policy) SKA_MUST_CHECK;
/* The rules that are named, as an object. NULL: out of memory (no error raised). */
cJSON *ska_policy_rules_to_json(const struct ska_policy *policy);

void ska_policy_clear(struct ska_policy *policy);

#endif
