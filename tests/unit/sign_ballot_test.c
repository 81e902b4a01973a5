/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a request is: which approvals count, which do not and why, who is missing.
 */
#include "sign_support.h"

#include <openssl/err.h>

#include "provider/request/refusal.h"
#include "provider/rule/rule.h"
#include "provider/sign/ballot_text.h"

enum { PEOPLE = 5 };

static const char *const names[PEOPLE] = {"alice", "bob", "carol", "dave", "eve"};

/* Five people of different algorithms, and a token that all of them have signed. */
static struct {
    EVP_PKEY *keys[PEOPLE];
    const char *digests[PEOPLE];
    struct ska_bytes token;
    struct ska_approval approvals[PEOPLE];
} fixture;

static struct ska_approval approval_of(size_t person, struct ska_span message)
{
    static const char *const openssl_digests[] = {"SHA256", "SHA384", NULL, "SHA512", NULL};
    struct ska_approval approval = {.certificate = false};

    approval.signer = spki_of(fixture.keys[person]);
    approval.public_key = spki_of(fixture.keys[person]);
    strcpy(approval.digest, fixture.digests[person]);
    approval.signature = signature_of(fixture.keys[person], openssl_digests[person], message);
    return approval;
}

static void clear(struct ska_approval *approval)
{
    ska_bytes_free(&approval->signer);
    ska_bytes_free(&approval->public_key);
    ska_bytes_free(&approval->signature);
    free(approval->reason);
}

static int set_up(void **state)
{
    static const char *const digests[] = {"SHA-256", "SHA-384", "EdDSA", "SHA-512", "EdDSA"};

    (void)state;
    fixture.keys[0] = new_key("RSA", (size_t)2048);
    fixture.keys[1] = new_key("EC", "P-384");
    fixture.keys[2] = new_key("ED25519");
    fixture.keys[3] = new_key("EC", "P-256");
    fixture.keys[4] = new_key("ED448");
    fixture.token = token_for(SKA_OPERATION_SIGN, "seal", ska_span_text("the payload"));
    for (size_t i = 0; i < PEOPLE; i++) {
        fixture.digests[i] = digests[i];
        fixture.approvals[i] = approval_of(i, ska_span_of(&fixture.token));
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < PEOPLE; i++) {
        EVP_PKEY_free(fixture.keys[i]);
        clear(&fixture.approvals[i]);
    }
    ska_bytes_free(&fixture.token);
    return 0;
}

/* ---- Rules ---------------------------------------------------------------------------------- */

static struct ska_bytes bytes_of(const char *text)
{
    struct ska_bytes bytes = {NULL, 0};

    if (text != NULL)
        assert_true(ska_bytes_copy(&bytes, ska_span_text(text), NULL));
    return bytes;
}

static void add_token(struct ska_rule *rule, const char *name)
{
    struct ska_alternative *alternative = NULL;

    rule->alternatives =
        realloc(rule->alternatives, (rule->alternative_count + 1) * sizeof(*rule->alternatives));
    alternative = &rule->alternatives[rule->alternative_count++];
    memset(alternative, 0, sizeof(*alternative));
    alternative->name = bytes_of(name);
}

/* To the last alternative. `people` are initials: "abc". */
static void add_group(struct ska_rule *rule, const char *name, uint32_t quorum, const char *people)
{
    struct ska_alternative *alternative = &rule->alternatives[rule->alternative_count - 1];
    struct ska_group *group = NULL;

    alternative->groups =
        realloc(alternative->groups, (alternative->group_count + 1) * sizeof(*alternative->groups));
    group = &alternative->groups[alternative->group_count++];
    memset(group, 0, sizeof(*group));
    group->name = bytes_of(name);
    group->quorum = quorum;
    group->approvers = calloc(strlen(people) + 1, sizeof(*group->approvers));
    for (; *people != 0; people++) {
        struct ska_approver *approver = &group->approvers[group->approver_count++];

        approver->name = bytes_of(names[*people - 'a']);
        approver->data = spki_of(fixture.keys[*people - 'a']);
        approver->public_key = spki_of(fixture.keys[*people - 'a']);
    }
}

static struct ska_rule two_of_three(void)
{
    struct ska_rule rule = {0};

    add_token(&rule, "seal");
    add_group(&rule, "directors", 2, "abc");
    return rule;
}

/* ---- States --------------------------------------------------------------------------------- */

/* A ballot on the token with these approvals in the request, which are the caller's. */
struct counted {
    struct ska_request request;
    struct ska_ballot ballot;
};

static void open_ballot(const struct ska_rule *rule, struct ska_approval *approvals, size_t count,
                        struct counted *counted)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);

    memset(counted, 0, sizeof(*counted));
    counted->request.approvals = approvals;
    counted->request.approval_count = count;
    counted->request.approval_token = fixture.token;
    counted->ballot.request = &counted->request;
    counted->ballot.rule = rule;
    assert_true(ska_ballot_open(&counted->ballot, &errors));
    assert_int_equal(recorder.count, 0);
    assert_int_equal(ERR_peek_error(), 0);
}

static bool is_satisfied(const struct counted *counted)
{
    return ska_ballot_judge(&counted->ballot).satisfied;
}

static void valid_approvals_of_listed_approvers_count(void **state)
{
    struct ska_rule rule = two_of_three();
    struct counted counted;

    (void)state;
    for (size_t count = 0; count <= PEOPLE; count++) {
        open_ballot(&rule, fixture.approvals, count, &counted);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(fixture.approvals[i].state,
                             i < 3 ? SKA_ANSWER_COUNTS : SKA_ANSWER_NOT_LISTED);
        assert_int_equal(counted.ballot.key_count, count < 3 ? count : 3);
        for (size_t i = 0; i < counted.ballot.key_count; i++)
            assert_ptr_equal(counted.ballot.keys[i].data, fixture.approvals[i].public_key.data);
        assert_int_equal(is_satisfied(&counted), count >= 2);
        ska_ballot_close(&counted.ballot);
        assert_null(counted.ballot.keys);
    }
    ska_rule_clear(&rule);
}

static void changed_signatures_are_invalid(void **state)
{
    struct ska_rule rule = {0};

    (void)state;
    add_token(&rule, NULL);
    add_group(&rule, NULL, 1, "abcde");
    for (size_t i = 0; i < PEOPLE; i++) {
        struct counted counted;
        struct ska_bytes *signature = &fixture.approvals[i].signature;

        for (size_t at = 0; at < signature->length; at += signature->length / 3) {
            signature->data[at] ^= 1;
            open_ballot(&rule, &fixture.approvals[i], 1, &counted);
            assert_int_equal(fixture.approvals[i].state, SKA_ANSWER_INVALID);
            assert_int_equal(counted.ballot.key_count, 0);
            assert_false(is_satisfied(&counted));
            ska_ballot_close(&counted.ballot);
            signature->data[at] ^= 1;
        }
        open_ballot(&rule, &fixture.approvals[i], 1, &counted);
        assert_true(is_satisfied(&counted));
        ska_ballot_close(&counted.ballot);
    }
    ska_rule_clear(&rule);
}

static void approvals_of_other_tokens_are_invalid(void **state)
{
    struct ska_rule rule = two_of_three();
    struct ska_bytes other = token_for(SKA_OPERATION_SIGN, "seal", ska_span_text("the payloae"));
    struct ska_bytes other_key =
        token_for(SKA_OPERATION_SIGN, "sea1", ska_span_text("the payload"));
    struct ska_approval approvals[] = {approval_of(0, ska_span_of(&other)),
                                       approval_of(1, ska_span_of(&other_key)),
                                       approval_of(2, ska_span_of(&fixture.token))};
    struct counted counted;

    (void)state;
    open_ballot(&rule, approvals, 3, &counted);
    assert_int_equal(approvals[0].state, SKA_ANSWER_INVALID);
    assert_int_equal(approvals[1].state, SKA_ANSWER_INVALID);
    assert_int_equal(approvals[2].state, SKA_ANSWER_COUNTS);
    assert_false(is_satisfied(&counted));
    ska_ballot_close(&counted.ballot);
    for (size_t i = 0; i < 3; i++)
        clear(&approvals[i]);
    ska_bytes_free(&other);
    ska_bytes_free(&other_key);
    ska_rule_clear(&rule);
}

/* A signature by somebody else under the name of a listed approver. */
static void approvals_under_foreign_names_are_invalid(void **state)
{
    struct ska_rule rule = two_of_three();
    struct ska_approval approval = approval_of(2, ska_span_of(&fixture.token));
    struct ska_bytes foreign = signature_of(fixture.keys[4], NULL, ska_span_of(&fixture.token));
    struct counted counted;

    (void)state;
    ska_bytes_free(&approval.signature);
    approval.signature = foreign;
    open_ballot(&rule, &approval, 1, &counted);
    assert_int_equal(approval.state, SKA_ANSWER_INVALID);
    ska_ballot_close(&counted.ballot);
    clear(&approval);
    ska_rule_clear(&rule);
}

static void the_same_approver_counts_once(void **state)
{
    struct ska_rule rule = two_of_three();
    struct ska_approval approvals[4] = {
        approval_of(1, ska_span_of(&fixture.token)), /* invalid, see below */
        approval_of(1, ska_span_of(&fixture.token)),
        approval_of(1, ska_span_of(&fixture.token)), /* another signature: ECDSA is random */
        approval_of(1, ska_span_of(&fixture.token)), /* invalid */
    };
    struct counted counted;

    (void)state;
    approvals[0].signature.data[20] ^= 1;
    approvals[3].signature.data[20] ^= 1;
    open_ballot(&rule, approvals, 4, &counted);
    assert_int_equal(approvals[0].state, SKA_ANSWER_INVALID);
    assert_int_equal(approvals[1].state, SKA_ANSWER_COUNTS);
    assert_int_equal(approvals[2].state, SKA_ANSWER_DOUBLED);
    assert_int_equal(approvals[3].state, SKA_ANSWER_INVALID);
    assert_int_equal(counted.ballot.key_count, 1);
    assert_false(is_satisfied(&counted));
    ska_ballot_close(&counted.ballot);
    for (size_t i = 0; i < 4; i++)
        clear(&approvals[i]);
    ska_rule_clear(&rule);
}

/* The HSM verifies those of strangers too. */
static void invalid_signatures_of_strangers_are_invalid(void **state)
{
    struct ska_rule rule = two_of_three();
    struct ska_approval approvals[2] = {approval_of(3, ska_span_of(&fixture.token)),
                                        approval_of(4, ska_span_text("something else"))};
    struct counted counted;

    (void)state;
    open_ballot(&rule, approvals, 2, &counted);
    assert_int_equal(approvals[0].state, SKA_ANSWER_NOT_LISTED);
    assert_int_equal(approvals[1].state, SKA_ANSWER_INVALID);
    assert_int_equal(counted.ballot.key_count, 0);
    ska_ballot_close(&counted.ballot);
    for (size_t i = 0; i < 2; i++)
        clear(&approvals[i]);
    ska_rule_clear(&rule);
}

/* By key and by certificate it is the same approver. */
static void a_certificate_is_no_second_approver(void **state)
{
    struct ska_rule rule = two_of_three();
    struct ska_approval approvals[2] = {approval_of(3, ska_span_of(&fixture.token)),
                                        approval_of(3, ska_span_of(&fixture.token))};
    struct counted counted;

    (void)state;
    ska_bytes_free(&approvals[1].signer);
    approvals[1].signer = certificate_of(fixture.keys[3], "Dave");
    approvals[1].certificate = true;
    add_token(&rule, NULL);
    add_group(&rule, NULL, 2, "de");
    open_ballot(&rule, approvals, 2, &counted);
    assert_int_equal(approvals[0].state, SKA_ANSWER_COUNTS);
    assert_int_equal(approvals[1].state, SKA_ANSWER_DOUBLED);
    assert_false(is_satisfied(&counted));
    ska_ballot_close(&counted.ballot);
    clear(&approvals[0]);
    clear(&approvals[1]);
    ska_rule_clear(&rule);
}

static void without_a_rule_whatever_verifies_counts(void **state)
{
    struct counted counted;

    (void)state;
    fixture.approvals[4].signature.data[0] ^= 1;
    open_ballot(NULL, fixture.approvals, PEOPLE, &counted);
    fixture.approvals[4].signature.data[0] ^= 1;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(fixture.approvals[i].state, SKA_ANSWER_COUNTS);
    assert_int_equal(fixture.approvals[4].state, SKA_ANSWER_INVALID);
    assert_int_equal(counted.ballot.key_count, 4);
    assert_false(is_satisfied(&counted));
    ska_ballot_close(&counted.ballot);
}

static void empty_rules_are_satisfied_and_impossible_ones_never(void **state)
{
    struct ska_rule always = {0};
    struct ska_rule never = {0};
    struct counted counted;

    (void)state;
    assert_true(ska_rule_make_empty(&always, NULL));
    open_ballot(&always, NULL, 0, &counted);
    assert_true(is_satisfied(&counted));
    ska_ballot_close(&counted.ballot);
    open_ballot(&never, fixture.approvals, PEOPLE, &counted);
    assert_false(is_satisfied(&counted));
    ska_ballot_close(&counted.ballot);
    ska_rule_clear(&always);
}

/* ---- Refusals ------------------------------------------------------------------------------- */

/* By a person with the name of another, who has not signed it when they differ. */
static struct ska_approval refusal_with(size_t person, size_t signer, struct ska_span token,
                                        const char *reason)
{
    uint8_t bytes[SKA_REFUSAL_SIZE];
    struct ska_span message;
    struct ska_approval refusal;
    struct ska_approval by;

    assert_true(ska_refusal_bytes(NULL, token, reason, bytes, &message, NULL));
    refusal = approval_of(person, message);
    if (person == signer)
        return refusal;
    by = approval_of(signer, message);
    ska_bytes_free(&refusal.signature);
    refusal.signature = by.signature;
    by.signature = (struct ska_bytes){NULL, 0};
    clear(&by);
    return refusal;
}

static struct ska_approval refusal_of(size_t person, size_t signer, struct ska_span token)
{
    return refusal_with(person, signer, token, NULL);
}

/* The same refusal, with these words beside it. */
static struct ska_approval with_words(struct ska_approval refusal, const char *words)
{
    refusal.reason = strdup(words);
    assert_non_null(refusal.reason);
    return refusal;
}

/* Frees the refusal. */
static void take_refusal(struct counted *counted, struct ska_approval refusal,
                         enum ska_answer_state expected)
{
    size_t before = counted->ballot.refusal_count;

    assert_true(ska_ballot_take_refusal(&counted->ballot, &refusal, NULL));
    assert_int_equal(counted->ballot.refusal_count,
                     expected == SKA_ANSWER_COUNTS ? before + 1 : before);
    if (expected != SKA_ANSWER_COUNTS)
        assert_int_equal(refusal.state, expected);
    clear(&refusal);
}

static void words_of_a_refusal_are_those_that_were_signed(void **state)
{
    static const char reason[] = "the amount is wrong\n\033[2J";
    struct ska_rule rule = two_of_three();
    struct ska_span token = ska_span_of(&fixture.token);
    struct ska_buffer text = {0};
    struct counted counted;
    uint8_t bytes[SKA_REFUSAL_SIZE];
    struct ska_span message;

    (void)state;
    /* The bytes are those that the pages name. */
    assert_true(ska_refusal_bytes(NULL, token, reason, bytes, &message, NULL));
    assert_int_equal(message.length, 13 + 32 + 32);
    assert_memory_equal(bytes, "SKA-REJECT-2", 13);
    assert_true(ska_refusal_bytes(NULL, token, NULL, bytes, &message, NULL));
    assert_int_equal(message.length, 13 + 32);
    assert_memory_equal(bytes, "SKA-REJECT-1", 13);

    open_ballot(&rule, NULL, 0, &counted);
    /* Other words than those that were signed, and none. */
    take_refusal(&counted, with_words(refusal_with(1, 1, token, reason), "it is fine"),
                 SKA_ANSWER_INVALID);
    take_refusal(&counted, refusal_with(1, 1, token, reason), SKA_ANSWER_INVALID);
    take_refusal(&counted, with_words(refusal_with(1, 1, token, reason), reason),
                 SKA_ANSWER_COUNTS);
    /* Words beside a refusal that has none are not the approver's; the refusal is. */
    take_refusal(&counted, with_words(refusal_of(2, 2, token), "it is fine"), SKA_ANSWER_COUNTS);
    assert_string_equal(counted.ballot.refusals[0].reason, reason);
    assert_null(counted.ballot.refusals[1].reason);
    ska_ballot_refused_text(&counted.ballot, &text);
    assert_text_contains(ska_buffer_string(&text), "('the amount is wrong\\x0A\\x1B[2J'), ");
    assert_null(strstr(ska_buffer_string(&text), "fine"));
    ska_buffer_free(&text);
    ska_ballot_close(&counted.ballot);
    ska_rule_clear(&rule);
}

static void only_refusals_that_an_approver_signed_count(void **state)
{
    struct ska_rule rule = two_of_three();
    struct ska_span token = ska_span_of(&fixture.token);
    struct ska_bytes other = token_for(SKA_OPERATION_SIGN, "seal", ska_span_text("the payloae"));
    struct counted counted;

    (void)state;
    open_ballot(&rule, NULL, 0, &counted);
    take_refusal(&counted, refusal_of(3, 3, token), SKA_ANSWER_NOT_LISTED);
    /* In the name of an approver: by a stranger, by another approver, of another request. */
    take_refusal(&counted, refusal_of(2, 4, token), SKA_ANSWER_INVALID);
    take_refusal(&counted, refusal_of(2, 1, token), SKA_ANSWER_INVALID);
    take_refusal(&counted, refusal_of(2, 2, ska_span_of(&other)), SKA_ANSWER_INVALID);
    /* An approval is no refusal. */
    take_refusal(&counted, approval_of(2, token), SKA_ANSWER_INVALID);
    assert_false(ska_ballot_judge(&counted.ballot).hopeless);
    take_refusal(&counted, refusal_of(2, 2, token), SKA_ANSWER_COUNTS);
    take_refusal(&counted, refusal_of(2, 2, token), SKA_ANSWER_DOUBLED);
    assert_false(ska_ballot_judge(&counted.ballot).hopeless);
    take_refusal(&counted, refusal_of(1, 1, token), SKA_ANSWER_COUNTS);
    assert_true(ska_ballot_judge(&counted.ballot).hopeless);
    ska_ballot_close(&counted.ballot);
    ska_bytes_free(&other);
    ska_rule_clear(&rule);
}

/* ---- Time ----------------------------------------------------------------------------------- */

static void approvals_are_usable_in_their_time_only(void **state)
{
    static const struct {
        uint64_t now;
        bool usable;
        bool over;
    } cases[] = {
        {10059, false, false}, {10060, true, false}, {10159, true, false}, {10160, false, true}};
    struct ska_rule rule = two_of_three();
    struct ska_verdict verdict;
    struct counted counted;

    (void)state;
    rule.alternatives[0].timelock = 60;
    rule.alternatives[0].timeout = 100;
    open_ballot(&rule, fixture.approvals, 2, &counted);
    /* Without a time of the HSM never. */
    verdict = ska_ballot_judge(&counted.ballot);
    assert_true(verdict.satisfied);
    assert_false(verdict.usable);
    counted.ballot.token.has_timestamp = true;
    counted.ballot.token.timestamp.seconds = 10000;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        verdict = ska_ballot_judge_between(&counted.ballot, cases[i].now, cases[i].now);
        assert_true(verdict.satisfied);
        assert_int_equal(verdict.usable, cases[i].usable);
        assert_int_equal(verdict.over, cases[i].over);
    }
    ska_ballot_close(&counted.ballot);
    ska_rule_clear(&rule);
}

/* ---- Who is missing ------------------------------------------------------------------------- */

static void assert_missing(const struct ska_rule *rule, size_t count, const char *expected)
{
    struct counted counted;
    struct ska_buffer buffer = {0};
    struct ska_bytes text = {NULL, 0};

    open_ballot(rule, fixture.approvals, count, &counted);
    ska_ballot_progress_text(&counted.ballot, &buffer);
    assert_true(ska_buffer_finish(&buffer, &text, NULL));
    assert_string_equal((const char *)text.data, expected);
    ska_bytes_free(&text);
    ska_ballot_close(&counted.ballot);
}

static void missing_approvers_are_named(void **state)
{
    struct ska_rule rule = two_of_three();

    (void)state;
    assert_missing(&rule, 0, "0 of 2; still needed: 2 of alice, bob and carol");
    assert_missing(&rule, 1, "1 of 2; still needed: bob or carol");
    assert_missing(&rule, 2, "2 of 2; no more approvals are needed");
    add_group(&rule, NULL, 1, "e");
    assert_missing(&rule, 1,
                   "1 of 3; still needed: bob or carol (group directors), and eve (group 2)");
    assert_missing(&rule, 2, "2 of 3; still needed: eve (group 2)");
    add_token(&rule, "all\x1B[2J");
    add_group(&rule, NULL, 3, "bde");
    assert_missing(&rule, 2,
                   "2 of 3 or 1 of 3; still needed: eve (alternative seal, "
                   "group 2); or else dave and eve (alternative 'all\\x1B[2J')");
    ska_rule_clear(&rule);
}

static void assert_waiting(struct counted *counted, uint64_t now, bool partly_over,
                           const char *expected)
{
    struct ska_buffer buffer = {0};
    struct ska_bytes text = {NULL, 0};

    ska_ballot_set_time(&counted->ballot, now, true);
    ska_ballot_waiting_text(&counted->ballot, &buffer);
    assert_true(ska_buffer_finish(&buffer, &text, NULL));
    assert_string_equal((const char *)text.data, expected);
    assert_int_equal(ska_ballot_is_partly_over(&counted->ballot), partly_over);
    ska_bytes_free(&text);
}

/* Who could bring forward only what is over is not waited for, however many have approved. */
static void alternatives_that_are_over_wait_for_nobody(void **state)
{
    struct ska_rule rule = two_of_three();
    struct counted counted;

    (void)state;
    rule.alternatives[0].timeout = 100;
    add_token(&rule, "later");
    rule.alternatives[1].timelock = 200;
    rule.alternatives[1].timeout = 100;
    add_group(&rule, NULL, 2, "de");
    open_ballot(&rule, fixture.approvals, 2, &counted);
    counted.ballot.token.has_timestamp = true;
    counted.ballot.token.timestamp.seconds = 10000;
    assert_waiting(&counted, 10050, false, "all approvals are there");
    assert_waiting(&counted, 10150, true, "waiting for dave and eve; 0 of 2");
    ska_ballot_close(&counted.ballot);
    ska_rule_clear(&rule);
}

static void impossible_rules_are_told(void **state)
{
    struct ska_rule never = {0};
    struct ska_rule more = {0};

    (void)state;
    assert_missing(&never, 5, "the rule can never be satisfied");
    add_token(&more, NULL);
    add_group(&more, NULL, 3, "ab");
    assert_missing(&more, 2, "2 of 3; still needed: more than are left");
    ska_rule_clear(&more);
}

static void long_lists_are_cut(void **state)
{
    struct ska_rule rule = {0};
    struct ska_group *group = NULL;

    (void)state;
    add_token(&rule, NULL);
    add_group(&rule, NULL, 1, "eeeeeeeeeeeeeee");
    group = &rule.alternatives[0].groups[0];
    assert_missing(&rule, 0, "0 of 1; still needed: eve"); /* one person, 15 times */
    for (size_t i = 0; i < group->approver_count; i++) {
        group->approvers[i].name.data[0] = (uint8_t)('a' + i);
        group->approvers[i].public_key.data[20] ^= (uint8_t)i;
    }
    assert_missing(&rule, 0,
                   "0 of 1; still needed: ave, bve, cve, dve, eve, fve, gve, hve, ive, jve or 5 "
                   "more");
    ska_rule_clear(&rule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_approvals_of_listed_approvers_count),
        cmocka_unit_test(changed_signatures_are_invalid),
        cmocka_unit_test(approvals_of_other_tokens_are_invalid),
        cmocka_unit_test(approvals_under_foreign_names_are_invalid),
        cmocka_unit_test(the_same_approver_counts_once),
        cmocka_unit_test(invalid_signatures_of_strangers_are_invalid),
        cmocka_unit_test(a_certificate_is_no_second_approver),
        cmocka_unit_test(without_a_rule_whatever_verifies_counts),
        cmocka_unit_test(empty_rules_are_satisfied_and_impossible_ones_never),
        cmocka_unit_test(only_refusals_that_an_approver_signed_count),
        cmocka_unit_test(words_of_a_refusal_are_those_that_were_signed),
        cmocka_unit_test(approvals_are_usable_in_their_time_only),
        cmocka_unit_test(missing_approvers_are_named),
        cmocka_unit_test(alternatives_that_are_over_wait_for_nobody),
        cmocka_unit_test(impossible_rules_are_told),
        cmocka_unit_test(long_lists_are_cut),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
