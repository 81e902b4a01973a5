/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking, unblocking and modifying: by whom, with what, and that nothing else changes. */
#include "simulator_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "wire_support.h"

static CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};

typedef CK_RV change_call(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE_PTR token,
                          CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals, CK_ULONG approvalCount);

/* As in the vendor's examples: two finance officers, a risk officer, a manager. */
enum { ALICE, BOB, CAROL, DAVID, ERIN, PEOPLE };

struct company {
    struct approver people[PEOPLE];
    struct data use;    /* Alice and Bob */
    struct data block;  /* Carol, who unblocks too */
    struct data modify; /* David */
    struct pair pair;
};

static struct company company;

static void company_open(CK_SESSION_HANDLE session)
{
    static const char *const kinds[] = {"RSA:2048", "EC:P-256", "ED25519", "EC:P-384", "EC:P-256"};
    const struct approver *officers[] = {&company.people[ALICE], &company.people[BOB]};
    const struct approver *risk[] = {&company.people[CAROL]};
    const struct approver *manager[] = {&company.people[DAVID]};
    struct key_wish wish = {
        .kind = "EC:P-256",
        .label = "company",
        .rules = {&company.use, &company.block, &company.block, &company.modify}};

    for (int i = 0; i < PEOPLE; i++)
        company.people[i] = make_approver(kinds[i]);
    company.use = quorum_rule(2, officers, 2);
    company.block = quorum_rule(1, risk, 1);
    company.modify = quorum_rule(1, manager, 1);
    assert_rv(generate_ska(session, &wish, &company.pair), CKR_OK);
}

static int open_company(void **state)
{
    int result = fixture_setup(state);

    company_open(session_of(state));
    return result;
}

static int close_company(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE found[16];
    size_t count = find_all(session, NULL, 0, found, COUNT(found));

    for (size_t i = 0; i < count; i++)
        assert_rv(C_DestroyObject(session, found[i]), CKR_OK);
    assert_int_equal(fixture_stored(), 0);
    for (int i = 0; i < PEOPLE; i++)
        approver_free(&company.people[i]);
    data_free(&company.use);
    data_free(&company.block);
    data_free(&company.modify);
    return fixture_teardown(state);
}

/* Calls with a token and the approvals of these people for it. */
static CK_RV call_with(change_call *call, CK_SESSION_HANDLE session, const struct data *token,
                       const int *people, size_t count)
{
    CK_SKA_APPROVAL approvals[PEOPLE];
    CK_OBJECT_HANDLE key = company.pair.private_key;
    CK_RV rv = CKR_OK;

    for (size_t i = 0; i < count; i++)
        approvals[i] = make_approval(&company.people[people[i]], token);
    rv = call(session, &key, token->bytes, token->length, count == 0 ? NULL : approvals, count);
    assert_int_equal(key, company.pair.private_key);
    approvals_free(approvals, count);
    return rv;
}

static CK_RV request(change_call *call, CK_SESSION_HANDLE session, CK_ULONG operation,
                     const struct data *payload, int person)
{
    struct data token =
        make_token(session, operation, company.pair.private_key, payload->bytes, payload->length);
    CK_RV rv = call_with(call, session, &token, &person, 1);

    data_free(&token);
    return rv;
}

static const struct data no_payload = {NULL, 0};

static CK_RV sign_by(CK_SESSION_HANDLE session, const int *people, size_t count)
{
    struct data token = make_token(session, CK_SKA_SIGN, company.pair.private_key, "payload", 7);
    struct data signature = {NULL, 0};
    CK_SKA_APPROVAL approvals[PEOPLE];
    CK_RV rv = CKR_OK;

    for (size_t i = 0; i < count; i++)
        approvals[i] = make_approval(&company.people[people[i]], &token);
    rv = ska_sign(session, &mechanism, company.pair.private_key, &token, approvals, count,
                  &signature);
    approvals_free(approvals, count);
    data_free(&signature);
    data_free(&token);
    return rv;
}

static CK_RV sign_by_officers(CK_SESSION_HANDLE session)
{
    static const int officers[] = {ALICE, BOB};

    return sign_by(session, officers, 2);
}

static bool is_blocked(CK_SESSION_HANDLE session)
{
    return read_flag(session, company.pair.private_key, CKA_SKA_BLOCKED);
}

static void expect_rule(CK_SESSION_HANDLE session, CK_ATTRIBUTE_TYPE type,
                        const struct data *expected)
{
    struct data rule = read_attribute(session, company.pair.private_key, type);

    assert_int_equal(rule.length, expected->length);
    assert_memory_equal(rule.bytes, expected->bytes, rule.length);
    data_free(&rule);
}

/* The key is as company_open() made it, and its officers can sign. */
static void expect_unchanged(CK_SESSION_HANDLE session)
{
    expect_rule(session, CKA_SKA_USAGE_ACCESS_BLOB, &company.use);
    expect_rule(session, CKA_SKA_BLOCK_ACCESS_BLOB, &company.block);
    expect_rule(session, CKA_SKA_UNBLOCK_ACCESS_BLOB, &company.block);
    expect_rule(session, CKA_SKA_MODIFY_ACCESS_BLOB, &company.modify);
    assert_false(is_blocked(session));
    assert_rv(sign_by_officers(session), CKR_OK);
}

/* ---- Payloads ----------------------------------------------------------------------------- */

static struct data modify_payload(CK_SKA_POLICY *use, CK_SKA_POLICY *block, CK_SKA_POLICY *unblock,
                                  CK_SKA_POLICY *modify)
{
    CK_ULONG length = 0;
    struct data payload;

    assert_rv(C_CreateModifyPayload(use, block, unblock, modify, NULL, &length), CKR_OK);
    payload.bytes = malloc(length);
    payload.length = length;
    length--;
    assert_rv(C_CreateModifyPayload(use, block, unblock, modify, payload.bytes, &length),
              CKR_BUFFER_TOO_SMALL);
    assert_int_equal(length, payload.length);
    assert_rv(C_CreateModifyPayload(use, block, unblock, modify, payload.bytes, &length), CKR_OK);
    return payload;
}

struct small_policy {
    CK_SKA_APPROVER approver;
    CK_SKA_GROUP group;
    CK_SKA_TOKEN token;
    CK_SKA_POLICY policy;
};

static CK_SKA_POLICY *policy_of(struct small_policy *policy, const struct approver *approver,
                                CK_ULONG quorum)
{
    policy->approver =
        (CK_SKA_APPROVER){NULL, 0, approver->type, approver->info.bytes, approver->info.length};
    policy->group = (CK_SKA_GROUP){NULL, 0, quorum, &policy->approver, 1};
    policy->token = (CK_SKA_TOKEN){NULL, 0, 0, 0, &policy->group, 1};
    policy->policy = (CK_SKA_POLICY){&policy->token, 1};
    return &policy->policy;
}

/* ---- Block and unblock ------------------------------------------------------------------ */

static void test_block_and_unblock(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);

    assert_rv(sign_by_officers(session), CKR_OK);
    assert_rv(request(C_SKABlock, session, CK_SKA_BLOCK, &no_payload, CAROL), CKR_OK);
    assert_true(is_blocked(session));
    assert_rv(sign_by_officers(session), CKR_SKASIM_OBJECT_BLOCKED);
    assert_rv(request(C_SKABlock, session, CK_SKA_BLOCK, &no_payload, CAROL), CKR_OK);
    assert_rv(request(C_SKAUnblock, session, CK_SKA_UNBLOCK, &no_payload, CAROL), CKR_OK);
    assert_false(is_blocked(session));
    assert_rv(sign_by_officers(session), CKR_OK);
    assert_int_equal(fixture_stored(), 3); /* old records are gone */
    assert_int_equal(fixture_logged("C_SKABlock company CKR_OK"), 2);
    assert_int_equal(fixture_logged("C_SKAUnblock company CKR_OK"), 1);
}

/* Any payload will do, as in the vendor's examples. */
static void test_payload_of_block(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct data payload = {(unsigned char *)(uintptr_t) "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 32};

    assert_rv(request(C_SKABlock, session, CK_SKA_BLOCK, &payload, CAROL), CKR_OK);
    assert_true(is_blocked(session));
}

static void test_block_refused(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    static const int others[] = {ALICE, BOB, DAVID, ERIN};
    struct data token = {NULL, 0};
    int carol = CAROL;

    for (size_t i = 0; i < COUNT(others); i++)
        assert_rv(request(C_SKABlock, session, CK_SKA_BLOCK, &no_payload, others[i]),
                  CKR_SKASIM_TOKEN_NOT_FOUND);
    token = make_token(session, CK_SKA_BLOCK, company.pair.private_key, NULL, 0);
    assert_rv(call_with(C_SKABlock, session, &token, NULL, 0), CKR_SKASIM_TOKEN_NOT_FOUND);
    /* For one operation used for another. */
    assert_rv(call_with(C_SKAUnblock, session, &token, &carol, 1), CKR_SKASIM_PARAMETERS_INVALID);
    assert_rv(call_with(C_SKAModify, session, &token, &carol, 1), CKR_SKASIM_PARAMETERS_INVALID);
    data_free(&token);
    token = make_token(session, CK_SKA_SIGN, company.pair.private_key, "x", 1);
    assert_rv(call_with(C_SKABlock, session, &token, &carol, 1), CKR_SKASIM_PARAMETERS_INVALID);
    data_free(&token);
    expect_unchanged(session);
}

/* What was approved for one key, by people who have the same rights with the other. */
static void test_key_of_another(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct key_wish wish = {
        .kind = "EC:P-256",
        .label = "other",
        .rules = {&company.use, &company.block, &company.block, &company.modify}};
    const struct {
        change_call *call;
        CK_ULONG operation;
        int person;
    } changes[] = {{C_SKABlock, CK_SKA_BLOCK, CAROL},
                   {C_SKAUnblock, CK_SKA_UNBLOCK, CAROL},
                   {C_SKAModify, CK_SKA_MODIFY, DAVID}};
    struct small_policy small;
    struct data payload =
        modify_payload(policy_of(&small, &company.people[ERIN], 1), NULL, NULL, NULL);
    struct pair other = {0, 0};

    assert_rv(generate_ska(session, &wish, &other), CKR_OK);
    for (size_t i = 0; i < COUNT(changes); i++) {
        const struct data *given = changes[i].call == C_SKAModify ? &payload : &no_payload;
        struct data token = make_token(session, changes[i].operation, other.private_key,
                                       given->bytes, given->length);
        CK_SKA_APPROVAL approval = make_approval(&company.people[changes[i].person], &token);

        assert_rv(call_with(changes[i].call, session, &token, &changes[i].person, 1),
                  CKR_SKASIM_PARAMETERS_INVALID);
        assert_rv(
            changes[i].call(session, &other.private_key, token.bytes, token.length, &approval, 1),
            CKR_OK);
        approvals_free(&approval, 1);
        data_free(&token);
    }
    expect_unchanged(session);
    data_free(&payload);
}

static void test_bad_arguments(void **state)
{
    static change_call *const calls[] = {C_SKABlock, C_SKAUnblock, C_SKAModify};
    CK_SESSION_HANDLE session = session_of(state);
    struct pair ordinary = make_ordinary(session, "EC:P-256", "ordinary");
    CK_OBJECT_HANDLE keys[] = {company.pair.private_key, ordinary.private_key, 12345};
    CK_SESSION_HANDLE reader = 0;
    struct data token = make_token(session, CK_SKA_BLOCK, keys[0], NULL, 0);

    assert_rv(C_OpenSession(fixture_slot(), CKF_SERIAL_SESSION, NULL, NULL, &reader), CKR_OK);
    for (size_t i = 0; i < COUNT(calls); i++) {
        assert_rv(calls[i](session, NULL, token.bytes, token.length, NULL, 0), CKR_ARGUMENTS_BAD);
        assert_rv(calls[i](session, &keys[0], NULL, 4, NULL, 0), CKR_ARGUMENTS_BAD);
        assert_rv(calls[i](session, &keys[0], token.bytes, token.length, NULL, 1),
                  CKR_ARGUMENTS_BAD);
        assert_rv(calls[i](session, &keys[0], token.bytes, 3, NULL, 0),
                  CKR_SKASIM_PARAMETERS_INVALID);
        assert_rv(calls[i](session, &keys[1], token.bytes, token.length, NULL, 0),
                  CKR_KEY_TYPE_INCONSISTENT);
        assert_rv(calls[i](session, &keys[2], token.bytes, token.length, NULL, 0),
                  CKR_OBJECT_HANDLE_INVALID);
        assert_rv(calls[i](reader, &keys[0], token.bytes, token.length, NULL, 0),
                  CKR_SESSION_READ_ONLY);
        assert_rv(calls[i](session + 50, &keys[0], token.bytes, token.length, NULL, 0),
                  CKR_SESSION_HANDLE_INVALID);
    }
    data_free(&token);
}

/* ---- Modify ----------------------------------------------------------------------------- */

/* The vendor's example: the officers are replaced by one with an EC key; old approvals are void. */
static void test_modify(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    const struct approver *erin[] = {&company.people[ERIN]};
    struct data token = make_token(session, CK_SKA_SIGN, company.pair.private_key, "payload", 7);
    CK_SKA_APPROVAL old[] = {make_approval(&company.people[ALICE], &token),
                             make_approval(&company.people[BOB], &token)};
    CK_SKA_APPROVAL new[] = {make_approval(&company.people[ERIN], &token)};
    struct small_policy small;
    struct data payload =
        modify_payload(policy_of(&small, &company.people[ERIN], 1), NULL, NULL, NULL);
    struct data rule = quorum_rule(1, erin, 1);
    struct data signature = {NULL, 0};

    assert_rv(ska_sign(session, &mechanism, company.pair.private_key, &token, old, 2, &signature),
              CKR_OK);
    data_free(&signature);
    assert_rv(request(C_SKAModify, session, CK_SKA_MODIFY, &payload, DAVID), CKR_OK);
    assert_rv(ska_sign(session, &mechanism, company.pair.private_key, &token, old, 2, &signature),
              CKR_SKASIM_TOKEN_NOT_FOUND);
    assert_rv(ska_sign(session, &mechanism, company.pair.private_key, &token, new, 1, &signature),
              CKR_OK);
    data_free(&signature);
    expect_rule(session, CKA_SKA_USAGE_ACCESS_BLOB, &rule);
    expect_rule(session, CKA_SKA_BLOCK_ACCESS_BLOB, &company.block);
    expect_rule(session, CKA_SKA_UNBLOCK_ACCESS_BLOB, &company.block);
    expect_rule(session, CKA_SKA_MODIFY_ACCESS_BLOB, &company.modify);
    assert_int_equal(fixture_stored(), 3);
    approvals_free(old, 2);
    approvals_free(new, 1);
    data_free(&rule);
    data_free(&payload);
    data_free(&token);
}

/* Old approvals count after a modify exactly if the new rule lists their approvers. */
static void test_old_approvals(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct data token = make_token(session, CK_SKA_SIGN, company.pair.private_key, "payload", 7);
    CK_SKA_APPROVAL alice[] = {make_approval(&company.people[ALICE], &token)};
    struct small_policy small;
    struct data payload =
        modify_payload(policy_of(&small, &company.people[ALICE], 1), NULL, NULL, NULL);
    struct data signature = {NULL, 0};

    assert_rv(ska_sign(session, &mechanism, company.pair.private_key, &token, alice, 1, &signature),
              CKR_SKASIM_TOKEN_NOT_FOUND);
    assert_rv(request(C_SKAModify, session, CK_SKA_MODIFY, &payload, DAVID), CKR_OK);
    assert_rv(ska_sign(session, &mechanism, company.pair.private_key, &token, alice, 1, &signature),
              CKR_OK);
    data_free(&signature);
    approvals_free(alice, 1);
    data_free(&payload);
    data_free(&token);
}

/* All four at once, the modify rule too: David loses his right to it. */
static void test_modify_all(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    const struct approver *erin[] = {&company.people[ERIN]};
    CK_SKA_POLICY never = {NULL, 0};
    struct small_policy a, b, c;
    struct data payload = modify_payload(policy_of(&a, &company.people[ERIN], 1),
                                         policy_of(&b, &company.people[ERIN], 1), &never,
                                         policy_of(&c, &company.people[ERIN], 1));
    struct data rule = quorum_rule(1, erin, 1);
    struct data closed = impossible_rule();

    assert_rv(request(C_SKAModify, session, CK_SKA_MODIFY, &payload, DAVID), CKR_OK);
    expect_rule(session, CKA_SKA_USAGE_ACCESS_BLOB, &rule);
    expect_rule(session, CKA_SKA_BLOCK_ACCESS_BLOB, &rule);
    expect_rule(session, CKA_SKA_UNBLOCK_ACCESS_BLOB, &closed);
    expect_rule(session, CKA_SKA_MODIFY_ACCESS_BLOB, &rule);
    assert_rv(request(C_SKAModify, session, CK_SKA_MODIFY, &payload, DAVID),
              CKR_SKASIM_TOKEN_NOT_FOUND);
    assert_rv(request(C_SKABlock, session, CK_SKA_BLOCK, &no_payload, ERIN), CKR_OK);
    assert_rv(request(C_SKAUnblock, session, CK_SKA_UNBLOCK, &no_payload, ERIN),
              CKR_SKASIM_TOKEN_NOT_FOUND);
    /* A blocked key can still be modified, and stays blocked. */
    assert_rv(request(C_SKAModify, session, CK_SKA_MODIFY, &payload, ERIN), CKR_OK);
    assert_true(is_blocked(session));
    data_free(&rule);
    data_free(&closed);
    data_free(&payload);
}

/* Nothing changes when a new rule is no good, though others would be. */
static void test_modify_refused(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    static const int others[] = {ALICE, BOB, CAROL, ERIN};
    struct approver weak = make_approver("RSA:1024");
    struct small_policy good, bad;
    CK_SKA_APPROVER doubled[2];
    struct data payloads[4];

    policy_of(&good, &company.people[ERIN], 1);
    payloads[0] = modify_payload(&good.policy, NULL, NULL,
                                 policy_of(&bad, &company.people[ERIN], 2)); /* quorum 2 of 1 */
    payloads[1] = modify_payload(&good.policy, policy_of(&bad, &weak, 1), NULL, NULL);
    policy_of(&bad, &company.people[ERIN], 2);
    doubled[0] = doubled[1] = bad.approver;
    bad.group.pApprovers = doubled;
    bad.group.approverCount = 2;
    payloads[2] = modify_payload(&good.policy, NULL, &bad.policy, NULL);
    payloads[3] = modify_payload(&good.policy, NULL, NULL, NULL);
    for (size_t i = 0; i < 3; i++) {
        static const char *const says[] = {"quorum", "too weak", "already in the group"};
        char *heard = NULL;
        CK_RV rv = CKR_OK;

        fixture_listen();
        rv = request(C_SKAModify, session, CK_SKA_MODIFY, &payloads[i], DAVID);
        heard = fixture_heard();
        assert_rv(rv, CKR_SKASIM_PARAMETERS_INVALID);
        if (strstr(heard, says[i]) == NULL)
            fail_msg("nothing of %s: %s", says[i], heard);
        free(heard);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_rv(request(C_SKAModify, session, CK_SKA_MODIFY, &payloads[3], others[i]),
                  CKR_SKASIM_TOKEN_NOT_FOUND);
    }
    expect_unchanged(session);
    for (size_t i = 0; i < COUNT(payloads); i++)
        data_free(&payloads[i]);
    approver_free(&weak);
}

/* A modification of the use rule to these bytes, in a token that C_CreateApprovalToken makes. */
static CK_RV modify_to(CK_SESSION_HANDLE session, const struct writer *rule)
{
    static struct writer payload;
    struct data bytes = {payload.data, 0};

    payload.length = 0;
    put_element(&payload, 0x104E, rule->data, rule->length);
    wrap(&payload);
    bytes.length = payload.length;
    return request(C_SKAModify, session, CK_SKA_MODIFY, &bytes, DAVID);
}

static const unsigned int strange_types[] = {0x0055, 0x0059, 0x005A, 0x005B, 0x0003,
                                             0x1002, 0x1052, 0x1057, 0x7777};

/* Whatever stands where a rule should: containers of elements, but no rules. */
static void test_malformed_rules(void **state)
{
    static struct writer rule;
    CK_SESSION_HANDLE session = session_of(state);
    struct dice dice = new_dice(0xBAD);

    fixture_listen();
    for (size_t i = 0; i < rounds(200); i++) {
        size_t count = roll_below(&dice, 6);

        rule.length = 0;
        if (roll_below(&dice, 2) == 0)
            put_u32(&rule, 0x0059, 1 + (uint32_t)roll_below(&dice, 3));
        while (count-- > 0) {
            unsigned int type = strange_types[roll_below(&dice, COUNT(strange_types))];

            put_u32(&rule, type, (uint32_t)roll_below(&dice, 4));
        }
        if (rule.length == 0)
            put_element(&rule, 0x1002, "no rule", 7);
        put_element(&rule, 0x1002, "end", 3); /* with which no rule ends */
        wrap(&rule);
        assert_rv(modify_to(session, &rule), CKR_SKASIM_PARAMETERS_INVALID);
    }
    free(fixture_heard());
    expect_unchanged(session);
}

static void test_malformed_payloads(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE key = company.pair.private_key;
    CK_BYTE nothing[] = {0, 0, 0, 0};
    CK_BYTE junk[] = "this is no payload";
    CK_BYTE buffer[1024];
    CK_ULONG length = sizeof(buffer);
    struct data empty = {nothing, sizeof(nothing)};
    char *heard = NULL;

    assert_rv(C_CreateModifyPayload(NULL, NULL, NULL, NULL, buffer, &length), CKR_ARGUMENTS_BAD);
    assert_rv(C_CreateModifyPayload(NULL, NULL, NULL, NULL, buffer, NULL), CKR_ARGUMENTS_BAD);
    length = sizeof(buffer);
    assert_rv(C_CreateApprovalToken(session, CK_SKA_MODIFY, key, junk, sizeof(junk), NULL, 0, NULL,
                                    0, buffer, &length),
              CKR_SKASIM_PARAMETERS_INVALID);
    assert_rv(C_CreateApprovalToken(session, CK_SKA_MODIFY, key, NULL, 0, NULL, 0, NULL, 0, buffer,
                                    &length),
              CKR_SKASIM_PARAMETERS_INVALID);
    assert_rv(C_CreateApprovalToken(session, 99, key, junk, 4, NULL, 0, NULL, 0, buffer, &length),
              CKR_ARGUMENTS_BAD);
    fixture_listen();
    assert_rv(C_CreateApprovalToken(session, CK_SKA_SIGN, key, junk, 65535, NULL, 0, NULL, 0,
                                    buffer, &length),
              CKR_DATA_LEN_RANGE);
    heard = fixture_heard();
    assert_non_null(
        strstr(heard, "refuses a payload of 65535 bytes: an element has at most 65534"));
    free(heard);
    /* A payload that names no rule asks for nothing. */
    assert_rv(request(C_SKAModify, session, CK_SKA_MODIFY, &empty, DAVID),
              CKR_SKASIM_PARAMETERS_INVALID);
    expect_unchanged(session);
}

static void test_persistence(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);

    assert_rv(request(C_SKABlock, session, CK_SKA_BLOCK, &no_payload, CAROL), CKR_OK);
    fixture_close();
    session = fixture_open();
    *(CK_SESSION_HANDLE *)*state = session;
    company.pair.private_key = find_private(session, "company");
    assert_true(is_blocked(session));
    assert_rv(sign_by_officers(session), CKR_SKASIM_OBJECT_BLOCKED);
}

/* ---- C_SignApprovalToken ---------------------------------------------------------------- */

/* An approver's private key in the forms that C_SignApprovalToken takes. */
struct secret {
    PKCS8_PRIV_KEY_INFO *info;
    struct data algorithm;
    struct data value;
    struct data whole;
};

static struct data keep(unsigned char *der, int length)
{
    struct data data = {malloc((size_t)length), (size_t)length};

    assert_true(length > 0 && data.bytes != NULL);
    memcpy(data.bytes, der, (size_t)length);
    OPENSSL_free(der);
    return data;
}

static struct secret secret_of(const struct approver *approver)
{
    struct secret secret = {.info = EVP_PKEY2PKCS8(approver->key)};
    const X509_ALGOR *algorithm = NULL;
    const unsigned char *value = NULL;
    unsigned char *der = NULL;
    int length = 0;

    assert_non_null(secret.info);
    assert_int_equal(PKCS8_pkey_get0(NULL, &value, &length, &algorithm, secret.info), 1);
    secret.value = keep(OPENSSL_memdup(value, (size_t)length), length);
    length = i2d_X509_ALGOR(algorithm, &der);
    secret.algorithm = keep(der, length);
    der = NULL;
    length = i2d_PKCS8_PRIV_KEY_INFO(secret.info, &der);
    secret.whole = keep(der, length);
    return secret;
}

static void secret_free(struct secret *secret)
{
    PKCS8_PRIV_KEY_INFO_free(secret->info);
    data_free(&secret->algorithm);
    data_free(&secret->value);
    data_free(&secret->whole);
}

static CK_RV sign_token(const struct secret *secret, const struct data *value,
                        const struct approver *approver, const struct data *token, CK_ULONG type,
                        CK_SKA_APPROVAL *approval)
{
    CK_SKA_APPROVER listed = {NULL, 0, CKAP_SIGNATURE, approver->info.bytes, approver->info.length};

    return C_SignApprovalToken(secret->algorithm.bytes, secret->algorithm.length, value->bytes,
                               value->length, &listed, token->bytes, token->length, type, approval);
}

/* The helper's approvals count like others, made from either form of the key. */
static void check_helper(CK_SESSION_HANDLE session, const struct approver *approver,
                         const struct secret *secret)
{
    const struct approver *one[] = {approver};
    struct data rule = quorum_rule(1, one, 1);
    struct pair pair = make_ska(session, "EC:P-256", "helped", &rule);
    struct data token = make_token(session, CK_SKA_SIGN, pair.private_key, "payload", 7);
    const struct data *forms[] = {&secret->value, &secret->whole};
    struct data signature = {NULL, 0};
    CK_BYTE buffers[2][2048];
    CK_SKA_APPROVAL approval = {CKAP_NOT_SPECIFIED, NULL, 0, NULL, 0};

    assert_rv(sign_token(secret, forms[0], approver, &token, CKAP_SIGNATURE, &approval), CKR_OK);
    assert_true(approval.signatureLen > 60);
    assert_int_equal(approval.signerInfoLen, approver->info.length);
    approval = (CK_SKA_APPROVAL){CKAP_NOT_SPECIFIED, buffers[0], 20, buffers[1], 2048};
    assert_rv(sign_token(secret, forms[0], approver, &token, CKAP_SIGNATURE, &approval),
              CKR_BUFFER_TOO_SMALL);
    assert_int_equal(approval.type, CKAP_NOT_SPECIFIED);
    for (size_t i = 0; i < COUNT(forms); i++) {
        approval = (CK_SKA_APPROVAL){CKAP_NOT_SPECIFIED, buffers[0], 2048, buffers[1], 2048};
        assert_rv(sign_token(secret, forms[i], approver, &token, CKAP_SIGNATURE, &approval),
                  CKR_OK);
        assert_int_equal(approval.type, CKAP_SIGNATURE);
        assert_rv(ska_sign(session, &mechanism, pair.private_key, &token, &approval, 1, &signature),
                  CKR_OK);
        data_free(&signature);
    }
    assert_rv(C_DestroyObject(session, pair.private_key), CKR_OK);
    data_free(&rule);
    data_free(&token);
}

static void test_sign_approval_token(void **state)
{
    static const char *const kinds[] = {"RSA:2048", "EC:P-256", "ED25519"};
    CK_SESSION_HANDLE session = session_of(state);

    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct approver approver = make_approver(kinds[i]);
        struct secret secret = secret_of(&approver);

        check_helper(session, &approver, &secret);
        secret_free(&secret);
        approver_free(&approver);
    }
}

static void test_sign_approval_token_refused(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    const struct approver *bob = &company.people[BOB];
    struct data token = make_token(session, CK_SKA_SIGN, company.pair.private_key, "payload", 7);
    struct secret secret = secret_of(bob);
    struct data nothing = {NULL, 5};
    CK_SKA_APPROVAL approval = {CKAP_NOT_SPECIFIED, NULL, 0, NULL, 0};

    assert_rv(sign_token(&secret, &secret.value, bob, &token, CKAP_SIGNATURE, &approval), CKR_OK);
    assert_rv(sign_token(&secret, &secret.value, bob, &token, CKAP_CERTIFICATE, &approval),
              CKR_ARGUMENTS_BAD);
    assert_rv(sign_token(&secret, &secret.value, &company.people[ERIN], &token, CKAP_SIGNATURE,
                         &approval),
              CKR_ARGUMENTS_BAD);
    assert_rv(sign_token(&secret, &secret.value, bob, &token, CKAP_SIGNATURE, NULL),
              CKR_ARGUMENTS_BAD);
    assert_rv(sign_token(&secret, &nothing, bob, &token, CKAP_SIGNATURE, &approval),
              CKR_ARGUMENTS_BAD);
    secret.value.length--;
    assert_rv(sign_token(&secret, &secret.value, bob, &token, CKAP_SIGNATURE, &approval),
              CKR_ARGUMENTS_BAD);
    token.length--;
    assert_rv(sign_token(&secret, &secret.whole, bob, &token, CKAP_SIGNATURE, &approval),
              CKR_ARGUMENTS_BAD);
    secret_free(&secret);
    data_free(&token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_company, close_company)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_block_and_unblock),   TEST(test_payload_of_block),
        TEST(test_block_refused),       TEST(test_key_of_another),
        TEST(test_bad_arguments),       TEST(test_modify),
        TEST(test_old_approvals),       TEST(test_modify_all),
        TEST(test_modify_refused),      TEST(test_malformed_rules),
        TEST(test_malformed_payloads),  TEST(test_persistence),
        TEST(test_sign_approval_token), TEST(test_sign_approval_token_refused),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
