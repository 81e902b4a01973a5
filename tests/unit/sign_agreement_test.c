/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random rules, answers and times: what a ballot says of a request, with which `skatool status` and
 * `skatool execute` decide, what the simulator does with it, and a model of a few lines agree.
 * SKA_TEST_SEED and SKA_TEST_ROUNDS give others and more.
 */
#include "sign_support.h"
#include "simulator_fixture.h"

#include "provider/request/approver_signature.h"
#include "provider/rule/rule_codec.h"
#include "provider/sign/ballot_text.h"

enum { PEOPLE = 5, ALTERNATIVES = 3, GROUPS = 2, ANSWERS = 7, MADE = 1900000000 };

/* ---- The model ------------------------------------------------------------------------------- */

struct model_group {
    unsigned int people; /* a bit for each */
    unsigned int quorum;
};

struct model_alternative {
    long timelock, timeout;
    struct model_group groups[GROUPS];
    size_t group_count;
};

struct model {
    struct model_alternative alternatives[ALTERNATIVES];
    size_t count;
    bool stamped;
    bool blocked;
};

static bool model_in_time(const struct model *model, const struct model_alternative *alternative,
                          long elapsed)
{
    if (model->stamped && elapsed < 0)
        return false;
    if (alternative->timelock == 0 && alternative->timeout == 0)
        return true;
    return model->stamped && elapsed >= alternative->timelock &&
           (alternative->timeout == 0 || elapsed - alternative->timelock < alternative->timeout);
}

static bool model_has_quorum(const struct model_alternative *alternative, unsigned int approved)
{
    for (size_t i = 0; i < alternative->group_count; i++)
        if ((unsigned int)__builtin_popcount(alternative->groups[i].people & approved) <
            alternative->groups[i].quorum)
            return false;
    return true;
}

static bool model_signs(const struct model *model, unsigned int approved, long elapsed)
{
    for (size_t i = 0; !model->blocked && i < model->count; i++)
        if (model_in_time(model, &model->alternatives[i], elapsed) &&
            model_has_quorum(&model->alternatives[i], approved))
            return true;
    return false;
}

/* ---- Rules ----------------------------------------------------------------------------------- */

static struct approver people[PEOPLE];

/* Some have limits of minutes, some none; at moments between the limits nothing hangs on a second.
 */
static struct model roll_model(struct dice *dice)
{
    static const long locks[] = {0, 0, 60, 300};
    static const long timeouts[] = {0, 60, 600};
    struct model model = {.count = 1 + roll_below(dice, ALTERNATIVES),
                          .stamped = roll_below(dice, 4) != 0,
                          .blocked = roll_below(dice, 10) == 0};

    for (size_t i = 0; i < model.count; i++) {
        struct model_alternative *alternative = &model.alternatives[i];
        bool limited = roll_below(dice, 3) != 0;

        alternative->timelock = limited ? locks[roll_below(dice, 4)] : 0;
        alternative->timeout = limited ? timeouts[roll_below(dice, 3)] : 0;
        alternative->group_count = 1 + roll_below(dice, GROUPS);
        for (size_t j = 0; j < alternative->group_count; j++) {
            struct model_group *group = &alternative->groups[j];

            group->people = 1 + (unsigned int)roll_below(dice, (1 << (PEOPLE - 1)) - 1);
            group->quorum =
                1 + (unsigned int)roll_below(dice, (size_t)__builtin_popcount(group->people));
        }
    }
    return model;
}

struct structures {
    CK_SKA_POLICY policy;
    CK_SKA_TOKEN tokens[ALTERNATIVES];
    CK_SKA_GROUP groups[ALTERNATIVES][GROUPS];
    CK_SKA_APPROVER approvers[ALTERNATIVES][GROUPS][PEOPLE];
};

static struct data serialize(const struct model *model)
{
    struct structures s = {{NULL, 0}, {{0}}, {{{0}}}, {{{{0}}}}};
    struct data rule = {calloc(1, 8192), 8192};
    CK_ULONG length = 8192;

    s.policy = (CK_SKA_POLICY){s.tokens, model->count};
    for (size_t i = 0; i < model->count; i++) {
        const struct model_alternative *alternative = &model->alternatives[i];

        s.tokens[i] = (CK_SKA_TOKEN){NULL,
                                     0,
                                     (CK_ULONG)alternative->timelock,
                                     (CK_ULONG)alternative->timeout,
                                     s.groups[i],
                                     alternative->group_count};
        for (size_t j = 0; j < alternative->group_count; j++) {
            CK_SKA_GROUP *group = &s.groups[i][j];

            group->quorum = alternative->groups[j].quorum;
            group->pApprovers = s.approvers[i][j];
            for (size_t k = 0; k < PEOPLE; k++)
                if (alternative->groups[j].people >> k & 1)
                    group->pApprovers[group->approverCount++] = (CK_SKA_APPROVER){
                        NULL, 0, people[k].type, people[k].info.bytes, people[k].info.length};
        }
    }
    assert_rv(C_SerializePolicy(&s.policy, rule.bytes, &length), CKR_OK);
    rule.length = length;
    return rule;
}

/* ---- Answers --------------------------------------------------------------------------------- */

struct answers {
    size_t people[ANSWERS];
    bool valid[ANSWERS];
    size_t count;
};

/* The last one is in no rule. Some answer twice; many do not answer. */
static struct answers roll_answers(struct dice *dice)
{
    struct answers answers = {.count = roll_below(dice, ANSWERS + 1)};
    bool all_valid = roll_below(dice, 2) == 0;

    for (size_t i = 0; i < answers.count; i++) {
        answers.people[i] = roll_below(dice, PEOPLE);
        answers.valid[i] = all_valid || roll_below(dice, 4) != 0;
    }
    return answers;
}

static unsigned int approved_by(const struct answers *answers)
{
    unsigned int approved = 0;

    for (size_t i = 0; i < answers->count; i++)
        if (answers->valid[i])
            approved |= 1U << answers->people[i];
    return approved;
}

static bool all_are_valid(const struct answers *answers)
{
    for (size_t i = 0; i < answers->count; i++)
        if (!answers->valid[i])
            return false;
    return true;
}

/* One that is not valid is over another token, or of another person, or changed on the way. */
static struct ska_approval make_answer(struct dice *dice, size_t person, bool valid,
                                       struct ska_span token)
{
    static const char *const openssl_digests[] = {"SHA256", "SHA384", NULL};
    static const char *const digests[] = {"SHA-256", "SHA-384", "EdDSA"};
    size_t kind = person % 3;
    size_t how = valid ? 3 : roll_below(dice, 3);
    size_t signer = how == 0 ? (person + 3) % PEOPLE : person;
    struct ska_approval approval = {.certificate = false};
    struct ska_span over = how == 1 ? ska_span(token.data, token.length - 1) : token;

    signer = signer % 3 == kind ? signer : person; /* of the same kind of key, if there is one */
    if (how == 0 && signer == person)
        over = ska_span_text("something else");
    approval.signer = spki_of(people[person].key);
    approval.public_key = spki_of(people[person].key);
    strcpy(approval.digest, digests[kind]);
    approval.signature = signature_of(people[signer].key, openssl_digests[kind], over);
    if (how == 2)
        approval.signature.data[approval.signature.length - 1] ^= 1;
    return approval;
}

static void free_answers(struct ska_request *request)
{
    ska_approvals_free(request->approvals, request->approval_count);
    request->approvals = NULL;
    request->approval_count = 0;
}

/* ---- What the three say ---------------------------------------------------------------------- */

/* As provider and tool send it. */
static bool simulator_signs(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                            const struct ska_request *request)
{
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
    const struct data token = {request->approval_token.data, request->approval_token.length};
    CK_SKA_APPROVAL approvals[ANSWERS];
    struct ska_bytes signatures[ANSWERS] = {{NULL, 0}};
    struct data signature = {NULL, 0};
    CK_RV rv = CKR_OK;

    for (size_t i = 0; i < request->approval_count; i++) {
        const struct ska_approval *approval = &request->approvals[i];

        assert_true(ska_signature_to_der(ska_span_of(&approval->public_key), approval->digest,
                                         ska_span_of(&approval->signature), &signatures[i], NULL));
        approvals[i] = (CK_SKA_APPROVAL){CKAP_SIGNATURE, signatures[i].data, signatures[i].length,
                                         approval->signer.data, approval->signer.length};
    }
    rv = ska_sign(session, &mechanism, key, &token, approvals, request->approval_count, &signature);
    if (rv == CKR_OK)
        data_free(&signature);
    for (size_t i = 0; i < request->approval_count; i++)
        ska_bytes_free(&signatures[i]);
    return rv == CKR_OK;
}

/* As `status` concludes; what does not count is out of the request then, as for `execute`. */
static bool ballot_signs(struct ska_ballot *ballot, bool blocked, long elapsed)
{
    struct ska_buffer text = {0};
    bool satisfied = false;
    bool in_time = false;

    assert_true(ska_ballot_open(ballot, NULL));
    ska_ballot_set_time(ballot, (uint64_t)(MADE + elapsed), true);
    satisfied = ska_ballot_judge(ballot).satisfied;
    in_time = ska_ballot_time_text(ballot, &text) == 0;
    assert_int_equal(in_time, text.length == 0);
    if (satisfied)
        assert_int_equal(in_time, ska_ballot_judge(ballot).usable);
    ska_buffer_free(&text);
    ska_ballot_drop_uncounted(ballot);
    return satisfied && in_time && !blocked;
}

struct key {
    struct model model;
    char label[32];
    struct data rule_bytes;
    struct ska_rule rule;
    struct ska_request request;
};

static void fail_compared(const char *what, const struct key *key, const struct answers *answers,
                          long elapsed, bool said, bool expected)
{
    print_message("%s, %s, %s, %ld seconds after\n", key->label,
                  key->model.stamped ? "stamped" : "not stamped",
                  key->model.blocked ? "blocked" : "not blocked", elapsed);
    for (size_t i = 0; i < key->model.count; i++) {
        const struct model_alternative *alternative = &key->model.alternatives[i];

        print_message("  %ld to %ld:", alternative->timelock, alternative->timeout);
        for (size_t j = 0; j < alternative->group_count; j++)
            print_message(" %u of %02x", alternative->groups[j].quorum,
                          alternative->groups[j].people);
        print_message("\n");
    }
    for (size_t i = 0; i < answers->count; i++)
        print_message("  %zu %s\n", answers->people[i], answers->valid[i] ? "valid" : "invalid");
    fail_msg("%s says %s, the model %s", what, said ? "yes" : "no", expected ? "yes" : "no");
}

static bool compare_once(struct dice *dice, CK_SESSION_HANDLE session, struct key *key,
                         long elapsed)
{
    struct answers answers = roll_answers(dice);
    struct ska_request *request = &key->request;
    struct ska_ballot ballot = {.request = request, .rule = &key->rule};
    CK_OBJECT_HANDLE handle = find_private(session, key->label);
    bool expected = model_signs(&key->model, approved_by(&answers), elapsed);
    bool said = false;

    for (size_t i = 0; i < answers.count; i++) {
        struct ska_approval answer = make_answer(dice, answers.people[i], answers.valid[i],
                                                 ska_span_of(&request->approval_token));

        assert_true(ska_request_add_approval(request, &answer, NULL));
    }
    /* A bundle that goes as it is: one that is invalid spoils it. */
    said = simulator_signs(session, handle, request);
    if (said != (expected && all_are_valid(&answers)))
        fail_compared("the simulator, given all,", key, &answers, elapsed, said, !said);
    said = ballot_signs(&ballot, key->model.blocked, elapsed);
    if (said != expected)
        fail_compared("the ballot", key, &answers, elapsed, said, expected);
    said = simulator_signs(session, handle, request);
    if (said != expected)
        fail_compared("the simulator, given what counts,", key, &answers, elapsed, said, expected);
    ska_ballot_close(&ballot);
    free_answers(request);
    return expected;
}

/* ---- All of it ------------------------------------------------------------------------------- */

static void at(void **state, long elapsed)
{
    char line[64];

    fixture_close();
    snprintf(line, sizeof(line), "clock = %ld\n", MADE + elapsed);
    fixture_configure(line);
    *(CK_SESSION_HANDLE *)*state = fixture_open();
}

static void make_key_and_token(struct dice *dice, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE clock,
                               size_t number, struct key *key)
{
    static CK_BBOOL yes = CK_TRUE;
    struct key_wish wish = {.kind = "EC:P-256", .label = key->label};
    struct pair pair;
    struct timestamp timestamp;
    struct data token;

    memset(key, 0, sizeof(*key));
    key->model = roll_model(dice);
    key->rule_bytes = serialize(&key->model);
    assert_true(
        ska_rule_decode(ska_span(key->rule_bytes.bytes, key->rule_bytes.length), &key->rule, NULL));
    snprintf(key->label, sizeof(key->label), "key-%zu", number);
    wish.rules[0] = &key->rule_bytes;
    if (key->model.blocked)
        wish.more[wish.more_count++] = (CK_ATTRIBUTE){CKA_SKA_BLOCKED, &yes, sizeof(yes)};
    assert_rv(generate_ska(session, &wish, &pair), CKR_OK);
    if (key->model.stamped) {
        timestamp = get_timestamp(session, CK_SKA_SIGN, clock, key->label, strlen(key->label));
        token = make_timed_token(session, CK_SKA_SIGN, pair.private_key, key->label,
                                 strlen(key->label), &timestamp);
        timestamp_free(&timestamp);
    } else {
        token = make_token(session, CK_SKA_SIGN, pair.private_key, key->label, strlen(key->label));
    }
    assert_true(
        ska_bytes_copy(&key->request.approval_token, ska_span(token.bytes, token.length), NULL));
    data_free(&token);
}

static void free_key(struct key *key)
{
    data_free(&key->rule_bytes);
    ska_rule_clear(&key->rule);
    ska_bytes_free(&key->request.approval_token);
}

static void ballot_simulator_and_model_agree(void **state)
{
    static const long moments[] = {-30, 30, 90, 200, 330, 500, 700, 5000};
    enum { KEYS = 24, EACH = 2 };
    struct dice dice = new_dice(0xB4110);
    struct key keys[KEYS];
    size_t signs = 0, all = 0;

    for (size_t round = 0; round < rounds(1); round++) {
        at(state, 0);
        for (size_t i = 0; i < KEYS; i++)
            make_key_and_token(&dice, session_of(state), find_private(session_of(state), "clock"),
                               round * KEYS + i, &keys[i]);
        for (size_t moment = 0; moment < COUNT(moments); moment++) {
            at(state, moments[moment]);
            for (size_t i = 0; i < KEYS * EACH; i++, all++)
                signs += compare_once(&dice, session_of(state), &keys[i % KEYS], moments[moment]);
        }
        for (size_t i = 0; i < KEYS; i++)
            free_key(&keys[i]);
    }
    print_message("%zu of %zu requests sign\n", signs, all);
    assert_in_range(signs, all / 10, all - all / 10); /* or the dice say nothing */
}

static int set_up(void **state)
{
    static const char *const kinds[PEOPLE] = {"EC:P-256", "EC:P-384", "ED25519", "EC:P-256",
                                              "EC:P-384"};
    int failed = fixture_group_setup(state);

    for (size_t i = 0; i < PEOPLE; i++)
        people[i] = make_approver(kinds[i]);
    return failed;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < PEOPLE; i++)
        approver_free(&people[i]);
    return fixture_group_teardown(state);
}

static int set_up_clock(void **state)
{
    int failed = fixture_setup(state);

    make_timestamp_key(session_of(state), "clock");
    return failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        ballot_simulator_and_model_agree, set_up_clock, fixture_teardown)};

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
