/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/rule/rule.h"

#include <stdlib.h>

const char *const ska_rule_names[SKA_RULE_COUNT] = {
    [SKA_RULE_USE] = "use",
    [SKA_RULE_BLOCK] = "block",
    [SKA_RULE_UNBLOCK] = "unblock",
    [SKA_RULE_MODIFY] = "modify",
};

enum ska_rule_kind ska_rule_kind_of(enum ska_operation operation)
{
    static const enum ska_rule_kind kinds[] = {
        [SKA_OPERATION_SIGN] = SKA_RULE_USE,
        [SKA_OPERATION_BLOCK] = SKA_RULE_BLOCK,
        [SKA_OPERATION_UNBLOCK] = SKA_RULE_UNBLOCK,
        [SKA_OPERATION_MODIFY] = SKA_RULE_MODIFY,
    };

    return kinds[operation];
}

static void clear_group(struct ska_group *group)
{
    for (size_t i = 0; i < group->approver_count; i++) {
        ska_bytes_free(&group->approvers[i].name);
        ska_bytes_free(&group->approvers[i].data);
        ska_bytes_free(&group->approvers[i].public_key);
    }
    free(group->approvers);
    ska_bytes_free(&group->name);
}

void ska_rule_clear(struct ska_rule *rule)
{
    for (size_t i = 0; i < rule->alternative_count; i++) {
        struct ska_alternative *alternative = &rule->alternatives[i];

        for (size_t j = 0; j < alternative->group_count; j++)
            clear_group(&alternative->groups[j]);
        free(alternative->groups);
        ska_bytes_free(&alternative->name);
    }
    free(rule->alternatives);
    rule->alternatives = NULL;
    rule->alternative_count = 0;
}

static bool alternative_is_empty(const struct ska_alternative *alternative)
{
    for (size_t i = 0; i < alternative->group_count; i++)
        if (alternative->groups[i].quorum > 0)
            return false;
    return true;
}

const struct ska_approver *ska_rule_approver_at(const struct ska_rule *rule, size_t number)
{
    for (size_t i = 0; i < rule->alternative_count; i++)
        for (size_t j = 0; j < rule->alternatives[i].group_count; j++) {
            const struct ska_group *group = &rule->alternatives[i].groups[j];

            if (number < group->approver_count)
                return &group->approvers[number];
            number -= group->approver_count;
        }
    return NULL;
}

const struct ska_approver *ska_rule_find_onboarded(const struct ska_rule *rule)
{
    const struct ska_approver *approver = NULL;
    size_t number = 0;

    do
        approver = ska_rule_approver_at(rule, number++);
    while (approver != NULL && approver->type != SKA_APPROVER_ONBOARDED);
    return approver;
}

bool ska_rule_is_empty(const struct ska_rule *rule)
{
    for (size_t i = 0; i < rule->alternative_count; i++)
        if (alternative_is_empty(&rule->alternatives[i]))
            return true;
    return false;
}

bool ska_alternative_is_limited(const struct ska_alternative *alternative)
{
    return alternative->timelock > 0 || alternative->timeout > 0;
}

bool ska_rule_has_time_limit(const struct ska_rule *rule)
{
    for (size_t i = 0; i < rule->alternative_count; i++)
        if (ska_alternative_is_limited(&rule->alternatives[i]))
            return true;
    return false;
}

bool ska_rule_make_empty(struct ska_rule *rule, const struct ska_errors *errors)
{
    rule->alternative_count = 0;
    rule->alternatives = calloc(1, sizeof(*rule->alternatives));
    if (rule->alternatives == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "empty rule");
    rule->alternative_count = 1;
    rule->alternatives[0].groups = calloc(1, sizeof(*rule->alternatives[0].groups));
    if (rule->alternatives[0].groups == NULL) {
        ska_rule_clear(rule);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "empty rule");
    }
    rule->alternatives[0].group_count = 1;
    return true;
}
