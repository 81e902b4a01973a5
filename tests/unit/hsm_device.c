/* SPDX-License-Identifier: Apache-2.0 */
#include "hsm_device.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/ec.h>

#define EXPORT __attribute__((visibility("default")))

/* Added to a key's handle when it moves. */
#define MOVED 1000000UL

static struct hsm_device device;
static CK_FUNCTION_LIST calls;
static CK_FUNCTION_LIST *real;
static atomic_ulong moved_key; /* the simulator's handle */

EXPORT struct hsm_device *hsm_device(void)
{
    return &device;
}

static void find(const char *name, void *function, size_t size)
{
    void *library = dlopen(HSM_DEVICE_MODULE, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library == NULL ? NULL : dlsym(library, name);

    memcpy(function, &symbol, size);
}

#define REAL(name)                                                                                 \
    __typeof__(&name) real_call = NULL;                                                            \
    find(#name, &real_call, sizeof(real_call));                                                    \
    if (real_call == NULL)                                                                         \
    return CKR_GENERAL_ERROR

/* From the handle that the application has to the simulator's. */
static CK_OBJECT_HANDLE inward(CK_OBJECT_HANDLE handle)
{
    if (moved_key != 0 && handle == moved_key)
        return CK_INVALID_HANDLE;
    return moved_key != 0 && handle == moved_key + MOVED ? moved_key : handle;
}

static CK_RV find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
                          CK_ULONG *count)
{
    CK_RV rv = real->C_FindObjects(session, objects, most, count);

    device.finds++;
    for (CK_ULONG i = 0; rv == CKR_OK && i < *count; i++)
        if (moved_key != 0 && objects[i] == moved_key)
            objects[i] += MOVED;
    return rv;
}

/* The HSM is away while the file HSM_DEVICE_AWAY is there. */
static bool is_away(void)
{
    const char *path = getenv("HSM_DEVICE_AWAY");

    return path != NULL && access(path, F_OK) == 0;
}

static CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    return is_away() ? CKR_TOKEN_NOT_PRESENT : real->C_GetTokenInfo(slot, info);
}

/* Of several attributes all but the one that the HSM keeps to itself. */
static CK_RV get_all_but(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE *template_, CK_ULONG count, CK_ATTRIBUTE_TYPE kept)
{
    CK_RV rv = real->C_GetAttributeValue(session, inward(object), template_, count);

    for (CK_ULONG i = 0; i < count; i++)
        if (template_[i].type == kept) {
            template_[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
            rv = rv == CKR_OK ? CKR_ATTRIBUTE_SENSITIVE : rv;
        }
    return rv;
}

static CK_RV get_attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE *template_, CK_ULONG count)
{
    const char *unread = getenv("HSM_DEVICE_RULE_ANSWER");
    CK_ATTRIBUTE_TYPE asked = device.asked;
    CK_RV answer = device.answer;

    if (is_away())
        return CKR_TOKEN_NOT_PRESENT;
    /* For scenarios, which do not reach into this process. */
    if (unread != NULL) {
        asked = CKA_SKA_USAGE_ACCESS_BLOB;
        answer = strtoul(unread, NULL, 0);
    }
    if (unread != NULL && answer == CKR_ATTRIBUTE_SENSITIVE)
        return get_all_but(session, object, template_, count, asked);
    if (device.undisclosed && count == 1 && template_->type == CKA_SKA_TIMESTAMP_SIGN) {
        template_->ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return CKR_ATTRIBUTE_SENSITIVE;
    }
    if (count == 1 && asked != 0 && template_->type == asked) {
        template_->ulValueLen = answer == CKR_OK ? 1 << 30 : CK_UNAVAILABLE_INFORMATION;
        return answer;
    }
    return real->C_GetAttributeValue(session, inward(object), template_, count);
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    if (is_away())
        return CKR_TOKEN_NOT_PRESENT;
    if (device.no_writing != 0 && (flags & CKF_RW_SESSION) != 0)
        return device.no_writing;
    return real->C_OpenSession(slot, flags, application, notify, session);
}

static CK_RV generate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public,
                      CK_ULONG public_count, CK_ATTRIBUTE *private, CK_ULONG private_count,
                      CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    CK_RV rv = CKR_OK;

    rv = real->C_GenerateKeyPair(session, mechanism, public, public_count, private, private_count,
                                 public_key, private_key);
    if (rv == CKR_OK && device.races) {
        *public_key = *private_key = CK_INVALID_HANDLE;
        rv = CKR_ATTRIBUTE_VALUE_INVALID;
    }
    return rv;
}

EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    CK_C_GetFunctionList get = NULL;

    find("C_GetFunctionList", &get, sizeof(get));
    if (get == NULL || get(&real) != CKR_OK)
        return CKR_GENERAL_ERROR;
    calls = *real;
    calls.C_GetTokenInfo = token_info;
    calls.C_OpenSession = open_session;
    calls.C_GenerateKeyPair = generate;
    calls.C_FindObjects = find_objects;
    calls.C_GetAttributeValue = get_attributes;
    *list = &calls;
    return CKR_OK;
}

EXPORT CK_RV C_SerializePolicy(CK_SKA_POLICY *policy, CK_BYTE *buffer, CK_ULONG *length)
{
    CK_RV rv = CKR_OK;

    REAL(C_SerializePolicy);
    rv = real_call(policy, buffer, length);
    if (buffer == NULL && device.claims != 0)
        *length = device.claims;
    if (buffer != NULL && device.grows)
        *length += 4;
    return rv;
}

struct old_timestamp {
    CK_ULONG length;
    CK_ULONG signature_length;
    CK_BYTE block[1024];
    CK_BYTE signature[1024];
};

/* By the one in the file HSM_DEVICE_OLD, where the first is kept. */
static void exchange_timestamp(struct old_timestamp *old, CK_BYTE **block, CK_ULONG *length,
                               CK_BYTE **signature, CK_ULONG *signature_length)
{
    FILE *file = fopen(getenv("HSM_DEVICE_OLD"), "rb");

    if (file == NULL && (file = fopen(getenv("HSM_DEVICE_OLD"), "wb")) != NULL) {
        memset(old, 0, sizeof(*old));
        memcpy(old->block, *block, old->length = *length);
        memcpy(old->signature, *signature, old->signature_length = *signature_length);
        (void)!fwrite(old, sizeof(*old), 1, file);
    } else if (file != NULL && fread(old, sizeof(*old), 1, file) == 1) {
        *block = old->block;
        *length = old->length;
        *signature = old->signature;
        *signature_length = old->signature_length;
    }
    if (file != NULL)
        fclose(file);
}

/* Where the label of the key stands first in the token, its last byte is another. */
static void exchange_name(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE *token,
                          CK_ULONG length)
{
    CK_BYTE label[64];
    CK_ATTRIBUTE attribute = {CKA_LABEL, label, sizeof(label)};

    if (real->C_GetAttributeValue(session, inward(key), &attribute, 1) != CKR_OK)
        return;
    for (CK_ULONG at = 0; at + attribute.ulValueLen <= length; at++)
        if (memcmp(token + at, label, attribute.ulValueLen) == 0) {
            token[at + attribute.ulValueLen - 1] ^= 1;
            return;
        }
}

EXPORT CK_RV C_CreateApprovalToken(CK_SESSION_HANDLE session, CK_ULONG operation,
                                   CK_OBJECT_HANDLE key, CK_BYTE *payload, CK_ULONG payload_length,
                                   CK_BYTE *timestamp, CK_ULONG timestamp_length,
                                   CK_BYTE *timestamp_signature,
                                   CK_ULONG timestamp_signature_length, CK_BYTE *token,
                                   CK_ULONG *token_length)
{
    const char *lie = getenv("HSM_DEVICE_TOKEN");
    struct old_timestamp old;
    CK_BYTE other[64];
    CK_ULONG room = *token_length;
    CK_RV rv = CKR_OK;

    REAL(C_CreateApprovalToken);
    if (device.claims != 0) {
        *token_length = device.claims;
        return CKR_BUFFER_TOO_SMALL;
    }
    /* For scenarios, which do not reach into this process: a token for something else. */
    lie = lie == NULL ? "" : lie;
    if (strcmp(lie, "other-data") == 0 && payload_length > 0 && payload_length <= sizeof(other)) {
        memcpy(other, payload, payload_length);
        other[payload_length - 1] ^= 1;
        payload = other;
    }
    if (strcmp(lie, "other-operation") == 0) {
        operation = CK_SKA_BLOCK; /* which has no payload */
        payload = NULL;
        payload_length = 0;
    }
    if (strcmp(lie, "no-timestamp") == 0)
        timestamp_length = timestamp_signature_length = 0;
    if (strcmp(lie, "old-timestamp") == 0 && timestamp_length > 0)
        exchange_timestamp(&old, &timestamp, &timestamp_length, &timestamp_signature,
                           &timestamp_signature_length);
    if (strcmp(lie, "too-long") == 0) {
        *token_length *= 2;
        return CKR_OK;
    }
    rv = real_call(session, operation, inward(key), payload, payload_length, timestamp,
                   timestamp_length, timestamp_signature, timestamp_signature_length, token,
                   token_length);
    if (rv == CKR_OK && token != NULL && strcmp(lie, "other-key") == 0)
        exchange_name(session, key, token, *token_length);
    if (rv == CKR_OK && device.overlong)
        *token_length = room + 1;
    if (rv == CKR_OK && device.empty)
        *token_length = 0;
    return rv;
}

EXPORT CK_RV C_SKASign(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
                       CK_BYTE *token, CK_ULONG token_length, CK_SKA_APPROVAL *approvals,
                       CK_ULONG approval_count, CK_BYTE *signature, CK_ULONG *signature_length,
                       void *reserved, CK_ULONG *reserved_length)
{
    CK_RV rv = CKR_OK;

    if (is_away())
        return CKR_TOKEN_NOT_PRESENT;
    REAL(C_SKASign);
    rv = real_call(session, mechanism, inward(key), token, token_length, approvals, approval_count,
                   signature, signature_length, reserved, reserved_length);
    /* With the variable HSM_DEVICE_WRONG it is a signature over something else. */
    if (rv == CKR_OK && signature != NULL && getenv("HSM_DEVICE_WRONG") != NULL)
        signature[*signature_length - 1] ^= 1;
    return rv;
}

/* A module may lack what follows. */
#ifndef HSM_DEVICE_LEAN

EXPORT CK_RV C_CreateModifyPayload(CK_SKA_POLICY *usage, CK_SKA_POLICY *block,
                                   CK_SKA_POLICY *unblock, CK_SKA_POLICY *modify, CK_BYTE *buffer,
                                   CK_ULONG *length)
{
    REAL(C_CreateModifyPayload);
    return real_call(usage, block, unblock, modify, buffer, length);
}

/* From r||s, in place. */
static void to_der(CK_BYTE *signature, CK_ULONG *length)
{
    ECDSA_SIG *parts = ECDSA_SIG_new();
    int half = (int)(*length / 2);
    unsigned char *next = signature;

    ECDSA_SIG_set0(parts, BN_bin2bn(signature, half, NULL),
                   BN_bin2bn(signature + half, half, NULL));
    *length = (CK_ULONG)i2d_ECDSA_SIG(parts, &next);
    ECDSA_SIG_free(parts);
}

EXPORT CK_RV C_GetTimestamp(CK_SESSION_HANDLE session, CK_ULONG operation, CK_MECHANISM *mechanism,
                            CK_OBJECT_HANDLE key, CK_BYTE *payload, CK_ULONG payload_length,
                            CK_BYTE *timestamp, CK_ULONG *timestamp_length, CK_BYTE *signature,
                            CK_ULONG *signature_length)
{
    CK_RV rv = CKR_OK;

    REAL(C_GetTimestamp);
    rv = real_call(session, operation, mechanism, inward(key), payload, payload_length, timestamp,
                   timestamp_length, signature, signature_length);
    if (timestamp == NULL && device.claims != 0)
        *timestamp_length = device.claims;
    if (timestamp == NULL || rv != CKR_OK)
        return rv;
    device.timestamps++;
    if (device.der)
        to_der(signature, signature_length);
    if (device.cuts)
        *signature_length -= 1;
    if (device.grows)
        *timestamp_length += 4;
    return rv;
}

static CK_RV moved(CK_OBJECT_HANDLE *key, CK_OBJECT_HANDLE before, CK_RV rv)
{
    device.changes++;
    if (rv == CKR_OK && (device.moves || device.loses)) {
        moved_key = before;
        *key = device.loses ? CK_INVALID_HANDLE : before + MOVED;
    }
    return rv;
}

#define CHANGE(name)                                                                               \
    EXPORT CK_RV name(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key, CK_BYTE *token,            \
                      CK_ULONG token_length, CK_SKA_APPROVAL *approvals, CK_ULONG approval_count)  \
    {                                                                                              \
        CK_OBJECT_HANDLE handle = inward(*key);                                                    \
                                                                                                   \
        REAL(name);                                                                                \
        return moved(key, handle,                                                                  \
                     real_call(session, &handle, token, token_length, approvals, approval_count)); \
    }

CHANGE(C_SKABlock)
CHANGE(C_SKAUnblock)
CHANGE(C_SKAModify)

#endif
