/* SPDX-License-Identifier: Apache-2.0 */
/* The module as a whole: its function list, its configuration, its faults, its end. */
#include "simulator_fixture.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int remake(void **state)
{
    (void)state;
    fixture_configure("");
    return 0;
}

/* ---- Function list and information ------------------------------------------------------ */

static void test_function_list(void **state)
{
    CK_FUNCTION_LIST *list = NULL;
    void *const *functions = NULL;

    (void)state;
    assert_rv(C_GetFunctionList(NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_GetFunctionList(&list), CKR_OK);
    assert_int_equal(list->version.major, 2);
    assert_int_equal(list->version.minor, 40);
    functions = (void *const *)&list->C_Initialize;
    for (size_t i = 0; i < 68; i++)
        assert_non_null(functions[i]);
    assert_ptr_equal(&functions[68], (char *)list + sizeof(*list));
    assert_ptr_equal(list->C_Initialize, C_Initialize);
    assert_ptr_equal(list->C_WaitForSlotEvent, C_WaitForSlotEvent);
}

static void test_before_initialize(void **state)
{
    CK_INFO info;
    CK_ULONG length = 0;
    CK_SKA_POLICY policy = {NULL, 0};
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE byte = 0;

    (void)state;
    assert_rv(C_GetInfo(&info), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_rv(C_SKASign(1, &mechanism, 1, &byte, 1, NULL, 0, &byte, &length, NULL, NULL),
              CKR_CRYPTOKI_NOT_INITIALIZED);
    /* This one needs nothing. */
    assert_rv(C_SerializePolicy(&policy, NULL, &length), CKR_OK);
    assert_int_equal(length, 12);
}

static void test_information(void **state)
{
    CK_INFO info;
    CK_SLOT_INFO slot;
    CK_TOKEN_INFO token;

    (void)state;
    fixture_open();
    assert_rv(C_GetInfo(NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_GetInfo(&info), CKR_OK);
    assert_memory_equal(info.manufacturerID, "SKA simulator                   ", 32);
    assert_memory_equal(info.libraryDescription, "for development, not certified  ", 32);
    assert_int_equal(info.cryptokiVersion.major, 2);
    assert_int_equal(info.cryptokiVersion.minor, 40);
    assert_rv(C_GetSlotInfo(fixture_slot(), &slot), CKR_OK);
    assert_memory_equal(slot.manufacturerID, "SKA simulator                   ", 32);
    assert_rv(C_GetTokenInfo(fixture_slot(), &token), CKR_OK);
    assert_memory_equal(token.model, "not certified   ", 16);
    assert_memory_equal(token.label, FIXTURE_TOKEN " ", 8);
    fixture_close();
}

static void test_mechanisms(void **state)
{
    static const CK_MECHANISM_TYPE supplied[] = {CKM_ECDSA_SHA1,   CKM_ECDSA_SHA224,
                                                 CKM_ECDSA_SHA256, CKM_ECDSA_SHA384,
                                                 CKM_ECDSA_SHA512, CKM_SKA_RSA_PKCS_KEY_PAIR_GEN,
                                                 CKM_RSA_PKCS,     CKM_SKA_EC_KEY_PAIR_GEN,
                                                 CKM_EDDSA,        CKM_SKA_EC_EDWARDS_KEY_PAIR_GEN};
    CK_MECHANISM_TYPE list[256];
    CK_MECHANISM_INFO info;
    CK_ULONG count = 0;
    CK_ULONG room = 0;
    CK_SLOT_ID slot = 0;

    (void)state;
    fixture_open();
    slot = fixture_slot();
    assert_rv(C_GetMechanismList(slot, NULL, &count), CKR_OK);
    room = count - 1;
    assert_rv(C_GetMechanismList(slot, list, &room), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(room, count);
    assert_rv(C_GetMechanismList(slot, list, &room), CKR_OK);
    for (size_t i = 0; i < COUNT(supplied); i++) {
        size_t found = 0;

        for (CK_ULONG j = 0; j < count; j++)
            found += list[j] == supplied[i];
        assert_int_equal(found, 1);
        assert_rv(C_GetMechanismInfo(slot, supplied[i], &info), CKR_OK);
        assert_true(info.ulMinKeySize <= info.ulMaxKeySize && info.flags != 0);
        assert_rv(C_GetMechanismInfo(slot + 77, supplied[i], &info), CKR_SLOT_ID_INVALID);
    }
    assert_rv(C_GetMechanismInfo(slot, CKM_SKA_DSA_KEY_PAIR_GEN, &info), CKR_MECHANISM_INVALID);
    fixture_close();
}

/* The vendor's examples open slot 0. */
static void test_slot_zero(void **state)
{
    CK_SESSION_HANDLE session = 0;
    CK_SESSION_INFO info;

    (void)state;
    fixture_open();
    assert_rv(C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session), CKR_OK);
    assert_rv(C_GetSessionInfo(session, &info), CKR_OK);
    assert_int_equal(info.slotID, fixture_slot());
    assert_rv(C_CloseAllSessions(0), CKR_OK);
    assert_rv(C_GetSessionInfo(session, &info), CKR_SESSION_HANDLE_INVALID);
    fixture_close();
}

/* ---- Configuration ---------------------------------------------------------------------- */

/* C_Initialize with this configuration, and what it writes to standard error. */
static CK_RV initialize_with(const char *lines, char *message, size_t size)
{
    FILE *capture = tmpfile();
    int saved = dup(STDERR_FILENO);
    CK_RV rv = CKR_OK;
    size_t length = 0;

    assert_true(capture != NULL && saved >= 0);
    fixture_configure(lines);
    fflush(stderr);
    assert_true(dup2(fileno(capture), STDERR_FILENO) >= 0);
    rv = C_Initialize(NULL);
    fflush(stderr);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    rewind(capture);
    length = fread(message, 1, size - 1, capture);
    message[length] = '\0';
    fclose(capture);
    return rv;
}

static void test_bad_configuration(void **state)
{
    static const struct {
        const char *lines;
        const char *says;
    } cases[] = {
        {"sam = maybe\n", "sam: maybe"},
        {"sam = on\n", "sam-ca"},
        {"window = never\n", "window: never"},
        {"allow-unbound = 1\n", "allow-unbound: 1"},
        {"clock = noon\n", "clock: noon"},
        {"clock-offset = soon\n", "clock-offset: soon"},
        {"clock-offset = 5s\n", "clock-offset: 5s"},
        {"clock-offset = 99999999999999999999\n", "clock-offset"},
        {"fault = C_SKASign\n", "fault: C_SKASign"},
        {"fault = C_SKASign=CKR_NONSENSE\n", "fault: "},
        {"fault = C_SKASign=CKR_OK\n", "fault: "},
        {"fault = =crash\n", "fault: "},
        {"fault = C_Sign=crash,\n", "fault: "},
        {"softhsm-module = /nonexistent/module.so\n", "softhsm-module"},
        {"softhsm_module = x\n", "unknown key softhsm_module; known keys are softhsm-module, sam,"},
        {"Sam = off\n", "unknown key Sam"},
        {"this is no line\n", "line 2"},
    };
    char message[1024];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_rv(initialize_with(cases[i].lines, message, sizeof(message)), CKR_GENERAL_ERROR);
        if (strstr(message, cases[i].says) == NULL)
            fail_msg("%s: not in: %s", cases[i].says, message);
        assert_non_null(strstr(message, "SKA simulator: "));
    }
    assert_rv(initialize_with("", message, sizeof(message)), CKR_OK);
    assert_string_equal(message, "");
    fixture_close();
}

static void test_configuration_missing(void **state)
{
    (void)state;
    setenv("SKASIM_CONF", "/nonexistent/skasim.conf", 1);
    assert_rv(C_Initialize(NULL), CKR_GENERAL_ERROR);
    unsetenv("SKASIM_CONF");
    assert_rv(C_Initialize(NULL), CKR_OK);
    fixture_close();
    setenv("SKASIM_CONF", fixture_path("skasim.conf"), 1);
}

static void test_good_configuration(void **state)
{
    char message[1024];

    (void)state;
    assert_rv(initialize_with("sam = off\nwindow = from-timestamp\nallow-unbound = yes\n"
                              "clock-offset = -3600\nfault = C_GetInfo=0x30\n"
                              "softhsm-module = " SOFTHSM_PATH "\n# a comment\n",
                              message, sizeof(message)),
              CKR_OK);
    fixture_close();
}

/* ---- Faults ----------------------------------------------------------------------------- */

static void test_faults(void **state)
{
    CK_SESSION_HANDLE session = 0;
    CK_BYTE random[8];
    CK_INFO info;
    struct data token = {NULL, 0};
    struct data signature;
    struct pair pair;
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};

    (void)state;
    fixture_configure("fault = C_GenerateRandom=CKR_DEVICE_ERROR,C_SKASign=0x80001234,"
                      "C_GetInfo=48\n");
    session = fixture_open();
    assert_rv(C_GenerateRandom(session, random, sizeof(random)), CKR_DEVICE_ERROR);
    assert_rv(C_GetInfo(&info), 48);
    pair = make_ska(session, "EC:P-256", "faulty", NULL);
    token = make_token(session, CK_SKA_SIGN, pair.private_key, "payload", 7);
    assert_rv(ska_sign(session, &mechanism, pair.private_key, &token, NULL, 0, &signature),
              0x80001234);
    assert_int_equal(fixture_logged("C_SKASign - 0x80001234"), 1);
    data_free(&token);
    assert_rv(C_DestroyObject(session, pair.private_key), CKR_OK);
    fixture_close();

    fixture_configure("fault = C_Initialize=CKR_HOST_MEMORY\n");
    assert_rv(C_Initialize(NULL), CKR_HOST_MEMORY);
}

static void test_crash(void **state)
{
    pid_t child = -1;
    int status = 0;

    (void)state;
    fixture_configure("fault = C_GetInfo=crash\n");
    child = fork();
    if (child == 0) {
        CK_INFO info;

        if (C_Initialize(NULL) == CKR_OK)
            C_GetInfo(&info);
        _exit(0);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    assert_true(WIFSIGNALED(status));
}

/* ---- Beginning and end ------------------------------------------------------------------ */

static void run_probe(const char *way)
{
    char *arguments[] = {(char *)(uintptr_t)SKASIM_PROBE, (char *)(uintptr_t)way, NULL};
    pid_t child = -1;
    int status = 0;

    assert_int_equal(posix_spawn(&child, SKASIM_PROBE, NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        fail_msg("%s: ended by signal %d", way, WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        fail_msg("%s: exit status %d", way, WEXITSTATUS(status));
}

static void test_ways_to_end(void **state)
{
    static const char *const ways[] = {
        "crypto-first", "crypto-last",       "finalized",     "twice",
        "cleaned-up",   "unloaded",          "forked",        "threads",
        "busy-exit",    "finalized-at-exit", "softhsm-first", "softhsm-in-use"};

    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++)
        run_probe(ways[i]);
}

/* Ends like nothing else: SoftHSM is finalized by handlers, and those must not be confused. */
static void test_own_end(void **state)
{
    (void)state;
    fixture_open(); /* and no C_Finalize: main() returns with the module in use */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_function_list, remake),
        cmocka_unit_test_setup(test_before_initialize, remake),
        cmocka_unit_test_setup(test_information, remake),
        cmocka_unit_test_setup(test_mechanisms, remake),
        cmocka_unit_test_setup(test_slot_zero, remake),
        cmocka_unit_test_setup(test_bad_configuration, remake),
        cmocka_unit_test_setup(test_configuration_missing, remake),
        cmocka_unit_test_setup(test_good_configuration, remake),
        cmocka_unit_test_setup(test_faults, remake),
        cmocka_unit_test_setup(test_crash, remake),
        cmocka_unit_test_setup(test_ways_to_end, remake),
        cmocka_unit_test_setup(test_own_end, remake),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
