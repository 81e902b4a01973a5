/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ordinary keys behave through the simulator as they do with SoftHSM itself: the same steps, done
 * with both modules on the same token, have the same results.
 *
 * Both modules are loaded by path. A program that is linked with the simulator would hand its
 * symbols to SoftHSM's function list.
 */
#define _XOPEN_SOURCE 700
#include <dlfcn.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <pkcs11.h>

#include "cmocka_all.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(text) (CK_VOID_PTR)(uintptr_t)(text), sizeof(text) - 1

static char directory[256];
static CK_BBOOL yes = CK_TRUE;

static CK_FUNCTION_LIST *load(const char *path)
{
    CK_C_GetFunctionList get = NULL;
    CK_FUNCTION_LIST *list = NULL;
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    assert_non_null(handle);
    *(void **)&get = dlsym(handle, "C_GetFunctionList");
    assert_true(get != NULL && get(&list) == CKR_OK);
    return list;
}

/* ---- What happened ---------------------------------------------------------------------- */

struct transcript {
    char text[65536];
    size_t length;
};

static void __attribute__((format(printf, 2, 3)))
note(struct transcript *to, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    to->length +=
        (size_t)vsnprintf(to->text + to->length, sizeof(to->text) - to->length, format, args);
    va_end(args);
    assert_true(to->length < sizeof(to->text));
}

static void note_bytes(struct transcript *to, const CK_BYTE *bytes, CK_ULONG length)
{
    for (CK_ULONG i = 0; i < length; i++)
        note(to, "%02x", bytes[i]);
    note(to, "\n");
}

/* ---- Steps ------------------------------------------------------------------------------ */

static CK_OBJECT_HANDLE find(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session,
                             CK_OBJECT_CLASS class, const char *label)
{
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)},
                             {CKA_LABEL, (CK_VOID_PTR)(uintptr_t)label, strlen(label)}};
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;

    assert_int_equal(p11->C_FindObjectsInit(session, wanted, 2), CKR_OK);
    assert_int_equal(p11->C_FindObjects(session, &found, 1, &count), CKR_OK);
    assert_int_equal(p11->C_FindObjectsFinal(session), CKR_OK);
    assert_int_equal(count, 1);
    return found;
}

struct algorithm {
    const char *label;
    CK_MECHANISM_TYPE generate;
    const char *params; /* NULL: RSA */
    size_t params_length;
    CK_MECHANISM_TYPE sign;
    bool parts;         /* can sign in parts */
    bool deterministic; /* signatures can be compared */
};

static const struct algorithm algorithms[] = {
    {"rsa", CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0, CKM_SHA256_RSA_PKCS, true, true},
    {"rsa", CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0, CKM_RSA_PKCS, false, true},
    {"rsa", CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0, CKM_RSA_X_509, false, true},
    {"ec", CKM_EC_KEY_PAIR_GEN, "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10, CKM_ECDSA, false,
     false},
    {"ed", CKM_EC_EDWARDS_KEY_PAIR_GEN, "\x06\x03\x2b\x65\x70", 5, CKM_EDDSA, false, true},
};

static void generate(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session,
                     const struct algorithm *algorithm)
{
    CK_MECHANISM mechanism = {algorithm->generate, NULL, 0};
    CK_ULONG bits = 2048;
    CK_BYTE id[] = {1, 2, 3};
    CK_VOID_PTR label = (CK_VOID_PTR)(uintptr_t)algorithm->label;
    CK_ATTRIBUTE public_attributes[] = {
        {CKA_TOKEN, &yes, 1},
        {CKA_ID, id, sizeof(id)},
        {CKA_LABEL, label, strlen(algorithm->label)},
        {CKA_MODULUS_BITS, &bits, sizeof(bits)},
    };
    CK_ATTRIBUTE private_attributes[] = {
        {CKA_TOKEN, &yes, 1},
        {CKA_ID, id, sizeof(id)},
        {CKA_LABEL, label, strlen(algorithm->label)},
        {CKA_SUBJECT, TEXT("\x30\x00")},
    };
    CK_OBJECT_HANDLE keys[2];

    if (algorithm->params != NULL)
        public_attributes[3] = (CK_ATTRIBUTE){
            CKA_EC_PARAMS, (CK_VOID_PTR)(uintptr_t)algorithm->params, algorithm->params_length};
    assert_int_equal(p11->C_GenerateKeyPair(session, &mechanism, public_attributes, 4,
                                            private_attributes, 4, &keys[0], &keys[1]),
                     CKR_OK);
}

static void sign_and_verify(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session,
                            const struct algorithm *algorithm, struct transcript *to)
{
    CK_OBJECT_HANDLE private_key = find(p11, session, CKO_PRIVATE_KEY, algorithm->label);
    CK_OBJECT_HANDLE public_key = find(p11, session, CKO_PUBLIC_KEY, algorithm->label);
    CK_MECHANISM mechanism = {algorithm->sign, NULL, 0};
    CK_BYTE data[32] = "thirty-two bytes, one of them 0";
    CK_BYTE signature[512];
    CK_ULONG length = 0;

    note(to, "%s %lx\n", algorithm->label, algorithm->sign);
    note(to, "init %lx\n", p11->C_SignInit(session, &mechanism, private_key));
    note(to, "init again %lx\n", p11->C_SignInit(session, &mechanism, private_key));
    note(to, "query %lx", p11->C_Sign(session, data, sizeof(data), NULL, &length));
    note(to, " %lu\n", length);
    length--;
    note(to, "short %lx", p11->C_Sign(session, data, sizeof(data), signature, &length));
    note(to, " %lu\n", length);
    note(to, "sign %lx", p11->C_Sign(session, data, sizeof(data), signature, &length));
    note(to, " %lu\n", length);
    if (algorithm->deterministic)
        note_bytes(to, signature, length);
    note(to, "over %lx\n", p11->C_Sign(session, data, sizeof(data), signature, &length));
    note(to, "verify %lx", p11->C_VerifyInit(session, &mechanism, public_key));
    note(to, " %lx\n", p11->C_Verify(session, data, sizeof(data), signature, length));
    signature[5] ^= 1;
    note(to, "changed %lx", p11->C_VerifyInit(session, &mechanism, public_key));
    note(to, " %lx\n", p11->C_Verify(session, data, sizeof(data), signature, length));
    note(to, "cut %lx", p11->C_VerifyInit(session, &mechanism, public_key));
    note(to, " %lx\n", p11->C_Verify(session, data, sizeof(data), signature, length - 1));
    note(to, "wrong key %lx\n", p11->C_SignInit(session, &mechanism, public_key));
    note(to, "wrong key %lx\n", p11->C_VerifyInit(session, &mechanism, private_key));
    note(to, "no key %lx\n", p11->C_SignInit(session, &mechanism, 54321));
    if (!algorithm->parts)
        return;
    length = sizeof(signature);
    note(to, "parts %lx", p11->C_SignInit(session, &mechanism, private_key));
    note(to, " %lx", p11->C_SignUpdate(session, data, 7));
    note(to, " %lx", p11->C_SignUpdate(session, data + 7, sizeof(data) - 7));
    note(to, " %lx\n", p11->C_SignFinal(session, signature, &length));
    note_bytes(to, signature, length);
    note(to, "parts %lx", p11->C_VerifyInit(session, &mechanism, public_key));
    note(to, " %lx", p11->C_VerifyUpdate(session, data, sizeof(data)));
    note(to, " %lx\n", p11->C_VerifyFinal(session, signature, length));
}

/* Attributes, one by one and together, with buffers of all kinds. */
static void read_attributes(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class,
                            const char *label, struct transcript *to)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_CLASS,
                                              CKA_TOKEN,
                                              CKA_PRIVATE,
                                              CKA_LABEL,
                                              CKA_KEY_TYPE,
                                              CKA_ID,
                                              CKA_SUBJECT,
                                              CKA_SENSITIVE,
                                              CKA_EXTRACTABLE,
                                              CKA_SIGN,
                                              CKA_VERIFY,
                                              CKA_DECRYPT,
                                              CKA_MODULUS,
                                              CKA_EC_PARAMS,
                                              CKA_EC_POINT,
                                              CKA_VALUE,
                                              CKA_LOCAL,
                                              CKA_MODIFIABLE,
                                              CKA_APPLICATION,
                                              CKA_ALLOWED_MECHANISMS,
                                              CKA_START_DATE,
                                              CKA_PRIME_1,
                                              CKA_MODULUS_BITS,
                                              CKA_KEY_GEN_MECHANISM,
                                              CKA_VENDOR_DEFINED | 0x999};
    CK_OBJECT_HANDLE object = find(p11, session, class, label);
    CK_BYTE buffer[COUNT(types)][600];
    CK_ATTRIBUTE all[COUNT(types)];

    note(to, "attributes of %s %lx\n", label, class);
    for (size_t i = 0; i < COUNT(types); i++) {
        CK_ATTRIBUTE one = {types[i], NULL, 0};

        note(to, "%lx: %lx", types[i], p11->C_GetAttributeValue(session, object, &one, 1));
        note(to, " %lx", one.ulValueLen);
        one.pValue = buffer[0];
        one.ulValueLen = 3;
        note(to, " %lx", p11->C_GetAttributeValue(session, object, &one, 1));
        note(to, " %lx\n", one.ulValueLen);
        all[i] = (CK_ATTRIBUTE){types[i], buffer[i], i % 3 == 0 ? 4 : sizeof(buffer[i])};
    }
    note(to, "all %lx\n", p11->C_GetAttributeValue(session, object, all, COUNT(all)));
    for (size_t i = 0; i < COUNT(types); i++) {
        note(to, "%lx: %lx ", types[i], all[i].ulValueLen);
        if (all[i].ulValueLen != CK_UNAVAILABLE_INFORMATION)
            note_bytes(to, buffer[i], all[i].ulValueLen);
        else
            note(to, "\n");
    }
}

/* Encryption, digests, random numbers, objects: the rest, briefly. */
static void do_the_rest(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, struct transcript *to)
{
    CK_OBJECT_CLASS data_class = CKO_DATA;
    CK_ATTRIBUTE data_object[] = {{CKA_CLASS, &data_class, sizeof(data_class)},
                                  {CKA_LABEL, TEXT("data")},
                                  {CKA_VALUE, TEXT("value")}};
    CK_ATTRIBUTE label[] = {{CKA_LABEL, TEXT("renamed")}};
    CK_ATTRIBUTE strange[] = {{CKA_VENDOR_DEFINED | 0x999, TEXT("x")}};
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_MECHANISM pkcs = {CKM_RSA_PKCS, NULL, 0};
    CK_MECHANISM none = {CKM_VENDOR_DEFINED | 0x999, NULL, 0};
    CK_OBJECT_HANDLE rsa_public = find(p11, session, CKO_PUBLIC_KEY, "rsa");
    CK_OBJECT_HANDLE rsa_private = find(p11, session, CKO_PRIVATE_KEY, "rsa");
    CK_OBJECT_HANDLE object = 0;
    CK_OBJECT_HANDLE copy = 0;
    CK_BYTE abc[] = "abc";
    CK_BYTE secret[] = "secret";
    CK_BYTE buffer[512];
    CK_BYTE plain[512];
    CK_ULONG length = sizeof(buffer);
    CK_ULONG plain_length = sizeof(plain);
    CK_ULONG size = 0;

    note(to, "digest %lx", p11->C_DigestInit(session, &sha));
    note(to, " %lx\n", p11->C_Digest(session, abc, 3, buffer, &length));
    note_bytes(to, buffer, length);
    length = sizeof(buffer);
    note(to, "encrypt %lx", p11->C_EncryptInit(session, &pkcs, rsa_public));
    note(to, " %lx\n", p11->C_Encrypt(session, secret, 6, buffer, &length));
    note(to, "decrypt %lx", p11->C_DecryptInit(session, &pkcs, rsa_private));
    note(to, " %lx\n", p11->C_Decrypt(session, buffer, length, plain, &plain_length));
    note_bytes(to, plain, plain_length);
    note(to, "create %lx\n", p11->C_CreateObject(session, data_object, 3, &object));
    note(to, "copy %lx\n", p11->C_CopyObject(session, object, label, 1, &copy));
    note(to, "rename %lx\n", p11->C_SetAttributeValue(session, object, label, 1));
    note(to, "strange %lx\n", p11->C_SetAttributeValue(session, object, strange, 1));
    note(to, "size %lx", p11->C_GetObjectSize(session, object, &size));
    note(to, " %lx\n", size);
    note(to, "destroy %lx", p11->C_DestroyObject(session, object));
    note(to, " %lx", p11->C_DestroyObject(session, copy));
    note(to, " %lx\n", p11->C_DestroyObject(session, copy));
    note(to, "unknown %lx", p11->C_SignInit(session, &none, rsa_private));
    note(to, " %lx", p11->C_DigestInit(session, &none));
    note(to, " %lx\n", p11->C_DecryptInit(session, &none, rsa_private));
    note(to, "recover %lx\n", p11->C_SignRecoverInit(session, &pkcs, rsa_private));
    note(to, "random %lx\n", p11->C_GenerateRandom(session, buffer, 16));
    note(to, "status %lx", p11->C_GetFunctionStatus(session));
    note(to, " %lx\n", p11->C_CancelFunction(session));
    note(to, "session %lx", p11->C_SignInit(session + 100, &pkcs, rsa_private));
    note(to, " %lx", p11->C_FindObjectsFinal(session));
    note(to, " %lx\n", p11->C_CloseSession(session + 100));
}

static void search_all(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE session, struct transcript *to)
{
    CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[][2] = {
        {{CKA_CLASS, &private_class, sizeof(private_class)}, {CKA_TOKEN, &yes, 1}},
        {{CKA_SUBJECT, TEXT("\x30\x00")}, {CKA_SIGN, &yes, 1}},
        {{CKA_ID, TEXT("\1\2\3")}, {CKA_LOCAL, &yes, 1}},
        {{CKA_ID, TEXT("\1\2")}, {CKA_LOCAL, &yes, 1}},
    };
    CK_OBJECT_HANDLE found[32];
    CK_ULONG count = 0;

    for (size_t i = 0; i < COUNT(wanted); i++) {
        note(to, "search %lx", p11->C_FindObjectsInit(session, wanted[i], 2));
        note(to, " %lx", p11->C_FindObjects(session, found, COUNT(found), &count));
        note(to, " %lu", count);
        note(to, " %lx\n", p11->C_FindObjectsFinal(session));
    }
}

static void init_token(CK_FUNCTION_LIST *p11)
{
    CK_UTF8CHAR label[33] = "ordinary                        ";
    CK_UTF8CHAR pin[] = "1234";
    CK_SLOT_ID slot = 0;
    CK_SESSION_HANDLE session = 0;
    CK_ULONG count = 1;

    assert_int_equal(p11->C_GetSlotList(CK_TRUE, &slot, &count), CKR_OK);
    assert_int_equal(p11->C_InitToken(slot, pin, 4, label), CKR_OK);
    assert_int_equal(
        p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
        CKR_OK);
    assert_int_equal(p11->C_Login(session, CKU_SO, pin, 4), CKR_OK);
    assert_int_equal(p11->C_InitPIN(session, pin, 4), CKR_OK);
    assert_int_equal(p11->C_CloseSession(session), CKR_OK);
}

static CK_SESSION_HANDLE open_session(CK_FUNCTION_LIST *p11)
{
    CK_UTF8CHAR pin[] = "1234";
    CK_SLOT_ID slots[4];
    CK_SESSION_HANDLE session = 0;
    CK_ULONG count = COUNT(slots);

    assert_int_equal(p11->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    assert_int_equal(
        p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
        CKR_OK);
    assert_int_equal(p11->C_Login(session, CKU_USER, pin, 4), CKR_OK);
    return session;
}

static void perform(CK_FUNCTION_LIST *p11, bool make, struct transcript *to)
{
    CK_SESSION_HANDLE session = 0;

    assert_int_equal(p11->C_Initialize(NULL), CKR_OK);
    if (make)
        init_token(p11);
    session = open_session(p11);
    if (make) {
        generate(p11, session, &algorithms[0]);
        generate(p11, session, &algorithms[3]);
        generate(p11, session, &algorithms[4]);
    }
    for (size_t i = 0; i < COUNT(algorithms); i++)
        sign_and_verify(p11, session, &algorithms[i], to);
    for (size_t i = 0; i < COUNT(algorithms); i += i == 0 ? 3 : 1) {
        read_attributes(p11, session, CKO_PRIVATE_KEY, algorithms[i].label, to);
        read_attributes(p11, session, CKO_PUBLIC_KEY, algorithms[i].label, to);
    }
    do_the_rest(p11, session, to);
    search_all(p11, session, to);
    note(to, "finalize %lx\n", p11->C_Finalize(NULL));
}

static void expect_same(const struct transcript *a, const struct transcript *b)
{
    size_t line = 0;

    for (size_t i = 0; i < a->length && i < b->length && a->text[i] == b->text[i]; i++) {
        if (a->text[i] == '\n')
            line = i + 1;
    }
    if (strcmp(a->text, b->text) != 0)
        fail_msg("SoftHSM: %.200s\nsimulator: %.200s", a->text + line, b->text + line);
}

/* Keys of SoftHSM used through the simulator, and the other way round. */
static void test_same_behaviour(void **state)
{
    static struct transcript results[2];
    CK_FUNCTION_LIST *softhsm = load(SOFTHSM_PATH);
    CK_FUNCTION_LIST *simulator = load(SKASIM_PATH);

    (void)state;
    perform(softhsm, true, &results[0]);
    assert_true(results[0].length > 4000);
    perform(simulator, false, &results[1]);
    expect_same(&results[0], &results[1]);
}

static void test_keys_of_the_simulator(void **state)
{
    static struct transcript results[2];
    CK_FUNCTION_LIST *softhsm = load(SOFTHSM_PATH);
    CK_FUNCTION_LIST *simulator = load(SKASIM_PATH);

    (void)state;
    perform(simulator, true, &results[0]);
    perform(softhsm, false, &results[1]);
    expect_same(&results[1], &results[0]);
}

/* ---- The directory ---------------------------------------------------------------------- */

static int setup(void **state)
{
    char path[512];
    FILE *file = NULL;

    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/skasim-XXXXXX");
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/softhsm2.conf", directory);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n",
            directory);
    fclose(file);
    setenv("SOFTHSM2_CONF", path, 1);
    unsetenv("SKASIM_CONF");
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    return nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_behaviour, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_of_the_simulator, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
