/* SPDX-License-Identifier: Apache-2.0 */
/* What one process sees of objects that another one makes or destroys at the same moment. */
#include "simulator_fixture.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "softhsm_racing.h"

static softhsm_racing_set *race;

static int setup_with(void **state, const char *configuration)
{
    void *library = dlopen(SOFTHSM_RACING_PATH, RTLD_NOW | RTLD_LOCAL);
    void *address = library == NULL ? NULL : dlsym(library, "softhsm_racing");
    static CK_SESSION_HANDLE session;

    assert_non_null(address);
    memcpy(&race, &address, sizeof(race));
    fixture_configure(configuration);
    session = fixture_open();
    *state = &session;
    return 0;
}

#define RACING "softhsm-module = " SOFTHSM_RACING_PATH "\n"

static int setup(void **state)
{
    return setup_with(state, RACING "remember = no\n");
}

static int setup_remembering(void **state)
{
    return setup_with(state, RACING);
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const struct data *token)
{
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
    struct data signature = {NULL, 0};
    CK_RV rv = ska_sign(session, &mechanism, key, token, NULL, 0, &signature);

    data_free(&signature);
    return rv;
}

/* The rules in force are written anew with each change. The key itself stays: it is there or not.
 */
static void test_record(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE key = make_ska(session, "EC:P-256", "shared", NULL).private_key;
    struct data token = make_token(session, CK_SKA_SIGN, key, "payload", 7);
    int signatures = 0;
    int look = 1;

    for (bool met = true; met; look++) {
        CK_RV rv = CKR_OK;

        race(look);
        rv = sign(session, key, &token);
        met = race(0) == 0;
        if (rv != CKR_OK)
            assert_rv(rv, CKR_OBJECT_HANDLE_INVALID);
        signatures += met && rv == CKR_OK;
    }
    /* Length and value of the record were among what was looked at. */
    assert_in_range(signatures, 2, look);
    assert_rv(sign(session, key, &token), CKR_OK);
    data_free(&token);
}

/* Where that is remembered nothing is read anew, and nothing can be met. */
static void test_remembered_record(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE key = make_ska(session, "EC:P-256", "remembered", NULL).private_key;
    struct data token = make_token(session, CK_SKA_SIGN, key, "payload", 7);

    assert_rv(sign(session, key, &token), CKR_OK);
    for (int look = 1; look < 100; look++) {
        CK_RV rv = CKR_OK;

        race(look);
        rv = sign(session, key, &token);
        if (race(0) != 0)
            assert_rv(rv, CKR_OK);
        else if (rv != CKR_OK)
            assert_rv(rv, CKR_OBJECT_HANDLE_INVALID);
    }
    assert_rv(sign(session, key, &token), CKR_OK);
    data_free(&token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_record, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_remembered_record, setup_remembering,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
