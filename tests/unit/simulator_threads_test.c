/* SPDX-License-Identifier: Apache-2.0 */
/* Several threads at once: making, using, changing and destroying SKA keys. */
#include "simulator_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 6, ROUNDS = 8 };

static atomic_int failures;
static struct data empty;

/* Threads do not talk to cmocka. */
static void expect(CK_RV actual, CK_RV expected, int line)
{
    if (actual == expected)
        return;
    fprintf(stderr, "thread, line %d: 0x%lx\n", line, actual);
    atomic_fetch_add(&failures, 1);
}

#define EXPECT(call, expected) expect(call, expected, __LINE__)

static CK_RV generate(CK_SESSION_HANDLE session, const char *label, CK_OBJECT_HANDLE keys[2])
{
    static const char p256[] = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    CK_MECHANISM mechanism = {CKM_SKA_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE public_attributes[] = {{CKA_EC_PARAMS, (CK_VOID_PTR)(uintptr_t)p256, 10}};
    CK_ATTRIBUTE private_attributes[] = {
        {CKA_LABEL, (CK_VOID_PTR)(uintptr_t)label, strlen(label)},
        {CKA_SKA_USAGE_ACCESS_BLOB, empty.bytes, empty.length},
        {CKA_SKA_BLOCK_ACCESS_BLOB, empty.bytes, empty.length},
        {CKA_SKA_UNBLOCK_ACCESS_BLOB, empty.bytes, empty.length},
        {CKA_SKA_MODIFY_ACCESS_BLOB, empty.bytes, empty.length},
    };

    return C_GenerateKeyPair(session, &mechanism, public_attributes, 1, private_attributes, 5,
                             &keys[0], &keys[1]);
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
    CK_BYTE payload[4] = {'d', 'a', 't', 'a'};
    CK_BYTE token[256];
    CK_BYTE signature[64];
    CK_ULONG token_len = sizeof(token);
    CK_ULONG length = sizeof(signature);
    CK_RV rv = C_CreateApprovalToken(session, CK_SKA_SIGN, key, payload, 4, NULL, 0, NULL, 0, token,
                                     &token_len);

    if (rv != CKR_OK)
        return rv;
    return C_SKASign(session, &mechanism, key, token, token_len, NULL, 0, signature, &length, NULL,
                     NULL);
}

static CK_RV block(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_BYTE token[256];
    CK_ULONG length = sizeof(token);
    CK_RV rv = C_CreateApprovalToken(session, CK_SKA_BLOCK, key, NULL, 0, NULL, 0, NULL, 0, token,
                                     &length);

    return rv == CKR_OK ? C_SKABlock(session, &key, token, length, NULL, 0) : rv;
}

static void live(CK_SESSION_HANDLE session, int number)
{
    CK_ATTRIBUTE blocked = {CKA_SKA_BLOCKED, NULL, 0};
    CK_OBJECT_HANDLE found[64];
    CK_OBJECT_HANDLE keys[2];
    CK_ULONG count = 0;
    char label[32];

    for (int round = 0; round < ROUNDS; round++) {
        snprintf(label, sizeof(label), "thread %d", number);
        EXPECT(generate(session, label, keys), CKR_OK);
        EXPECT(sign(session, keys[1]), CKR_OK);
        EXPECT(C_FindObjectsInit(session, NULL, 0), CKR_OK);
        EXPECT(C_FindObjects(session, found, 64, &count), CKR_OK);
        EXPECT(C_FindObjectsFinal(session), CKR_OK);
        EXPECT(C_GetAttributeValue(session, keys[1], &blocked, 1), CKR_OK);
        EXPECT(block(session, keys[1]), CKR_OK);
        EXPECT(sign(session, keys[1]), CKR_SKASIM_OBJECT_BLOCKED);
        EXPECT(C_DestroyObject(session, keys[1]), CKR_OK);
    }
}

static void *run(void *argument)
{
    int number = *(int *)argument;
    CK_SESSION_HANDLE session = 0;

    EXPECT(C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session), CKR_OK);
    live(session, number);
    EXPECT(C_CloseSession(session), CKR_OK);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];

    (void)state;
    empty = empty_rule();
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, run, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&failures), 0);
    assert_int_equal(fixture_stored(), 0);
    data_free(&empty);
}

/* Of several threads that want the same label one gets it. */
static atomic_int made;

static void *grab(void *argument)
{
    CK_SESSION_HANDLE session = 0;
    CK_OBJECT_HANDLE keys[2];
    CK_RV rv = CKR_OK;

    (void)argument;
    EXPECT(C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session), CKR_OK);
    rv = generate(session, "coveted", keys);
    if (rv == CKR_OK)
        atomic_fetch_add(&made, 1);
    else
        EXPECT(rv, CKR_ATTRIBUTE_VALUE_INVALID);
    return NULL;
}

static void test_one_label(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    pthread_t threads[THREADS];

    empty = empty_rule();
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, grab, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&failures), 0);
    assert_int_equal(atomic_load(&made), 1);
    assert_rv(C_DestroyObject(session, find_private(session, "coveted")), CKR_OK);
    data_free(&empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_threads, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_label, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
