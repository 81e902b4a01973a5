/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an approver is warned of in a change of rules that no policy file could ask for, and when
 * nobody but the requester says what holds now.
 */
#include "sign_support.h"

#include "provider/rule/rule_codec.h"
#include "tools/show/briefing_change.h"

static EVP_PKEY *keys[3];

static void add_group(struct ska_alternative *alternative, uint32_t quorum, size_t people)
{
    static const char *const names[] = {"alice", "bob", "carol"};
    struct ska_group *group = NULL;

    alternative->groups =
        realloc(alternative->groups, (alternative->group_count + 1) * sizeof(*group));
    group = &alternative->groups[alternative->group_count++];
    memset(group, 0, sizeof(*group));
    group->quorum = quorum;
    group->approvers = calloc(people, sizeof(*group->approvers));
    for (; group->approver_count < people; group->approver_count++) {
        struct ska_approver *approver = &group->approvers[group->approver_count];

        assert_true(
            ska_bytes_copy(&approver->name, ska_span_text(names[group->approver_count]), NULL));
        approver->data = spki_of(keys[group->approver_count]);
        approver->public_key = spki_of(keys[group->approver_count]);
    }
}

/* One alternative for each quorum, of these people; a quorum of 0 ends the list. */
static struct ska_rule rule_of(size_t people, const uint32_t *quorums)
{
    struct ska_rule rule = {NULL, 0};

    for (; *quorums != 0; quorums++) {
        rule.alternatives =
            realloc(rule.alternatives, (rule.alternative_count + 1) * sizeof(*rule.alternatives));
        memset(&rule.alternatives[rule.alternative_count], 0, sizeof(*rule.alternatives));
        add_group(&rule.alternatives[rule.alternative_count++], *quorums, people);
    }
    return rule;
}

/* The page for alice when this rule is asked for; of now nothing is known. To be freed. */
static char *page_for(enum ska_rule_kind kind, struct ska_rule *rule, bool *failed)
{
    struct ska_request request = {.operation = SKA_OPERATION_MODIFY};
    struct ska_bytes own = spki_of(keys[0]);
    struct hsm_rules hsm = {0};
    struct history history = {0};
    struct change_witness witness = {
        .own_key = ska_span_of(&own), .hsm = &hsm, .history = &history};
    struct ska_bytes encoded = {NULL, 0};
    struct ska_modify modify = {0};
    struct page page = {0};
    struct ska_bytes text = {NULL, 0};

    assert_true(ska_rule_encode(rule, &encoded, NULL));
    modify.rules[kind] = ska_span_of(&encoded);
    assert_true(ska_modify_encode(&modify, &request.payload, NULL));
    briefing_change(NULL, &request, &witness, true, &page);
    *failed = !page_finish(&page, &text, NULL);
    ska_bytes_free(&own);
    ska_bytes_free(&encoded);
    ska_bytes_free(&request.payload);
    ska_rule_clear(rule);
    return (char *)text.data;
}

static void assert_page(enum ska_rule_kind kind, size_t people, const uint32_t *quorums,
                        const char *says, const char *silent)
{
    struct ska_rule rule = rule_of(people, quorums);
    bool failed = false;
    char *page = page_for(kind, &rule, &failed);

    assert_false(failed);
    assert_text_contains(page, says);
    if (silent != NULL && strstr(page, silent) != NULL)
        fail_msg("'%s' in '%s'", silent, page);
    free(page);
}

static void impossible_quorums_are_warned_of(void **state)
{
    (void)state;
    assert_page(SKA_RULE_USE, 2, (const uint32_t[]){3, 0},
                "WARNING: it asks for more approvals than there are approvers", "never be changed");
    assert_page(SKA_RULE_MODIFY, 2, (const uint32_t[]){3, 0}, "never be changed", "one person");
    assert_page(SKA_RULE_USE, 2, (const uint32_t[]){2, 3, 0},
                "WARNING: 1 of its 2 ways can never be gone", "nobody can do this");
    assert_page(SKA_RULE_USE, 2, (const uint32_t[]){1, 3, 0}, "WARNING: one person alone", NULL);
    assert_page(SKA_RULE_USE, 2, (const uint32_t[]){2, 0}, "Your key stands in it as alice",
                "WARNING");
}

static void keys_stand_beside_their_names(void **state)
{
    (void)state;
    assert_page(SKA_RULE_USE, 2, (const uint32_t[]){2, 0}, "- 'bob' has this key:", NULL);
    assert_page(SKA_RULE_USE, 2, (const uint32_t[]){2, 0},
                "- 'alice' has this key, which is your own key:", NULL);
    assert_page(SKA_RULE_USE, 2, (const uint32_t[]){2, 0}, "only the requester's word",
                "device was asked");
}

/* What cannot be shown is not asked about. */
static void what_is_not_understood_makes_no_page(void **state)
{
    static const uint8_t garbage[] = {0x01, 0x02, 0x03};
    struct ska_request request = {.operation = SKA_OPERATION_MODIFY};
    struct hsm_rules hsm = {0};
    struct change_witness witness = {.hsm = &hsm};

    (void)state;
    assert_true(ska_bytes_copy(&request.payload, ska_span(garbage, sizeof(garbage)), NULL));
    for (int approving = 0; approving < 2; approving++) {
        struct page page = {0};
        struct ska_bytes text = {NULL, 0};

        briefing_change(NULL, &request, &witness, approving == 1, &page);
        assert_int_equal(page_finish(&page, &text, NULL), approving == 0);
        ska_bytes_free(&text);
    }
    ska_bytes_free(&request.payload);
}

static int make_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        keys[i] = new_key("ED25519");
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        EVP_PKEY_free(keys[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impossible_quorums_are_warned_of),
        cmocka_unit_test(keys_stand_beside_their_names),
        cmocka_unit_test(what_is_not_understood_makes_no_page),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
