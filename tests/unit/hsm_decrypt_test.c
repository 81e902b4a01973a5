/* SPDX-License-Identifier: Apache-2.0 */
/* Decrypting and agreeing on secrets with ordinary keys; libcrypto plays the other side. */
#include "hsm_support.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "provider/backend/backend.h"
#include "provider/hsm/cryptoki.h"
#include "provider/hsm/oaep.h"

static struct hsm_token *token;
static struct backend_key *rsa;
static struct backend_key *ec;

static const uint8_t p256[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};

/* The application's own keys: what this project generates only signs. */
static void make_pair(CK_MECHANISM_TYPE type, const char *label, CK_ATTRIBUTE_TYPE use)
{
    CK_SESSION_HANDLE session = application_session("crypt");
    CK_MECHANISM mechanism = {type, NULL, 0};
    CK_ULONG bits = 2048;
    uint8_t exponent[] = {1, 0, 1};
    CK_BBOOL yes = CK_TRUE;
    uint8_t curve[sizeof(p256)];
    CK_ATTRIBUTE public[] = {
        {CKA_TOKEN, &yes, 1},
        {CKA_LABEL, hsm_writable(label), (CK_ULONG)strlen(label)},
        {CKA_MODULUS_BITS, &bits, sizeof(bits)},
        {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)},
    };
    CK_ATTRIBUTE private[] = {
        {CKA_TOKEN, &yes, 1},
        {CKA_PRIVATE, &yes, 1},
        {CKA_LABEL, hsm_writable(label), (CK_ULONG)strlen(label)},
        {use, &yes, 1},
    };
    CK_OBJECT_HANDLE pair[2];
    const bool is_rsa = type == CKM_RSA_PKCS_KEY_PAIR_GEN;

    memcpy(curve, p256, sizeof(p256));
    if (!is_rsa)
    public[2] = (CK_ATTRIBUTE){CKA_EC_PARAMS, curve, sizeof(curve)};
    assert_int_equal(application()->C_GenerateKeyPair(session, &mechanism, public, is_rsa ? 4 : 3,
                                                      private, 4, &pair[0], &pair[1]),
                     CKR_OK);
    assert_int_equal(application()->C_CloseSession(session), CKR_OK);
}

static int begin(void **state)
{
    support_begin(state);
    make_token("crypt");
    token = login_token(HSM_TEST_PROXY, "crypt");
    make_pair(CKM_RSA_PKCS_KEY_PAIR_GEN, "rsa", CKA_DECRYPT);
    make_pair(CKM_EC_KEY_PAIR_GEN, "ec", CKA_DERIVE);
    rsa = find_key(token, "rsa");
    ec = find_key(token, "ec");
    return 0;
}

static int end(void **state)
{
    backend_key_free(rsa);
    backend_key_free(ec);
    return support_end(state);
}

/* ---- Decrypting ------------------------------------------------------------------------------ */

static const struct backend_encryption pkcs1 = {.oaep = false};
static const struct backend_encryption oaep = {
    .oaep = true, .digest = SKA_DIGEST_SHA1, .mgf1_digest = SKA_DIGEST_SHA1};

static void encrypt(int padding, struct ska_span plain, uint8_t out[256])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, backend_key_public(rsa), NULL);
    size_t length = 256;

    assert_true(EVP_PKEY_encrypt_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, padding) > 0 &&
                EVP_PKEY_encrypt(ctx, out, &length, plain.data, plain.length) > 0);
    assert_int_equal(length, 256);
    EVP_PKEY_CTX_free(ctx);
}

static bool decrypts(const struct backend_encryption *how, const uint8_t input[256],
                     struct ska_span expected, const struct ska_errors *errors)
{
    uint8_t out[256];
    size_t length = 0;

    return backend_key_decrypt(rsa, how, ska_span(input, 256), out, &length, errors) &&
           ska_span_equal(ska_span(out, length), expected);
}

static void decrypts_what_was_encrypted(void **state)
{
    uint8_t data[200];
    uint8_t input[256];

    (void)state;
    assert_int_equal(RAND_bytes(data, sizeof(data)), 1);
    for (size_t length = 1; length <= sizeof(data); length += 33) {
        encrypt(RSA_PKCS1_PADDING, ska_span(data, length), input);
        assert_true(decrypts(&pkcs1, input, ska_span(data, length), &shown));
        encrypt(RSA_PKCS1_OAEP_PADDING, ska_span(data, length), input);
        assert_true(decrypts(&oaep, input, ska_span(data, length), &shown));
    }
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(proxy()->unshielded, 0);
}

/* Raises this, and nothing else is to be seen. */
static void assert_the_failure(const struct backend_encryption *how, const uint8_t input[256],
                               char first[1024])
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    uint8_t out[256];
    size_t length = 77;

    memset(out, 0x55, sizeof(out));
    assert_false(backend_key_decrypt(rsa, how, ska_span(input, 256), out, &length, &errors));
    assert_raised(&recorder, SKA_R_HSM_REFUSED, "does not decrypt this");
    for (size_t i = 0; i < sizeof(out); i++)
        assert_int_equal(out[i], 0x55);
    assert_int_equal(length, 77);
    if (first[0] == 0)
        snprintf(first, 1024, "%s", recorder.text);
    assert_string_equal(recorder.text, first);
}

/* OAEP that SoftHSM does not know, with libcrypto at the other side. */
static void takes_oaep_off_itself(void **state)
{
    static const enum ska_digest digests[] = {SKA_DIGEST_SHA1, SKA_DIGEST_SHA224, SKA_DIGEST_SHA256,
                                              SKA_DIGEST_SHA384, SKA_DIGEST_SHA512};
    static const char label[] = "a label";
    const size_t count = sizeof(digests) / sizeof(digests[0]);

    (void)state;
    for (size_t i = 0; i < 2 * count * count; i++) {
        struct backend_encryption how = {
            .oaep = true, .digest = digests[i % count], .mgf1_digest = digests[i / count % count]};
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, backend_key_public(rsa), NULL);
        const size_t longest = 256 - 2 - 2 * ska_digest_length(how.digest);
        uint8_t data[256];
        uint8_t input[256];
        size_t length = 256;
        char first[1024] = "";

        assert_int_equal(RAND_bytes(data, sizeof(data)), 1);
        assert_true(EVP_PKEY_encrypt_init(ctx) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, ska_digest_name(how.digest), NULL) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, ska_digest_name(how.mgf1_digest), NULL) >
                    0);
        if (i >= count * count) {
            how.label = ska_span_text(label);
            assert_true(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup(label),
                                                         (int)strlen(label)) > 0);
        }
        /* Nothing at all, one byte, as much as goes. */
        for (size_t j = 0; j < 3; j++) {
            const size_t plain = j == 0 ? 0 : j == 1 ? 1 : longest;

            length = 256;
            assert_true(EVP_PKEY_encrypt(ctx, input, &length, data, plain) > 0);
            assert_true(decrypts(&how, input, ska_span(data, plain), &shown));
        }
        how.label = ska_span_text("another");
        assert_the_failure(&how, input, first);
        EVP_PKEY_CTX_free(ctx);
    }
}

/* What is wrong in the block, one thing at a time. */
static void finds_each_fault_of_oaep(void **state)
{
    static const struct backend_encryption how = {
        .oaep = true, .digest = SKA_DIGEST_SHA256, .mgf1_digest = SKA_DIGEST_SHA256};
    EVP_PKEY *key = EVP_RSA_gen(1024);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
    uint8_t input[128];
    uint8_t block[128];
    size_t length = sizeof(input);

    (void)state;
    assert_true(EVP_PKEY_encrypt_init(ctx) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, "SHA256", NULL) > 0);
    assert_true(EVP_PKEY_encrypt(ctx, input, &length, (const uint8_t *)"secret", 6) > 0);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
    assert_true(EVP_PKEY_decrypt_init(ctx) > 0);
    assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0);
    /* The bytes of an untouched one, then with each of its bits changed. */
    for (size_t bit = 0; bit <= 8 * sizeof(block); bit++) {
        size_t plain = 0;
        bool good = false;

        length = sizeof(block);
        assert_true(EVP_PKEY_decrypt(ctx, block, &length, input, sizeof(input)) > 0);
        if (bit < 8 * sizeof(block))
            block[bit / 8] ^= (uint8_t)(1U << bit % 8);
        good = hsm_oaep_remove(libctx, &how, block, sizeof(block), &plain);
        assert_true(good == (bit == 8 * sizeof(block)));
        assert_true(!good || (plain == 6 && memcmp(block + 122, "secret", 6) == 0));
    }
    for (size_t size = 0; size < 66; size++)
        assert_false(hsm_oaep_remove(libctx, &how, block, size, &length));
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
}

/*
 * With a padding of PKCS#1 that is none. Where SoftHSM has a libcrypto of 3.2 or later under it (or
 * one that was given the same), it answers with other bytes, which tells nothing either: always, or
 * never.
 */
static void assert_pkcs1_fails(const uint8_t input[256], char first[1024])
{
    static enum { UNKNOWN, FAILS, OTHER_BYTES } way;
    uint8_t out[256];
    size_t length = 0;

    if (way == UNKNOWN)
        way = backend_key_decrypt(rsa, &pkcs1, ska_span(input, 256), out, &length, NULL)
                  ? OTHER_BYTES
                  : FAILS;
    if (way == FAILS) {
        assert_the_failure(&pkcs1, input, first);
        return;
    }
    assert_true(backend_key_decrypt(rsa, &pkcs1, ska_span(input, 256), out, &length, &shown));
    assert_false(ska_span_equal(ska_span(out, length), ska_span_text("secret")));
}

static void tells_nothing_of_the_padding(void **state)
{
    static const CK_RV answers[] = {CKR_ENCRYPTED_DATA_INVALID, CKR_ENCRYPTED_DATA_LEN_RANGE,
                                    CKR_DATA_INVALID,           CKR_DATA_LEN_RANGE,
                                    CKR_GENERAL_ERROR,          CKR_FUNCTION_FAILED,
                                    CKR_BUFFER_TOO_SMALL,       CKR_DEVICE_ERROR,
                                    CKR_ARGUMENTS_BAD};
    char first[1024] = "";
    uint8_t input[256];

    (void)state;
    encrypt(RSA_PKCS1_PADDING, ska_span_text("secret"), input);
    assert_the_failure(&oaep, input, first);
    encrypt(RSA_PKCS1_OAEP_PADDING, ska_span_text("secret"), input);
    assert_pkcs1_fails(input, first);
    input[17] ^= 1;
    assert_the_failure(&oaep, input, first);
    memset(input, 0, sizeof(input));
    assert_pkcs1_fails(input, first);
    memset(input, 0xFF, sizeof(input)); /* larger than the modulus */
    assert_the_failure(&pkcs1, input, first);
    encrypt(RSA_PKCS1_PADDING, ska_span_text("secret"), input);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        inject("C_Decrypt", answers[i], 1000);
        assert_the_failure(&pkcs1, input, first);
    }
    inject(NULL, CKR_OK, 0);
    assert_true(decrypts(&pkcs1, input, ska_span_text("secret"), &shown));
}

/* What is refused before anything is decrypted may be told. */
static void says_what_has_nothing_to_do_with_it(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    uint8_t input[256];
    uint8_t out[256];
    size_t length = 0;

    (void)state;
    encrypt(RSA_PKCS1_PADDING, ska_span_text("secret"), input);
    assert_false(backend_key_decrypt(rsa, &pkcs1, ska_span(input, 255), out, &length, &errors));
    assert_raised(&recorder, SKA_R_BAD_INPUT_LENGTH, "255 bytes, but key 'rsa' decrypts 256");
    errors = errors_into(&recorder);
    assert_false(backend_key_decrypt(ec, &pkcs1, ska_span(input, 256), out, &length, &errors));
    assert_raised(&recorder, SKA_R_UNSUPPORTED, "is not an RSA key");
    errors = errors_into(&recorder);
    inject("C_DecryptInit", CKR_KEY_FUNCTION_NOT_PERMITTED, 1);
    assert_false(decrypts(&pkcs1, input, ska_span_text("secret"), &errors));
    assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_DecryptInit: CKR_KEY_FUNCTION_NOT_PERMITTED");
}

static void survives_what_is_lost(void **state)
{
    CK_SESSION_HANDLE session = application_session("crypt");
    uint8_t input[256];

    (void)state;
    encrypt(RSA_PKCS1_PADDING, ska_span_text("secret"), input);
    assert_int_equal(application()->C_Logout(session), CKR_OK);
    assert_true(decrypts(&pkcs1, input, ska_span_text("secret"), &shown));
    assert_int_equal(application()->C_CloseAllSessions(application_slot(session)), CKR_OK);
    assert_true(decrypts(&pkcs1, input, ska_span_text("secret"), &shown));
}

/* ---- Agreeing on secrets --------------------------------------------------------------------- */

static EVP_PKEY *peer_key(uint8_t point[65])
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-256");
    size_t length = 0;

    assert_non_null(key);
    assert_true(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, 65, &length));
    assert_int_equal(length, 65);
    return key;
}

static void libcrypto_derives(EVP_PKEY *key, uint8_t secret[32])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
    size_t length = 32;

    assert_true(EVP_PKEY_derive_init(ctx) > 0 &&
                EVP_PKEY_derive_set_peer(ctx, backend_key_public(ec)) > 0 &&
                EVP_PKEY_derive(ctx, secret, &length) > 0);
    assert_int_equal(length, 32);
    EVP_PKEY_CTX_free(ctx);
}

/* So often that one of them begins with a byte of zero, most likely. */
static void agrees_with_libcrypto(void **state)
{
    (void)state;
    for (int i = 0; i < 600; i++) {
        uint8_t point[65];
        EVP_PKEY *peer = peer_key(point);
        uint8_t theirs[32];
        uint8_t ours[BACKEND_SECRET_LIMIT];
        size_t length = sizeof(ours);

        libcrypto_derives(peer, theirs);
        assert_true(backend_key_derive(ec, ska_span(point, 65), ours, &length, &shown));
        assert_int_equal(length, 32);
        assert_memory_equal(ours, theirs, 32);
        EVP_PKEY_free(peer);
    }
    assert_int_equal(proxy()->destroy, proxy()->derive);
}

static CK_ULONG secret_objects(void)
{
    CK_SESSION_HANDLE session = application_session("crypt");
    CK_OBJECT_CLASS class_ = CKO_SECRET_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class_, sizeof(class_)};
    CK_OBJECT_HANDLE found[8];
    CK_ULONG count = 0;

    assert_int_equal(application()->C_FindObjectsInit(session, &wanted, 1), CKR_OK);
    assert_int_equal(application()->C_FindObjects(session, found, 8, &count), CKR_OK);
    assert_int_equal(application()->C_FindObjectsFinal(session), CKR_OK);
    assert_int_equal(application()->C_CloseSession(session), CKR_OK);
    return count;
}

static void hands_out_nothing_but_the_whole_secret(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    uint8_t point[65];
    uint8_t secret[BACKEND_SECRET_LIMIT] = {0};
    size_t length = sizeof(secret);

    (void)state;
    EVP_PKEY_free(peer_key(point));
    proxy()->cut_secret = 1;
    assert_false(backend_key_derive(ec, ska_span(point, 65), secret, &length, &errors));
    proxy()->cut_secret = 0;
    assert_raised(&recorder, SKA_R_HSM_FAILURE, "31 bytes, but the curve has 32");
    for (size_t i = 0; i < sizeof(secret); i++)
        assert_int_equal(secret[i], 0);
    errors = errors_into(&recorder);
    length = 31;
    assert_false(backend_key_derive(ec, ska_span(point, 65), secret, &length, &errors));
    assert_int_equal(recorder.count, 1);
    assert_int_equal(secret_objects(), 0);
}

/* No object stays, whatever fails. */
static void leaves_no_secrets_behind(void **state)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    uint8_t point[65];
    uint8_t secret[BACKEND_SECRET_LIMIT];
    size_t length = sizeof(secret);

    (void)state;
    EVP_PKEY_free(peer_key(point));
    inject("C_GetAttributeValue", CKR_ATTRIBUTE_SENSITIVE, 1);
    assert_false(backend_key_derive(ec, ska_span(point, 65), secret, &length, &errors));
    assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_GetAttributeValue: CKR_ATTRIBUTE_SENSITIVE");
    assert_int_equal(secret_objects(), 0);
    errors = errors_into(&recorder);
    inject("C_DestroyObject", CKR_FUNCTION_FAILED, 1);
    assert_false(backend_key_derive(ec, ska_span(point, 65), secret, &length, &errors));
    assert_raised(&recorder, SKA_R_HSM_FAILURE, "C_DestroyObject: CKR_FUNCTION_FAILED");
    inject(NULL, CKR_OK, 0);
    /* Its session is closed then, and it with that. */
    assert_int_equal(secret_objects(), 0);
}

/* ---- Back ends that only sign ---------------------------------------------------------------- */

static void says_that_a_back_end_only_signs(void **state)
{
    const struct backend *whole = ec->backend;
    struct backend lean = *whole;
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    uint8_t data[256] = {4};
    size_t length = sizeof(data);

    (void)state;
    lean.key_decrypt = NULL;
    lean.key_derive = NULL;
    ec->backend = rsa->backend = &lean;
    assert_false(backend_key_derive(ec, ska_span(data, 65), data, &length, &errors));
    assert_raised(&recorder, SKA_R_UNSUPPORTED, "does not agree on secrets");
    errors = errors_into(&recorder);
    assert_false(backend_key_decrypt(rsa, &pkcs1, ska_span(data, 256), data, &length, &errors));
    assert_raised(&recorder, SKA_R_UNSUPPORTED, "does not decrypt");
    ec->backend = rsa->backend = whole;
}

static void does_nothing_else_with_keys_that_have_rules(void **state)
{
    static const char *const reasons[] = {"is an SKA key", "only signs timestamps"};
    uint8_t data[256] = {4};
    size_t length = sizeof(data);
    const int derived = proxy()->derive;
    const int decrypted = proxy()->decrypt;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct recorder recorder;
        struct ska_errors errors = errors_into(&recorder);

        rsa->ska = ec->ska = i == 0;
        rsa->timestamp = ec->timestamp = i == 1;
        assert_false(backend_key_derive(ec, ska_span(data, 65), data, &length, &errors));
        assert_raised(&recorder, SKA_R_UNSUPPORTED, reasons[i]);
        errors = errors_into(&recorder);
        assert_false(backend_key_decrypt(rsa, &pkcs1, ska_span(data, 256), data, &length, &errors));
        assert_raised(&recorder, SKA_R_UNSUPPORTED, reasons[i]);
    }
    rsa->timestamp = ec->timestamp = false;
    assert_int_equal(proxy()->derive, derived);
    assert_int_equal(proxy()->decrypt, decrypted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decrypts_what_was_encrypted),
        cmocka_unit_test(takes_oaep_off_itself),
        cmocka_unit_test(finds_each_fault_of_oaep),
        cmocka_unit_test(tells_nothing_of_the_padding),
        cmocka_unit_test(says_what_has_nothing_to_do_with_it),
        cmocka_unit_test(survives_what_is_lost),
        cmocka_unit_test(agrees_with_libcrypto),
        cmocka_unit_test(hands_out_nothing_but_the_whole_secret),
        cmocka_unit_test(leaves_no_secrets_behind),
        cmocka_unit_test(says_that_a_back_end_only_signs),
        cmocka_unit_test(does_nothing_else_with_keys_that_have_rules),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
