/* SPDX-License-Identifier: Apache-2.0 */
/* C_SKASign: what it signs, how, and above all what it refuses. */
#include "simulator_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

static const char payload[] = "a payload of thirty-two bytes...";

#define PAYLOAD_LENGTH (sizeof(payload) - 1)

static CK_MECHANISM ecdsa_sha256 = {CKM_ECDSA_SHA256, NULL, 0};

/* ---- Verification by libcrypto ---------------------------------------------------------- */

/* r || s to SEQUENCE { r, s }. */
static struct data to_der(const struct data *plain)
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    size_t half = plain->length / 2;
    unsigned char *der = NULL;
    struct data result = {NULL, 0};
    int length = 0;

    ECDSA_SIG_set0(signature, BN_bin2bn(plain->bytes, (int)half, NULL),
                   BN_bin2bn(plain->bytes + half, (int)half, NULL));
    length = i2d_ECDSA_SIG(signature, &der);
    assert_true(length > 0);
    result.bytes = malloc((size_t)length);
    result.length = (size_t)length;
    memcpy(result.bytes, der, result.length);
    OPENSSL_free(der);
    ECDSA_SIG_free(signature);
    return result;
}

/* How a signature is to be verified: over a message with a digest, or over a digest. */
struct check {
    const char *digest;
    bool prehashed;
    bool pss;
};

static bool verifies(EVP_PKEY *key, const struct check *check, const struct data *signature,
                     const void *message, size_t length)
{
    struct data der = {NULL, 0};
    const struct data *form = signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *operation = NULL;
    int result = 0;

    if (EVP_PKEY_is_a(key, "EC")) {
        der = to_der(signature);
        form = &der;
    }
    if (check->prehashed) {
        operation = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
        assert_int_equal(EVP_PKEY_verify_init(operation), 1);
        if (EVP_PKEY_is_a(key, "RSA"))
            assert_true(EVP_PKEY_CTX_set_rsa_padding(operation, check->pss
                                                                    ? RSA_PKCS1_PSS_PADDING
                                                                    : RSA_PKCS1_PADDING) == 1);
        if (check->digest != NULL)
            assert_true(
                EVP_PKEY_CTX_set_signature_md(operation, EVP_get_digestbyname(check->digest)) == 1);
        result = EVP_PKEY_verify(operation, form->bytes, form->length, message, length);
        EVP_PKEY_CTX_free(operation);
    } else {
        assert_int_equal(
            EVP_DigestVerifyInit_ex(context, &operation, check->digest, NULL, NULL, key, NULL), 1);
        if (check->pss)
            assert_true(EVP_PKEY_CTX_set_rsa_padding(operation, RSA_PKCS1_PSS_PADDING) == 1);
        result = EVP_DigestVerify(context, form->bytes, form->length, message, length);
    }
    EVP_MD_CTX_free(context);
    data_free(&der);
    return result == 1;
}

/* ---- Algorithms ------------------------------------------------------------------------- */

/* Signs under the empty rule and has libcrypto verify it. */
static void check_signature(CK_SESSION_HANDLE session, const struct pair *pair,
                            CK_MECHANISM *mechanism, const struct check *check, size_t length,
                            size_t expected)
{
    EVP_PKEY *key = read_public(session, pair->public_key);
    struct data token = make_token(session, CK_SKA_SIGN, pair->private_key, payload, length);
    struct data signature = {NULL, 0};

    assert_rv(ska_sign(session, mechanism, pair->private_key, &token, NULL, 0, &signature), CKR_OK);
    assert_int_equal(signature.length, expected);
    assert_true(verifies(key, check, &signature, payload, length));
    signature.bytes[signature.length / 2] ^= 1;
    assert_false(verifies(key, check, &signature, payload, length));
    data_free(&signature);
    data_free(&token);
    EVP_PKEY_free(key);
}

static void destroy_pair(CK_SESSION_HANDLE session, const struct pair *pair)
{
    assert_rv(C_DestroyObject(session, pair->private_key), CKR_OK);
    assert_rv(C_DestroyObject(session, pair->public_key), CKR_OK);
}

/* The same with a key of its own. */
static void check_algorithm(CK_SESSION_HANDLE session, const char *kind, CK_MECHANISM *mechanism,
                            const struct check *check, size_t length, size_t expected)
{
    struct pair pair = make_ska(session, kind, "algorithm", NULL);

    check_signature(session, &pair, mechanism, check, length, expected);
    destroy_pair(session, &pair);
}

static void test_rsa(void **state)
{
    static const struct {
        CK_MECHANISM_TYPE pkcs, pss, hash;
        CK_RSA_PKCS_MGF_TYPE mgf;
        const char *digest;
        CK_ULONG salt;
    } hashes[] = {
        {CKM_SHA1_RSA_PKCS, CKM_SHA1_RSA_PKCS_PSS, CKM_SHA_1, CKG_MGF1_SHA1, "SHA1", 20},
        {CKM_SHA224_RSA_PKCS, CKM_SHA224_RSA_PKCS_PSS, CKM_SHA224, CKG_MGF1_SHA224, "SHA224", 28},
        {CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, "SHA256", 32},
        {CKM_SHA384_RSA_PKCS, CKM_SHA384_RSA_PKCS_PSS, CKM_SHA384, CKG_MGF1_SHA384, "SHA384", 48},
        {CKM_SHA512_RSA_PKCS, CKM_SHA512_RSA_PKCS_PSS, CKM_SHA512, CKG_MGF1_SHA512, "SHA512", 64},
    };
    CK_SESSION_HANDLE session = session_of(state);
    struct pair pair = make_ska(session, "RSA:2048", "rsa", NULL);

    for (size_t i = 0; i < COUNT(hashes); i++) {
        CK_RSA_PKCS_PSS_PARAMS params = {hashes[i].hash, hashes[i].mgf, hashes[i].salt};
        CK_MECHANISM pkcs = {hashes[i].pkcs, NULL, 0};
        CK_MECHANISM pss = {hashes[i].pss, &params, sizeof(params)};
        CK_MECHANISM raw = {CKM_RSA_PKCS_PSS, &params, sizeof(params)};
        struct check message = {hashes[i].digest, false, false};
        struct check message_pss = {hashes[i].digest, false, true};
        struct check digest_pss = {hashes[i].digest, true, true};

        check_signature(session, &pair, &pkcs, &message, PAYLOAD_LENGTH, 256);
        check_signature(session, &pair, &pss, &message_pss, PAYLOAD_LENGTH, 256);
        if (hashes[i].salt <= PAYLOAD_LENGTH)
            check_signature(session, &pair, &raw, &digest_pss, hashes[i].salt, 256);
    }
    destroy_pair(session, &pair);
}

static void test_rsa_sizes(void **state)
{
    CK_MECHANISM raw = {CKM_RSA_PKCS, NULL, 0};
    struct check check = {NULL, true, false};

    check_algorithm(session_of(state), "RSA:2048", &raw, &check, PAYLOAD_LENGTH, 256);
    check_algorithm(session_of(state), "RSA:3072", &raw, &check, PAYLOAD_LENGTH, 384);
}

static void test_ecdsa(void **state)
{
    static const struct {
        const char *kind;
        size_t length;
    } curves[] = {{"EC:P-256", 64}, {"EC:P-384", 96}, {"EC:P-521", 132}, {"EC:secp256k1", 64}};
    static const struct {
        CK_MECHANISM_TYPE type;
        const char *digest;
    } hashes[] = {{CKM_ECDSA_SHA1, "SHA1"},
                  {CKM_ECDSA_SHA224, "SHA224"},
                  {CKM_ECDSA_SHA256, "SHA256"},
                  {CKM_ECDSA_SHA384, "SHA384"},
                  {CKM_ECDSA_SHA512, "SHA512"}};
    CK_SESSION_HANDLE session = session_of(state);
    CK_MECHANISM raw = {CKM_ECDSA, NULL, 0};
    struct check prehashed = {NULL, true, false};

    for (size_t i = 0; i < COUNT(curves); i++) {
        struct pair pair = make_ska(session, curves[i].kind, "ec", NULL);

        check_signature(session, &pair, &raw, &prehashed, 32, curves[i].length);
        for (size_t j = 0; j < COUNT(hashes); j++) {
            CK_MECHANISM mechanism = {hashes[j].type, NULL, 0};
            struct check check = {hashes[j].digest, false, false};

            check_signature(session, &pair, &mechanism, &check, PAYLOAD_LENGTH, curves[i].length);
        }
        destroy_pair(session, &pair);
    }
}

static void test_eddsa(void **state)
{
    CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0};
    struct check check = {NULL, false, false};

    check_algorithm(session_of(state), "ED25519", &mechanism, &check, PAYLOAD_LENGTH, 64);
    check_algorithm(session_of(state), "ED448", &mechanism, &check, PAYLOAD_LENGTH, 114);
    check_algorithm(session_of(state), "ED25519", &mechanism, &check, 0, 64);
}

/* Payloads and mechanisms that do not fit, and raw RSA, which no approval can make safe. */
static void test_wrong_mechanisms(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_RSA_PKCS_PSS_PARAMS params = {CKM_SHA256, CKG_MGF1_SHA256, 32};
    CK_BYTE junk[8] = {0};
    struct {
        CK_MECHANISM mechanism;
        bool rsa;
        CK_RV expected;
    } cases[] = {
        {{CKM_RSA_X_509, NULL, 0}, true, CKR_MECHANISM_INVALID},
        {{CKM_RSA_PKCS_OAEP, NULL, 0}, true, CKR_MECHANISM_INVALID},
        {{CKM_MD5_RSA_PKCS, NULL, 0}, true, CKR_MECHANISM_INVALID},
        {{CKM_ECDSA, NULL, 0}, true, CKR_KEY_TYPE_INCONSISTENT},
        {{CKM_EDDSA, NULL, 0}, true, CKR_KEY_TYPE_INCONSISTENT},
        {{CKM_RSA_PKCS, NULL, 0}, false, CKR_KEY_TYPE_INCONSISTENT},
        {{CKM_SHA256_RSA_PKCS, junk, 8}, true, CKR_MECHANISM_PARAM_INVALID},
        {{CKM_SHA256_RSA_PKCS_PSS, NULL, 0}, true, CKR_MECHANISM_PARAM_INVALID},
        {{CKM_SHA256_RSA_PKCS_PSS, junk, 8}, true, CKR_MECHANISM_PARAM_INVALID},
        {{CKM_ECDSA_SHA256, junk, 8}, false, CKR_MECHANISM_PARAM_INVALID},
        {{CKM_RSA_PKCS_PSS, &params, sizeof(params)}, true, CKR_DATA_LEN_RANGE},
        /* 31 bytes are a digest that begins with a zero. */
        {{CKM_ECDSA, NULL, 0}, false, CKR_DATA_LEN_RANGE},
    };
    struct pair rsa = make_ska(session, "RSA:2048", "rsa", NULL);
    struct pair ec = make_ska(session, "EC:P-256", "ec", NULL);
    struct data rsa_token = make_token(session, CK_SKA_SIGN, rsa.private_key, payload, 31);
    struct data ec_token = make_token(session, CK_SKA_SIGN, ec.private_key, payload, 31);
    struct data signature = {NULL, 0};
    CK_MECHANISM raw = {CKM_RSA_PKCS, NULL, 0};
    CK_BYTE long_payload[246] = {0};

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_rv(ska_sign(session, &cases[i].mechanism,
                           cases[i].rsa ? rsa.private_key : ec.private_key,
                           cases[i].rsa ? &rsa_token : &ec_token, NULL, 0, &signature),
                  cases[i].expected);
    data_free(&rsa_token);
    rsa_token = make_token(session, CK_SKA_SIGN, rsa.private_key, long_payload, 246);
    assert_rv(ska_sign(session, &raw, rsa.private_key, &rsa_token, NULL, 0, &signature),
              CKR_DATA_LEN_RANGE);
    data_free(&rsa_token);
    rsa_token = make_token(session, CK_SKA_SIGN, rsa.private_key, long_payload, 245);
    assert_rv(ska_sign(session, &raw, rsa.private_key, &rsa_token, NULL, 0, &signature), CKR_OK);
    data_free(&signature);
    data_free(&rsa_token);
    data_free(&ec_token);
    C_DestroyObject(session, rsa.private_key);
    C_DestroyObject(session, ec.private_key);
}

static void test_allowed_mechanisms(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_MECHANISM_TYPE allowed[] = {CKM_ECDSA_SHA384, CKM_ECDSA_SHA256};
    struct key_wish wish = {
        .kind = "EC:P-256",
        .label = "allowed",
        .more = {{CKA_ALLOWED_MECHANISMS, allowed, sizeof(allowed)}},
        .more_count = 1,
    };
    struct pair pair = {0, 0};
    struct data token = {NULL, 0};
    struct data signature = {NULL, 0};
    struct data list = {NULL, 0};
    CK_MECHANISM raw = {CKM_ECDSA, NULL, 0};

    assert_rv(generate_ska(session, &wish, &pair), CKR_OK);
    token = make_token(session, CK_SKA_SIGN, pair.private_key, payload, 32);
    assert_rv(ska_sign(session, &raw, pair.private_key, &token, NULL, 0, &signature),
              CKR_MECHANISM_INVALID);
    assert_rv(ska_sign(session, &ecdsa_sha256, pair.private_key, &token, NULL, 0, &signature),
              CKR_OK);
    list = read_attribute(session, pair.private_key, CKA_ALLOWED_MECHANISMS);
    assert_int_equal(list.length, sizeof(allowed));
    assert_memory_equal(list.bytes, allowed, sizeof(allowed));
    data_free(&list);
    data_free(&signature);
    data_free(&token);
    C_DestroyObject(session, pair.private_key);
}

/* ---- Lengths ---------------------------------------------------------------------------- */

/* A query and a buffer that is too small decide nothing; they work under a rule nobody satisfies.
 */
static void test_lengths(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct data rule = impossible_rule();
    struct pair pair = make_ska(session, "EC:P-384", "lengths", &rule);
    struct data token = make_token(session, CK_SKA_SIGN, pair.private_key, payload, 32);
    CK_BYTE buffer[96];
    CK_ULONG length = 0;

    assert_rv(C_SKASign(session, &ecdsa_sha256, pair.private_key, token.bytes, token.length, NULL,
                        0, NULL, &length, NULL, NULL),
              CKR_OK);
    assert_int_equal(length, 96);
    length = 95;
    assert_rv(C_SKASign(session, &ecdsa_sha256, pair.private_key, token.bytes, token.length, NULL,
                        0, buffer, &length, NULL, NULL),
              CKR_BUFFER_TOO_SMALL);
    assert_int_equal(length, 96);
    assert_rv(C_SKASign(session, &ecdsa_sha256, pair.private_key, token.bytes, token.length, NULL,
                        0, buffer, &length, NULL, NULL),
              CKR_SKASIM_TOKEN_NOT_FOUND);
    assert_int_equal(fixture_logged("C_SKASign(length) lengths CKR_OK"), 1);
    assert_int_equal(fixture_logged("C_SKASign lengths CKR_BUFFER_TOO_SMALL"), 1);
    assert_int_equal(fixture_logged("C_SKASign lengths CKR_SKASIM_TOKEN_NOT_FOUND"), 1);
    assert_int_equal(fixture_logged("C_SKASign"), 3);
    assert_int_equal(fixture_logged("C_CreateApprovalToken(length) lengths CKR_OK"), 1);
    assert_int_equal(fixture_logged("C_CreateApprovalToken lengths CKR_OK"), 1);
    data_free(&token);
    data_free(&rule);
    C_DestroyObject(session, pair.private_key);
}

static void test_bad_arguments(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct pair pair = make_ska(session, "EC:P-256", "arguments", NULL);
    struct pair ordinary = make_ordinary(session, "EC:P-256", "ordinary");
    struct data token = make_token(session, CK_SKA_SIGN, pair.private_key, payload, 32);
    CK_OBJECT_HANDLE key = pair.private_key;
    CK_SKA_APPROVAL approval = {CKAP_SIGNATURE, NULL, 5, NULL, 5};
    CK_BYTE buffer[64];
    CK_ULONG length = sizeof(buffer);
    CK_BYTE extra = 0;

#define SIGN(session, mechanism, key, token, token_length, approvals, count)                       \
    C_SKASign(session, mechanism, key, token, token_length, approvals, count, buffer, &length,     \
              NULL, NULL)
    assert_rv(SIGN(session, NULL, key, token.bytes, token.length, NULL, 0), CKR_ARGUMENTS_BAD);
    assert_rv(SIGN(session, &ecdsa_sha256, key, NULL, token.length, NULL, 0), CKR_ARGUMENTS_BAD);
    assert_rv(SIGN(session, &ecdsa_sha256, key, token.bytes, token.length, NULL, 1),
              CKR_ARGUMENTS_BAD);
    assert_rv(SIGN(session, &ecdsa_sha256, key, token.bytes, token.length, &approval, ~0UL),
              CKR_ARGUMENTS_BAD);
    assert_rv(SIGN(session, &ecdsa_sha256, key, token.bytes, token.length, &approval, 1),
              CKR_SKASIM_PARAMETERS_INVALID);
    assert_rv(SIGN(session, &ecdsa_sha256, key, token.bytes, 0, NULL, 0),
              CKR_SKASIM_PARAMETERS_INVALID);
    assert_rv(SIGN(session, &ecdsa_sha256, key, token.bytes, token.length - 1, NULL, 0),
              CKR_SKASIM_PARAMETERS_INVALID);
    assert_rv(SIGN(session, &ecdsa_sha256, 9999, token.bytes, token.length, NULL, 0),
              CKR_OBJECT_HANDLE_INVALID);
    assert_rv(SIGN(session + 99, &ecdsa_sha256, key, token.bytes, token.length, NULL, 0),
              CKR_SESSION_HANDLE_INVALID);
    assert_rv(
        SIGN(session, &ecdsa_sha256, ordinary.private_key, token.bytes, token.length, NULL, 0),
        CKR_KEY_TYPE_INCONSISTENT);
    assert_rv(SIGN(session, &ecdsa_sha256, pair.public_key, token.bytes, token.length, NULL, 0),
              CKR_KEY_TYPE_INCONSISTENT);
    assert_rv(C_SKASign(session, &ecdsa_sha256, key, token.bytes, token.length, NULL, 0, buffer,
                        NULL, NULL, NULL),
              CKR_ARGUMENTS_BAD);
    assert_rv(C_SKASign(session, &ecdsa_sha256, key, token.bytes, token.length, NULL, 0, buffer,
                        &length, &extra, NULL),
              CKR_ARGUMENTS_BAD);
    assert_rv(SIGN(session, &ecdsa_sha256, key, token.bytes, token.length, NULL, 0), CKR_OK);
#undef SIGN
    data_free(&token);
    C_DestroyObject(session, pair.private_key);
    C_DestroyObject(session, ordinary.private_key);
}

/* ---- Approvals -------------------------------------------------------------------------- */

enum { ALICE, BOB, CAROL, MALLORY, APPROVERS };

struct quorum {
    struct approver approvers[APPROVERS];
    struct data rule; /* two of Alice, Bob, Carol */
    struct pair pair;
    struct data token;
    CK_SKA_APPROVAL approvals[APPROVERS];
};

static void quorum_open(CK_SESSION_HANDLE session, struct quorum *quorum)
{
    static const char *const kinds[] = {"RSA:2048", "EC:P-256", "ED25519", "EC:P-384"};
    const struct approver *listed[] = {&quorum->approvers[ALICE], &quorum->approvers[BOB],
                                       &quorum->approvers[CAROL]};

    for (int i = 0; i < APPROVERS; i++)
        quorum->approvers[i] = make_approver(kinds[i]);
    quorum->rule = quorum_rule(2, listed, COUNT(listed));
    quorum->pair = make_ska(session, "EC:P-256", "seal", &quorum->rule);
    quorum->token =
        make_token(session, CK_SKA_SIGN, quorum->pair.private_key, payload, PAYLOAD_LENGTH);
    for (int i = 0; i < APPROVERS; i++)
        quorum->approvals[i] = make_approval(&quorum->approvers[i], &quorum->token);
}

static void quorum_close(CK_SESSION_HANDLE session, struct quorum *quorum)
{
    approvals_free(quorum->approvals, APPROVERS);
    for (int i = 0; i < APPROVERS; i++)
        approver_free(&quorum->approvers[i]);
    data_free(&quorum->rule);
    data_free(&quorum->token);
    C_DestroyObject(session, quorum->pair.private_key);
    C_DestroyObject(session, quorum->pair.public_key);
}

/* Signs with these approvals; a signature that comes out must verify. */
static CK_RV sign_with(CK_SESSION_HANDLE session, const struct quorum *quorum,
                       const struct data *token, CK_SKA_APPROVAL *approvals, size_t count)
{
    struct data signature = {NULL, 0};
    struct check check = {"SHA256", false, false};
    CK_RV rv = ska_sign(session, &ecdsa_sha256, quorum->pair.private_key, token, approvals, count,
                        &signature);

    if (rv == CKR_OK) {
        EVP_PKEY *key = read_public(session, quorum->pair.public_key);

        assert_true(verifies(key, &check, &signature, payload, PAYLOAD_LENGTH));
        EVP_PKEY_free(key);
    }
    data_free(&signature);
    return rv;
}

/* Every subset of the four: two of the three listed ones are needed, Mallory does not count. */
static void test_quorum(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct quorum quorum;

    quorum_open(session, &quorum);
    for (unsigned int subset = 0; subset < 1U << APPROVERS; subset++) {
        CK_SKA_APPROVAL given[APPROVERS];
        size_t count = 0;
        size_t listed = 0;

        for (unsigned int i = 0; i < APPROVERS; i++) {
            if ((subset >> i & 1) == 0)
                continue;
            given[count++] = quorum.approvals[i];
            listed += i != MALLORY;
        }
        assert_rv(sign_with(session, &quorum, &quorum.token, given, count),
                  listed >= 2 ? CKR_OK : CKR_SKASIM_TOKEN_NOT_FOUND);
    }
    quorum_close(session, &quorum);
}

static void test_same_approver_twice(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct quorum quorum;
    CK_SKA_APPROVAL twice[3];

    quorum_open(session, &quorum);
    twice[0] = quorum.approvals[BOB];
    twice[1] = make_approval(&quorum.approvers[BOB], &quorum.token); /* another signature */
    twice[2] = quorum.approvals[BOB];
    assert_rv(sign_with(session, &quorum, &quorum.token, twice, 3), CKR_SKASIM_TOKEN_NOT_FOUND);
    approvals_free(&twice[1], 1);
    quorum_close(session, &quorum);
}

/* One bit changed anywhere in a signature, and the whole request is refused. */
static void test_changed_signature(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct quorum quorum;

    quorum_open(session, &quorum);
    assert_rv(sign_with(session, &quorum, &quorum.token, quorum.approvals, 3), CKR_OK);
    for (size_t at = 0; at < quorum.approvals[CAROL].signatureLen; at++) {
        quorum.approvals[CAROL].pSignature[at] ^= 1;
        assert_rv(sign_with(session, &quorum, &quorum.token, quorum.approvals, 3),
                  CKR_SKASIM_PARAMETERS_INVALID);
        quorum.approvals[CAROL].pSignature[at] ^= 1;
    }
    quorum.approvals[CAROL].signatureLen--;
    assert_rv(sign_with(session, &quorum, &quorum.token, quorum.approvals, 3),
              CKR_SKASIM_PARAMETERS_INVALID);
    quorum_close(session, &quorum);
}

/* An approval counts for the key that made it, not for the one it names. */
static void test_foreign_signer_info(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct quorum quorum;
    CK_SKA_APPROVAL given[2];

    quorum_open(session, &quorum);
    given[0] = quorum.approvals[ALICE];
    given[1] = quorum.approvals[MALLORY];
    given[1].pSignerInfo = quorum.approvals[BOB].pSignerInfo;
    given[1].signerInfoLen = quorum.approvals[BOB].signerInfoLen;
    assert_rv(sign_with(session, &quorum, &quorum.token, given, 2), CKR_SKASIM_PARAMETERS_INVALID);
    given[1] = quorum.approvals[BOB];
    given[1].type = CKAP_CERTIFICATE;
    assert_rv(sign_with(session, &quorum, &quorum.token, given, 2), CKR_SKASIM_PARAMETERS_INVALID);
    given[1].type = CKAP_NOT_SPECIFIED;
    assert_rv(sign_with(session, &quorum, &quorum.token, given, 2), CKR_SKASIM_PARAMETERS_INVALID);
    given[1].type = CKAP_SIGNATURE | 0x700000000UL; /* only the low half is read */
    assert_rv(sign_with(session, &quorum, &quorum.token, given, 2), CKR_OK);
    quorum_close(session, &quorum);
}

/* ---- Tokens ----------------------------------------------------------------------------- */

/* Approvals of one token do nothing for another, and each byte of a token is signed. */
static void test_other_token(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct quorum quorum;
    struct data other = {NULL, 0};

    quorum_open(session, &quorum);
    other = make_token(session, CK_SKA_SIGN, quorum.pair.private_key, "another document", 16);
    assert_rv(sign_with(session, &quorum, &other, quorum.approvals, 2),
              CKR_SKASIM_PARAMETERS_INVALID);
    for (size_t at = 0; at < quorum.token.length; at++) {
        quorum.token.bytes[at] ^= 0x20;
        assert_rv(sign_with(session, &quorum, &quorum.token, quorum.approvals, 2),
                  CKR_SKASIM_PARAMETERS_INVALID);
        quorum.token.bytes[at] ^= 0x20;
    }
    data_free(&other);
    quorum_close(session, &quorum);
}

/* Signs with two approvals that were made for this very token. */
static CK_RV sign_approved(CK_SESSION_HANDLE session, const struct quorum *quorum,
                           const struct data *token)
{
    CK_SKA_APPROVAL given[] = {make_approval(&quorum->approvers[ALICE], token),
                               make_approval(&quorum->approvers[BOB], token)};
    CK_RV rv = sign_with(session, quorum, token, given, 2);

    approvals_free(given, 2);
    return rv;
}

static void test_token_for_other_key_or_operation(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct quorum quorum;
    struct pair other = make_ska(session, "EC:P-256", "other", NULL);
    struct pair longer = make_ska(session, "EC:P-256", "seal2", NULL);
    struct data tokens[] = {
        make_token(session, CK_SKA_SIGN, other.private_key, payload, PAYLOAD_LENGTH),
        make_token(session, CK_SKA_SIGN, longer.private_key, payload, PAYLOAD_LENGTH),
        {NULL, 0},
        {NULL, 0},
    };

    quorum_open(session, &quorum);
    tokens[2] = make_token(session, CK_SKA_BLOCK, quorum.pair.private_key, payload, PAYLOAD_LENGTH);
    tokens[3] =
        make_token(session, CK_SKA_UNBLOCK, quorum.pair.private_key, payload, PAYLOAD_LENGTH);
    for (size_t i = 0; i < COUNT(tokens); i++) {
        assert_rv(sign_approved(session, &quorum, &tokens[i]), CKR_SKASIM_PARAMETERS_INVALID);
        data_free(&tokens[i]);
    }
    assert_rv(sign_approved(session, &quorum, &quorum.token), CKR_OK);
    quorum_close(session, &quorum);
    C_DestroyObject(session, other.private_key);
    C_DestroyObject(session, longer.private_key);
}

/* The recipe of the vendor's sample for a token that names no key. */
static const unsigned char unbound[] = {
    0x10 + 32, 0,   0,   0,    0x3B, 0,   4,   0,   1,   0,   0,   0,   2,
    0x10,      0,   0,   0x57, 0x10, 32,  0,   'a', ' ', 'p', 'a', 'y', 'l',
    'o',       'a', 'd', ' ',  'o',  'f', ' ', 't', 'h', 'i', 'r', 't', 'y',
    '-',       't', 'w', 'o',  ' ',  'b', 'y', 't', 'e', 's', '.', '.', '.'};

static void test_unbound_token(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct data token = {(unsigned char *)(uintptr_t)unbound, sizeof(unbound)};
    struct quorum quorum;

    assert_int_equal(sizeof(unbound), 4 + 8 + 4 + 4 + 32);
    quorum_open(session, &quorum);
    assert_rv(sign_approved(session, &quorum, &token), CKR_SKASIM_PARAMETERS_INVALID);
    fixture_close();
    fixture_configure("allow-unbound = yes\n");
    session = fixture_open();
    quorum.pair.private_key = find_private(session, "seal");
    {
        struct data signature = {NULL, 0};
        CK_SKA_APPROVAL given[] = {make_approval(&quorum.approvers[ALICE], &token),
                                   make_approval(&quorum.approvers[BOB], &token)};

        assert_rv(
            ska_sign(session, &ecdsa_sha256, quorum.pair.private_key, &token, given, 2, &signature),
            CKR_OK);
        data_free(&signature);
        approvals_free(given, 2);
    }
    quorum_close(session, &quorum);
}

/* ---- Rules ------------------------------------------------------------------------------ */

static void test_empty_and_impossible_rules(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct quorum quorum;
    struct data never = impossible_rule();
    struct pair closed = make_ska(session, "EC:P-256", "closed", &never);
    struct data token = make_token(session, CK_SKA_SIGN, closed.private_key, payload, 32);
    struct data signature = {NULL, 0};

    quorum_open(session, &quorum);
    {
        CK_SKA_APPROVAL given[APPROVERS];

        for (int i = 0; i < APPROVERS; i++)
            given[i] = make_approval(&quorum.approvers[i], &token);
        assert_rv(ska_sign(session, &ecdsa_sha256, closed.private_key, &token, given, APPROVERS,
                           &signature),
                  CKR_SKASIM_TOKEN_NOT_FOUND);
        approvals_free(given, APPROVERS);
    }
    data_free(&never);
    data_free(&token);
    quorum_close(session, &quorum);
    C_DestroyObject(session, closed.private_key);
}

static void test_blocked(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_BBOOL yes = CK_TRUE;
    struct key_wish wish = {.kind = "EC:P-256",
                            .label = "blocked",
                            .more = {{CKA_SKA_BLOCKED, &yes, sizeof(yes)}},
                            .more_count = 1};
    struct pair pair = {0, 0};
    struct data token = {NULL, 0};
    struct data signature = {NULL, 0};

    assert_rv(generate_ska(session, &wish, &pair), CKR_OK);
    assert_true(read_flag(session, pair.private_key, CKA_SKA_BLOCKED));
    token = make_token(session, CK_SKA_SIGN, pair.private_key, payload, 32);
    assert_rv(ska_sign(session, &ecdsa_sha256, pair.private_key, &token, NULL, 0, &signature),
              CKR_SKASIM_OBJECT_BLOCKED);
    data_free(&token);
    C_DestroyObject(session, pair.private_key);
}

/* The vendor's signing does not disturb what the session is doing, and the other way round. */
static void test_beside_other_operations(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct pair ska = make_ska(session, "EC:P-256", "ska", NULL);
    struct pair ordinary = make_ordinary(session, "EC:P-256", "plain");
    struct data token = make_token(session, CK_SKA_SIGN, ska.private_key, payload, 32);
    struct data signature = {NULL, 0};
    CK_BYTE other[64];
    CK_ULONG length = sizeof(other);
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;

    assert_rv(C_SignInit(session, &ecdsa_sha256, ordinary.private_key), CKR_OK);
    assert_rv(ska_sign(session, &ecdsa_sha256, ska.private_key, &token, NULL, 0, &signature),
              CKR_OK);
    data_free(&signature);
    assert_rv(C_Sign(session, (CK_BYTE_PTR)(uintptr_t)payload, 32, other, &length), CKR_OK);
    assert_rv(C_FindObjectsInit(session, NULL, 0), CKR_OK);
    assert_rv(ska_sign(session, &ecdsa_sha256, ska.private_key, &token, NULL, 0, &signature),
              CKR_OK);
    assert_rv(C_FindObjects(session, &found, 1, &count), CKR_OK);
    assert_int_equal(count, 1);
    assert_rv(C_FindObjectsFinal(session), CKR_OK);
    data_free(&signature);
    data_free(&token);
    C_DestroyObject(session, ska.private_key);
    C_DestroyObject(session, ordinary.private_key);
}

/* libcrypto's error queue is the application's. */
static void test_error_queue(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct quorum quorum;

    quorum_open(session, &quorum);
    ERR_clear_error();
    quorum.approvals[BOB].pSignature[quorum.approvals[BOB].signatureLen - 1] ^= 1;
    assert_rv(sign_with(session, &quorum, &quorum.token, quorum.approvals, 3),
              CKR_SKASIM_PARAMETERS_INVALID);
    assert_int_equal(ERR_peek_error(), 0);
    quorum_close(session, &quorum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rsa, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_rsa_sizes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_ecdsa, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_eddsa, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_mechanisms, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_allowed_mechanisms, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_lengths, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_bad_arguments, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_quorum, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_same_approver_twice, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_changed_signature, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_foreign_signer_info, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_other_token, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_token_for_other_key_or_operation, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_unbound_token, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_empty_and_impossible_rules, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_blocked, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_beside_other_operations, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_error_queue, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
