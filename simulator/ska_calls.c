/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vendor's calls that work on an SKA key: the token that approvers sign, and the signature.
 */
#include <string.h>

#include <pkcs11.h>

#include "provider/request/approval_token.h"
#include "simulator/call.h"
#include "simulator/caller_memory.h"
#include "simulator/key_signer.h"
#include "simulator/object_kind.h"
#include "simulator/session_table.h"
#include "simulator/ska_use.h"
#include "simulator/vendor_call.h"
#include "ska/simulator.h"

/* ---- C_CreateApprovalToken -------------------------------------------------------------- */

/* The parts of the token; the payload of a signature may be empty, that of a modification may not.
 */
static CK_RV fill_token(struct ska_approval_token *token, struct ska_span payload,
                        struct ska_span timestamp, struct ska_span signature)
{
    bool matters =
        token->operation == SKA_OPERATION_SIGN || token->operation == SKA_OPERATION_MODIFY;

    token->has_payload = payload.length > 0 || matters;
    token->payload = payload;
    if (timestamp.length == 0 && signature.length == 0)
        return CKR_OK;
    if (timestamp.length == 0 || signature.length == 0)
        return CKR_ARGUMENTS_BAD;
    if (!ska_timestamp_decode(timestamp, &token->timestamp, NULL))
        return CKR_SKASIM_PARAMETERS_INVALID;
    /* To block and unblock the vendor's samples use the timestamp of some signature. */
    if (matters && !ska_span_equal(token->timestamp.payload, payload))
        return CKR_SKASIM_PAYLOAD_MISMATCH;
    token->has_timestamp = true;
    token->timestamp_signature = signature;
    return CKR_OK;
}

static CK_RV encode_token(const struct ska_approval_token *token, CK_BYTE_PTR buffer,
                          CK_ULONG_PTR buffer_len)
{
    struct ska_bytes encoded = {NULL, 0};
    CK_RV rv = CKR_SKASIM_PARAMETERS_INVALID;

    if (ska_approval_token_encode(token, &encoded, NULL))
        rv = sim_output(ska_span_of(&encoded), buffer, buffer_len);
    ska_bytes_free(&encoded);
    return rv;
}

CK_RV C_CreateApprovalToken(CK_SESSION_HANDLE session, CK_ULONG operation, CK_OBJECT_HANDLE key,
                            CK_BYTE_PTR payload, CK_ULONG payloadLen, CK_BYTE_PTR timestamp,
                            CK_ULONG timestampLen, CK_BYTE_PTR timestampSignature,
                            CK_ULONG timestampSignatureLen, CK_BYTE_PTR token,
                            CK_ULONG_PTR tokenLen)
{
    struct sim_call call;
    struct sim_object object = {0};
    struct ska_approval_token parts = {0};
    CK_RV rv = sim_enter_session(&call, __func__, &session);

    if (rv == CKR_OK && (tokenLen == NULL || !sim_operation_from(operation, &parts.operation)))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sim_payload_given(payload, payloadLen, NULL);
    if (rv == CKR_OK)
        rv = sim_copy_input(&payload, payloadLen);
    if (rv == CKR_OK)
        rv = sim_copy_input(&timestamp, timestampLen);
    if (rv == CKR_OK)
        rv = sim_copy_input(&timestampSignature, timestampSignatureLen);
    if (rv == CKR_OK)
        rv = sim_ska_key_open(session, key, &object);
    if (rv == CKR_OK) {
        parts.key_name = ska_span_of(&object.label);
        rv = fill_token(&parts, ska_span(payload, payloadLen), ska_span(timestamp, timestampLen),
                        ska_span(timestampSignature, timestampSignatureLen));
    }
    if (rv == CKR_OK)
        rv = encode_token(&parts, token, tokenLen);
    sim_log_call(__func__, token == NULL, ska_span_of(&object.label), rv);
    sim_object_clear(&object);
    return sim_leave(&call, rv);
}

/* ---- C_SKASign -------------------------------------------------------------------------- */

/* Decides, then signs. */
static CK_RV decide_and_sign(struct sim_use *use, const struct sim_object *key,
                             struct sim_signer *signer, CK_BYTE signature[SIM_SIGNATURE_LIMIT])
{
    struct ska_approval_token token = {0};
    CK_RV rv = sim_use_decide(use, key, &token);

    if (rv == CKR_OK)
        rv = sim_signer_sign(use->session, key, signer, token.payload, signature);
    return rv;
}

/* The signature, or its length for who asks for that or has too little space. */
static CK_RV answer_signature(struct sim_use *use, const struct sim_object *key,
                              struct sim_signer *signer, CK_BYTE_PTR signature,
                              CK_ULONG_PTR signature_len)
{
    CK_BYTE made[SIM_SIGNATURE_LIMIT];
    bool fits = *signature_len >= signer->length;
    CK_RV rv = CKR_OK;

    *signature_len = signer->length;
    if (signature == NULL || !fits)
        return signature == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
    rv = decide_and_sign(use, key, signer, made);
    if (rv == CKR_OK)
        memcpy(signature, made, signer->length);
    return rv;
}

CK_RV C_SKASign(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key,
                CK_BYTE_PTR token, CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals,
                CK_ULONG approvalCount, CK_BYTE_PTR signature, CK_ULONG_PTR signatureLen,
                void *reserved, CK_ULONG_PTR reservedLen)
{
    struct sim_call call;
    struct sim_object object = {0};
    struct sim_signer signer = {0};
    CK_RV rv = sim_enter_session(&call, __func__, &session);
    struct sim_use use = {session, token, tokenLen, approvals, approvalCount};

    if (rv == CKR_OK &&
        (mechanism == NULL || token == NULL || signatureLen == NULL ||
         (approvals == NULL && approvalCount != 0) || reserved != NULL || reservedLen != NULL))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sim_ska_key_open(session, key, &object);
    if (rv == CKR_OK)
        rv = sim_copy_mechanism(&mechanism);
    if (rv == CKR_OK)
        rv = sim_signer_prepare(&object, mechanism, &signer);
    if (rv == CKR_OK)
        rv = answer_signature(&use, &object, &signer, signature, signatureLen);
    sim_log_call(__func__, signature == NULL, ska_span_of(&object.label), rv);
    sim_object_clear(&object);
    return sim_leave(&call, rv);
}

/* ---- What the simulator does not have --------------------------------------------------- */

/* No mechanism derives SLIP-10 keys here, and none attests. */
static CK_RV refuse_mechanism(const char *name, CK_SESSION_HANDLE session,
                              const CK_MECHANISM *mechanism)
{
    struct sim_call call;
    CK_RV rv = sim_enter_session(&call, name, &session);

    if (rv == CKR_OK)
        rv = mechanism == NULL ? CKR_ARGUMENTS_BAD : CKR_MECHANISM_INVALID;
    sim_log_call(name, false, ska_span(NULL, 0), rv);
    return sim_leave(&call, rv);
}

CK_RV C_DeriveKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                      CK_OBJECT_HANDLE parent, CK_ATTRIBUTE_PTR publicTemplate,
                      CK_ULONG publicCount, CK_ATTRIBUTE_PTR privateTemplate, CK_ULONG privateCount,
                      CK_OBJECT_HANDLE_PTR publicKey, CK_OBJECT_HANDLE_PTR privateKey)
{
    (void)parent;
    (void)publicTemplate;
    (void)publicCount;
    (void)privateTemplate;
    (void)privateCount;
    (void)publicKey;
    (void)privateKey;
    return refuse_mechanism(__func__, session, mechanism);
}

CK_RV C_RKSAttestKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                     CK_OBJECT_HANDLE attestationKey, CK_OBJECT_HANDLE key, CK_BYTE_PTR xml,
                     CK_ULONG_PTR xmlLen, CK_BYTE_PTR signature, CK_ULONG_PTR signatureLen)
{
    (void)attestationKey;
    (void)key;
    (void)xml;
    (void)xmlLen;
    (void)signature;
    (void)signatureLen;
    return refuse_mechanism(__func__, session, mechanism);
}
