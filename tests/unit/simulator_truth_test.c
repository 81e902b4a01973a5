/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The truth table of rules: the simulator decides as a model of ten lines does, for every subset of
 * three approvers, under every rule of at most one alternative with one group or two, and under a
 * sample of the rules of two alternatives (under all 26,565 of them with SKA_TEST_EXHAUSTIVE set).
 */
#include "simulator_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { APPROVERS = 3, SUBSETS = 1 << APPROVERS, GROUP_KINDS = 20, TOKEN_KINDS = 230 };

/* How many of the rules of two alternatives are tried: one of so many. */
#define SAMPLE 149

struct group {
    unsigned int members; /* bit mask of approvers */
    unsigned int quorum;
};

struct token {
    struct group groups[2];
    size_t count;
};

struct rule {
    struct token tokens[2];
    size_t count;
};

static struct group group_kinds[GROUP_KINDS];
static struct token token_kinds[TOKEN_KINDS];

/* ---- The model -------------------------------------------------------------------------- */

static bool satisfied(const struct rule *rule, unsigned int approved)
{
    for (size_t i = 0; i < rule->count; i++) {
        bool all = true;

        for (size_t j = 0; j < rule->tokens[i].count; j++) {
            const struct group *group = &rule->tokens[i].groups[j];

            all =
                all && (unsigned int)__builtin_popcount(group->members & approved) >= group->quorum;
        }
        if (all)
            return true;
    }
    return false;
}

/* ---- All kinds -------------------------------------------------------------------------- */

static void list_kinds(void)
{
    size_t count = 0;

    for (unsigned int members = 0; members < SUBSETS; members++) {
        for (unsigned int quorum = 0; quorum <= (unsigned int)__builtin_popcount(members); quorum++)
            group_kinds[count++] = (struct group){members, quorum};
    }
    assert_int_equal(count, GROUP_KINDS);
    count = 0;
    for (size_t i = 0; i < GROUP_KINDS; i++)
        token_kinds[count++] = (struct token){{group_kinds[i]}, 1};
    for (size_t i = 0; i < GROUP_KINDS; i++) {
        for (size_t j = i; j < GROUP_KINDS; j++)
            token_kinds[count++] = (struct token){{group_kinds[i], group_kinds[j]}, 2};
    }
    assert_int_equal(count, TOKEN_KINDS);
}

/* ---- The simulator ---------------------------------------------------------------------- */

static struct {
    CK_SESSION_HANDLE session;
    struct approver approvers[APPROVERS];
    CK_OBJECT_HANDLE key;
    struct data token;
    CK_SKA_APPROVAL approvals[APPROVERS];
} sim;

static void open_simulator(CK_SESSION_HANDLE session)
{
    sim.session = session;
    sim.key = make_ska(session, "ED25519", "truth", NULL).private_key;
    sim.token = make_token(session, CK_SKA_SIGN, sim.key, "payload", 7);
    for (int i = 0; i < APPROVERS; i++) {
        sim.approvers[i] = make_approver("ED25519");
        sim.approvals[i] = make_approval(&sim.approvers[i], &sim.token);
    }
}

static void close_simulator(void)
{
    approvals_free(sim.approvals, APPROVERS);
    for (int i = 0; i < APPROVERS; i++)
        approver_free(&sim.approvers[i]);
    data_free(&sim.token);
}

/* Gives the key this use rule, if that is what is expected; its modify rule is empty. */
static void set_rule(const struct rule *rule, CK_RV expected)
{
    CK_SKA_APPROVER approvers[2][2][APPROVERS];
    CK_SKA_GROUP groups[2][2];
    CK_SKA_TOKEN tokens[2];
    CK_SKA_POLICY policy = {tokens, rule->count};
    CK_BYTE payload[4096];
    CK_ULONG length = sizeof(payload);
    struct data token;

    for (size_t i = 0; i < rule->count; i++) {
        tokens[i] = (CK_SKA_TOKEN){NULL, 0, 0, 0, groups[i], rule->tokens[i].count};
        for (size_t j = 0; j < rule->tokens[i].count; j++) {
            const struct group *group = &rule->tokens[i].groups[j];
            size_t count = 0;

            for (unsigned int k = 0; k < APPROVERS; k++) {
                if ((group->members >> k & 1) != 0)
                    approvers[i][j][count++] =
                        (CK_SKA_APPROVER){NULL, 0, CKAP_SIGNATURE, sim.approvers[k].info.bytes,
                                          sim.approvers[k].info.length};
            }
            groups[i][j] = (CK_SKA_GROUP){NULL, 0, group->quorum, approvers[i][j], count};
        }
    }
    assert_rv(C_CreateModifyPayload(&policy, NULL, NULL, NULL, payload, &length), CKR_OK);
    token = make_token(sim.session, CK_SKA_MODIFY, sim.key, payload, length);
    assert_rv(C_SKAModify(sim.session, &sim.key, token.bytes, token.length, NULL, 0), expected);
    data_free(&token);
}

static void check_rule(const struct rule *rule)
{
    static CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0};

    set_rule(rule, CKR_OK);
    for (unsigned int approved = 0; approved < SUBSETS; approved++) {
        CK_SKA_APPROVAL given[APPROVERS];
        struct data signature = {NULL, 0};
        size_t count = 0;
        CK_RV rv = CKR_OK;

        for (unsigned int i = 0; i < APPROVERS; i++) {
            if ((approved >> i & 1) != 0)
                given[count++] = sim.approvals[i];
        }
        rv = ska_sign(sim.session, &mechanism, sim.key, &sim.token, given, count, &signature);
        data_free(&signature);
        assert_rv(rv, satisfied(rule, approved) ? CKR_OK : CKR_SKASIM_TOKEN_NOT_FOUND);
    }
}

static void test_one_token(void **state)
{
    struct rule rule = {.count = 0};

    open_simulator(session_of(state));
    check_rule(&rule);
    rule.count = 1;
    for (size_t i = 0; i < TOKEN_KINDS; i++) {
        rule.tokens[0] = token_kinds[i];
        check_rule(&rule);
    }
    rule.tokens[0].count = 0; /* no group: all of them would agree */
    set_rule(&rule, CKR_SKASIM_PARAMETERS_INVALID);
    close_simulator();
}

static void test_two_tokens(void **state)
{
    size_t step = getenv("SKA_TEST_EXHAUSTIVE") != NULL ? 1 : SAMPLE;
    size_t number = 0;
    size_t tried = 0;

    open_simulator(session_of(state));
    for (size_t i = 0; i < TOKEN_KINDS; i++) {
        for (size_t j = i; j < TOKEN_KINDS; j++) {
            struct rule rule = {{token_kinds[i], token_kinds[j]}, 2};

            if (number++ % step != 0)
                continue;
            check_rule(&rule);
            tried++;
        }
    }
    assert_int_equal(number, 26565);
    assert_int_equal(tried, (number + step - 1) / step);
    close_simulator();
}

static int setup(void **state)
{
    list_kinds();
    return fixture_group_setup(state);
}

static int destroy_key(void **state)
{
    assert_rv(C_DestroyObject(session_of(state), sim.key), CKR_OK);
    return fixture_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_token, fixture_setup, destroy_key),
        cmocka_unit_test_setup_teardown(test_two_tokens, fixture_setup, destroy_key),
    };

    return cmocka_run_group_tests(tests, setup, fixture_group_teardown);
}
