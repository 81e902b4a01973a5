/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/rule_body.h"

#include <inttypes.h>

#include "provider/rule/policy_json.h"

static bool check_minutes(const struct ska_alternative *alternative, const char *rule,
                          size_t number, const struct ska_errors *errors)
{
    bool whole = alternative->timelock % 60 == 0;
    const char *name = whole ? "timeout" : "timelock";
    uint64_t seconds = whole ? alternative->timeout : alternative->timelock;

    return seconds % 60 == 0 ||
           ska_fail(errors, SKA_R_BAD_POLICY,
                    "%s.tokens[%zu].%s: %" PRIu64
                    " seconds: a broker counts in minutes, so it must be a multiple of 60",
                    rule, number, name, seconds);
}

bool tsb_rules_check(const struct ska_rule *const rules[SKA_RULE_COUNT],
                     const struct ska_errors *errors)
{
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        for (size_t j = 0; rules[i] != NULL && j < rules[i]->alternative_count; j++)
            if (!check_minutes(&rules[i]->alternatives[j], ska_rule_members[i], j, errors))
                return false;
    return true;
}

cJSON *tsb_rules_body(const struct ska_rule *const rules[SKA_RULE_COUNT])
{
    cJSON *json = cJSON_CreateObject();

    for (size_t i = 0; json != NULL && i < SKA_RULE_COUNT; i++) {
        if (rules[i] == NULL ||
            ska_json_add_item(json, ska_rule_members[i], ska_rule_to_json(rules[i])))
            continue;
        cJSON_Delete(json);
        json = NULL;
    }
    return json;
}
