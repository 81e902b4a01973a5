/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who satisfies a rule: every small rule and every subset of its approvers against a model of ten
 * lines, and the corners that the model does not have.
 */
#include "codec_support.h"

#include "provider/rule/quorum.h"

enum { TOKENS = 2, GROUPS = 2, PEOPLE = 3, QUORUMS = 4 };

/* A group of the model: who is listed (a bit for each person) and how many are needed. */
struct model_group {
    unsigned int listed, quorum;
};

struct model_rule {
    size_t tokens, groups[TOKENS];
    struct model_group group[TOKENS][GROUPS];
};

/* The model: OR over tokens, AND over groups, at least quorum of those listed. */
static bool model_satisfied(const struct model_rule *rule, unsigned int approved)
{
    bool any = false;

    for (size_t t = 0; t < rule->tokens; t++) {
        bool all = true;

        for (size_t g = 0; g < rule->groups[t]; g++)
            all &= (unsigned int)__builtin_popcount(rule->group[t][g].listed & approved) >=
                   rule->group[t][g].quorum;
        any |= all;
    }
    return any;
}

/* ---- The same rule as the product sees it --------------------------------------------------- */

static uint8_t names[PEOPLE][2] = {"A", "B", "C"};

struct built {
    struct ska_approver approvers[TOKENS][GROUPS][PEOPLE];
    struct ska_group groups[TOKENS][GROUPS];
    struct ska_alternative tokens[TOKENS];
    struct ska_rule rule;
};

static void build(const struct model_rule *model, struct built *built)
{
    memset(built, 0, sizeof(*built));
    built->rule.alternatives = built->tokens;
    built->rule.alternative_count = model->tokens;
    for (size_t t = 0; t < model->tokens; t++) {
        built->tokens[t].groups = built->groups[t];
        built->tokens[t].group_count = model->groups[t];
        for (size_t g = 0; g < model->groups[t]; g++) {
            struct ska_group *group = &built->groups[t][g];

            group->approvers = built->approvers[t][g];
            group->quorum = model->group[t][g].quorum;
            for (unsigned int p = 0; p < PEOPLE; p++)
                if (model->group[t][g].listed >> p & 1)
                    group->approvers[group->approver_count++].public_key =
                        (struct ska_bytes){names[p], 1};
        }
    }
}

static size_t keys_of(unsigned int approved, struct ska_span *keys)
{
    size_t count = 0;

    for (unsigned int p = PEOPLE; p-- > 0;)
        if (approved >> p & 1)
            keys[count++] = ska_span(names[p], 1);
    return count;
}

static long checked, satisfied;

static void check_rule(const struct model_rule *model)
{
    static struct built built;
    struct ska_span keys[PEOPLE];

    build(model, &built);
    for (unsigned int approved = 0; approved < 1U << PEOPLE; approved++) {
        bool expected = model_satisfied(model, approved);

        if (ska_rule_satisfied(&built.rule, keys, keys_of(approved, keys)) != expected)
            fail_msg("rule %ld, approvals %u: expected %d", checked, approved, expected);
        checked++;
        satisfied += expected;
    }
}

/* Token t as the number says: 0 to GROUPS groups, each of any list and quorum. */
static bool set_token(struct model_rule *model, size_t t, unsigned int number)
{
    const unsigned int choices = (1U << PEOPLE) * QUORUMS;
    unsigned int size = 1;

    for (model->groups[t] = 0; model->groups[t] <= GROUPS; model->groups[t]++, size *= choices) {
        if (number < size) {
            for (size_t g = 0; g < model->groups[t]; g++, number /= choices)
                model->group[t][g] = (struct model_group){number % choices % (1U << PEOPLE),
                                                          number % choices / (1U << PEOPLE)};
            return true;
        }
        number -= size;
    }
    return false;
}

static void truth_table(void **state)
{
    struct model_rule model = {0};
    long rules = 1;

    (void)state;
    check_rule(&model);
    for (unsigned int first = 0; set_token(&model, 0, first); first++) {
        model.tokens = 1;
        check_rule(&model);
        model.tokens = 2;
        for (unsigned int second = 0; set_token(&model, 1, second); second++, rules++)
            check_rule(&model);
        rules++;
    }
    /* 1 + 32 + 32^2 tokens, alone and in pairs, and the rule without tokens; 8 subsets each. */
    assert_int_equal(rules, 1 + 1057L + 1057L * 1057L);
    assert_int_equal(checked, rules * 8);
    assert_true(satisfied > checked / 10 && satisfied < checked);
}

/* ---- Corners -------------------------------------------------------------------------------- */

static struct ska_bytes key_bytes(const char *text)
{
    return (struct ska_bytes){(uint8_t *)(uintptr_t)text, strlen(text)};
}

static void a_key_counts_once_in_a_group(void **state)
{
    struct ska_approver approvers[3] = {0};
    struct ska_group group = {{NULL, 0}, 2, approvers, 3};
    struct ska_span keys[] = {ska_span_text("ann"), ska_span_text("ann"), ska_span_text("eve"),
                              ska_span_text("bob")};

    (void)state;
    /* Listed twice, once by her certificate. */
    approvers[0].public_key = key_bytes("ann");
    approvers[1].public_key = key_bytes("ann");
    approvers[1].type = SKA_APPROVER_CERTIFICATE;
    approvers[2].public_key = key_bytes("bob");
    assert_int_equal(ska_group_count(&group, keys, 0), 0);
    assert_int_equal(ska_group_count(&group, keys, 1), 1);
    assert_int_equal(ska_group_count(&group, keys, 2), 1);
    assert_int_equal(ska_group_count(&group, keys, 3), 1);
    assert_false(ska_group_satisfied(&group, keys, 3));
    assert_int_equal(ska_group_count(&group, keys, 4), 2);
    assert_true(ska_group_satisfied(&group, keys, 4));
}

static void keys_are_compared_whole(void **state)
{
    struct ska_approver approvers[2] = {0};
    struct ska_group group = {{NULL, 0}, 1, approvers, 2};
    struct ska_span keys[] = {ska_span_text("ann"), ska_span_text("annabel"), ska_span_text("anna"),
                              ska_span(NULL, 0)};

    (void)state;
    approvers[0].public_key = key_bytes("anna");
    assert_int_equal(ska_group_count(&group, keys, 2), 0);
    assert_int_equal(ska_group_count(&group, keys, 3), 1);
    /* An approver without a key (the second one) is nobody. */
    assert_int_equal(ska_group_count(&group, keys + 3, 1), 0);
}

static void the_largest_quorum_is_out_of_reach(void **state)
{
    struct ska_approver approver = {0};
    struct ska_group group = {{NULL, 0}, UINT32_MAX, &approver, 1};
    struct ska_span key = ska_span_text("ann");

    (void)state;
    approver.public_key = key_bytes("ann");
    assert_false(ska_group_satisfied(&group, &key, 1));
}

static void approvers_are_found(void **state)
{
    static const struct model_rule model = {2, {2, 1}, {{{1, 1}, {3, 1}}, {{6, 1}, {0, 0}}}};
    static struct built built;

    (void)state;
    build(&model, &built);
    assert_ptr_equal(ska_rule_find_approver(&built.rule, ska_span("A", 1)),
                     &built.approvers[0][0][0]);
    assert_ptr_equal(ska_rule_find_approver(&built.rule, ska_span("B", 1)),
                     &built.approvers[0][1][1]);
    assert_ptr_equal(ska_rule_find_approver(&built.rule, ska_span("C", 1)),
                     &built.approvers[1][0][1]);
    assert_null(ska_rule_find_approver(&built.rule, ska_span("D", 1)));
    assert_null(ska_rule_find_approver(&built.rule, ska_span("AB", 2)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truth_table),
        cmocka_unit_test(a_key_counts_once_in_a_group),
        cmocka_unit_test(keys_are_compared_whole),
        cmocka_unit_test(the_largest_quorum_is_out_of_reach),
        cmocka_unit_test(approvers_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
