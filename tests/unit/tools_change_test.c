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

/* All in one line, since where lines break is not what this is about. */
static char *unfold(char *text)
{
    char *to = text;

    for (const char *from = text; from != NULL && *from != 0; from++)
        if ((*from != ' ' && *from != '\n') || (to > text && to[-1] != ' '))
            *to++ = (char)(*from == '\n' ? ' ' : *from);
    if (to != NULL)
        *to = 0;
    return text;
}

/* The page for who has the key `own_key` when this rule is asked for. To be freed. */
static char *page_with(enum ska_rule_kind kind, struct ska_rule *rule, EVP_PKEY *own_key,
                       const struct key_rules *rules, const struct history *history, bool *failed)
{
    struct ska_request request = {.operation = SKA_OPERATION_MODIFY};
    struct ska_bytes own = spki_of(own_key);
    struct change_witness witness = {
        .own_key = ska_span_of(&own), .rules = rules, .history = history};
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
    return unfold((char *)text.data);
}

/* The same for alice; of now nothing is known. */
static char *page_for(enum ska_rule_kind kind, struct ska_rule *rule, bool *failed)
{
    const struct key_rules rules = {0};
    const struct history history = {0};

    return page_with(kind, rule, keys[0], &rules, &history, failed);
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
                "WARNING: 1 of its 2 alternatives can never be satisfied", "nobody can do this");
    assert_page(SKA_RULE_USE, 2, (const uint32_t[]){1, 3, 0}, "WARNING: one person alone", NULL);
    assert_page(SKA_RULE_USE, 2, (const uint32_t[]){2, 0}, "Your key is in it as alice", "WARNING");
}

static void keys_stand_beside_their_names(void **state)
{
    (void)state;
    assert_page(SKA_RULE_USE, 2, (const uint32_t[]){2, 0}, "- 'bob' has this key:", NULL);
    assert_page(SKA_RULE_USE, 2, (const uint32_t[]){2, 0},
                "- 'alice' has this key, which is your own key:", NULL);
    assert_page(SKA_RULE_USE, 2, (const uint32_t[]){2, 0}, "What holds now is not known",
                "device was asked");
}

/* A rule without carol, who reads it, where somebody says that it is the one of now. */
static char *page_for_carol(enum backend_word word)
{
    struct ska_rule now = rule_of(2, (const uint32_t[]){2, 0});
    struct ska_rule then = rule_of(2, (const uint32_t[]){2, 0});
    const struct key_rules rules = {.told = true, .word = word, .known = {[SKA_RULE_USE] = &now}};
    const struct history history = {0};
    bool failed = false;
    char *page = page_with(SKA_RULE_USE, &then, keys[2], &rules, &history, &failed);

    assert_false(failed);
    ska_rule_clear(&now);
    return page;
}

static void assert_without(const char *page, const char *text)
{
    if (strstr(page, text) != NULL)
        fail_msg("'%s' in '%s'", text, page);
}

static void a_brokers_word_is_not_the_devices(void **state)
{
    char *page = page_for_carol(BACKEND_WORD_OF_HSM);

    (void)state;
    assert_text_contains(page, "The device that holds the keys was asked");
    assert_text_contains(page, "- now, the device says: all of");
    assert_text_contains(page, "Your key is not in it, and was not before");
    assert_without(page, "WARNING: your key is NOT in it");
    assert_without(page, "nobody has confirmed");
    free(page);
    page = page_for_carol(BACKEND_WORD_OF_BROKER);
    assert_text_contains(page, "- now, the broker says, unconfirmed: all of");
    assert_text_contains(page, "WARNING: your key is NOT in it");
    assert_text_contains(page, "nobody has confirmed what it says");
    assert_without(page, "was not before");
    assert_without(page, "the device says");
    assert_without(page, "keys was asked");
    free(page);
}

static void absent_keys_are_not_other_keys(void **state)
{
    struct ska_rule rule = rule_of(2, (const uint32_t[]){2, 0});
    const struct key_rules rules = {0};
    struct history history = {.requests = 1};
    bool failed = false;
    char *page = page_with(SKA_RULE_USE, &rule, keys[0], &rules, &history, &failed);

    (void)state;
    assert_false(failed);
    assert_text_contains(page, "cannot be said");
    assert_without(page, "shows another key");
    assert_without(page, "1970");
    free(page);
    /* The request, which a broker has carried, shows none. */
    memset(history.key_sha256, 'a', sizeof(history.key_sha256) - 1);
    history.key_seconds = 1800000000;
    rule = rule_of(2, (const uint32_t[]){2, 0});
    page = page_with(SKA_RULE_USE, &rule, keys[0], &rules, &history, &failed);
    assert_text_contains(page, "cannot be said");
    assert_without(page, "shows another key");
    free(page);
}

/* What cannot be shown is not asked about. */
static void what_is_not_understood_makes_no_page(void **state)
{
    static const uint8_t garbage[] = {0x01, 0x02, 0x03};
    struct ska_request request = {.operation = SKA_OPERATION_MODIFY};
    struct key_rules rules = {0};
    struct change_witness witness = {.rules = &rules};

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
        cmocka_unit_test(a_brokers_word_is_not_the_devices),
        cmocka_unit_test(absent_keys_are_not_other_keys),
        cmocka_unit_test(what_is_not_understood_makes_no_page),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
