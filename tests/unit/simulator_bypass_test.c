/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No way around the rules: every standard function that takes a key or an object is tried on keys
 * of every kind, in sessions of every kind, and on the hidden objects that hold the rules. None
 * yields a signature, a copy, another label, another rule, or the key itself.
 */
#include "simulator_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "wire_support.h"

#define TEXT(text) (CK_VOID_PTR)(uintptr_t)(text), sizeof(text) - 1

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;
static CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY;
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;

/* ---- Attempts ------------------------------------------------------------------------------- */

struct scene {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE aes; /* wraps and unwraps, and may be wrapped */
    CK_MECHANISM mechanism;
    CK_OBJECT_HANDLE made;
    CK_BYTE out[1024];
    CK_ULONG length;
};

static CK_RV sign_init(struct scene *scene, CK_OBJECT_HANDLE key)
{
    return C_SignInit(scene->session, &scene->mechanism, key);
}

static CK_RV sign_recover_init(struct scene *scene, CK_OBJECT_HANDLE key)
{
    return C_SignRecoverInit(scene->session, &scene->mechanism, key);
}

static CK_RV verify_init(struct scene *scene, CK_OBJECT_HANDLE key)
{
    return C_VerifyInit(scene->session, &scene->mechanism, key);
}

static CK_RV verify_recover_init(struct scene *scene, CK_OBJECT_HANDLE key)
{
    return C_VerifyRecoverInit(scene->session, &scene->mechanism, key);
}

static CK_RV encrypt_init(struct scene *scene, CK_OBJECT_HANDLE key)
{
    return C_EncryptInit(scene->session, &scene->mechanism, key);
}

static CK_RV decrypt_init(struct scene *scene, CK_OBJECT_HANDLE key)
{
    return C_DecryptInit(scene->session, &scene->mechanism, key);
}

static CK_RV derive(struct scene *scene, CK_OBJECT_HANDLE key)
{
    CK_ATTRIBUTE secret[] = {{CKA_CLASS, &secret_class, sizeof(secret_class)},
                             {CKA_EXTRACTABLE, &yes, 1},
                             {CKA_SENSITIVE, &no, 1}};

    return C_DeriveKey(scene->session, &scene->mechanism, key, secret, COUNT(secret), &scene->made);
}

static CK_RV unwrap_with(struct scene *scene, CK_OBJECT_HANDLE key)
{
    CK_ATTRIBUTE secret[] = {{CKA_CLASS, &secret_class, sizeof(secret_class)}};
    CK_BYTE wrapped[256] = {0};

    return C_UnwrapKey(scene->session, &scene->mechanism, key, wrapped, sizeof(wrapped), secret, 1,
                       &scene->made);
}

static CK_RV wrap_with(struct scene *scene, CK_OBJECT_HANDLE key)
{
    return C_WrapKey(scene->session, &scene->mechanism, key, scene->aes, scene->out,
                     &scene->length);
}

static CK_RV wrap_out(struct scene *scene, CK_OBJECT_HANDLE key)
{
    return C_WrapKey(scene->session, &scene->mechanism, scene->aes, key, scene->out,
                     &scene->length);
}

static CK_RV digest(struct scene *scene, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
    CK_BYTE value[32];
    CK_ULONG length = sizeof(value);
    CK_RV rv = C_DigestInit(scene->session, &sha);

    assert_rv(rv, CKR_OK);
    rv = C_DigestKey(scene->session, key);
    assert_rv(C_DigestFinal(scene->session, value, &length), CKR_OK);
    return rv;
}

static CK_RV restore_for_encryption(struct scene *scene, CK_OBJECT_HANDLE key)
{
    CK_BYTE state[16] = {0};

    return C_SetOperationState(scene->session, state, sizeof(state), key, CK_INVALID_HANDLE);
}

static CK_RV restore_for_authentication(struct scene *scene, CK_OBJECT_HANDLE key)
{
    CK_BYTE state[16] = {0};

    return C_SetOperationState(scene->session, state, sizeof(state), CK_INVALID_HANDLE, key);
}

static CK_RV copy_as_it_is(struct scene *scene, CK_OBJECT_HANDLE key)
{
    return C_CopyObject(scene->session, key, NULL, 0, &scene->made);
}

static CK_RV copy_to_session(struct scene *scene, CK_OBJECT_HANDLE key)
{
    CK_ATTRIBUTE other[] = {
        {CKA_TOKEN, &no, 1}, {CKA_LABEL, TEXT("another")}, {CKA_SUBJECT, NULL, 0}};

    return C_CopyObject(scene->session, key, other, COUNT(other), &scene->made);
}

/* What Cryptoki lets anyone do with a key may be tried with the hidden objects only. */
static CK_RV read(struct scene *scene, CK_OBJECT_HANDLE object)
{
    CK_ATTRIBUTE value = {CKA_VALUE, scene->out, sizeof(scene->out)};

    return C_GetAttributeValue(scene->session, object, &value, 1);
}

static CK_RV measure(struct scene *scene, CK_OBJECT_HANDLE object)
{
    return C_GetObjectSize(scene->session, object, &scene->length);
}

static CK_RV destroy(struct scene *scene, CK_OBJECT_HANDLE object)
{
    return C_DestroyObject(scene->session, object);
}

static CK_RV create_token(struct scene *scene, CK_OBJECT_HANDLE key)
{
    CK_BYTE payload[] = "x";

    return C_CreateApprovalToken(scene->session, CK_SKA_SIGN, key, payload, 1, NULL, 0, NULL, 0,
                                 scene->out, &scene->length);
}

static CK_RV get_timestamp_of(struct scene *scene, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_ULONG half = sizeof(scene->out) / 2;

    return C_GetTimestamp(scene->session, CK_SKA_SIGN, &mechanism, key, scene->out, 4, scene->out,
                          &half, scene->out + half, &scene->length);
}

static const unsigned char no_token[] = {0x10, 0, 0, 0,  0x3B, 0, 4,    0,    1, 0,
                                         0,    0, 2, 16, 0,    0, 0x57, 0x10, 0, 0};

static CK_RV sign_by_vendor_call(struct scene *scene, CK_OBJECT_HANDLE key)
{
    return C_SKASign(scene->session, &scene->mechanism, key, (CK_BYTE_PTR)(uintptr_t)no_token,
                     sizeof(no_token), NULL, 0, scene->out, &scene->length, NULL, NULL);
}

static CK_RV block(struct scene *scene, CK_OBJECT_HANDLE key)
{
    return C_SKABlock(scene->session, &key, (CK_BYTE_PTR)(uintptr_t)no_token, sizeof(no_token),
                      NULL, 0);
}

static CK_RV modify(struct scene *scene, CK_OBJECT_HANDLE key)
{
    return C_SKAModify(scene->session, &key, (CK_BYTE_PTR)(uintptr_t)no_token, sizeof(no_token),
                       NULL, 0);
}

typedef CK_RV attempt_call(struct scene *scene, CK_OBJECT_HANDLE key);

struct attempt {
    attempt_call *call;
    CK_RV refusal;
};

/* With each mechanism. */
static const struct attempt uses[] = {
    {sign_init, CKR_KEY_FUNCTION_NOT_PERMITTED},
    {sign_recover_init, CKR_KEY_FUNCTION_NOT_PERMITTED},
    {verify_init, CKR_KEY_FUNCTION_NOT_PERMITTED},
    {verify_recover_init, CKR_KEY_FUNCTION_NOT_PERMITTED},
    {encrypt_init, CKR_KEY_FUNCTION_NOT_PERMITTED},
    {decrypt_init, CKR_KEY_FUNCTION_NOT_PERMITTED},
    {derive, CKR_KEY_FUNCTION_NOT_PERMITTED},
    {unwrap_with, CKR_KEY_FUNCTION_NOT_PERMITTED},
    {wrap_with, CKR_KEY_FUNCTION_NOT_PERMITTED},
    {wrap_out, CKR_KEY_UNEXTRACTABLE},
};

/* With none. */
static const struct attempt others[] = {
    {digest, CKR_KEY_INDIGESTIBLE},
    {restore_for_encryption, CKR_KEY_FUNCTION_NOT_PERMITTED},
    {restore_for_authentication, CKR_KEY_FUNCTION_NOT_PERMITTED},
    {copy_as_it_is, CKR_ACTION_PROHIBITED},
    {copy_to_session, CKR_ACTION_PROHIBITED},
};

static const struct attempt hidden_only[] = {
    {read, CKR_OK},         {measure, CKR_OK},          {destroy, CKR_OK},
    {create_token, CKR_OK}, {get_timestamp_of, CKR_OK}, {sign_by_vendor_call, CKR_OK},
    {block, CKR_OK},        {modify, CKR_OK},
};

/* Nothing comes out, whatever was said. */
static void expect_refusal(struct scene *scene, const struct attempt *attempt, CK_OBJECT_HANDLE key,
                           CK_RV refusal)
{
    static const CK_BYTE nothing[sizeof(scene->out)];

    memset(scene->out, 0, sizeof(scene->out));
    scene->length = sizeof(scene->out);
    scene->made = CK_INVALID_HANDLE;
    assert_rv(attempt->call(scene, key), refusal);
    assert_memory_equal(scene->out, nothing, sizeof(nothing));
    assert_int_equal(scene->made, CK_INVALID_HANDLE);
}

/* ---- Mechanisms ----------------------------------------------------------------------------- */

/* All that the module has, and those that it should not have, with parameters where some need them.
 */
struct mechanisms {
    CK_MECHANISM list[256];
    CK_ULONG count;
};

static void give_parameters(CK_MECHANISM *mechanism)
{
    static CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
    static CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
    static CK_BYTE point[65] = {4};
    static CK_ECDH1_DERIVE_PARAMS ecdh = {CKD_NULL, 0, NULL, sizeof(point), point};
    static CK_BYTE vector[16];

    switch (mechanism->mechanism) {
    case CKM_RSA_PKCS_PSS:
    case CKM_SHA256_RSA_PKCS_PSS:
        *mechanism = (CK_MECHANISM){mechanism->mechanism, &pss, sizeof(pss)};
        break;
    case CKM_RSA_PKCS_OAEP:
        *mechanism = (CK_MECHANISM){mechanism->mechanism, &oaep, sizeof(oaep)};
        break;
    case CKM_ECDH1_DERIVE:
        *mechanism = (CK_MECHANISM){mechanism->mechanism, &ecdh, sizeof(ecdh)};
        break;
    case CKM_AES_CBC:
    case CKM_AES_CBC_PAD:
        *mechanism = (CK_MECHANISM){mechanism->mechanism, vector, sizeof(vector)};
        break;
    default:
        break;
    }
}

static void list_mechanisms(struct mechanisms *mechanisms)
{
    static const CK_MECHANISM_TYPE more[] = {CKM_RSA_9796,
                                             CKM_ECDSA_SHA1,
                                             CKM_ECDSA_SHA224,
                                             CKM_ECDSA_SHA384,
                                             CKM_ECDSA_SHA512,
                                             CKM_EDDSA,
                                             CKM_ECMQV_DERIVE,
                                             CKM_ECDH1_COFACTOR_DERIVE,
                                             CKM_AES_KEY_WRAP,
                                             CKM_RSA_AES_KEY_WRAP,
                                             CKM_SLIP10_CHILD_DERIVE,
                                             0x80001234UL};
    CK_MECHANISM_TYPE types[COUNT(mechanisms->list)];
    CK_ULONG count = COUNT(types) - COUNT(more);

    assert_rv(C_GetMechanismList(fixture_slot(), types, &count), CKR_OK);
    assert_true(count > 40);
    for (size_t i = 0; i < COUNT(more); i++)
        types[count++] = more[i];
    mechanisms->count = count;
    for (CK_ULONG i = 0; i < count; i++) {
        mechanisms->list[i] = (CK_MECHANISM){types[i], NULL, 0};
        give_parameters(&mechanisms->list[i]);
    }
}

/* ---- Everything on one key ------------------------------------------------------------------ */

/* No refused beginning has left an operation behind. */
static void expect_no_operation(struct scene *scene)
{
    CK_SESSION_HANDLE session = scene->session;
    CK_BYTE data[256] = {1};
    CK_ULONG length = sizeof(scene->out);

    assert_rv(C_Sign(session, data, 32, scene->out, &length), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_SignUpdate(session, data, 32), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_SignFinal(session, scene->out, &length), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_Decrypt(session, data, 256, scene->out, &length), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_DecryptUpdate(session, data, 16, scene->out, &length),
              CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_DecryptFinal(session, scene->out, &length), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_Encrypt(session, data, 32, scene->out, &length), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_Verify(session, data, 32, data, 256), CKR_OPERATION_NOT_INITIALIZED);
    assert_int_not_equal(C_SignRecover(session, data, 32, scene->out, &length), CKR_OK);
    assert_int_not_equal(C_VerifyRecover(session, data, 256, scene->out, &length), CKR_OK);
    assert_int_not_equal(C_SignEncryptUpdate(session, data, 16, scene->out, &length), CKR_OK);
    assert_int_not_equal(C_DecryptVerifyUpdate(session, data, 16, scene->out, &length), CKR_OK);
    assert_int_not_equal(C_DecryptDigestUpdate(session, data, 16, scene->out, &length), CKR_OK);
    assert_int_not_equal(C_DigestEncryptUpdate(session, data, 16, scene->out, &length), CKR_OK);
}

/* Each attribute that there is, of SKA too; the value hardly matters. */
static const CK_ATTRIBUTE_TYPE attributes[] = {CKA_CLASS,
                                               CKA_TOKEN,
                                               CKA_PRIVATE,
                                               CKA_LABEL,
                                               CKA_APPLICATION,
                                               CKA_VALUE,
                                               CKA_OBJECT_ID,
                                               CKA_KEY_TYPE,
                                               CKA_SUBJECT,
                                               CKA_ID,
                                               CKA_SENSITIVE,
                                               CKA_ENCRYPT,
                                               CKA_DECRYPT,
                                               CKA_WRAP,
                                               CKA_UNWRAP,
                                               CKA_SIGN,
                                               CKA_SIGN_RECOVER,
                                               CKA_VERIFY,
                                               CKA_VERIFY_RECOVER,
                                               CKA_DERIVE,
                                               CKA_START_DATE,
                                               CKA_END_DATE,
                                               CKA_MODULUS,
                                               CKA_MODULUS_BITS,
                                               CKA_PUBLIC_EXPONENT,
                                               CKA_PRIVATE_EXPONENT,
                                               CKA_PRIME_1,
                                               CKA_PRIME_2,
                                               CKA_EXPONENT_1,
                                               CKA_EXPONENT_2,
                                               CKA_COEFFICIENT,
                                               CKA_PUBLIC_KEY_INFO,
                                               CKA_EXTRACTABLE,
                                               CKA_LOCAL,
                                               CKA_NEVER_EXTRACTABLE,
                                               CKA_ALWAYS_SENSITIVE,
                                               CKA_KEY_GEN_MECHANISM,
                                               CKA_MODIFIABLE,
                                               CKA_COPYABLE,
                                               CKA_DESTROYABLE,
                                               CKA_EC_PARAMS,
                                               CKA_EC_POINT,
                                               CKA_ALWAYS_AUTHENTICATE,
                                               CKA_WRAP_WITH_TRUSTED,
                                               CKA_TRUSTED,
                                               CKA_WRAP_TEMPLATE,
                                               CKA_UNWRAP_TEMPLATE,
                                               CKA_ALLOWED_MECHANISMS,
                                               CKA_SKA_BLOCKED,
                                               CKA_SKA_SENSITIVE_PUBLIC_KEY,
                                               CKA_SKA_USAGE_ACCESS_BLOB,
                                               CKA_SKA_BLOCK_ACCESS_BLOB,
                                               CKA_SKA_UNBLOCK_ACCESS_BLOB,
                                               CKA_SKA_MODIFY_ACCESS_BLOB,
                                               CKA_SKA_CRYPTO_CURRENCY_TYPE,
                                               CKA_SKA_TIMESTAMP_SIGN,
                                               CKA_SKA_SAM_APPROVED,
                                               CKA_RKS_ATTESTATION_SIGN,
                                               CKA_RKS_CERTIFICATE_CHAIN,
                                               CKA_SLIP10_CHAIN_CODE,
                                               CKA_VENDOR_DEFINED | 0x5348};

static void expect_no_change(struct scene *scene, CK_OBJECT_HANDLE key)
{
    for (size_t i = 0; i < COUNT(attributes); i++) {
        CK_ULONG number = 0;
        CK_ATTRIBUTE values[] = {
            {attributes[i], i % 2 == 0 ? &yes : &no, 1},
            {attributes[i], i % 2 == 0 ? NULL : &number, i % 2 == 0 ? 0 : sizeof(number)},
            {attributes[i], TEXT("0123456789abcdef0123456789abcdef")}};

        for (size_t j = 0; j < COUNT(values); j++)
            assert_rv(C_SetAttributeValue(scene->session, key, &values[j], 1),
                      CKR_ACTION_PROHIBITED);
    }
    assert_rv(C_SetAttributeValue(scene->session, key, NULL, 0), CKR_ACTION_PROHIBITED);
}

/* The key's secret is not read, whatever its kind. */
static void expect_secret(struct scene *scene, CK_OBJECT_HANDLE key)
{
    static const CK_ATTRIBUTE_TYPE secrets[] = {
        CKA_VALUE,      CKA_PRIVATE_EXPONENT, CKA_PRIME_1,     CKA_PRIME_2,
        CKA_EXPONENT_1, CKA_EXPONENT_2,       CKA_COEFFICIENT, CKA_SLIP10_CHAIN_CODE};

    for (size_t i = 0; i < COUNT(secrets); i++) {
        CK_ATTRIBUTE attribute = {secrets[i], scene->out, sizeof(scene->out)};
        CK_RV rv = CKR_OK;

        memset(scene->out, 0, sizeof(scene->out));
        rv = C_GetAttributeValue(scene->session, key, &attribute, 1);
        assert_true(rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID);
        assert_int_equal(attribute.ulValueLen, CK_UNAVAILABLE_INFORMATION);
        for (size_t j = 0; j < sizeof(scene->out); j++)
            assert_int_equal(scene->out[j], 0);
    }
    assert_true(read_flag(scene->session, key, CKA_SENSITIVE));
    assert_false(read_flag(scene->session, key, CKA_EXTRACTABLE));
}

static CK_OBJECT_HANDLE make_aes(CK_SESSION_HANDLE session)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG length = 32;
    CK_ATTRIBUTE wish[] = {{CKA_VALUE_LEN, &length, sizeof(length)},
                           {CKA_WRAP, &yes, 1},
                           {CKA_UNWRAP, &yes, 1},
                           {CKA_ENCRYPT, &yes, 1},
                           {CKA_TRUSTED, &no, 1},
                           {CKA_EXTRACTABLE, &yes, 1}};
    CK_OBJECT_HANDLE key = 0;

    assert_rv(C_GenerateKey(session, &mechanism, wish, COUNT(wish), &key), CKR_OK);
    return key;
}

/* All mechanisms are tried on one key of each family; on the others one of so many will do. */
enum { EACH = 1, SOME = 9 };

static CK_ULONG step_of(CK_ULONG usual)
{
    return rounds(1) > 1 ? EACH : usual;
}

static void try_everything(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_ULONG step)
{
    static struct mechanisms mechanisms;
    struct scene scene = {.session = session, .aes = make_aes(session)};

    list_mechanisms(&mechanisms);
    for (CK_ULONG i = 0; i < mechanisms.count; i += step_of(step)) {
        scene.mechanism = mechanisms.list[i];
        for (size_t j = 0; j < COUNT(uses); j++)
            expect_refusal(&scene, &uses[j], key, uses[j].refusal);
    }
    for (size_t i = 0; i < COUNT(others); i++)
        expect_refusal(&scene, &others[i], key, others[i].refusal);
    expect_no_operation(&scene);
    expect_no_change(&scene, key);
    expect_secret(&scene, key);
    assert_rv(C_DestroyObject(session, scene.aes), CKR_OK);
}

/* ---- What a key is, before and afterwards --------------------------------------------------- */

static const CK_ATTRIBUTE_TYPE identity[] = {
    CKA_LABEL,   CKA_ID,       CKA_SUBJECT,    CKA_TOKEN,    CKA_PRIVATE,          CKA_SIGN,
    CKA_DECRYPT, CKA_UNWRAP,   CKA_DERIVE,     CKA_COPYABLE, CKA_MODIFIABLE,       CKA_SIGN_RECOVER,
    CKA_CLASS,   CKA_KEY_TYPE, CKA_START_DATE, CKA_END_DATE, CKA_KEY_GEN_MECHANISM};

static const CK_ATTRIBUTE_TYPE rules[] = {
    CKA_SKA_USAGE_ACCESS_BLOB,  CKA_SKA_BLOCK_ACCESS_BLOB, CKA_SKA_UNBLOCK_ACCESS_BLOB,
    CKA_SKA_MODIFY_ACCESS_BLOB, CKA_SKA_BLOCKED,           CKA_SKA_SENSITIVE_PUBLIC_KEY,
    CKA_SKA_SAM_APPROVED};

struct snapshot {
    struct data values[COUNT(identity) + COUNT(rules)];
    size_t count;
    size_t stored;
    size_t visible;
};

static void look(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, bool ska,
                 struct snapshot *snapshot)
{
    CK_OBJECT_HANDLE found[64];

    snapshot->count = 0;
    for (size_t i = 0; i < COUNT(identity); i++)
        snapshot->values[snapshot->count++] = read_attribute(session, key, identity[i]);
    for (size_t i = 0; ska && i < COUNT(rules); i++)
        snapshot->values[snapshot->count++] = read_attribute(session, key, rules[i]);
    snapshot->stored = fixture_stored();
    snapshot->visible = find_all(session, NULL, 0, found, COUNT(found));
}

static void expect_same(struct snapshot *before, struct snapshot *after)
{
    assert_int_equal(before->count, after->count);
    for (size_t i = 0; i < before->count; i++) {
        assert_int_equal(before->values[i].length, after->values[i].length);
        assert_memory_equal(before->values[i].bytes, after->values[i].bytes,
                            before->values[i].length);
        data_free(&before->values[i]);
        data_free(&after->values[i]);
    }
    assert_int_equal(before->stored, after->stored);
    assert_int_equal(before->visible, after->visible);
}

/* In the session that made the key, in another one, and in one that may only read. */
static void try_in_all_sessions(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, bool ska,
                                CK_ULONG step)
{
    CK_SESSION_HANDLE sessions[3] = {session, 0, 0};
    struct snapshot before, after;

    assert_rv(C_OpenSession(fixture_slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                            &sessions[1]),
              CKR_OK);
    assert_rv(C_OpenSession(fixture_slot(), CKF_SERIAL_SESSION, NULL, NULL, &sessions[2]), CKR_OK);
    look(session, key, ska, &before);
    for (size_t i = 0; i < COUNT(sessions); i++)
        try_everything(sessions[i], key, i == 0 ? step : SOME);
    assert_rv(C_DestroyObject(sessions[2], key), CKR_SESSION_READ_ONLY);
    look(session, key, ska, &after);
    expect_same(&before, &after);
    assert_rv(C_CloseSession(sessions[1]), CKR_OK);
    assert_rv(C_CloseSession(sessions[2]), CKR_OK);
}

static int clean_teardown(void **state)
{
    CK_OBJECT_HANDLE found[64];
    size_t count = find_all(session_of(state), NULL, 0, found, COUNT(found));

    for (size_t i = 0; i < count; i++)
        assert_rv(C_DestroyObject(session_of(state), found[i]), CKR_OK);
    assert_int_equal(fixture_stored(), 0);
    return fixture_teardown(state);
}

/* ---- Keys of every kind --------------------------------------------------------------------- */

static const struct {
    const char *kind;
    CK_MECHANISM_TYPE signs;
    CK_ULONG step;
} kinds[] = {{"RSA:2048", CKM_SHA256_RSA_PKCS, EACH},
             {"EC:P-256", CKM_ECDSA_SHA256, EACH},
             {"EC:P-384", CKM_ECDSA_SHA256, SOME},
             {"EC:P-521", CKM_ECDSA_SHA256, SOME},
             {"EC:secp256k1", CKM_ECDSA_SHA256, SOME},
             {"ED25519", CKM_EDDSA, EACH},
             {"ED448", CKM_EDDSA, SOME}};

/* Only with the approval, and with it still. */
static void expect_rules_in_force(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                                  CK_MECHANISM_TYPE type, const struct approver *alice)
{
    CK_MECHANISM mechanism = {type, NULL, 0};
    struct data token = make_token(session, CK_SKA_SIGN, key, "payload", 7);
    struct data signature = {NULL, 0};
    CK_SKA_APPROVAL approval = make_approval(alice, &token);

    assert_rv(ska_sign(session, &mechanism, key, &token, NULL, 0, &signature),
              CKR_SKASIM_TOKEN_NOT_FOUND);
    assert_rv(ska_sign(session, &mechanism, key, &token, &approval, 1, &signature), CKR_OK);
    data_free(&signature);
    approvals_free(&approval, 1);
    data_free(&token);
}

static void test_ska_keys(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct approver alice = make_approver("ED25519");
    const struct approver *one[] = {&alice};
    struct data rule = quorum_rule(1, one, 1);

    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct key_wish wish = {.kind = kinds[i].kind,
                                .label = kinds[i].kind,
                                .rules = {&rule, &rule, &rule, &rule},
                                .more = {{CKA_ID, TEXT("id")}},
                                .more_count = 1};
        struct pair pair = {0, 0};

        assert_rv(generate_ska(session, &wish, &pair), CKR_OK);
        try_in_all_sessions(session, pair.private_key, true, kinds[i].step);
        expect_rules_in_force(session, pair.private_key, kinds[i].signs, &alice);
    }
    data_free(&rule);
    approver_free(&alice);
}

/* Where nobody need approve it is still the vendor's call that signs, and no other. */
static void test_keys_with_other_attributes(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_MECHANISM_TYPE allowed[] = {CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS};
    const CK_ATTRIBUTE more[] = {{CKA_SKA_BLOCKED, &yes, 1},
                                 {CKA_SKA_SENSITIVE_PUBLIC_KEY, &yes, 1},
                                 {CKA_ALLOWED_MECHANISMS, allowed, sizeof(allowed)},
                                 {CKA_DECRYPT, &yes, 1},
                                 {CKA_SIGN_RECOVER, &yes, 1},
                                 {CKA_MODIFIABLE, &yes, 1}};

    for (size_t i = 0; i < COUNT(more); i++) {
        struct key_wish wish = {
            .kind = "RSA:2048", .label = "attributes", .more = {more[i]}, .more_count = 1};
        struct pair pair = {0, 0};

        assert_rv(generate_ska(session, &wish, &pair), CKR_OK);
        try_everything(session, pair.private_key, SOME);
        assert_rv(C_DestroyObject(session, pair.private_key), CKR_OK);
    }
}

static void test_timestamp_keys(void **state)
{
    static const struct {
        CK_MECHANISM_TYPE type;
        const char *params;
        CK_ULONG length;
    } curves[] = {{CKM_EC_KEY_PAIR_GEN, "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10},
                  {CKM_EC_EDWARDS_KEY_PAIR_GEN, "\x06\x03\x2b\x65\x70", 5}};
    CK_SESSION_HANDLE session = session_of(state);

    try_in_all_sessions(session, make_timestamp_key(session, "clock").private_key, false, EACH);
    for (size_t i = 0; i < COUNT(curves); i++) {
        CK_MECHANISM generate = {curves[i].type, NULL, 0};
        CK_ATTRIBUTE curve[] = {
            {CKA_EC_PARAMS, (CK_VOID_PTR)(uintptr_t)curves[i].params, curves[i].length}};
        CK_ATTRIBUTE wish[] = {{CKA_SKA_TIMESTAMP_SIGN, &yes, 1}};
        CK_OBJECT_HANDLE keys[2];

        assert_rv(C_GenerateKeyPair(session, &generate, curve, 1, wish, 1, &keys[0], &keys[1]),
                  CKR_OK);
        try_in_all_sessions(session, keys[1], false, SOME);
    }
}

/* ---- The objects that hold the rules -------------------------------------------------------- */

static void test_hidden_objects(void **state)
{
    static struct mechanisms mechanisms;
    CK_SESSION_HANDLE session = session_of(state);
    struct pair pair = make_ska(session, "EC:P-256", "seal", NULL);
    struct pair clock = make_timestamp_key(session, "clock");
    CK_OBJECT_HANDLE visible[8];
    size_t count = find_all(session, NULL, 0, visible, COUNT(visible));
    struct scene scene = {.session = session, .aes = make_aes(session)};
    struct snapshot before, after;
    size_t tried = 0;

    assert_int_equal(count, 4);
    assert_int_equal(fixture_stored(), 6);
    list_mechanisms(&mechanisms);
    look(session, pair.private_key, true, &before);
    for (CK_OBJECT_HANDLE handle = 1; handle < scene.aes + 16; handle++) {
        bool seen = handle == session || handle == scene.aes;

        for (size_t i = 0; i < count; i++)
            seen = seen || visible[i] == handle;
        if (seen)
            continue;
        tried++;
        for (CK_ULONG i = 0; i < mechanisms.count; i += step_of(SOME)) {
            scene.mechanism = mechanisms.list[i];
            for (size_t j = 0; j < COUNT(uses); j++)
                expect_refusal(&scene, &uses[j], handle, CKR_OBJECT_HANDLE_INVALID);
        }
        for (size_t i = 0; i < COUNT(others); i++)
            expect_refusal(&scene, &others[i], handle, CKR_OBJECT_HANDLE_INVALID);
        for (size_t i = 0; i < COUNT(hidden_only); i++)
            expect_refusal(&scene, &hidden_only[i], handle, CKR_OBJECT_HANDLE_INVALID);
    }
    assert_true(tried >= 2);
    look(session, pair.private_key, true, &after);
    expect_same(&before, &after);
    (void)clock;
}

/* No search says that they are there. */
static void test_searches(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    struct pair pair = make_ska(session, "EC:P-256", "seal", NULL);
    CK_OBJECT_HANDLE found[8];

    for (CK_OBJECT_CLASS class = 0; class < 10; class ++) {
        CK_ATTRIBUTE by_class = {CKA_CLASS, &class, sizeof(class)};
        size_t expected = class == CKO_PUBLIC_KEY || class == CKO_PRIVATE_KEY;

        assert_int_equal(find_all(session, &by_class, 1, found, COUNT(found)), expected);
    }
    for (size_t i = 0; i < COUNT(attributes); i++) {
        CK_ATTRIBUTE values[] = {{attributes[i], &yes, 1},
                                 {attributes[i], &no, 1},
                                 {attributes[i], NULL, 0},
                                 {attributes[i], TEXT("SKA simulator")}};

        for (size_t j = 0; j < COUNT(values); j++) {
            size_t count = find_all(session, &values[j], 1, found, COUNT(found));

            for (size_t k = 0; k < count; k++)
                assert_true(found[k] == pair.private_key || found[k] == pair.public_key);
        }
    }
}

/* ---- Roundabout ways ------------------------------------------------------------------------ */

/* An object that would be called like the key, or be one, by a template that means two things. */
static void test_created_objects(void **state)
{
    static CK_OBJECT_CLASS ska_class = CKO_SKA_PRIVATE_KEY;
    CK_SESSION_HANDLE session = session_of(state);
    CK_KEY_TYPE ec = CKK_EC;
    CK_ATTRIBUTE import[] = {{CKA_CLASS, &private_class, sizeof(private_class)},
                             {CKA_KEY_TYPE, &ec, sizeof(ec)},
                             {CKA_EC_PARAMS, TEXT("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")},
                             {CKA_VALUE, TEXT("0123456789abcdef0123456789abcdef")},
                             {CKA_TOKEN, &no, 1},
                             {CKA_LABEL, TEXT("seal")},
                             {CKA_CLASS, &secret_class, sizeof(secret_class)}};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;

    make_ska(session, "EC:P-256", "seal", NULL);
    for (size_t token = 0; token < 2; token++) {
        import[4].pValue = token == 0 ? &no : &yes;
        import[0].pValue = &private_class;
        assert_rv(C_CreateObject(session, import, 6, &made), CKR_ATTRIBUTE_VALUE_INVALID);
        import[0].pValue = &ska_class;
        assert_int_not_equal(C_CreateObject(session, import, 6, &made), CKR_OK);
        /* The class twice: as a private key first, and last. */
        import[0].pValue = &private_class;
        import[6].pValue = &secret_class;
        assert_int_not_equal(C_CreateObject(session, import, 7, &made), CKR_OK);
        import[0].pValue = &secret_class;
        import[6].pValue = &private_class;
        assert_int_not_equal(C_CreateObject(session, import, 7, &made), CKR_OK);
    }
    assert_int_equal(made, CK_INVALID_HANDLE);
    assert_int_equal(fixture_stored(), 3);
}

/* What a template must not say, for a key of any kind: that it is one of the simulator's own. */
static void test_forged_templates(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_OBJECT_HANDLE peer = make_ordinary(session, "EC:P-256", "peer").public_key;
    CK_OBJECT_HANDLE base = make_ordinary(session, "EC:P-256", "base").private_key;
    CK_ATTRIBUTE may_derive = {CKA_DERIVE, &yes, 1};
    struct data point = read_attribute(session, peer, CKA_EC_POINT);
    CK_ECDH1_DERIVE_PARAMS params = {1 /* CKD_NULL */, 0, NULL, point.length - 2, point.bytes + 2};
    CK_MECHANISM derive = {CKM_ECDH1_DERIVE, &params, sizeof(params)};
    CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
    CK_KEY_TYPE aes = CKK_AES;
    CK_ULONG length = 32;
    size_t stored = fixture_stored();
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    CK_ATTRIBUTE secret[] = {{CKA_CLASS, &secret_class, sizeof(secret_class)},
                             {CKA_KEY_TYPE, &aes, sizeof(aes)},
                             {CKA_VALUE_LEN, &length, sizeof(length)},
                             {CKA_LABEL, TEXT("made")}};
    static const CK_ATTRIBUTE forged[] = {
        {CKA_SUBJECT, TEXT("SKA simulator key 00000000-0000-4000-8000-000000000000")},
        {CKA_SUBJECT, TEXT("SKA simulator timestamp key 0")},
        {CKA_APPLICATION, TEXT("SKA simulator")},
        {CKA_CLASS, &secret_class, sizeof(secret_class)}, /* twice */
    };

    assert_rv(C_SetAttributeValue(session, base, &may_derive, 1), CKR_OK);
    for (size_t i = 0; i < COUNT(forged); i++) {
        secret[3] = forged[i];
        assert_rv(C_GenerateKey(session, &generate, secret, 4, &made), CKR_ATTRIBUTE_VALUE_INVALID);
        assert_rv(C_DeriveKey(session, &derive, base, secret, 4, &made),
                  CKR_ATTRIBUTE_VALUE_INVALID);
    }
    assert_int_equal(fixture_stored(), stored);
    /* Nothing else was wrong with them. */
    assert_rv(C_GenerateKey(session, &generate, secret, 3, &made), CKR_OK);
    assert_rv(C_DeriveKey(session, &derive, base, secret, 3, &made), CKR_OK);
    data_free(&point);
}

/* The security officer initialises tokens and sees no private key. */
static void test_security_officer(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_UTF8CHAR so_pin[] = "5678";
    CK_UTF8CHAR pin[] = FIXTURE_PIN;
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
    struct pair pair = make_ska(session, "EC:P-256", "seal", NULL);
    struct data token = make_token(session, CK_SKA_SIGN, pair.private_key, "payload", 7);
    struct data signature = {NULL, 0};

    for (int officer = 0; officer < 2; officer++) {
        CK_OBJECT_HANDLE key = pair.private_key;

        assert_rv(C_Logout(session), CKR_OK);
        if (officer == 1)
            assert_rv(C_Login(session, CKU_SO, so_pin, 4), CKR_OK);
        assert_int_equal(find_private(session, "seal"), CK_INVALID_HANDLE);
        assert_int_not_equal(ska_sign(session, &mechanism, key, &token, NULL, 0, &signature),
                             CKR_OK);
        assert_int_not_equal(C_SignInit(session, &mechanism, key), CKR_OK);
        assert_int_not_equal(C_SKABlock(session, &key, token.bytes, token.length, NULL, 0), CKR_OK);
        assert_int_not_equal(C_SKAModify(session, &key, token.bytes, token.length, NULL, 0),
                             CKR_OK);
        assert_int_not_equal(C_DestroyObject(session, key), CKR_OK);
        if (officer == 1)
            assert_rv(C_Logout(session), CKR_OK);
        assert_rv(C_Login(session, CKU_USER, pin, strlen(FIXTURE_PIN)), CKR_OK);
    }
    assert_int_not_equal(find_private(session, "seal"), CK_INVALID_HANDLE);
    assert_int_equal(fixture_stored(), 3);
    data_free(&token);
}

/* Who chooses the seed does not choose the nonce: two signatures with one would tell the key. */
static void test_seed(void **state)
{
    CK_SESSION_HANDLE session = session_of(state);
    CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
    struct pair pair = make_ska(session, "EC:P-256", "seal", NULL);
    struct data token = make_token(session, CK_SKA_SIGN, pair.private_key, "payload", 7);
    struct data signatures[2];
    CK_BYTE seed[64] = {0};
    CK_BYTE random[2][16];

    for (size_t i = 0; i < 2; i++) {
        assert_rv(C_SeedRandom(session, seed, sizeof(seed)), CKR_OK);
        assert_rv(C_GenerateRandom(session, random[i], sizeof(random[i])), CKR_OK);
        assert_rv(C_SeedRandom(session, seed, sizeof(seed)), CKR_OK);
        assert_rv(ska_sign(session, &mechanism, pair.private_key, &token, NULL, 0, &signatures[i]),
                  CKR_OK);
    }
    assert_memory_not_equal(random[0], random[1], sizeof(random[0]));
    assert_memory_not_equal(signatures[0].bytes, signatures[1].bytes, 32);
    data_free(&signatures[0]);
    data_free(&signatures[1]);
    data_free(&token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, clean_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ska_keys),
        TEST(test_keys_with_other_attributes),
        TEST(test_timestamp_keys),
        TEST(test_hidden_objects),
        TEST(test_searches),
        TEST(test_created_objects),
        TEST(test_forged_templates),
        TEST(test_security_officer),
        TEST(test_seed),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
