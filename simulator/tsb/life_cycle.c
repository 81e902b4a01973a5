/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/life_cycle.h"

#include "provider/rule/quorum.h"

const char *const tsb_status_names[TSB_STATUS_COUNT] = {
    [TSB_PENDING] = "PENDING",     [TSB_APPROVED] = "APPROVED", [TSB_EXECUTED] = "EXECUTED",
    [TSB_FAILED] = "FAILED",       [TSB_REJECTED] = "REJECTED", [TSB_EXPIRED] = "EXPIRED",
    [TSB_CANCELLED] = "CANCELLED",
};

/* How many distinct approvers have not said no. */
static size_t count_left(const struct ska_group *group, const struct tsb_answers *answers)
{
    size_t left = 0;

    for (size_t i = 0; i < group->approver_count; i++)
        if (ska_group_is_first(group, i))
            left++;
    return left - ska_group_count(group, answers->rejected, answers->rejected_count);
}

static bool is_reachable(const struct ska_alternative *alternative,
                         const struct tsb_answers *answers)
{
    for (size_t i = 0; i < alternative->group_count; i++)
        if (count_left(&alternative->groups[i], answers) < alternative->groups[i].quorum)
            return false;
    return true;
}

static uint64_t add_seconds(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* What one alternative says of all; they are looked at one after the other. */
struct sum {
    bool satisfied; /* in time, or before it */
    bool ready;
    bool reachable;
    bool too_late; /* would be reachable, were it not for the time */
    uint64_t opens;
    uint64_t closes;
};

static void add_alternative(const struct ska_alternative *alternative,
                            const struct tsb_answers *answers, uint64_t stamp, uint64_t now,
                            struct sum *sum)
{
    uint64_t opens = add_seconds(stamp, alternative->timelock);
    uint64_t closes =
        alternative->timeout == 0 ? UINT64_MAX : add_seconds(opens, alternative->timeout);

    if (!is_reachable(alternative, answers))
        return;
    if (now >= closes) {
        sum->too_late = true;
        return;
    }
    sum->reachable = true;
    if (closes < sum->closes)
        sum->closes = closes;
    if (!ska_alternative_satisfied(alternative, answers->approved, answers->approved_count))
        return;
    sum->satisfied = true;
    sum->ready = sum->ready || now >= opens;
    if (opens > now && opens < sum->opens)
        sum->opens = opens;
}

void tsb_judge(const struct ska_rule *rule, const struct tsb_answers *answers, uint64_t stamp,
               uint64_t now, struct tsb_outlook *outlook)
{
    struct sum sum = {.opens = UINT64_MAX, .closes = UINT64_MAX};

    for (size_t i = 0; i < rule->alternative_count; i++)
        add_alternative(&rule->alternatives[i], answers, stamp, now, &sum);
    outlook->ready = sum.ready;
    outlook->next = sum.opens < sum.closes ? sum.opens : sum.closes;
    if (sum.satisfied)
        outlook->status = TSB_APPROVED;
    else if (sum.reachable)
        outlook->status = TSB_PENDING;
    else
        outlook->status = sum.too_late ? TSB_EXPIRED : TSB_REJECTED;
}
