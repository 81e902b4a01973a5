/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HSM timestamps: C_GetTimestamp, and their verification when an operation is asked for.
 */
#include "simulator/timestamp.h"

#include <stdlib.h>

#include "provider/request/approver_signature.h"
#include "provider/base/wire.h"
#include "simulator/label.h"
#include "simulator/log.h"
#include "simulator/mechanism.h"
#include "simulator/module.h"
#include "simulator/object.h"
#include "simulator/operation.h"
#include "simulator/policy.h"
#include "simulator/session.h"
#include "simulator/signing.h"
#include "ska/simulator.h"
#include "simulator/softhsm.h"

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

        rv = sim_object_look(session, handles[i], &object);
        if (rv == CKR_OK && object.kind == SIM_TIMESTAMP && result != CKR_OK)
            result = verify_with(ska_span_of(&object.record.public_key), token);
        sim_object_clear(&object);
    }
    free(handles);
    return rv == CKR_OK ? result : rv;
}

/* ---- C_GetTimestamp --------------------------------------------------------------------- */

struct stamp {
    struct ska_bytes label; /* of the timestamp key */
    struct ska_bytes block;
    CK_SESSION_HANDLE own;
    const struct sim_signing *scheme;
    CK_ULONG signature_length;
};

static void stamp_clear(struct stamp *stamp)
{
    sim_own_session_close(stamp->own);
    ska_bytes_free(&stamp->label);
    ska_bytes_free(&stamp->block);
}

static CK_RV open_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, struct stamp *stamp)
{
    struct sim_object object = {0};
    CK_RV rv = sim_object_look(session, handle, &object);

    if (rv == CKR_OK && object.kind == SIM_HIDDEN)
        rv = CKR_OBJECT_HANDLE_INVALID;
    else if (rv == CKR_OK && object.kind != SIM_TIMESTAMP)
        rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
    if (rv == CKR_OK && !sim_record_allows(&object.record, stamp->scheme->type))
        rv = CKR_MECHANISM_INVALID;
    if (rv == CKR_OK)
        rv = sim_read_bytes(session, handle, CKA_LABEL, &stamp->label);
    sim_object_clear(&object);
    return rv;
}

/* What can be wrapped as DER and verified later: PKCS#1 and ECDSA with SHA-2, EdDSA. */
static CK_RV choose_scheme(const CK_MECHANISM *mechanism, struct stamp *stamp)
{
    const struct sim_signing *scheme = sim_signing_find(mechanism->mechanism);

    if (scheme == NULL || scheme->pss || mechanism->mechanism == CKM_SHA1_RSA_PKCS ||
        mechanism->mechanism == CKM_ECDSA_SHA1 ||
        (scheme->digest == NULL && mechanism->mechanism != CKM_EDDSA))
        return CKR_MECHANISM_INVALID;
    stamp->scheme = scheme;
    return mechanism->pParameter == NULL && mechanism->ulParameterLen == 0
               ? CKR_OK
               : CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV make_block(struct stamp *stamp, CK_ULONG operation, struct ska_span payload)
{
    struct ska_timestamp timestamp = {.payload = payload, .key_name = ska_span_of(&stamp->label)};
    enum ska_operation wanted = SKA_OPERATION_SIGN;
    int64_t now = sim_now();

    if (!sim_operation_from(operation, &wanted) || now < 0)
        return CKR_ARGUMENTS_BAD;
    timestamp.modify = wanted == SKA_OPERATION_MODIFY;
    timestamp.seconds = (uint64_t)now;
    return ska_timestamp_encode(&timestamp, &stamp->block, NULL) ? CKR_OK
                                                                 : CKR_SKASIM_PARAMETERS_INVALID;
}

static CK_RV begin(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
                   struct stamp *stamp)
{
    CK_KEY_TYPE type = 0;
    CK_RV rv = choose_scheme(mechanism, stamp);

    if (rv == CKR_OK)
        rv = open_key(session, key, stamp);
    if (rv == CKR_OK)
        rv = sim_read_ulong(session, key, CKA_KEY_TYPE, &type);
    if (rv == CKR_OK && type != stamp->scheme->key_type)
        rv = CKR_KEY_TYPE_INCONSISTENT;
    if (rv == CKR_OK)
        rv = sim_own_session_open(session, &stamp->own);
    if (rv == CKR_OK)
        rv = sim_signing_begin(stamp->own, stamp->scheme, mechanism, key, &stamp->signature_length);
    return rv;
}

CK_RV C_GetTimestamp(CK_SESSION_HANDLE session, CK_ULONG operation, CK_MECHANISM_PTR mechanism,
                     CK_OBJECT_HANDLE timestampKey, CK_BYTE_PTR payload, CK_ULONG payloadLen,
                     CK_BYTE_PTR timestamp, CK_ULONG_PTR timestampLen, CK_BYTE_PTR signature,
                     CK_ULONG_PTR signatureLen)
{
    struct sim_call call;
    struct stamp stamp = {.own = CK_INVALID_HANDLE};
    bool query = timestamp == NULL || signature == NULL;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK && (mechanism == NULL || timestampLen == NULL || signatureLen == NULL ||
                         (payload == NULL && payloadLen != 0) || payloadLen > SKA_WIRE_VALUE_LIMIT))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = begin(session, mechanism, timestampKey, &stamp);
    if (rv == CKR_OK)
        rv = make_block(&stamp, operation, ska_span(payload, payloadLen));
    if (rv == CKR_OK && !query && *timestampLen >= stamp.block.length &&
        *signatureLen >= stamp.signature_length) {
        rv = sim_signing_sign(stamp.own, stamp.scheme, ska_span_of(&stamp.block), signature,
                              signatureLen);
        if (rv == CKR_OK)
            rv = sim_output(ska_span_of(&stamp.block), timestamp, timestampLen);
    } else if (rv == CKR_OK) {
        *timestampLen = stamp.block.length;
        *signatureLen = stamp.signature_length;
        rv = query ? CKR_OK : CKR_BUFFER_TOO_SMALL;
    }
    sim_log_call(__func__, query, ska_span_of(&stamp.label), rv);
    stamp_clear(&stamp);
    return sim_leave(&call, rv);
}
