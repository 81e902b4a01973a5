/* SPDX-License-Identifier: Apache-2.0 */
/* C_SkasimDecrypt and C_SkasimUnwrap: what they give, and above all what they refuse. */
#include "simulator_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rsa.h>

#include "ska/simulator_calls.h"

static const char secret[] = "sixteen, a key..";

#define SECRET_LENGTH (sizeof(secret) - 1)

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_MECHANISM pkcs1 = {CKM_RSA_PKCS, NULL, 0};

/* ---- What is asked ---------------------------------------------------------------------- */

/* Two approvers, a key that needs both, and the secret encrypted to it. */
struct use {
    CK_SESSION_HANDLE session;
    struct approver approvers[2];
    struct data rule;
    struct pair pair;
    struct data ciphertext;
    struct data token;
    CK_SKA_APPROVAL approvals[2];
};

static struct data encrypt(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public_key)
{
    EVP_PKEY *key = read_public(session, public_key);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    struct data made = {malloc(512), 512};

    assert_non_null(made.bytes);
    assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
    assert_int_equal(EVP_PKEY_encrypt(context, made.bytes, &made.length,
                                      (const unsigned char *)secret, SECRET_LENGTH),
                     1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return made;
}

static CK_RV make_pair(struct use *use, const char *label, CK_ATTRIBUTE extra)
{
    const struct key_wish wish = {
        "RSA:2048", label, {&use->rule, NULL, NULL, NULL}, {extra, {CKA_UNWRAP, &yes, 1}}, 2};

    return generate_ska(use->session, &wish, &use->pair);
}

static void give_approvals(struct use *use, const struct data *payload)
{
    use->token = make_token(use->session, CK_SKA_DECRYPT, use->pair.private_key, payload->bytes,
                            payload->length);
    for (size_t i = 0; i < 2; i++)
        use->approvals[i] = make_approval(&use->approvers[i], &use->token);
}

static void drop_approvals(struct use *use)
{
    approvals_free(use->approvals, 2);
    data_free(&use->token);
}

static struct use use_open(CK_SESSION_HANDLE session, const char *label, CK_ATTRIBUTE extra)
{
    struct use use = {.session = session};
    const struct approver *both[] = {&use.approvers[0], &use.approvers[1]};

    for (size_t i = 0; i < 2; i++)
        use.approvers[i] = make_approver("EC:P-256");
    use.rule = quorum_rule(2, both, 2);
    assert_rv(make_pair(&use, label, extra), CKR_OK);
    use.ciphertext = encrypt(session, use.pair.public_key);
    give_approvals(&use, &use.ciphertext);
    return use;
}

static void use_close(struct use *use)
{
    drop_approvals(use);
    for (size_t i = 0; i < 2; i++)
        approver_free(&use->approvers[i]);
    data_free(&use->rule);
    data_free(&use->ciphertext);
}

static CK_RV decrypt_with(struct use *use, CK_MECHANISM *mechanism, size_t approvals,
                          CK_BYTE plain[256], CK_ULONG *length)
{
    *length = 256;
    return C_SkasimDecrypt(use->session, mechanism, use->pair.private_key, use->token.bytes,
                           use->token.length, use->approvals, approvals, plain, length);
}

/* ---- Decrypting ------------------------------------------------------------------------- */

static const CK_ATTRIBUTE may_decrypt = {CKA_DECRYPT, &yes, sizeof(yes)};

static void test_decrypt(void **state)
{
    struct use use = use_open(session_of(state), "decrypt", may_decrypt);
    CK_BYTE plain[256];
    CK_ULONG length = 0;

    assert_rv(decrypt_with(&use, &pkcs1, 2, plain, &length), CKR_OK);
    assert_int_equal(length, SECRET_LENGTH);
    assert_memory_equal(plain, secret, SECRET_LENGTH);
    use_close(&use);
}

static void test_too_few(void **state)
{
    struct use use = use_open(session_of(state), "few", may_decrypt);
    CK_BYTE plain[256] = {0};
    CK_ULONG length = 0;

    assert_rv(decrypt_with(&use, &pkcs1, 0, plain, &length), CKR_SKASIM_TOKEN_NOT_FOUND);
    assert_rv(decrypt_with(&use, &pkcs1, 1, plain, &length), CKR_SKASIM_TOKEN_NOT_FOUND);
    use.approvals[1].pSignature[use.approvals[1].signatureLen - 1] ^= 1;
    assert_rv(decrypt_with(&use, &pkcs1, 2, plain, &length), CKR_SKASIM_PARAMETERS_INVALID);
    assert_int_equal(plain[0], 0);
    use_close(&use);
}

static void test_other_key(void **state)
{
    struct use use = use_open(session_of(state), "this", may_decrypt);
    CK_OBJECT_HANDLE first = use.pair.private_key;
    CK_BYTE plain[256];
    CK_ULONG length = 0;

    assert_rv(make_pair(&use, "that", may_decrypt), CKR_OK);
    assert_int_not_equal(first, use.pair.private_key);
    assert_rv(decrypt_with(&use, &pkcs1, 2, plain, &length), CKR_SKASIM_PARAMETERS_INVALID);
    use_close(&use);
}

/* The size is told to everybody, and nothing besides. */
static void test_room(void **state)
{
    struct use use = use_open(session_of(state), "room", may_decrypt);
    CK_BYTE plain[256];
    CK_ULONG length = 0;

    assert_rv(decrypt_with(&use, &pkcs1, 0, NULL, &length), CKR_OK);
    assert_int_equal(length, 256);
    length = 255;
    assert_rv(C_SkasimDecrypt(use.session, &pkcs1, use.pair.private_key, use.token.bytes,
                              use.token.length, use.approvals, 2, plain, &length),
              CKR_BUFFER_TOO_SMALL);
    assert_int_equal(length, 256);
    assert_rv(C_SkasimDecrypt(use.session, &pkcs1, use.pair.private_key, NULL, 1, use.approvals, 2,
                              plain, &length),
              CKR_ARGUMENTS_BAD);
    assert_rv(C_SkasimDecrypt(use.session, NULL, use.pair.private_key, use.token.bytes,
                              use.token.length, use.approvals, 2, plain, &length),
              CKR_ARGUMENTS_BAD);
    assert_rv(C_SkasimDecrypt(use.session, &pkcs1, use.pair.private_key, use.token.bytes,
                              use.token.length, NULL, 2, plain, &length),
              CKR_ARGUMENTS_BAD);
    use_close(&use);
}

static void test_what_the_key_may(void **state)
{
    CK_MECHANISM_TYPE allowed[] = {CKM_SHA256_RSA_PKCS};
    CK_MECHANISM sha = {CKM_SHA256_RSA_PKCS, NULL, 0};
    struct use signs = use_open(session_of(state), "signs",
                                (CK_ATTRIBUTE){CKA_ALLOWED_MECHANISMS, allowed, sizeof(allowed)});
    struct use plain_key =
        use_open(session_of(state), "cannot", (CK_ATTRIBUTE){CKA_DECRYPT, &no, sizeof(no)});
    CK_BYTE plain[256];
    CK_ULONG length = 0;

    assert_rv(decrypt_with(&signs, &pkcs1, 2, plain, &length), CKR_MECHANISM_INVALID);
    assert_rv(decrypt_with(&signs, &sha, 2, plain, &length), CKR_MECHANISM_INVALID);
    assert_rv(decrypt_with(&plain_key, &pkcs1, 2, plain, &length), CKR_KEY_FUNCTION_NOT_PERMITTED);
    use_close(&signs);
    use_close(&plain_key);
}

/* ---- Unwrapping ------------------------------------------------------------------------- */

static CK_RV unwrap_with(struct use *use, size_t approvals, CK_ATTRIBUTE more,
                         CK_OBJECT_HANDLE *made)
{
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)},
                               {CKA_KEY_TYPE, &type, sizeof(type)},
                               {CKA_SENSITIVE, &no, sizeof(no)},
                               {CKA_EXTRACTABLE, &yes, sizeof(yes)},
                               more};

    return C_SkasimUnwrap(use->session, &pkcs1, use->pair.private_key, use->token.bytes,
                          use->token.length, use->approvals, approvals, template, COUNT(template),
                          made);
}

static void store(unsigned char *bytes, size_t value, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
}

/* A container with the wrapped key: its length; then two bytes of type, two of length. */
static void approve_wrapped(struct use *use)
{
    size_t length = use->ciphertext.length;
    struct data payload = {malloc(8 + length), 8 + length};

    assert_non_null(payload.bytes);
    store(payload.bytes, 4 + length, 4);
    store(payload.bytes + 4, SKASIM_WIRE_WRAPPED_KEY, 2);
    store(payload.bytes + 6, length, 2);
    memcpy(payload.bytes + 8, use->ciphertext.bytes, length);
    drop_approvals(use);
    give_approvals(use, &payload);
    data_free(&payload);
}

static void test_unwrap(void **state)
{
    struct use use = use_open(session_of(state), "unwrap", may_decrypt);
    const CK_ATTRIBUTE token = {CKA_TOKEN, &no, sizeof(no)};
    CK_ATTRIBUTE rules = {CKA_SKA_USAGE_ACCESS_BLOB, use.rule.bytes, use.rule.length};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    struct data value;

    /* Approved to be decrypted is not approved to be a key. */
    assert_rv(unwrap_with(&use, 2, token, &made), CKR_SKASIM_PARAMETERS_INVALID);
    approve_wrapped(&use);
    assert_rv(unwrap_with(&use, 1, token, &made), CKR_SKASIM_TOKEN_NOT_FOUND);
    assert_int_equal(made, CK_INVALID_HANDLE);
    assert_int_not_equal(unwrap_with(&use, 2, rules, &made), CKR_OK);
    assert_rv(unwrap_with(&use, 2, token, &made), CKR_OK);
    value = read_attribute(use.session, made, CKA_VALUE);
    assert_int_equal(value.length, SECRET_LENGTH);
    assert_memory_equal(value.bytes, secret, SECRET_LENGTH);
    data_free(&value);
    use_close(&use);
}

static void test_unwrap_is_no_decryption(void **state)
{
    struct use use = use_open(session_of(state), "apart", may_decrypt);
    CK_BYTE plain[256];
    CK_ULONG length = 0;

    approve_wrapped(&use);
    assert_rv(decrypt_with(&use, &pkcs1, 2, plain, &length), CKR_ENCRYPTED_DATA_LEN_RANGE);
    use_close(&use);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_decrypt, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_too_few, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_other_key, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_room, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_the_key_may, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_unwrap, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_unwrap_is_no_decryption, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
