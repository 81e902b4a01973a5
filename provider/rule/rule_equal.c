/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/rule/rule_equal.h"

#include "provider/rule/approver_name.h"

static bool same_bytes(const struct ska_bytes *one, const struct ska_bytes *other)
{
    return ska_span_equal(ska_span_of(one), ska_span_of(other));
}

static bool same_name(const struct ska_bytes *one, const struct ska_bytes *other)
{
    return one->length == 0 || other->length == 0 || same_bytes(one, other);
}

/* What it is listed under is the word of whoever has listed it, and tells nothing. */
static bool goes_by_name(const struct ska_approver *approver, const struct ska_bytes *name)
{
    if (approver->type == SKA_APPROVER_ONBOARDED)
        return same_bytes(&approver->name, name);
    return approver->type == SKA_APPROVER_CERTIFICATE &&
           ska_certificate_goes_by(ska_span_of(&approver->data), ska_span_of(name));
}

static bool same_approver(const struct ska_approver *one, const struct ska_approver *other)
{
    if (one->type == SKA_APPROVER_ONBOARDED)
        return goes_by_name(other, &one->name);
    if (other->type == SKA_APPROVER_ONBOARDED)
        return goes_by_name(one, &other->name);
    return one->type == other->type && same_bytes(&one->data, &other->data) &&
           same_name(&one->name, &other->name);
}

static bool same_group(const struct ska_group *one, const struct ska_group *other)
{
    bool same = one->quorum == other->quorum && one->approver_count == other->approver_count &&
                same_name(&one->name, &other->name);

    for (size_t i = 0; same && i < one->approver_count; i++)
        same = same_approver(&one->approvers[i], &other->approvers[i]);
    return same;
}

static bool same_alternative(const struct ska_alternative *one, const struct ska_alternative *other)
{
    bool same = one->timelock == other->timelock && one->timeout == other->timeout &&
                one->group_count == other->group_count && same_name(&one->name, &other->name);

    for (size_t i = 0; same && i < one->group_count; i++)
        same = same_group(&one->groups[i], &other->groups[i]);
    return same;
}

bool ska_rule_equal(const struct ska_rule *one, const struct ska_rule *other)
{
    bool same = one->alternative_count == other->alternative_count;

    /* There are several ways to write one that needs nobody. */
    if (ska_rule_is_empty(one) && ska_rule_is_empty(other) && !ska_rule_has_time_limit(one) &&
        !ska_rule_has_time_limit(other))
        return true;
    for (size_t i = 0; same && i < one->alternative_count; i++)
        same = same_alternative(&one->alternatives[i], &other->alternatives[i]);
    return same;
}
