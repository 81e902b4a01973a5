/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator's vendor calls with arbitrary input: none crashes, and none ever does what the
 * rules of the key forbid. The key's rules ask for an approver whose private key nobody has, so a
 * signature or a change is a finding.
 */
#define _XOPEN_SOURCE 700
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <pkcs11.h>

#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void);

/* SoftHSM's leaks are known by their stacks, which takes the slow way of unwinding. */
const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0:malloc_context_size=10";
}

const char *__lsan_default_suppressions(void)
{
    return "leak:libsofthsm2.so\n";
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- The token ----------------------------------------------------------------------------- */

static char directory[64];
static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE ska_key, timestamp_key;
static CK_BBOOL yes = CK_TRUE;

/* A token that would be good, if its approver approved it, and what it is made of. */
static CK_BYTE good_token[512], good_rule[512], good_info[256];
static CK_ULONG good_token_len = sizeof(good_token), good_rule_len = sizeof(good_rule);
static CK_ULONG good_info_len;

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_directory(void)
{
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_directory(void)
{
    char path[128];
    FILE *file = NULL;

    /* In memory where that can be had: SoftHSM writes files all the time. */
    snprintf(directory, sizeof(directory), "/dev/shm/skasim-fuzz-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        snprintf(directory, sizeof(directory), "/tmp/skasim-fuzz-XXXXXX");
        PROMISE(mkdtemp(directory) != NULL);
    }
    PROMISE(atexit(remove_directory) == 0);
    snprintf(path, sizeof(path), "%s/softhsm2.conf", directory);
    file = fopen(path, "w");
    PROMISE(file != NULL);
    fprintf(file, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n",
            directory);
    fclose(file);
    setenv("SOFTHSM2_CONF", path, 1);
    unsetenv("SKASIM_CONF");
}

static void open_token(void)
{
    CK_UTF8CHAR label[33] = "fuzz                            ";
    CK_UTF8CHAR pin[] = "1234";
    CK_SLOT_ID slot = 0;
    CK_ULONG count = 1;

    PROMISE(C_Initialize(NULL) == CKR_OK);
    PROMISE(C_GetSlotList(CK_TRUE, &slot, &count) == CKR_OK);
    PROMISE(C_InitToken(slot, pin, 4, label) == CKR_OK);
    PROMISE(C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) == CKR_OK);
    PROMISE(C_Login(session, CKU_SO, pin, 4) == CKR_OK && C_InitPIN(session, pin, 4) == CKR_OK);
    PROMISE(C_Logout(session) == CKR_OK && C_Login(session, CKU_USER, pin, 4) == CKR_OK);
}

static const char p256[] = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

static void make_keys(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    CK_BYTE *next = good_info;
    CK_SKA_APPROVER approver = {NULL, 0, CKAP_SIGNATURE, good_info, 0};
    CK_SKA_GROUP group = {NULL, 0, 1, &approver, 1};
    CK_SKA_TOKEN token = {NULL, 0, 0, 0, &group, 1};
    CK_SKA_POLICY policy = {&token, 1};
    CK_MECHANISM ska = {CKM_SKA_EC_KEY_PAIR_GEN, NULL, 0};
    CK_MECHANISM ordinary = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE curve[] = {{CKA_EC_PARAMS, (CK_VOID_PTR)(uintptr_t)p256, 10}};
    CK_ATTRIBUTE stamp[] = {{CKA_SKA_TIMESTAMP_SIGN, &yes, 1}};
    CK_OBJECT_HANDLE public_key = 0;

    good_info_len = approver.dataLen = (CK_ULONG)i2d_PUBKEY(key, &next);
    EVP_PKEY_free(key);
    PROMISE(C_SerializePolicy(&policy, good_rule, &good_rule_len) == CKR_OK);
    {
        CK_ATTRIBUTE rules[] = {{CKA_SKA_USAGE_ACCESS_BLOB, good_rule, good_rule_len},
                                {CKA_SKA_BLOCK_ACCESS_BLOB, good_rule, good_rule_len},
                                {CKA_SKA_UNBLOCK_ACCESS_BLOB, good_rule, good_rule_len},
                                {CKA_SKA_MODIFY_ACCESS_BLOB, good_rule, good_rule_len}};

        PROMISE(C_GenerateKeyPair(session, &ska, curve, 1, rules, 4, &public_key, &ska_key) ==
                CKR_OK);
    }
    PROMISE(C_GenerateKeyPair(session, &ordinary, curve, 1, stamp, 1, &public_key,
                              &timestamp_key) == CKR_OK);
    PROMISE(C_CreateApprovalToken(session, CK_SKA_SIGN, ska_key, good_info, 32, NULL, 0, NULL, 0,
                                  good_token, &good_token_len) == CKR_OK);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    make_directory();
    open_token();
    make_keys();
    return 0;
}

/* ---- Input ---------------------------------------------------------------------------------- */

struct input {
    const uint8_t *next;
    size_t left;
};

static uint8_t take_byte(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->next++;
}

static CK_ULONG take_number(struct input *input)
{
    CK_ULONG number = 0;
    size_t length = take_byte(input) % (sizeof(number) + 1);

    for (size_t i = 0; i < length; i++)
        number = number << 8 | take_byte(input);
    return number;
}

/* A number that is likely to mean something. */
static CK_ULONG take_choice(struct input *input, const CK_ULONG *choices, size_t count)
{
    uint8_t choice = take_byte(input);

    return choice < count ? choices[choice] : take_number(input);
}

struct chunk {
    CK_BYTE *data; /* on the heap, so that reading beyond is seen */
    CK_ULONG length;
};

static struct chunk take_chunk(struct input *input)
{
    struct chunk chunk = {NULL, (CK_ULONG)take_byte(input) << 8 | take_byte(input)};

    if (chunk.length > input->left)
        chunk.length = input->left;
    if (chunk.length > 0) {
        chunk.data = malloc(chunk.length);
        PROMISE(chunk.data != NULL);
        memcpy(chunk.data, input->next, chunk.length);
    }
    input->next += chunk.length;
    input->left -= chunk.length;
    return chunk;
}

/* Arbitrary bytes, or something good with a byte changed. */
static struct chunk take_like(struct input *input, const CK_BYTE *good, CK_ULONG good_len)
{
    struct chunk chunk = {NULL, good_len};
    uint8_t how = take_byte(input);

    if (how >= 128)
        return take_chunk(input);
    chunk.data = malloc(good_len);
    PROMISE(chunk.data != NULL);
    memcpy(chunk.data, good, good_len);
    for (int i = 0; i < how % 4; i++)
        chunk.data[take_number(input) % good_len] ^= take_byte(input);
    return chunk;
}

static const CK_ULONG operations[] = {CK_SKA_SIGN,   CK_SKA_BLOCK,   CK_SKA_UNBLOCK,
                                      CK_SKA_MODIFY, CK_SKA_DECRYPT, CK_SKA_UNWRAP};
static const CK_ULONG mechanisms[] = {
    CKM_ECDSA,    CKM_ECDSA_SHA256,    CKM_ECDSA_SHA512,        CKM_EDDSA,
    CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS, CKM_RSA_PKCS_PSS};
static const CK_ULONG types[] = {CKAP_SIGNATURE, CKAP_CERTIFICATE, CKAP_NOT_SPECIFIED};

/* ---- Calls ---------------------------------------------------------------------------------- */

enum { APPROVALS = 3 };

struct approvals {
    CK_SKA_APPROVAL list[APPROVALS];
    struct chunk parts[2 * APPROVALS];
    CK_ULONG count;
};

static void take_approvals(struct input *input, struct approvals *approvals)
{
    memset(approvals, 0, sizeof(*approvals));
    approvals->count = take_byte(input) % (APPROVALS + 1);
    for (size_t i = 0; i < approvals->count; i++) {
        struct chunk *parts = &approvals->parts[2 * i];
        CK_SKA_APPROVAL *approval = &approvals->list[i];

        parts[0] = take_chunk(input);
        parts[1] = take_like(input, good_info, good_info_len);
        approval->type = take_choice(input, types, COUNT(types));
        approval->pSignature = parts[0].data;
        approval->signatureLen = parts[0].length;
        approval->pSignerInfo = parts[1].data;
        approval->signerInfoLen = parts[1].length;
    }
}

static void free_approvals(struct approvals *approvals)
{
    for (size_t i = 0; i < COUNT(approvals->parts); i++)
        free(approvals->parts[i].data);
}

static void fuzz_sign(struct input *input)
{
    struct chunk parameter = take_chunk(input);
    CK_MECHANISM mechanism = {take_choice(input, mechanisms, COUNT(mechanisms)), parameter.data,
                              parameter.length};
    struct chunk token = take_like(input, good_token, good_token_len);
    struct approvals approvals;
    CK_BYTE signature[512];
    CK_ULONG length = sizeof(signature);

    take_approvals(input, &approvals);
    PROMISE(C_SKASign(session, &mechanism, ska_key, token.data, token.length, approvals.list,
                      approvals.count, signature, &length, NULL, NULL) != CKR_OK);
    free_approvals(&approvals);
    free(token.data);
    free(parameter.data);
}

static void fuzz_change(struct input *input)
{
    uint8_t which = take_byte(input);
    struct chunk token = take_like(input, good_token, good_token_len);
    struct approvals approvals;
    CK_OBJECT_HANDLE key = ska_key;
    CK_RV rv = CKR_OK;

    take_approvals(input, &approvals);
    if (which % 3 == 0)
        rv = C_SKABlock(session, &key, token.data, token.length, approvals.list, approvals.count);
    else if (which % 3 == 1)
        rv = C_SKAUnblock(session, &key, token.data, token.length, approvals.list, approvals.count);
    else
        rv = C_SKAModify(session, &key, token.data, token.length, approvals.list, approvals.count);
    PROMISE(rv != CKR_OK && key == ska_key);
    free_approvals(&approvals);
    free(token.data);
}

static void fuzz_create_token(struct input *input)
{
    CK_ULONG operation = take_choice(input, operations, COUNT(operations));
    struct chunk payload = take_chunk(input);
    struct chunk timestamp = take_chunk(input);
    struct chunk signature = take_chunk(input);
    CK_BYTE token[20000];
    CK_ULONG length = sizeof(token);

    (void)C_CreateApprovalToken(session, operation, ska_key, payload.data, payload.length,
                                timestamp.data, timestamp.length, signature.data, signature.length,
                                token, &length);
    free(payload.data);
    free(timestamp.data);
    free(signature.data);
}

static void fuzz_timestamp(struct input *input)
{
    CK_ULONG operation = take_choice(input, operations, COUNT(operations));
    struct chunk parameter = take_chunk(input);
    CK_MECHANISM mechanism = {take_choice(input, mechanisms, COUNT(mechanisms)), parameter.data,
                              parameter.length};
    struct chunk payload = take_chunk(input);
    CK_BYTE block[20000];
    CK_BYTE signature[512];
    CK_ULONG lengths[] = {sizeof(block), sizeof(signature)};

    (void)C_GetTimestamp(session, operation, &mechanism, timestamp_key, payload.data,
                         payload.length, block, &lengths[0], signature, &lengths[1]);
    free(parameter.data);
    free(payload.data);
}

enum { PARTS = 3 };

/* A policy: counts are those of arrays that are there, or absurd. */
struct policy {
    CK_SKA_APPROVER approvers[PARTS];
    CK_SKA_GROUP groups[PARTS];
    CK_SKA_TOKEN tokens[PARTS];
    CK_SKA_POLICY policy;
    struct chunk chunks[4 * PARTS];
};

static CK_ULONG take_count(struct input *input)
{
    uint8_t count = take_byte(input);

    return count < 240 ? count % (PARTS + 1) : ~0UL >> (count - 240);
}

static void take_policy(struct input *input, struct policy *policy)
{
    memset(policy, 0, sizeof(*policy));
    for (size_t i = 0; i < PARTS; i++) {
        struct chunk *chunks = &policy->chunks[4 * i];

        for (size_t j = 0; j < 3; j++)
            chunks[j] = take_chunk(input);
        chunks[3] = take_like(input, good_info, good_info_len);
        policy->approvers[i] = (CK_SKA_APPROVER){chunks[0].data, chunks[0].length,
                                                 take_choice(input, types, COUNT(types)),
                                                 chunks[3].data, chunks[3].length};
        policy->groups[i] = (CK_SKA_GROUP){chunks[1].data, chunks[1].length, take_number(input),
                                           policy->approvers, take_count(input)};
        policy->tokens[i] = (CK_SKA_TOKEN){chunks[2].data,     chunks[2].length, take_number(input),
                                           take_number(input), policy->groups,   take_count(input)};
    }
    policy->policy = (CK_SKA_POLICY){policy->tokens, take_count(input)};
}

static void free_policy(struct policy *policy)
{
    for (size_t i = 0; i < COUNT(policy->chunks); i++)
        free(policy->chunks[i].data);
}

/* What is serialized makes a key or does not; a key goes at once. */
static void generate_with(CK_BYTE *rule, CK_ULONG length)
{
    CK_MECHANISM mechanism = {CKM_SKA_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE curve[] = {{CKA_EC_PARAMS, (CK_VOID_PTR)(uintptr_t)p256, 10}};
    CK_ATTRIBUTE rules[] = {{CKA_SKA_USAGE_ACCESS_BLOB, rule, length},
                            {CKA_SKA_BLOCK_ACCESS_BLOB, good_rule, good_rule_len},
                            {CKA_SKA_UNBLOCK_ACCESS_BLOB, good_rule, good_rule_len},
                            {CKA_SKA_MODIFY_ACCESS_BLOB, good_rule, good_rule_len}};
    CK_OBJECT_HANDLE keys[2];

    if (C_GenerateKeyPair(session, &mechanism, curve, 1, rules, 4, &keys[0], &keys[1]) != CKR_OK)
        return;
    PROMISE(C_DestroyObject(session, keys[0]) == CKR_OK);
    PROMISE(C_DestroyObject(session, keys[1]) == CKR_OK);
}

static void fuzz_policy(struct input *input)
{
    static CK_BYTE buffer[70000];
    struct policy policy;
    CK_ULONG length = sizeof(buffer);
    uint8_t which = take_byte(input);
    CK_RV rv = CKR_OK;

    take_policy(input, &policy);
    if (which % 2 == 0) {
        rv = C_SerializePolicy(&policy.policy, buffer, &length);
        PROMISE(rv != CKR_OK || length <= 65534);
        if (rv == CKR_OK && which % 32 == 0)
            generate_with(buffer, length);
    } else {
        (void)C_CreateModifyPayload(
            which & 2 ? &policy.policy : NULL, which & 4 ? &policy.policy : NULL,
            which & 8 ? &policy.policy : NULL, which & 16 ? &policy.policy : NULL, buffer, &length);
    }
    free_policy(&policy);
}

static void fuzz_sign_token(struct input *input)
{
    struct chunk algorithm = take_chunk(input);
    struct chunk key = take_chunk(input);
    struct chunk info = take_like(input, good_info, good_info_len);
    struct chunk token = take_like(input, good_token, good_token_len);
    CK_ULONG type = take_choice(input, types, COUNT(types));
    CK_SKA_APPROVER approver = {NULL, 0, type, info.data, info.length};
    CK_BYTE buffers[2][1024];
    CK_SKA_APPROVAL approval = {CKAP_NOT_SPECIFIED, buffers[0], 1024, buffers[1], 1024};

    (void)C_SignApprovalToken(algorithm.data, algorithm.length, key.data, key.length, &approver,
                              token.data, token.length, type, &approval);
    free(algorithm.data);
    free(key.data);
    free(info.data);
    free(token.data);
}

enum { ATTRIBUTES = 8 };

static const CK_ULONG attribute_types[] = {
    CKA_CLASS,
    CKA_LABEL,
    CKA_SUBJECT,
    CKA_SIGN,
    CKA_ALLOWED_MECHANISMS,
    CKA_SKA_BLOCKED,
    CKA_SKA_USAGE_ACCESS_BLOB,
    CKA_SKA_BLOCK_ACCESS_BLOB,
    CKA_SKA_UNBLOCK_ACCESS_BLOB,
    CKA_SKA_MODIFY_ACCESS_BLOB,
    CKA_SKA_SENSITIVE_PUBLIC_KEY,
    CKA_SKA_CRYPTO_CURRENCY_TYPE,
    CKA_SKA_TIMESTAMP_SIGN,
    CKA_TOKEN,
    CKA_KEY_TYPE,
    CKA_MODULUS,
};

static void fuzz_attributes(struct input *input)
{
    uint8_t which = take_byte(input);
    CK_ULONG count = take_byte(input) % (ATTRIBUTES + 1);
    CK_ATTRIBUTE attributes[ATTRIBUTES] = {{0, NULL, 0}};
    struct chunk chunks[ATTRIBUTES] = {{NULL, 0}};
    CK_MECHANISM mechanism = {CKM_SKA_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE curve[] = {{CKA_EC_PARAMS, (CK_VOID_PTR)(uintptr_t)p256, 10}};
    CK_OBJECT_HANDLE keys[2];

    for (CK_ULONG i = 0; i < count; i++) {
        chunks[i] = take_like(input, good_rule, good_rule_len);
        attributes[i] = (CK_ATTRIBUTE){take_choice(input, attribute_types, COUNT(attribute_types)),
                                       chunks[i].data, chunks[i].length};
    }
    if (which % 4 == 0) {
        (void)C_GetAttributeValue(session, ska_key, attributes, count);
    } else if (which % 4 == 1) {
        if (C_FindObjectsInit(session, attributes, count) == CKR_OK)
            PROMISE(C_FindObjectsFinal(session) == CKR_OK);
    } else if (which % 4 == 2) {
        PROMISE(C_SetAttributeValue(session, ska_key, attributes, count) != CKR_OK);
    } else if (C_GenerateKeyPair(session, &mechanism, curve, 1, attributes, count, &keys[0],
                                 &keys[1]) == CKR_OK) { /* hardly ever: four rules are needed */
        PROMISE(C_DestroyObject(session, keys[1]) == CKR_OK);
        if (keys[0] != CK_INVALID_HANDLE)
            PROMISE(C_DestroyObject(session, keys[0]) == CKR_OK);
    }
    for (CK_ULONG i = 0; i < count; i++)
        free(chunks[i].data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const calls[])(struct input *) = {
        fuzz_sign,   fuzz_change,     fuzz_create_token, fuzz_timestamp,
        fuzz_policy, fuzz_sign_token, fuzz_attributes,
    };
    struct input input = {data, size};

    calls[take_byte(&input) % COUNT(calls)](&input);
    return 0;
}
