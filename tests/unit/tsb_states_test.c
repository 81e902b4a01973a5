/* SPDX-License-Identifier: Apache-2.0 */
/* Where a request at the broker stands, by answers and by time. */
#include "cmocka_all.h"

#include "simulator/tsb/life_cycle.h"

/* Approvers are told apart by the bytes of their keys. */
#define KEY(text)                                                                                  \
    {                                                                                              \
        (uint8_t *)(uintptr_t)(text), sizeof(text) - 1                                             \
    }
#define SPAN(text) ska_span((text), sizeof(text) - 1)

static struct ska_approver board[] = {
    {.public_key = KEY("alice")}, {.public_key = KEY("bob")}, {.public_key = KEY("carol")}};
static struct ska_approver risk[] = {{.public_key = KEY("dave")}};

static struct tsb_outlook judge(const struct ska_rule *rule, const struct ska_span *approved,
                                size_t approved_count, const struct ska_span *rejected,
                                size_t rejected_count, uint64_t now)
{
    const struct tsb_answers answers = {approved, approved_count, rejected, rejected_count};
    struct tsb_outlook outlook;

    tsb_judge(rule, &answers, 1000, now, &outlook);
    return outlook;
}

static void two_of_three(void **state)
{
    struct ska_group group = {.quorum = 2, .approvers = board, .approver_count = 3};
    struct ska_alternative token = {.groups = &group, .group_count = 1};
    struct ska_rule rule = {&token, 1};
    const struct ska_span who[] = {SPAN("alice"), SPAN("bob"), SPAN("mallory")};
    const struct ska_span no[] = {SPAN("bob"), SPAN("carol")};

    (void)state;
    assert_int_equal(judge(&rule, NULL, 0, NULL, 0, 1000).status, TSB_PENDING);
    assert_int_equal(judge(&rule, who, 1, NULL, 0, 1000).status, TSB_PENDING);
    assert_int_equal(judge(&rule, who, 2, NULL, 0, 1000).status, TSB_APPROVED);
    assert_true(judge(&rule, who, 2, NULL, 0, 1000).ready);
    assert_int_equal(judge(&rule, &who[2], 1, NULL, 0, 1000).status, TSB_PENDING);
    assert_int_equal(judge(&rule, who, 1, no, 1, 1000).status, TSB_PENDING);
    assert_int_equal(judge(&rule, who, 1, no, 2, 1000).status, TSB_REJECTED);
    assert_true(judge(&rule, who, 1, NULL, 0, 1000).next == UINT64_MAX);
}

static void one_who_approves_twice_counts_once(void **state)
{
    struct ska_group group = {.quorum = 2, .approvers = board, .approver_count = 3};
    struct ska_alternative token = {.groups = &group, .group_count = 1};
    struct ska_rule rule = {&token, 1};
    const struct ska_span who[] = {SPAN("alice"), SPAN("alice")};

    (void)state;
    assert_int_equal(judge(&rule, who, 2, NULL, 0, 1000).status, TSB_PENDING);
}

static void all_groups(void **state)
{
    struct ska_group groups[] = {{.quorum = 1, .approvers = board, .approver_count = 3},
                                 {.quorum = 1, .approvers = risk, .approver_count = 1}};
    struct ska_alternative token = {.groups = groups, .group_count = 2};
    struct ska_rule rule = {&token, 1};
    const struct ska_span who[] = {SPAN("alice"), SPAN("dave")};

    (void)state;
    assert_int_equal(judge(&rule, who, 1, NULL, 0, 1000).status, TSB_PENDING);
    assert_int_equal(judge(&rule, who, 2, NULL, 0, 1000).status, TSB_APPROVED);
    assert_int_equal(judge(&rule, who, 1, &who[1], 1, 1000).status, TSB_REJECTED);
}

static void timelock_and_timeout(void **state)
{
    struct ska_group group = {.quorum = 1, .approvers = board, .approver_count = 3};
    struct ska_alternative token = {
        .timelock = 60, .timeout = 600, .groups = &group, .group_count = 1};
    struct ska_rule rule = {&token, 1};
    const struct ska_span who[] = {SPAN("alice")};

    (void)state;
    assert_int_equal(judge(&rule, who, 1, NULL, 0, 1059).status, TSB_APPROVED);
    assert_false(judge(&rule, who, 1, NULL, 0, 1059).ready);
    assert_true(judge(&rule, who, 1, NULL, 0, 1059).next == 1060);
    assert_true(judge(&rule, who, 1, NULL, 0, 1060).ready);
    assert_true(judge(&rule, NULL, 0, NULL, 0, 1000).next == 1660);
    assert_int_equal(judge(&rule, NULL, 0, NULL, 0, 1659).status, TSB_PENDING);
    assert_int_equal(judge(&rule, NULL, 0, NULL, 0, 1660).status, TSB_EXPIRED);
    assert_int_equal(judge(&rule, who, 1, NULL, 0, 1660).status, TSB_EXPIRED);
}

/* One way is too late, on the other somebody has said no: it was the time. */
static void alternatives(void **state)
{
    struct ska_group groups[] = {{.quorum = 1, .approvers = board, .approver_count = 1},
                                 {.quorum = 1, .approvers = risk, .approver_count = 1}};
    struct ska_alternative tokens[] = {{.timeout = 60, .groups = groups, .group_count = 1},
                                       {.groups = &groups[1], .group_count = 1}};
    struct ska_rule rule = {tokens, 2};
    const struct ska_span dave[] = {SPAN("dave")};
    const struct ska_span both[] = {SPAN("alice"), SPAN("dave")};

    (void)state;
    assert_int_equal(judge(&rule, dave, 1, NULL, 0, 5000).status, TSB_APPROVED);
    assert_int_equal(judge(&rule, NULL, 0, NULL, 0, 5000).status, TSB_PENDING);
    assert_int_equal(judge(&rule, NULL, 0, dave, 1, 1000).status, TSB_PENDING);
    assert_int_equal(judge(&rule, NULL, 0, dave, 1, 1060).status, TSB_EXPIRED);
    assert_int_equal(judge(&rule, NULL, 0, both, 2, 1060).status, TSB_REJECTED);
}

static void nobody_is_needed_or_nobody_can(void **state)
{
    struct ska_group group = {.quorum = 0};
    struct ska_alternative token = {.groups = &group, .group_count = 1};
    struct ska_rule always = {&token, 1};
    struct ska_rule never = {NULL, 0};

    (void)state;
    assert_true(judge(&always, NULL, 0, NULL, 0, 1000).ready);
    assert_int_equal(judge(&never, NULL, 0, NULL, 0, 1000).status, TSB_REJECTED);
}

static void sums_do_not_overflow(void **state)
{
    struct ska_group group = {.quorum = 0};
    struct ska_alternative token = {
        .timelock = UINT64_MAX, .timeout = UINT64_MAX, .groups = &group, .group_count = 1};
    struct ska_rule rule = {&token, 1};

    (void)state;
    assert_int_equal(judge(&rule, NULL, 0, NULL, 0, UINT64_MAX - 1).status, TSB_APPROVED);
    assert_false(judge(&rule, NULL, 0, NULL, 0, UINT64_MAX - 1).ready);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_of_three),
        cmocka_unit_test(one_who_approves_twice_counts_once),
        cmocka_unit_test(all_groups),
        cmocka_unit_test(timelock_and_timeout),
        cmocka_unit_test(alternatives),
        cmocka_unit_test(nobody_is_needed_or_nobody_can),
        cmocka_unit_test(sums_do_not_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
