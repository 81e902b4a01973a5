/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of each owner's files is looked at, and that nobody uses up what is for another.
 */
#include "sign_support.h"

#include "provider/sign/answer_budget.h"

enum { ALICE = 1000, BOB = 1001 };

static struct ska_span key_of(const char *name)
{
    return ska_span_text(name);
}

static void files_and_bytes_are_counted_for_each_owner(void **state)
{
    struct ska_budget budget = {.share = {2, 100, 10, 10}};

    (void)state;
    assert_false(ska_budget_take_file(&budget, ALICE, 101));
    assert_true(budget.exhausted);
    budget.exhausted = false;
    /* What was too big has used up nothing. */
    assert_true(ska_budget_take_file(&budget, ALICE, 100));
    assert_true(ska_budget_take_file(&budget, ALICE, 0));
    assert_false(budget.exhausted);
    assert_false(ska_budget_take_file(&budget, ALICE, 0));
    assert_true(budget.exhausted);
    assert_true(ska_budget_take_file(&budget, BOB, 60));
    assert_false(ska_budget_take_file(&budget, BOB, 41));
    assert_true(ska_budget_take_file(&budget, BOB, 40));
    ska_budget_clear(&budget);
    assert_false(budget.exhausted);
    assert_true(ska_budget_take_file(&budget, ALICE, 100));
    ska_budget_clear(&budget);
}

static void wrong_answers_are_counted_for_each_approver(void **state)
{
    struct ska_budget budget = {.share = {10, 100, 5, 2}};

    (void)state;
    /* Two in the name of carol end what is looked at of hers, there. */
    for (int i = 0; i < 2; i++) {
        assert_true(ska_budget_may_verify(&budget, ALICE, key_of("carol")));
        ska_budget_take_wrong(&budget, ALICE, key_of("carol"));
    }
    assert_false(budget.exhausted);
    assert_false(ska_budget_may_verify(&budget, ALICE, key_of("carol")));
    assert_true(budget.exhausted);
    assert_true(ska_budget_may_verify(&budget, BOB, key_of("carol")));
    assert_true(ska_budget_may_verify(&budget, ALICE, key_of("dave")));
    /* Five end what is looked at of this owner's files. */
    ska_budget_take_wrong(&budget, ALICE, key_of("dave"));
    ska_budget_take_wrong(&budget, ALICE, key_of("erin"));
    assert_true(ska_budget_may_verify(&budget, ALICE, key_of("frank")));
    ska_budget_take_wrong(&budget, ALICE, key_of("frank"));
    assert_false(ska_budget_may_verify(&budget, ALICE, key_of("frank")));
    assert_false(ska_budget_may_verify(&budget, ALICE, key_of("grace")));
    assert_true(ska_budget_may_verify(&budget, BOB, key_of("frank")));
    ska_budget_clear(&budget);
}

/* One more than there is room for gets nothing; those before keep what they have. */
static void owners_are_counted(void **state)
{
    struct ska_budget budget = {.share = {2, 100, 10, 10}};

    (void)state;
    for (uid_t owner = 1; owner <= SKA_BUDGET_OWNERS; owner++)
        assert_true(ska_budget_take_file(&budget, owner, 1));
    assert_false(budget.exhausted);
    assert_null(ska_budget_of(&budget, SKA_BUDGET_OWNERS + 1));
    assert_true(budget.exhausted);
    assert_false(ska_budget_take_file(&budget, SKA_BUDGET_OWNERS + 1, 1));
    assert_false(ska_budget_may_verify(&budget, SKA_BUDGET_OWNERS + 1, key_of("carol")));
    ska_budget_take_wrong(&budget, SKA_BUDGET_OWNERS + 1, key_of("carol"));
    assert_int_equal(budget.count, SKA_BUDGET_OWNERS);
    assert_int_equal(budget.wrong_count, 1);
    assert_true(ska_budget_take_file(&budget, 1, 99));
    ska_budget_clear(&budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_bytes_are_counted_for_each_owner),
        cmocka_unit_test(wrong_answers_are_counted_for_each_approver),
        cmocka_unit_test(owners_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
