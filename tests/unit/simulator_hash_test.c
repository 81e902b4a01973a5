/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA with a hash, which SoftHSM lacks: ordinary keys, in one piece and in parts. */
#include "simulator_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ecdsa.h>

static CK_BBOOL yes = CK_TRUE;

static const struct {
    CK_MECHANISM_TYPE type;
    const char *digest;
} hashes[] = {{CKM_ECDSA_SHA1, "SHA1"},
              {CKM_ECDSA_SHA224, "SHA224"},
              {CKM_ECDSA_SHA256, "SHA256"},
              {CKM_ECDSA_SHA384, "SHA384"},
              {CKM_ECDSA_SHA512, "SHA512"}};

static CK_BYTE message[1000];

static bool verifies(EVP_PKEY *key, const char *digest, const CK_BYTE *plain, size_t length)
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char *der = NULL;
    int der_length = 0;
    bool good = false;

    ECDSA_SIG_set0(signature, BN_bin2bn(plain, (int)(length / 2), NULL),
                   BN_bin2bn(plain + length / 2, (int)(length / 2), NULL));
    der_length = i2d_ECDSA_SIG(signature, &der);
    assert_int_equal(EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, key, NULL), 1);
    good = EVP_DigestVerify(context, der, (size_t)der_length, message, sizeof(message)) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    ECDSA_SIG_free(signature);
    return good;
}

static void test_sign(void **state)
{
    static const char *const kinds[] = {"EC:P-256", "EC:P-384", "EC:P-521"};
    CK_SESSION_HANDLE session = session_of(state);

    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct pair pair = make_ordinary(session, kinds[i], "plain");
        EVP_PKEY *key = read_public(session, pair.public_key);

        for (size_t j = 0; j < COUNT(hashes); j++) {
            CK_MECHANISM mechanism = {hashes[j].type, NULL, 0};
            CK_BYTE signature[132];
            CK_ULONG length = sizeof(signature);

            assert_rv(C_SignInit(session, &mechanism, pair.private_key), CKR_OK);
            assert_rv(C_Sign(session, message, sizeof(message), signature, &length), CKR_OK);
            assert_true(verifies(key, hashes[j].digest, signature, length));
            assert_rv(C_VerifyInit(session, &mechanism, pair.public_key), CKR_OK);
            assert_rv(C_Verify(session, message, sizeof(message), signature, length), CKR_OK);
            assert_rv(C_VerifyInit(session, &mechanism, pair.public_key), CKR_OK);
            assert_rv(C_Verify(session, message, sizeof(message) - 1, signature, length),
                      CKR_SIGNATURE_INVALID);
            assert_rv(C_Verify(session, message, sizeof(message), signature, length),
                      CKR_OPERATION_NOT_INITIALIZED);
        }
        EVP_PKEY_free(key);
        C_DestroyObject(session, pair.private_key);
        C_DestroyObject(session, pair.public_key);
    }
}

static void test_parts(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct pair pair = make_ordinary(session, "EC:P-256", "plain");
    EVP_PKEY *key = read_public(session, pair.public_key);
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA384, NULL, 0};
    CK_BYTE signature[64];
    CK_ULONG length = 0;

    assert_rv(C_SignInit(session, &mechanism, pair.private_key), CKR_OK);
    assert_rv(C_SignInit(session, &mechanism, pair.private_key), CKR_OPERATION_ACTIVE);
    for (size_t at = 0; at < sizeof(message); at += 100)
        assert_rv(C_SignUpdate(session, message + at, 100), CKR_OK);
    assert_rv(C_SignUpdate(session, NULL, 0), CKR_OK);
    assert_rv(C_SignUpdate(session, NULL, 5), CKR_ARGUMENTS_BAD);
    assert_rv(C_Sign(session, message, 1, signature, &length), CKR_OPERATION_ACTIVE);
    assert_rv(C_SignFinal(session, signature, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_SignFinal(session, NULL, &length), CKR_OK);
    assert_int_equal(length, 64);
    length = 63;
    assert_rv(C_SignFinal(session, signature, &length), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(length, 64);
    assert_rv(C_SignFinal(session, signature, &length), CKR_OK);
    assert_true(verifies(key, "SHA384", signature, length));
    assert_rv(C_SignFinal(session, signature, &length), CKR_OPERATION_NOT_INITIALIZED);

    assert_rv(C_VerifyInit(session, &mechanism, pair.public_key), CKR_OK);
    assert_rv(C_VerifyUpdate(session, message, 600), CKR_OK);
    assert_rv(C_VerifyUpdate(session, message + 600, 400), CKR_OK);
    assert_rv(C_Verify(session, message, 1, signature, length), CKR_OPERATION_ACTIVE);
    assert_rv(C_VerifyFinal(session, signature, length), CKR_OK);
    assert_rv(C_VerifyInit(session, &mechanism, pair.public_key), CKR_OK);
    assert_rv(C_VerifyUpdate(session, message, 999), CKR_OK);
    assert_rv(C_VerifyFinal(session, signature, length), CKR_SIGNATURE_INVALID);
    assert_rv(C_VerifyFinal(session, signature, length), CKR_OPERATION_NOT_INITIALIZED);
    EVP_PKEY_free(key);
    C_DestroyObject(session, pair.private_key);
    C_DestroyObject(session, pair.public_key);
}

static void test_lengths(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct pair pair = make_ordinary(session, "EC:P-521", "plain");
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA512, NULL, 0};
    CK_BYTE signature[132];
    CK_ULONG length = 0;

    assert_rv(C_SignInit(session, &mechanism, pair.private_key), CKR_OK);
    assert_rv(C_Sign(session, NULL, sizeof(message), NULL, &length), CKR_OK);
    assert_int_equal(length, 132);
    length = 131;
    assert_rv(C_Sign(session, message, sizeof(message), signature, &length), CKR_BUFFER_TOO_SMALL);
    assert_rv(C_Sign(session, NULL, 5, signature, &length), CKR_ARGUMENTS_BAD);
    assert_rv(C_Sign(session, message, sizeof(message), signature, &length), CKR_OK);
    assert_rv(C_Sign(session, message, sizeof(message), signature, &length),
              CKR_OPERATION_NOT_INITIALIZED);
    C_DestroyObject(session, pair.private_key);
    C_DestroyObject(session, pair.public_key);
}

static void test_refused(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct pair rsa = make_ordinary(session, "RSA:2048", "rsa");
    struct pair ec = make_ordinary(session, "EC:P-256", "ec");
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
    CK_MECHANISM parameter = {CKM_ECDSA_SHA256, message, 4};
    CK_BYTE signature[64];
    CK_ULONG length = sizeof(signature);

    assert_rv(C_SignInit(session, &mechanism, rsa.private_key), CKR_KEY_TYPE_INCONSISTENT);
    assert_rv(C_VerifyInit(session, &mechanism, rsa.public_key), CKR_KEY_TYPE_INCONSISTENT);
    assert_rv(C_SignInit(session, &parameter, ec.private_key), CKR_MECHANISM_PARAM_INVALID);
    assert_rv(C_SignInit(session, NULL, ec.private_key), CKR_ARGUMENTS_BAD);
    assert_rv(C_SignInit(session, &mechanism, ec.public_key), CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_rv(C_SignUpdate(session, message, 1), CKR_OPERATION_NOT_INITIALIZED);
    /* A hash that waits for a signature is no use for a verification. */
    assert_rv(C_SignInit(session, &mechanism, ec.private_key), CKR_OK);
    assert_rv(C_VerifyUpdate(session, message, 1), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_Verify(session, message, 1, signature, 64), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_Sign(session, message, 1, signature, &length), CKR_OK);
    C_DestroyObject(session, rsa.private_key);
    C_DestroyObject(session, rsa.public_key);
    C_DestroyObject(session, ec.private_key);
    C_DestroyObject(session, ec.public_key);
}

/* A key that may be used with plain ECDSA only. */
static void test_allowed_mechanisms(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_MECHANISM plain = {CKM_ECDSA, NULL, 0};
    CK_MECHANISM hashed = {CKM_ECDSA_SHA256, NULL, 0};
    CK_MECHANISM_TYPE allowed[] = {CKM_ECDSA};
    CK_ATTRIBUTE curve[] = {
        {CKA_EC_PARAMS, (CK_VOID_PTR)(uintptr_t) "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10}};
    CK_ATTRIBUTE attributes[] = {{CKA_SIGN, &yes, 1},
                                 {CKA_ALLOWED_MECHANISMS, allowed, sizeof(allowed)}};
    CK_OBJECT_HANDLE keys[2];

    assert_rv(C_GenerateKeyPair(session, &generate, curve, 1, attributes, 2, &keys[0], &keys[1]),
              CKR_OK);
    assert_rv(C_SignInit(session, &hashed, keys[1]), CKR_MECHANISM_INVALID);
    assert_rv(C_SignInit(session, &plain, keys[1]), CKR_OK);
}

static int fill(void **state)
{
    for (size_t i = 0; i < sizeof(message); i++)
        message[i] = (CK_BYTE)(i * 7);
    return fixture_group_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sign, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_parts, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_lengths, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_allowed_mechanisms, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, fill, fixture_group_teardown);
}
