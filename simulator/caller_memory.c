/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a caller hands in, copied.
 */
#include "simulator/caller_memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "provider/base/wire.h"
#include "provider/request/approval_token.h"

/* More approvals than this are an attack, not a quorum. */
#define APPROVAL_LIMIT 4096UL

/* Longer than any key, certificate or signature. */
#define APPROVAL_PART_LIMIT 65536UL

/* Far above what SoftHSM stores. */
#define VALUE_LIMIT ((size_t)16 * 1024 * 1024)

struct copy {
    struct copy *next;
    size_t length;
    _Alignas(max_align_t) unsigned char data[];
};

/* Of the call that this thread is in. */
static _Thread_local struct copy *copies;

void *sim_copy(const void *data, size_t length)
{
    struct copy *copy = malloc(sizeof(*copy) + length);

    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy->data, data, length);
    copy->length = length;
    copy->next = copies;
    copies = copy;
    return copy->data;
}

void sim_copies_free(void)
{
    while (copies != NULL) {
        struct copy *copy = copies;

        copies = copy->next;
        OPENSSL_cleanse(copy->data, copy->length); /* a template may hold a key */
        free(copy);
    }
}

/* NULL stays NULL. */
static CK_RV copy_bytes(CK_BYTE_PTR *data, size_t length)
{
    if (*data == NULL)
        return CKR_OK;
    *data = sim_copy(*data, length);
    return *data != NULL ? CKR_OK : CKR_HOST_MEMORY;
}

CK_RV sim_copy_input(CK_BYTE_PTR *data, CK_ULONG length)
{
    if (length != 0 && (*data == NULL || length > SKA_WIRE_VALUE_LIMIT))
        return CKR_ARGUMENTS_BAD;
    return copy_bytes(data, length);
}

/* ---- Approvals -------------------------------------------------------------------------- */

static CK_RV copy_part(const CK_BYTE *data, size_t length, size_t limit, CK_BYTE_PTR *copy)
{
    bool given = data != NULL && length <= limit;

    *copy = given ? sim_copy(data, length) : NULL;
    return given && *copy == NULL ? CKR_HOST_MEMORY : CKR_OK;
}

/* Of an approval that is a copy already. */
static CK_RV copy_parts(CK_SKA_APPROVAL *approval)
{
    CK_BYTE_PTR signature = NULL;
    CK_BYTE_PTR info = NULL;
    CK_RV rv =
        copy_part(approval->pSignature, approval->signatureLen, APPROVAL_PART_LIMIT, &signature);

    if (rv == CKR_OK)
        rv = copy_part(approval->pSignerInfo, approval->signerInfoLen, APPROVAL_PART_LIMIT, &info);
    approval->pSignature = signature;
    approval->pSignerInfo = info;
    if (signature == NULL)
        approval->signatureLen = 0;
    if (info == NULL)
        approval->signerInfoLen = 0;
    return rv;
}

CK_RV sim_copy_approved(CK_BYTE_PTR *token, CK_ULONG *token_len, CK_SKA_APPROVAL **approvals,
                        CK_ULONG count)
{
    CK_RV rv = copy_part(*token, *token_len, SKA_TOKEN_LIMIT, token);

    if (count > APPROVAL_LIMIT || (*approvals == NULL && count != 0))
        return CKR_ARGUMENTS_BAD;
    if (*token == NULL)
        *token_len = 0;
    if (rv == CKR_OK && count != 0) {
        *approvals = sim_copy(*approvals, count * sizeof(**approvals));
        rv = *approvals != NULL ? CKR_OK : CKR_HOST_MEMORY;
    }
    for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++)
        rv = copy_parts(*approvals + i);
    return rv;
}

/* ---- Cryptoki --------------------------------------------------------------------------- */

CK_RV sim_copy_mechanism(CK_MECHANISM_PTR *mechanism)
{
    if (*mechanism == NULL)
        return CKR_OK;
    *mechanism = sim_copy(*mechanism, sizeof(**mechanism));
    return *mechanism != NULL ? CKR_OK : CKR_HOST_MEMORY;
}

CK_RV sim_copy_attributes(CK_ATTRIBUTE_PTR *attributes, CK_ULONG count)
{
    if (count > SIM_TEMPLATE_LIMIT)
        return CKR_ARGUMENTS_BAD;
    if (*attributes == NULL)
        return CKR_OK;
    *attributes = sim_copy(*attributes, count * sizeof(**attributes));
    return *attributes != NULL ? CKR_OK : CKR_HOST_MEMORY;
}

CK_RV sim_copy_template(CK_ATTRIBUTE_PTR *attributes, CK_ULONG count)
{
    CK_RV rv = sim_copy_attributes(attributes, count);

    for (CK_ULONG i = 0; rv == CKR_OK && *attributes != NULL && i < count; i++) {
        CK_ATTRIBUTE *attribute = *attributes + i;

        if (attribute->pValue == NULL)
            continue;
        if (attribute->ulValueLen > VALUE_LIMIT)
            return CKR_ARGUMENTS_BAD;
        attribute->pValue = sim_copy(attribute->pValue, attribute->ulValueLen);
        rv = attribute->pValue != NULL ? CKR_OK : CKR_HOST_MEMORY;
    }
    return rv;
}
