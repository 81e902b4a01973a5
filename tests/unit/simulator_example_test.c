/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program as it is written for the vendor's header: it knows nothing of the simulator, opens slot
 * 0 and goes through policy, key, approvals, signature, time limits, block and modify. Its
 * approvers use libcrypto. It is compiled as C and as C++.
 *
 * The surroundings (a token in a directory) are made by the fixture, in C, in both cases.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "pkcs11.h"

#ifdef __cplusplus
extern "C" {
#endif
void fixture_create(void);
void fixture_remove(void);
#ifdef __cplusplus
}
#endif

#define NUM_ATTR(attributes) (sizeof(attributes) / sizeof((attributes)[0]))

/* Seconds of timelock and of timeout. */
#define DELAY 2
#define TIMEOUT 4

static int step_failed(const char *step, CK_RV rv)
{
    fprintf(stderr, "%s: 0x%lx\n", step, rv);
    return 1;
}

#define STEP(name, call, good)                                                                     \
    do {                                                                                           \
        CK_RV rv_of_step = (call);                                                                 \
        if (!(good))                                                                               \
            return step_failed(name, rv_of_step);                                                  \
    } while (0)
#define MUST(name, call) STEP(name, call, rv_of_step == CKR_OK)
#define MUST_FAIL(name, call) STEP(name, call, rv_of_step != CKR_OK)

/* ---- Approvers -------------------------------------------------------------------------- */

typedef struct Person {
    EVP_PKEY *key;
    CK_BYTE info[1024];
    CK_ULONG infoLen;
    const CK_BYTE *algorithm; /* AlgorithmIdentifier of its signatures, DER */
    CK_ULONG algorithmLen;
} Person;

static const CK_BYTE rsaAlgorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                       0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00};
static const CK_BYTE ecAlgorithm[] = {0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x04, 0x03, 0x02, 0x05, 0x00};

static void make_person(Person *person, bool ec)
{
    CK_BYTE *next = person->info;

    person->key = ec ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
                     : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    person->infoLen = (CK_ULONG)i2d_PUBKEY(person->key, &next);
    person->algorithm = ec ? ecAlgorithm : rsaAlgorithm;
    person->algorithmLen = ec ? sizeof(ecAlgorithm) : sizeof(rsaAlgorithm);
}

static CK_BYTE *put_header(CK_BYTE *to, CK_BYTE tag, size_t length)
{
    *to++ = tag;
    if (length >= 256) {
        *to++ = 0x82;
        *to++ = (CK_BYTE)(length >> 8);
    } else if (length >= 128) {
        *to++ = 0x81;
    }
    *to++ = (CK_BYTE)length;
    return to;
}

static size_t header_length(size_t length)
{
    return length >= 256 ? 4 : length >= 128 ? 3 : 2;
}

/* SEQUENCE { AlgorithmIdentifier, BIT STRING } */
static CK_ULONG wrap(const CK_BYTE *algorithm, CK_ULONG algorithmLen, const CK_BYTE *raw,
                     size_t rawLen, CK_BYTE *out)
{
    CK_BYTE *next = put_header(out, 0x30, algorithmLen + header_length(rawLen + 1) + rawLen + 1);

    memcpy(next, algorithm, algorithmLen);
    next = put_header(next + algorithmLen, 0x03, rawLen + 1);
    *next++ = 0;
    memcpy(next, raw, rawLen);
    return (CK_ULONG)(next + rawLen - out);
}

typedef struct Approval {
    CK_BYTE signature[1024];
    CK_SKA_APPROVAL approval;
} Approval;

static int approve(Person *person, CK_BYTE *token, CK_ULONG tokenLen, Approval *approval)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    CK_BYTE raw[512];
    size_t rawLen = sizeof(raw);
    bool done =
        EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, person->key, NULL) == 1 &&
        EVP_DigestSign(context, raw, &rawLen, token, tokenLen) == 1;
    CK_SKA_APPROVAL made = {CKAP_SIGNATURE, approval->signature, 0, person->info, person->infoLen};

    EVP_MD_CTX_free(context);
    made.signatureLen =
        wrap(person->algorithm, person->algorithmLen, raw, rawLen, approval->signature);
    approval->approval = made;
    return done;
}

/* ---- The company ------------------------------------------------------------------------ */

static Person alice, bob, carol, david, erin;
static CK_CHAR aliceName[] = "alice", bobName[] = "bob", riskName[] = "risk_officers",
               davidName[] = "david", erinName[] = "erin";

typedef struct Blob {
    CK_BYTE bytes[2048];
    CK_ULONG length;
} Blob;

static int make_policies(bool withTimes, Blob *usage, Blob *block, Blob *modify)
{
    CK_SKA_APPROVER officers[] = {{aliceName, 5, CKAP_SIGNATURE, alice.info, alice.infoLen},
                                  {bobName, 3, CKAP_SIGNATURE, bob.info, bob.infoLen}};
    CK_SKA_GROUP foGroup = {NULL, 0, 2, officers, 2};
    CK_SKA_TOKEN foToken = {NULL, 0, 0, 0, &foGroup, 1};
    CK_SKA_POLICY usagePolicy = {&foToken, 1};
    CK_SKA_APPROVER risk = {NULL, 0, CKAP_SIGNATURE, carol.info, carol.infoLen};
    CK_SKA_GROUP riskGroup = {riskName, 13, 1, &risk, 1};
    CK_SKA_TOKEN riskToken = {NULL, 0, 0, 0, &riskGroup, 1};
    CK_SKA_POLICY blockPolicy = {&riskToken, 1};
    CK_SKA_APPROVER manager = {davidName, 5, CKAP_SIGNATURE, david.info, david.infoLen};
    CK_SKA_GROUP managers = {NULL, 0, 1, &manager, 1};
    CK_SKA_TOKEN managerToken = {NULL, 0, 0, 0, &managers, 1};
    CK_SKA_POLICY modifyPolicy = {&managerToken, 1};

    if (withTimes) {
        foToken.delay = DELAY;
        foToken.timeout = TIMEOUT;
    }
    usage->length = block->length = modify->length = sizeof(usage->bytes);
    MUST("usage policy", C_SerializePolicy(&usagePolicy, usage->bytes, &usage->length));
    MUST("block policy", C_SerializePolicy(&blockPolicy, block->bytes, &block->length));
    MUST("modify policy", C_SerializePolicy(&modifyPolicy, modify->bytes, &modify->length));
    return 0;
}

static CK_BOOL bTrue = CK_TRUE, bFalse = CK_FALSE;
static CK_KEY_TYPE keyType = CKK_RSA;
static CK_ULONG keySize = 2048;
static CK_BYTE exponent[] = {0x01, 0x00, 0x01};

static CK_OBJECT_HANDLE verifyKey; /* the public key of the pair in use */

static int generate(CK_SESSION_HANDLE hSession, bool withTimes, CK_OBJECT_HANDLE *pubKey,
                    CK_OBJECT_HANDLE *skaKey)
{
    Blob usage, block, modify;
    CK_MECHANISM mech = {CKM_SKA_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};

    if (make_policies(withTimes, &usage, &block, &modify) != 0)
        return 1;
    CK_ATTRIBUTE pubAttr[] = {{CKA_KEY_TYPE, &keyType, sizeof(CK_KEY_TYPE)},
                              {CKA_VERIFY, &bTrue, sizeof(CK_BOOL)},
                              {CKA_TOKEN, &bTrue, sizeof(CK_BOOL)},
                              {CKA_MODIFIABLE, &bTrue, sizeof(CK_BOOL)},
                              {CKA_PRIVATE, &bTrue, sizeof(CK_BOOL)},
                              {CKA_MODULUS_BITS, &keySize, sizeof(CK_ULONG)},
                              {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)}};
    CK_ATTRIBUTE skaAttr[] = {{CKA_KEY_TYPE, &keyType, sizeof(CK_KEY_TYPE)},
                              {CKA_TOKEN, &bTrue, sizeof(CK_BOOL)},
                              {CKA_SIGN, &bTrue, sizeof(CK_BOOL)},
                              {CKA_MODIFIABLE, &bTrue, sizeof(CK_BOOL)},
                              {CKA_PRIVATE, &bTrue, sizeof(CK_BOOL)},
                              {CKA_SKA_USAGE_ACCESS_BLOB, usage.bytes, usage.length},
                              {CKA_SKA_BLOCK_ACCESS_BLOB, block.bytes, block.length},
                              {CKA_SKA_UNBLOCK_ACCESS_BLOB, block.bytes, block.length},
                              {CKA_SKA_MODIFY_ACCESS_BLOB, modify.bytes, modify.length}};
    MUST("generate", C_GenerateKeyPair(hSession, &mech, pubAttr, NUM_ATTR(pubAttr), skaAttr,
                                       NUM_ATTR(skaAttr), pubKey, skaKey));
    verifyKey = *pubKey;
    return 0;
}

static int destroy(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE pubKey, CK_OBJECT_HANDLE skaKey)
{
    MUST("destroy private key", C_DestroyObject(hSession, skaKey));
    MUST("destroy public key", C_DestroyObject(hSession, pubKey));
    return 0;
}

/* ---- Sign, block, modify ---------------------------------------------------------------- */

static CK_BYTE payload[32];
static CK_MECHANISM signMech = {CKM_RSA_PKCS, NULL, 0};

/* Signs the payload in the token and has the signature verified. */
static CK_RV ska_sign(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE key, Blob *token,
                      CK_SKA_APPROVAL *approvals, CK_ULONG count)
{
    CK_BYTE signature[1024];
    CK_ULONG signatureLen = sizeof(signature);
    CK_RV rv = C_SKASign(hSession, &signMech, key, token->bytes, token->length, approvals, count,
                         signature, &signatureLen, NULL, NULL);

    if (rv == CKR_OK)
        rv = C_VerifyInit(hSession, &signMech, verifyKey);
    if (rv == CKR_OK)
        rv = C_Verify(hSession, payload, sizeof(payload), signature, signatureLen);
    return rv;
}

static CK_RV create_token(CK_SESSION_HANDLE hSession, CK_ULONG operation, CK_OBJECT_HANDLE key,
                          CK_BYTE *data, CK_ULONG length, Blob *token)
{
    token->length = sizeof(token->bytes);
    return C_CreateApprovalToken(hSession, operation, key, data, length, NULL, 0, NULL, 0,
                                 token->bytes, &token->length);
}

static int block_and_unblock(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE *key, Blob *token,
                             CK_SKA_APPROVAL *approvals)
{
    Blob blockToken, unblockToken;
    Approval carols;

    MUST("block token",
         create_token(hSession, CK_SKA_BLOCK, *key, payload, sizeof(payload), &blockToken));
    if (!approve(&carol, blockToken.bytes, blockToken.length, &carols))
        return 1;
    MUST("block",
         C_SKABlock(hSession, key, blockToken.bytes, blockToken.length, &carols.approval, 1));
    MUST_FAIL("sign while blocked", ska_sign(hSession, *key, token, approvals, 2));
    MUST("unblock token",
         create_token(hSession, CK_SKA_UNBLOCK, *key, payload, sizeof(payload), &unblockToken));
    if (!approve(&carol, unblockToken.bytes, unblockToken.length, &carols))
        return 1;
    MUST("unblock",
         C_SKAUnblock(hSession, key, unblockToken.bytes, unblockToken.length, &carols.approval, 1));
    MUST("sign with old approvals", ska_sign(hSession, *key, token, approvals, 2));
    return 0;
}

static int modify(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE *key, Blob *token,
                  CK_SKA_APPROVAL *approvals)
{
    CK_SKA_APPROVER officer = {erinName, 4, CKAP_SIGNATURE, erin.info, erin.infoLen};
    CK_SKA_GROUP group = {NULL, 0, 1, &officer, 1};
    CK_SKA_TOKEN policyToken = {NULL, 0, 0, 0, &group, 1};
    CK_SKA_POLICY policy = {&policyToken, 1};
    Blob change, changeToken;
    Approval davids, erins;

    change.length = sizeof(change.bytes);
    MUST("modify payload",
         C_CreateModifyPayload(&policy, NULL, NULL, NULL, change.bytes, &change.length));
    MUST("modify token",
         create_token(hSession, CK_SKA_MODIFY, *key, change.bytes, change.length, &changeToken));
    if (!approve(&david, changeToken.bytes, changeToken.length, &davids) ||
        !approve(&erin, token->bytes, token->length, &erins))
        return 1;
    MUST_FAIL("sign by the new officer, too early",
              ska_sign(hSession, *key, token, &erins.approval, 1));
    MUST("modify",
         C_SKAModify(hSession, key, changeToken.bytes, changeToken.length, &davids.approval, 1));
    MUST_FAIL("sign by the old officers", ska_sign(hSession, *key, token, approvals, 2));
    MUST("sign by the new officer", ska_sign(hSession, *key, token, &erins.approval, 1));
    return 0;
}

static int run_without_times(CK_SESSION_HANDLE hSession)
{
    CK_OBJECT_HANDLE pubKey = 0, skaKey = 0;
    Blob token;
    Approval alices, bobs;

    if (generate(hSession, false, &pubKey, &skaKey) != 0)
        return 1;
    MUST("token", create_token(hSession, CK_SKA_SIGN, skaKey, payload, sizeof(payload), &token));
    if (!approve(&alice, token.bytes, token.length, &alices) ||
        !approve(&bob, token.bytes, token.length, &bobs))
        return 1;
    CK_SKA_APPROVAL approvals[] = {alices.approval, bobs.approval};
    MUST_FAIL("sign with one approval", ska_sign(hSession, skaKey, &token, approvals, 1));
    MUST("sign", ska_sign(hSession, skaKey, &token, approvals, 2));
    if (block_and_unblock(hSession, &skaKey, &token, approvals) != 0 ||
        modify(hSession, &skaKey, &token, approvals) != 0)
        return 1;
    return destroy(hSession, pubKey, skaKey);
}

/* ---- Time limits ------------------------------------------------------------------------ */

static int make_timestamp_key(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE *tsPubKey,
                              CK_OBJECT_HANDLE *tsPrivKey)
{
    CK_MECHANISM mech = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE pubAttr[] = {{CKA_KEY_TYPE, &keyType, sizeof(CK_KEY_TYPE)},
                              {CKA_TOKEN, &bTrue, sizeof(CK_BOOL)},
                              {CKA_VERIFY, &bTrue, sizeof(CK_BOOL)},
                              {CKA_PRIVATE, &bTrue, sizeof(CK_BOOL)},
                              {CKA_MODULUS_BITS, &keySize, sizeof(CK_ULONG)},
                              {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)}};
    CK_ATTRIBUTE privAttr[] = {{CKA_KEY_TYPE, &keyType, sizeof(CK_KEY_TYPE)},
                               {CKA_TOKEN, &bTrue, sizeof(CK_BOOL)},
                               {CKA_SIGN, &bFalse, sizeof(CK_BOOL)},
                               {CKA_SKA_TIMESTAMP_SIGN, &bTrue, sizeof(CK_BOOL)}};

    MUST("timestamp key", C_GenerateKeyPair(hSession, &mech, pubAttr, NUM_ATTR(pubAttr), privAttr,
                                            NUM_ATTR(privAttr), tsPubKey, tsPrivKey));
    return 0;
}

static int make_timed_token(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE tsKey,
                            CK_OBJECT_HANDLE skaKey, Blob *token)
{
    CK_MECHANISM mech = {CKM_SHA256_RSA_PKCS, NULL, 0};
    Blob timestamp, raw, encoded;

    timestamp.length = raw.length = token->length = sizeof(raw.bytes);
    MUST("timestamp", C_GetTimestamp(hSession, CK_SKA_SIGN, &mech, tsKey, payload, sizeof(payload),
                                     timestamp.bytes, &timestamp.length, raw.bytes, &raw.length));
    encoded.length = wrap(rsaAlgorithm, sizeof(rsaAlgorithm), raw.bytes, raw.length, encoded.bytes);
    MUST("token with timestamp",
         C_CreateApprovalToken(hSession, CK_SKA_SIGN, skaKey, payload, sizeof(payload),
                               timestamp.bytes, timestamp.length, encoded.bytes, encoded.length,
                               token->bytes, &token->length));
    return 0;
}

static int run_with_times(CK_SESSION_HANDLE hSession)
{
    CK_OBJECT_HANDLE pubKey = 0, skaKey = 0, tsPubKey = 0, tsPrivKey = 0;
    Blob token;
    Approval alices, bobs;

    if (generate(hSession, true, &pubKey, &skaKey) != 0 ||
        make_timestamp_key(hSession, &tsPubKey, &tsPrivKey) != 0 ||
        make_timed_token(hSession, tsPrivKey, skaKey, &token) != 0 ||
        !approve(&alice, token.bytes, token.length, &alices) ||
        !approve(&bob, token.bytes, token.length, &bobs))
        return 1;
    CK_SKA_APPROVAL approvals[] = {alices.approval, bobs.approval};
    MUST_FAIL("sign too early", ska_sign(hSession, skaKey, &token, approvals, 2));
    sleep(DELAY);
    MUST("sign in time", ska_sign(hSession, skaKey, &token, approvals, 2));
    sleep(TIMEOUT);
    MUST_FAIL("sign too late", ska_sign(hSession, skaKey, &token, approvals, 2));
    if (destroy(hSession, tsPubKey, tsPrivKey) != 0)
        return 1;
    return destroy(hSession, pubKey, skaKey);
}

/* ---- The program ------------------------------------------------------------------------ */

static int run(void)
{
    CK_UTF8CHAR pin[] = "1234";
    CK_SESSION_HANDLE hSession = 0;

    memset(payload, 'A', sizeof(payload));
    make_person(&alice, false);
    make_person(&bob, false);
    make_person(&carol, false);
    make_person(&david, false);
    make_person(&erin, true);
    MUST("initialize", C_Initialize(NULL));
    MUST("session", C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &hSession));
    MUST("login", C_Login(hSession, CKU_USER, pin, 4));
    if (run_without_times(hSession) != 0 || run_with_times(hSession) != 0)
        return 1;
    MUST("logout", C_Logout(hSession));
    MUST("close", C_CloseSession(hSession));
    MUST("finalize", C_Finalize(NULL));
    return 0;
}

int main(void)
{
    Person *people[] = {&alice, &bob, &carol, &david, &erin};
    int result = 0;

    fixture_create();
    result = run();
    fixture_remove();
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
        EVP_PKEY_free(people[i]->key);
    return result;
}
