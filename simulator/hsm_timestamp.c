/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HSM timestamps: C_GetTimestamp, and their verification when an operation is asked for.
 */
#include "simulator/hsm_timestamp.h"

#include <stdlib.h>
#include <string.h>

#include "provider/request/approver_signature.h"
#include "simulator/call.h"
#include "simulator/caller_memory.h"
#include "simulator/context.h"
#include "simulator/key_signer.h"
#include "simulator/label.h"
#include "simulator/mechanism_table.h"
#include "simulator/object_kind.h"
#include "simulator/vendor_call.h"
#include "ska/simulator.h"

/* ---- Verification ----------------------------------------------------------------------- */

static CK_RV verify_with(struct ska_span public_key, const struct ska_approval_token *token)
{
    struct ska_bytes plain = {NULL, 0};
    const char *digest = NULL;
    bool valid = ska_signature_from_der(token->timestamp_signature, &digest, &plain, NULL) &&
                 ska_signature_verify(sim_libctx(), public_key, digest, ska_span_of(&plain),
                                      token->timestamp.block);

    ska_bytes_free(&plain);
    return valid ? CKR_OK : CKR_SKASIM_PARAMETERS_INVALID;
}

CK_RV sim_timestamp_verify(CK_SESSION_HANDLE session, const struct ska_approval_token *token)
{
    CK_OBJECT_HANDLE *handles = NULL;
    size_t count = 0;
    CK_RV result = CKR_SKASIM_PARAMETERS_INVALID; /* no timestamp key of this name */
    CK_RV rv = sim_label_search(session, token->timestamp.key_name, &handles, &count);

    for (size_t i = 0; rv == CKR_OK && i < count; i++) {
        struct sim_object object = {0};

        rv = sim_object_open(session, handles[i], &object);
        if (rv == CKR_OK && object.kind == SIM_TIMESTAMP && result != CKR_OK)
            result = verify_with(ska_span_of(&object.record.public_key), token);
        else if (rv == CKR_OBJECT_HANDLE_INVALID) /* hidden, or gone since the search */
            rv = CKR_OK;
        sim_object_clear(&object);
    }
    free(handles);
    return rv == CKR_OK ? result : rv;
}

/* ---- C_GetTimestamp --------------------------------------------------------------------- */

/* What can be wrapped as DER and verified later: PKCS#1 and ECDSA with SHA-2, EdDSA. */
static bool can_stamp(CK_MECHANISM_TYPE type)
{
    const struct sim_signing *scheme = sim_signing_find(type);

    return scheme != NULL && !scheme->pss && type != CKM_SHA1_RSA_PKCS && type != CKM_ECDSA_SHA1 &&
           (scheme->digest != NULL || type == CKM_EDDSA);
}

static CK_RV make_block(struct ska_span key_name, CK_ULONG operation, struct ska_span payload,
                        struct ska_bytes *block)
{
    struct ska_timestamp timestamp = {.payload = payload, .key_name = key_name};
    enum ska_operation wanted = SKA_OPERATION_SIGN;
    int64_t now = sim_now();

    if (!sim_operation_from(operation, &wanted) || now < 0)
        return CKR_ARGUMENTS_BAD;
    timestamp.modify = wanted == SKA_OPERATION_MODIFY;
    timestamp.seconds = (uint64_t)now;
    return ska_timestamp_encode(&timestamp, block, NULL) ? CKR_OK : CKR_SKASIM_PARAMETERS_INVALID;
}

/* The caller gets what is complete. */
static CK_RV sign_block(CK_SESSION_HANDLE session, const struct sim_object *key,
                        struct sim_signer *signer, struct ska_span block, CK_BYTE_PTR signature)
{
    CK_BYTE made[SIM_SIGNATURE_LIMIT];
    CK_RV rv = sim_signer_sign(session, key, signer, block, made);

    if (rv == CKR_OK)
        memcpy(signature, made, signer->length);
    return rv;
}

CK_RV C_GetTimestamp(CK_SESSION_HANDLE session, CK_ULONG operation, CK_MECHANISM_PTR mechanism,
                     CK_OBJECT_HANDLE timestampKey, CK_BYTE_PTR payload, CK_ULONG payloadLen,
                     CK_BYTE_PTR timestamp, CK_ULONG_PTR timestampLen, CK_BYTE_PTR signature,
                     CK_ULONG_PTR signatureLen)
{
    struct sim_call call;
    struct sim_object key = {0};
    struct sim_signer signer = {0};
    struct ska_bytes block = {NULL, 0};
    bool query = timestamp == NULL || signature == NULL;
    CK_RV rv = sim_enter_session(&call, __func__, &session);

    if (rv == CKR_OK && (mechanism == NULL || timestampLen == NULL || signatureLen == NULL))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sim_copy_input(&payload, payloadLen);
    if (rv == CKR_OK)
        rv = sim_copy_mechanism(&mechanism);
    if (rv == CKR_OK && !can_stamp(mechanism->mechanism))
        rv = CKR_MECHANISM_INVALID;
    if (rv == CKR_OK)
        rv = sim_object_open_key(session, timestampKey, SIM_TIMESTAMP,
                                 CKR_KEY_FUNCTION_NOT_PERMITTED, &key);
    if (rv == CKR_OK)
        rv = sim_signer_prepare(&key, mechanism, &signer);
    if (rv == CKR_OK)
        rv = make_block(ska_span_of(&key.label), operation, ska_span(payload, payloadLen), &block);
    if (rv == CKR_OK && !query && *timestampLen >= block.length && *signatureLen >= signer.length) {
        rv = sign_block(session, &key, &signer, ska_span_of(&block), signature);
        if (rv == CKR_OK)
            memcpy(timestamp, block.data, block.length);
        *timestampLen = block.length;
        *signatureLen = signer.length;
    } else if (rv == CKR_OK) {
        *timestampLen = block.length;
        *signatureLen = signer.length;
        rv = query ? CKR_OK : CKR_BUFFER_TOO_SMALL;
    }
    sim_log_call(__func__, query, ska_span_of(&key.label), rv);
    ska_bytes_free(&block);
    sim_object_clear(&key);
    return sim_leave(&call, rv);
}
