/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that loads the simulator as applications do, and ends in the way that its argument
 * says. It is run by simulator_module_test, which looks at how it ended: 0 is good, a signal is
 * not.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <pkcs11.h>

#define TOKEN "fixture"
#define THREADS 8
#define ROUNDS 12

static CK_FUNCTION_LIST *p11;
static void *module;

/* Anything unexpected ends the program with a line that says where. */
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "simulator_probe: line %d: %s\n", __LINE__, #condition);               \
            _exit(3);                                                                              \
        }                                                                                          \
    } while (0)

static void load(void)
{
    CK_C_GetFunctionList get = NULL;

    module = dlopen(SKASIM_PATH, RTLD_NOW | RTLD_LOCAL);
    EXPECT(module != NULL);
    *(void **)&get = dlsym(module, "C_GetFunctionList");
    EXPECT(get != NULL && get(&p11) == CKR_OK);
}

static CK_SESSION_HANDLE open_session(bool login)
{
    CK_UTF8CHAR pin[] = "1234";
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    CK_SESSION_HANDLE session = 0;

    EXPECT(p11->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK && count > 0);
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO info;

        if (p11->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
            memcmp(info.label, TOKEN, strlen(TOKEN)) != 0)
            continue;
        EXPECT(p11->C_OpenSession(slots[i], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                  &session) == CKR_OK);
        EXPECT(!login || p11->C_Login(session, CKU_USER, pin, 4) == CKR_OK);
        return session;
    }
    EXPECT(false);
    return 0;
}

/* One ordinary EC signature with a session key, checked. */
static void use(CK_SESSION_HANDLE session)
{
    static const char p256[] = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    CK_ATTRIBUTE curve[] = {{CKA_EC_PARAMS, (CK_VOID_PTR)(uintptr_t)p256, 10}};
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_MECHANISM sign = {CKM_ECDSA_SHA256, NULL, 0};
    CK_BYTE data[] = "data";
    CK_BYTE signature[64];
    CK_ULONG length = sizeof(signature);
    CK_OBJECT_HANDLE public_key = 0;
    CK_OBJECT_HANDLE private_key = 0;

    EXPECT(p11->C_GenerateKeyPair(session, &generate, curve, 1, NULL, 0, &public_key,
                                  &private_key) == CKR_OK);
    EXPECT(p11->C_SignInit(session, &sign, private_key) == CKR_OK);
    EXPECT(p11->C_Sign(session, data, 4, signature, &length) == CKR_OK && length == 64);
    EXPECT(p11->C_VerifyInit(session, &sign, public_key) == CKR_OK);
    EXPECT(p11->C_Verify(session, data, 4, signature, length) == CKR_OK);
    data[0] ^= 1;
    EXPECT(p11->C_VerifyInit(session, &sign, public_key) == CKR_OK);
    EXPECT(p11->C_Verify(session, data, 4, signature, length) == CKR_SIGNATURE_INVALID);
}

static void start(void)
{
    EXPECT(p11->C_Initialize(NULL) == CKR_OK);
    use(open_session(true));
}

static void use_libcrypto(void)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t length = 0;

    EXPECT(EVP_Q_digest(NULL, "SHA256", NULL, "x", 1, digest, &length) == 1);
}

/* ---- The ways to end -------------------------------------------------------------------- */

static void crypto_first(void)
{
    use_libcrypto();
    load();
    start();
}

static void crypto_last(void)
{
    load();
    start();
    use_libcrypto();
}

static void finalized(void)
{
    load();
    start();
    EXPECT(p11->C_Finalize(NULL) == CKR_OK);
    EXPECT(p11->C_Finalize(NULL) == CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void twice(void)
{
    finalized();
    start();
    EXPECT(p11->C_Initialize(NULL) == CKR_CRYPTOKI_ALREADY_INITIALIZED);
}

static void cleaned_up(void)
{
    load();
    start();
    OPENSSL_cleanup();
}

static void finalize_late(void)
{
    /* Too late for anything, but it must not crash. */
    (void)p11->C_Finalize(NULL);
}

static void finalized_at_exit(void)
{
    EXPECT(atexit(finalize_late) == 0);
    load();
    start();
}

static void softhsm_first(void)
{
    EXPECT(dlopen(SOFTHSM_PATH, RTLD_NOW | RTLD_LOCAL) != NULL);
    load();
    start();
}

/* Someone else in the process uses SoftHSM itself: refused, and SoftHSM is left alone. */
static void softhsm_in_use(void)
{
    CK_C_GetFunctionList get = NULL;
    CK_FUNCTION_LIST *softhsm = NULL;
    void *handle = dlopen(SOFTHSM_PATH, RTLD_NOW | RTLD_LOCAL);

    EXPECT(handle != NULL);
    *(void **)&get = dlsym(handle, "C_GetFunctionList");
    EXPECT(get != NULL && get(&softhsm) == CKR_OK);
    EXPECT(softhsm->C_Initialize(NULL) == CKR_OK);
    load();
    EXPECT(p11->C_Initialize(NULL) == CKR_GENERAL_ERROR);
    EXPECT(softhsm->C_Finalize(NULL) == CKR_OK);
}

static void unloaded(void)
{
    load();
    start();
    EXPECT(dlclose(module) == 0);
    load();
    EXPECT(p11->C_Initialize(NULL) == CKR_CRYPTOKI_ALREADY_INITIALIZED);
    EXPECT(p11->C_Finalize(NULL) == CKR_OK);
    EXPECT(dlclose(module) == 0);
}

static void expect_good_child(pid_t child)
{
    int status = 0;

    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A child has to initialise anew, and then has a login of its own; the parent notices nothing. */
static void forked(void)
{
    CK_SESSION_HANDLE session = 0;
    CK_INFO info;
    pid_t child = -1;

    load();
    EXPECT(p11->C_Initialize(NULL) == CKR_OK);
    session = open_session(true);
    child = fork();
    if (child == 0) {
        CK_SESSION_INFO state;

        EXPECT(p11->C_GetInfo(&info) == CKR_CRYPTOKI_NOT_INITIALIZED);
        EXPECT(p11->C_Finalize(NULL) == CKR_CRYPTOKI_NOT_INITIALIZED);
        EXPECT(p11->C_Initialize(NULL) == CKR_OK);
        EXPECT(p11->C_GetSessionInfo(session, &state) == CKR_SESSION_HANDLE_INVALID);
        use(open_session(true));
        exit(0);
    }
    expect_good_child(child);
    use(session);
    child = fork();
    if (child == 0)
        exit(0); /* a child that never touches the module */
    expect_good_child(child);
    use(session);
}

static void *use_in_thread(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        CK_SESSION_HANDLE session = open_session(false);

        use(session);
        EXPECT(p11->C_CloseSession(session) == CKR_OK);
    }
    return NULL;
}

/* As the vendor's example does it: C_Initialize(NULL) and a session for each thread. */
static void threads(void)
{
    pthread_t list[THREADS];

    load();
    EXPECT(p11->C_Initialize(NULL) == CKR_OK);
    (void)open_session(true);
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&list[i], NULL, use_in_thread, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_join(list[i], NULL) == 0);
}

static void *use_for_ever(void *argument)
{
    CK_SESSION_HANDLE session = open_session(false);

    (void)argument;
    for (;;) {
        static const char p256[] = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
        CK_ATTRIBUTE curve[] = {{CKA_EC_PARAMS, (CK_VOID_PTR)(uintptr_t)p256, 10}};
        CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
        CK_OBJECT_HANDLE keys[2];

        (void)p11->C_GenerateKeyPair(session, &generate, curve, 1, NULL, 0, &keys[0], &keys[1]);
    }
    return NULL;
}

/* The program ends while another thread is at work in the module. */
static void busy_exit(void)
{
    pthread_t thread;

    load();
    EXPECT(p11->C_Initialize(NULL) == CKR_OK);
    (void)open_session(true);
    EXPECT(pthread_create(&thread, NULL, use_for_ever, NULL) == 0);
    usleep(50 * 1000);
}

static const struct {
    const char *name;
    void (*run)(void);
} ways[] = {
    {"crypto-first", crypto_first},
    {"crypto-last", crypto_last},
    {"finalized", finalized},
    {"twice", twice},
    {"cleaned-up", cleaned_up},
    {"finalized-at-exit", finalized_at_exit},
    {"softhsm-first", softhsm_first},
    {"softhsm-in-use", softhsm_in_use},
    {"unloaded", unloaded},
    {"forked", forked},
    {"threads", threads},
    {"busy-exit", busy_exit},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(ways[i].name, argv[1]) == 0) {
            ways[i].run();
            return 0;
        }
    }
    return 2;
}
