/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several processes on one token, some of which die: whatever the moment, an SKA key has all of its
 * rules or does not exist, and what one process changes the others see.
 */
#include "simulator_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wire_support.h"

/* How often the loop of kills goes round; see wire_support.h for more. */
#define KILLS 60

static CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};

/* In a child nothing may come back to cmocka. */
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "child, line %d: %s\n", __LINE__, #condition);                         \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* ---- In the child ----------------------------------------------------------------------- */

static CK_SESSION_HANDLE open_in_child(void)
{
    CK_UTF8CHAR pin[] = FIXTURE_PIN;
    CK_SESSION_HANDLE session = 0;

    EXPECT(C_Initialize(NULL) == CKR_OK);
    EXPECT(C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) == CKR_OK);
    EXPECT(C_Login(session, CKU_USER, pin, 4) == CKR_OK);
    return session;
}

static CK_RV change(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_ULONG operation,
                    CK_BYTE *payload, CK_ULONG payload_len)
{
    CK_BYTE token[4096];
    CK_ULONG length = sizeof(token);
    CK_RV rv = C_CreateApprovalToken(session, operation, key, payload, payload_len, NULL, 0, NULL,
                                     0, token, &length);

    if (rv != CKR_OK)
        return rv;
    if (operation == CK_SKA_BLOCK)
        return C_SKABlock(session, &key, token, length, NULL, 0);
    if (operation == CK_SKA_UNBLOCK)
        return C_SKAUnblock(session, &key, token, length, NULL, 0);
    return C_SKAModify(session, &key, token, length, NULL, 0);
}

/* Which rule to replace by one that asks for this many groups of nobody. */
static CK_RV set_rule(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, int which, CK_ULONG groups)
{
    CK_SKA_GROUP list[64] = {{NULL, 0, 0, NULL, 0}};
    CK_SKA_TOKEN token = {NULL, 0, 0, 0, list, groups};
    CK_SKA_POLICY policy = {&token, 1};
    CK_BYTE payload[4096];
    CK_ULONG length = sizeof(payload);
    CK_RV rv = C_CreateModifyPayload(which == 0 ? &policy : NULL, which == 1 ? &policy : NULL,
                                     which == 2 ? &policy : NULL, which == 3 ? &policy : NULL,
                                     payload, &length);

    return rv == CKR_OK ? change(session, key, CK_SKA_MODIFY, payload, length) : rv;
}

static CK_OBJECT_HANDLE find_in_child(CK_SESSION_HANDLE session, const char *label)
{
    CK_OBJECT_CLASS class = CKO_SKA_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)},
                             {CKA_LABEL, (CK_VOID_PTR)(uintptr_t)label, strlen(label)}};
    CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
    CK_ULONG count = 0;

    EXPECT(C_FindObjectsInit(session, wanted, 2) == CKR_OK);
    EXPECT(C_FindObjects(session, &found, 1, &count) == CKR_OK);
    EXPECT(C_FindObjectsFinal(session) == CKR_OK);
    return count == 1 ? found : CK_INVALID_HANDLE;
}

/* ---- In the parent ---------------------------------------------------------------------- */

typedef void child_main(CK_SESSION_HANDLE session);

static pid_t start(child_main *run)
{
    pid_t child = fork();

    if (child == 0) {
        run(open_in_child());
        _exit(0);
    }
    assert_true(child > 0);
    return child;
}

static int end_of(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void expect_success(pid_t child)
{
    int status = end_of(child);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Every SKA key has four rules and signs; every marked key is one. */
static size_t check_token(CK_SESSION_HANDLE session)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_SKA_USAGE_ACCESS_BLOB, CKA_SKA_BLOCK_ACCESS_BLOB,
                                              CKA_SKA_UNBLOCK_ACCESS_BLOB,
                                              CKA_SKA_MODIFY_ACCESS_BLOB};
    CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY;
    CK_OBJECT_CLASS data_class = CKO_DATA;
    CK_ATTRIBUTE by_private[] = {{CKA_CLASS, &private_class, sizeof(private_class)}};
    CK_ATTRIBUTE by_data[] = {{CKA_CLASS, &data_class, sizeof(data_class)}};
    CK_OBJECT_HANDLE found[64];
    size_t count = find_all(session, by_private, 1, found, COUNT(found));

    for (size_t i = 0; i < count; i++) {
        struct data token = make_token(session, CK_SKA_SIGN, found[i], "payload", 7);
        struct data signature = {NULL, 0};
        CK_RV rv = CKR_OK;

        for (size_t j = 0; j < COUNT(types); j++) {
            struct data rule = read_attribute(session, found[i], types[j]);

            assert_true(rule.length >= 12);
            data_free(&rule);
        }
        rv = ska_sign(session, &mechanism, found[i], &token, NULL, 0, &signature);
        assert_rv(rv, read_flag(session, found[i], CKA_SKA_BLOCKED) ? CKR_SKASIM_OBJECT_BLOCKED
                                                                    : CKR_OK);
        data_free(&signature);
        data_free(&token);
    }
    assert_int_equal(find_all(session, by_data, 1, found, COUNT(found)), 0);
    return count;
}

static void clear_token(CK_SESSION_HANDLE session)
{
    CK_OBJECT_HANDLE found[128];
    size_t count = find_all(session, NULL, 0, found, COUNT(found));

    for (size_t i = 0; i < count; i++)
        assert_rv(C_DestroyObject(session, found[i]), CKR_OK);
}

/* ---- Seen by others --------------------------------------------------------------------- */

static void block_it(CK_SESSION_HANDLE session)
{
    EXPECT(change(session, find_in_child(session, "shared"), CK_SKA_BLOCK, NULL, 0) == CKR_OK);
}

static void unblock_it(CK_SESSION_HANDLE session)
{
    EXPECT(change(session, find_in_child(session, "shared"), CK_SKA_UNBLOCK, NULL, 0) == CKR_OK);
}

static void close_it(CK_SESSION_HANDLE session)
{
    CK_SKA_POLICY never = {NULL, 0};
    CK_BYTE payload[256];
    CK_ULONG length = sizeof(payload);

    EXPECT(C_CreateModifyPayload(&never, NULL, NULL, NULL, payload, &length) == CKR_OK);
    EXPECT(change(session, find_in_child(session, "shared"), CK_SKA_MODIFY, payload, length) ==
           CKR_OK);
}

static void destroy_it(CK_SESSION_HANDLE session)
{
    EXPECT(C_DestroyObject(session, find_in_child(session, "shared")) == CKR_OK);
}

static void make_it(CK_SESSION_HANDLE session)
{
    struct key_wish wish = {.kind = "EC:P-256", .label = "shared"};
    struct pair pair;

    EXPECT(generate_ska(session, &wish, &pair) == CKR_OK);
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    struct data token = make_token(session, CK_SKA_SIGN, key, "payload", 7);
    struct data signature = {NULL, 0};
    CK_RV rv = ska_sign(session, &mechanism, key, &token, NULL, 0, &signature);

    data_free(&signature);
    data_free(&token);
    return rv;
}

/* One process has the key open all the while. */
static void test_changes_are_seen(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE key = make_ska(session, "EC:P-256", "shared", NULL).private_key;
    CK_ATTRIBUTE label = {CKA_LABEL, NULL, 0};

    assert_rv(sign(session, key), CKR_OK);
    expect_success(start(block_it));
    assert_true(read_flag(session, key, CKA_SKA_BLOCKED));
    assert_rv(sign(session, key), CKR_SKASIM_OBJECT_BLOCKED);
    expect_success(start(unblock_it));
    assert_rv(sign(session, key), CKR_OK);
    expect_success(start(close_it));
    assert_rv(sign(session, key), CKR_SKASIM_TOKEN_NOT_FOUND);
    expect_success(start(destroy_it));
    assert_rv(C_GetAttributeValue(session, key, &label, 1), CKR_OBJECT_HANDLE_INVALID);
    assert_int_equal(find_private(session, "shared"), CK_INVALID_HANDLE);
    expect_success(start(make_it));
    assert_rv(sign(session, find_private(session, "shared")), CKR_OK);
    clear_token(session);
}

/* ---- At the same time ------------------------------------------------------------------- */

static void try_to_make_it(CK_SESSION_HANDLE session)
{
    struct key_wish wish = {.kind = "EC:P-256", .label = "one"};
    struct pair pair;
    CK_RV rv = generate_ska(session, &wish, &pair);

    EXPECT(rv == CKR_OK || rv == CKR_ATTRIBUTE_VALUE_INVALID);
    _exit(rv == CKR_OK ? 42 : 0);
}

/* Of several that want the same label one gets it. */
static void test_one_label(void **state)
{
    pid_t children[6];
    size_t made = 0;

    fixture_close();
    for (size_t i = 0; i < COUNT(children); i++)
        children[i] = start(try_to_make_it);
    for (size_t i = 0; i < COUNT(children); i++) {
        int status = end_of(children[i]);

        assert_true(WIFEXITED(status));
        assert_true(WEXITSTATUS(status) == 42 || WEXITSTATUS(status) == 0);
        made += WEXITSTATUS(status) == 42;
    }
    *(CK_SESSION_HANDLE *)*state = fixture_open();
    assert_int_equal(made, 1);
    assert_int_equal(check_token(session_of(state)), 1);
    clear_token(session_of(state));
}

static void use_it(CK_SESSION_HANDLE session)
{
    CK_OBJECT_HANDLE key = find_in_child(session, "shared");
    CK_BYTE token[256];
    CK_BYTE signature[64];
    CK_ULONG token_len = sizeof(token);
    CK_ULONG length = sizeof(signature);

    EXPECT(C_CreateApprovalToken(session, CK_SKA_SIGN, key, token, 4, NULL, 0, NULL, 0, token,
                                 &token_len) == CKR_OK);
    EXPECT(C_SKASign(session, &mechanism, key, token, token_len, NULL, 0, signature, &length, NULL,
                     NULL) == CKR_OK);
}

/* SoftHSM rewrites the token's file at each login; nobody may find it empty. */
static void test_many_logins(void **state)
{
    pid_t children[8];

    make_ska(session_of(state), "EC:P-256", "shared", NULL);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < COUNT(children); i++)
            children[i] = start(use_it);
        for (size_t i = 0; i < COUNT(children); i++)
            expect_success(children[i]);
    }
    clear_token(session_of(state));
}

enum { CHANGES = 20 };

static void count_up_use(CK_SESSION_HANDLE session)
{
    CK_OBJECT_HANDLE key = find_in_child(session, "shared");

    for (CK_ULONG i = 1; i <= CHANGES; i++)
        EXPECT(set_rule(session, key, 0, i) == CKR_OK);
}

static void count_up_block(CK_SESSION_HANDLE session)
{
    CK_OBJECT_HANDLE key = find_in_child(session, "shared");

    for (CK_ULONG i = 1; i <= CHANGES; i++)
        EXPECT(set_rule(session, key, 1, i) == CKR_OK);
}

/* No change is lost when two processes change different rules of one key. */
static void test_no_lost_change(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE key = make_ska(session, "EC:P-256", "shared", NULL).private_key;
    pid_t children[] = {start(count_up_use), start(count_up_block)};
    struct data rule;

    expect_success(children[0]);
    expect_success(children[1]);
    rule = read_attribute(session, key, CKA_SKA_USAGE_ACCESS_BLOB);
    assert_int_equal(rule.length, 36 + CHANGES * 16);
    data_free(&rule);
    rule = read_attribute(session, key, CKA_SKA_BLOCK_ACCESS_BLOB);
    assert_int_equal(rule.length, 36 + CHANGES * 16);
    data_free(&rule);
    assert_int_equal(fixture_stored(), 3);
    clear_token(session);
}

/* ---- Deaths at chosen moments ----------------------------------------------------------- */

static void set_fault(const char *moment)
{
    char text[64];

    snprintf(text, sizeof(text), "fault = %s=crash\n", moment);
    fixture_configure(text);
}

static void die_in(const char *moment, child_main *run)
{
    int status = 0;

    set_fault(moment);
    status = end_of(start(run));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    fixture_configure("");
}

static void test_death_before_the_key(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);

    die_in("rules-written", make_it);
    assert_int_equal(check_token(session), 0);
    assert_int_equal(fixture_stored(), 1); /* rules of no key, which harm nobody */
    make_ska(session, "EC:P-256", "shared", NULL);
    assert_int_equal(check_token(session), 1);
    clear_token(session);
}

static void test_death_after_the_key(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);

    die_in("key-generated", make_it);
    assert_int_equal(check_token(session), 1);
    clear_token(session);
}

static void test_death_after_destroying(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);

    make_ska(session, "EC:P-256", "shared", NULL);
    die_in("key-destroyed", destroy_it);
    assert_int_equal(check_token(session), 0);
    make_ska(session, "EC:P-256", "shared", NULL);
    clear_token(session);
}

/* Two records are there: the new one is in force, for old readers and for new ones. */
static void test_death_between_rules(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE key = make_ska(session, "EC:P-256", "shared", NULL).private_key;
    size_t before = fixture_stored();

    assert_rv(sign(session, key), CKR_OK);
    die_in("rules-replaced", block_it);
    assert_int_equal(fixture_stored(), before + 1);
    fixture_close();
    session = fixture_open();
    *(CK_SESSION_HANDLE *)*state = session;
    key = find_private(session, "shared");
    assert_rv(sign(session, key), CKR_SKASIM_OBJECT_BLOCKED);
    assert_int_equal(fixture_stored(), before); /* who noticed has tidied up */
    expect_success(start(unblock_it));
    assert_rv(sign(session, key), CKR_OK);
    clear_token(session);
}

/* A change goes on from what the dead have left. */
static void test_change_after_death(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE key = make_ska(session, "EC:P-256", "shared", NULL).private_key;
    struct data rule;

    assert_rv(sign(session, key), CKR_OK);
    die_in("rules-replaced", block_it);
    /* This process still remembers where the old record is. */
    assert_rv(set_rule(session, key, 3, 5), CKR_OK);
    assert_true(read_flag(session, key, CKA_SKA_BLOCKED));
    rule = read_attribute(session, key, CKA_SKA_MODIFY_ACCESS_BLOB);
    assert_int_equal(rule.length, 36 + 5 * 16);
    data_free(&rule);
    clear_token(session);
}

/* ---- Deaths at any moment --------------------------------------------------------------- */

static void live_fast(CK_SESSION_HANDLE session)
{
    for (unsigned int i = 0;; i++) {
        struct key_wish wish = {.kind = "EC:P-256", .label = i % 2 == 0 ? "even" : "odd"};
        struct pair pair = {0, 0};
        CK_RV rv = generate_ska(session, &wish, &pair);

        if (rv == CKR_ATTRIBUTE_VALUE_INVALID) { /* a predecessor has left it */
            pair.private_key = find_in_child(session, wish.label);
            EXPECT(pair.private_key != CK_INVALID_HANDLE);
        } else {
            EXPECT(rv == CKR_OK);
        }
        EXPECT(set_rule(session, pair.private_key, (int)(i % 3), 1 + i % 40) == CKR_OK);
        EXPECT(change(session, pair.private_key, CK_SKA_BLOCK, NULL, 0) == CKR_OK);
        EXPECT(change(session, pair.private_key, CK_SKA_UNBLOCK, NULL, 0) == CKR_OK);
        if (i % 3 != 0)
            EXPECT(C_DestroyObject(session, pair.private_key) == CKR_OK);
    }
}

static void test_killed_at_any_moment(void **state)
{
    struct dice dice = new_dice(0xDEAD);
    size_t kills = rounds(KILLS);
    size_t seen = 0;

    /* On a busy machine a child may never come as far as a key: then they live longer. */
    for (size_t i = 0; i < kills || (seen == 0 && i < 10 * kills); i++) {
        pid_t child = -1;
        int status = 0;

        fixture_close();
        child = start(live_fast);
        usleep(5000 + (unsigned int)roll_below(&dice, 60000) +
               (seen == 0 ? (unsigned int)i * 5000 : 0));
        kill(child, SIGKILL);
        status = end_of(child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        *(CK_SESSION_HANDLE *)*state = fixture_open();
        seen += check_token(session_of(state));
    }
    assert_true(seen > 0);
    /* Both labels are free or in use by a key that is there. */
    {
        CK_SESSION_HANDLE session = session_of(state);
        static const char *const labels[] = {"even", "odd"};

        for (size_t i = 0; i < COUNT(labels); i++) {
            CK_OBJECT_HANDLE key = find_private(session, labels[i]);

            if (key != CK_INVALID_HANDLE)
                assert_rv(C_DestroyObject(session, key), CKR_OK);
            make_ska(session, "EC:P-256", labels[i], NULL);
        }
    }
    clear_token(session_of(state));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_changes_are_seen),
        TEST(test_one_label),
        TEST(test_many_logins),
        TEST(test_no_lost_change),
        TEST(test_death_before_the_key),
        TEST(test_death_after_the_key),
        TEST(test_death_after_destroying),
        TEST(test_death_between_rules),
        TEST(test_change_after_death),
        TEST(test_killed_at_any_moment),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
