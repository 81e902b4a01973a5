/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be given to a key as a rule. Devices take more; what is refused here would be a mistake
 * that weakens a key or makes it useless.
 */
#include "provider/rule/rule_check.h"

#include <stdlib.h>

#include "provider/base/wire.h"
#include "provider/rule/approver_name.h"
#include "provider/rule/rule_codec.h"

/* The device's limits are not public; nobody needs more, and all devices can do this. */
#define PARTS_LIMIT 64

/* As for the payload of a signature: what an element holds, less a timestamp around it. */
#define MODIFICATION_LIMIT ((size_t)65000)

struct check {
    const char *where; /* of the rule */
    const struct ska_errors *errors;
    size_t token;
    size_t group;
};

/* Raises for a part of the rule, with its name, if it has one, where a reader expects it. */
static bool fail_alternative(const struct check *check, const struct ska_alternative *alternative,
                             const char *what)
{
    char *name = ska_printable(ska_span_of(&alternative->name), 64);

    ska_fail(check->errors, SKA_R_BAD_POLICY, "%s.tokens[%zu]%s%s%s: %s", check->where,
             check->token, alternative->name.length == 0 ? "" : " ('",
             alternative->name.length == 0 || name == NULL ? "" : name,
             alternative->name.length == 0 ? "" : "')", what);
    free(name);
    return false;
}

static bool fail_group(const struct check *check, const struct ska_group *group, const char *what)
{
    char *name = ska_printable(ska_span_of(&group->name), 64);

    ska_fail(check->errors, SKA_R_BAD_POLICY,
             "%s.tokens[%zu].groups[%zu]%s%s%s: %s (quorum %lu, %zu approvers)", check->where,
             check->token, check->group, group->name.length == 0 ? "" : " ('",
             group->name.length == 0 || name == NULL ? "" : name,
             group->name.length == 0 ? "" : "')", what, (unsigned long)group->quorum,
             group->approver_count);
    free(name);
    return false;
}

static bool fail_doubled_approver(const struct check *check, const struct ska_group *group,
                                  size_t first, size_t second)
{
    char *first_name = ska_listed_approver_shown(&group->approvers[first]);
    char *second_name = ska_listed_approver_shown(&group->approvers[second]);

    ska_fail(check->errors, SKA_R_BAD_POLICY,
             "%s.tokens[%zu].groups[%zu]: approvals[%zu] (%s) has the same %s as approvals[%zu] "
             "(%s), and would count only once",
             check->where, check->token, check->group, second,
             second_name == NULL ? "" : second_name,
             group->approvers[first].type == SKA_APPROVER_ONBOARDED ? "name" : "key", first,
             first_name == NULL ? "" : first_name);
    free(first_name);
    free(second_name);
    return false;
}

/* Of whom only the name is known nobody can say whether his key is listed too. */
static bool is_listed_twice(const struct ska_approver *one, const struct ska_approver *other)
{
    bool named = one->type == SKA_APPROVER_ONBOARDED;

    if (named != (other->type == SKA_APPROVER_ONBOARDED))
        return false;
    return named ? ska_span_equal(ska_span_of(&one->name), ska_span_of(&other->name))
                 : ska_span_equal(ska_span_of(&one->public_key), ska_span_of(&other->public_key));
}

static bool check_approvers(const struct check *check, const struct ska_group *group)
{
    for (size_t i = 0; i < group->approver_count; i++) {
        const struct ska_approver *approver = &group->approvers[i];

        if (approver->type != SKA_APPROVER_ONBOARDED &&
            (approver->public_key.length == 0 || approver->data.length == 0))
            return fail_group(check, group, "an approver without a key");
        if (approver->name.length > SKA_WIRE_VALUE_LIMIT ||
            approver->data.length > SKA_WIRE_VALUE_LIMIT)
            return fail_group(check, group, "an approver's name, key or certificate is too long");
        for (size_t j = 0; j < i; j++)
            if (is_listed_twice(approver, &group->approvers[j]))
                return fail_doubled_approver(check, group, j, i);
    }
    return true;
}

static bool check_group(const struct check *check, const struct ska_group *group, bool only)
{
    if (group->name.length > SKA_WIRE_VALUE_LIMIT)
        return fail_group(check, group, "the name is too long");
    if (group->approver_count > PARTS_LIMIT)
        return fail_group(check, group, "more than 64 approvers");
    if (group->quorum > group->approver_count)
        return fail_group(check, group, "the quorum is larger than the number of approvers");
    /* "Nobody is asked" is said by one group that names nobody, as the vendor writes it. */
    if (group->quorum == 0 && (!only || group->approver_count > 0))
        return fail_group(check, group,
                          "the quorum is 0: nobody would be asked; a rule that is always satisfied "
                          "is null");
    return check_approvers(check, group);
}

static bool check_alternative(struct check *check, const struct ska_alternative *alternative)
{
    if (alternative->name.length > SKA_WIRE_VALUE_LIMIT)
        return fail_alternative(check, alternative, "the name is too long");
    if (alternative->group_count == 0)
        return fail_alternative(
            check, alternative,
            "no groups: nobody would be asked; a rule that is always satisfied is "
            "null");
    if (alternative->group_count > PARTS_LIMIT)
        return fail_alternative(check, alternative, "more than 64 groups");
    if (alternative->timelock > UINT32_MAX ||
        alternative->timeout > UINT32_MAX - alternative->timelock)
        return fail_alternative(check, alternative,
                                "timelock and timeout together are longer than 136 years");
    for (check->group = 0; check->group < alternative->group_count; check->group++)
        if (!check_group(check, &alternative->groups[check->group], alternative->group_count == 1))
            return false;
    return true;
}

/* Written down as a value of one element; 0: it cannot be. */
static size_t serialized_length(const struct ska_rule *rule, const struct ska_errors *errors)
{
    struct ska_bytes encoded = {NULL, 0};
    size_t length = ska_rule_encode(rule, &encoded, errors) ? encoded.length : 0;

    ska_bytes_free(&encoded);
    return length;
}

static bool check_length(const struct ska_rule *rule, const char *where,
                         const struct ska_errors *errors)
{
    size_t length = 0;

    /* How long the certificates are the broker knows. */
    if (ska_rule_find_onboarded(rule) != NULL)
        return true;
    length = serialized_length(rule, errors);
    if (length <= SKA_WIRE_VALUE_LIMIT)
        return length > 0;
    return ska_fail(errors, SKA_R_BAD_POLICY,
                    "%s: it has %zu bytes when serialized, and may have %zu: name fewer approvers, "
                    "or keys instead of certificates",
                    where, length, SKA_WIRE_VALUE_LIMIT);
}

bool ska_rule_check(const struct ska_rule *rule, const char *where, const struct ska_errors *errors)
{
    struct check check = {where, errors, 0, 0};

    if (rule->alternative_count > PARTS_LIMIT)
        return ska_fail(errors, SKA_R_BAD_POLICY, "%s: more than 64 tokens", where);
    for (; check.token < rule->alternative_count; check.token++)
        if (!check_alternative(&check, &rule->alternatives[check.token]))
            return false;
    return check_length(rule, where, errors);
}

bool ska_modification_check(const struct ska_rule *const rules[SKA_RULE_COUNT],
                            const struct ska_errors *errors)
{
    size_t sum = 0;

    for (int i = 0; i < SKA_RULE_COUNT; i++) {
        size_t length = rules[i] == NULL ? 0 : serialized_length(rules[i], errors);

        if (rules[i] != NULL && length == 0)
            return false;
        sum += length;
    }
    return sum <= MODIFICATION_LIMIT ||
           ska_fail(errors, SKA_R_BAD_POLICY,
                    "the new rules have %zu bytes when serialized; an approval token can carry "
                    "%zu: change fewer of them at once, or name fewer approvers",
                    sum, MODIFICATION_LIMIT);
}
