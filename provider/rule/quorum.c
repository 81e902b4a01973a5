/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/rule/quorum.h"

static const struct ska_approver *find_in_group(const struct ska_group *group, struct ska_span key)
{
    for (size_t i = 0; i < group->approver_count; i++)
        if (ska_span_equal(ska_span_of(&group->approvers[i].public_key), key))
            return &group->approvers[i];
    return NULL;
}

bool ska_group_lists(const struct ska_group *group, struct ska_span key)
{
    return find_in_group(group, key) != NULL;
}

bool ska_group_is_first(const struct ska_group *group, size_t place)
{
    return find_in_group(group, ska_span_of(&group->approvers[place].public_key)) ==
           &group->approvers[place];
}

static bool stands_before(const struct ska_span *keys, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (ska_span_equal(keys[i], keys[index]))
            return true;
    return false;
}

size_t ska_group_count(const struct ska_group *group, const struct ska_span *keys, size_t key_count)
{
    size_t count = 0;

    /* Counted by key, not by entry of the group, so a key that is listed twice counts once. */
    for (size_t i = 0; i < key_count; i++)
        if (keys[i].length > 0 && !stands_before(keys, i) && find_in_group(group, keys[i]))
            count++;
    return count;
}

bool ska_group_satisfied(const struct ska_group *group, const struct ska_span *keys,
                         size_t key_count)
{
    return ska_group_count(group, keys, key_count) >= group->quorum;
}

bool ska_alternative_lists(const struct ska_alternative *alternative, struct ska_span key)
{
    for (size_t i = 0; i < alternative->group_count; i++)
        if (ska_group_lists(&alternative->groups[i], key))
            return true;
    return false;
}

bool ska_alternative_satisfied(const struct ska_alternative *alternative,
                               const struct ska_span *keys, size_t key_count)
{
    for (size_t i = 0; i < alternative->group_count; i++)
        if (!ska_group_satisfied(&alternative->groups[i], keys, key_count))
            return false;
    return true;
}

bool ska_rule_satisfied(const struct ska_rule *rule, const struct ska_span *keys, size_t key_count)
{
    for (size_t i = 0; i < rule->alternative_count; i++)
        if (ska_alternative_satisfied(&rule->alternatives[i], keys, key_count))
            return true;
    return false;
}

const struct ska_approver *ska_rule_find_approver(const struct ska_rule *rule, struct ska_span key)
{
    for (size_t i = 0; i < rule->alternative_count; i++) {
        const struct ska_alternative *alternative = &rule->alternatives[i];

        for (size_t j = 0; j < alternative->group_count; j++) {
            const struct ska_approver *found = find_in_group(&alternative->groups[j], key);

            if (found != NULL)
                return found;
        }
    }
    return NULL;
}
