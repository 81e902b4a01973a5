/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vendor's calls that work on an SKA key: the token that approvers sign, and the signature.
 */
#include <string.h>

#include <openssl/evp.h>

#include <pkcs11.h>

#include "provider/request/approval_token.h"
#include "provider/base/wire.h"
#include "simulator/enforce.h"
#include "simulator/log.h"
#include "simulator/mechanism.h"
#include "simulator/module.h"
#include "simulator/object.h"
#include "simulator/operation.h"
#include "simulator/policy.h"
#include "simulator/session.h"
#include "simulator/signing.h"
#include "ska/simulator.h"
#include "simulator/ska_key.h"

CK_RV sim_ska_key_open(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, struct sim_ska_key *key)
{
    CK_RV rv = sim_object_look_ska(session, handle, &key->object);

    if (rv == CKR_OK)
        rv = sim_read_bytes(session, handle, CKA_LABEL, &key->label);
    return rv;
}

void sim_ska_key_close(struct sim_ska_key *key)
{
    sim_object_clear(&key->object);
    ska_bytes_free(&key->label);
}

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
    struct sim_ska_key ska = {0};
    struct ska_approval_token parts = {0};
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK &&
        (tokenLen == NULL || !sim_operation_from(operation, &parts.operation) ||
         !sim_input_given(payload, payloadLen) || !sim_input_given(timestamp, timestampLen) ||
         !sim_input_given(timestampSignature, timestampSignatureLen)))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sim_ska_key_open(session, key, &ska);
    if (rv == CKR_OK) {
        parts.key_name = ska_span_of(&ska.label);
        rv = fill_token(&parts, ska_span(payload, payloadLen), ska_span(timestamp, timestampLen),
                        ska_span(timestampSignature, timestampSignatureLen));
    }
    if (rv == CKR_OK)
        rv = encode_token(&parts, token, tokenLen);
    sim_log_call(__func__, token == NULL, ska_span_of(&ska.label), rv);
    sim_ska_key_close(&ska);
    return sim_leave(&call, rv);
}

/* ---- C_SKASign -------------------------------------------------------------------------- */

/* One signature of an SKA key, in a session of the simulator's own. */
struct signing {
    const struct sim_signing *scheme;
    CK_SESSION_HANDLE own;
    const char *pss_digest; /* the digest that raw PSS takes */
    CK_ULONG length;        /* of the signature */
};

static CK_RV check_parameters(struct signing *signing, const CK_MECHANISM *mechanism)
{
    CK_RSA_PKCS_PSS_PARAMS parameters = {0, 0, 0};

    if (!signing->scheme->pss)
        return mechanism->pParameter == NULL && mechanism->ulParameterLen == 0
                   ? CKR_OK
                   : CKR_MECHANISM_PARAM_INVALID;
    if (mechanism->pParameter == NULL || mechanism->ulParameterLen != sizeof(parameters))
        return CKR_MECHANISM_PARAM_INVALID;
    memcpy(&parameters, mechanism->pParameter, sizeof(parameters));
    signing->pss_digest = sim_digest_name(parameters.hashAlg);
    return signing->pss_digest != NULL ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

/* Whether this key may be used with this mechanism. */
static CK_RV check_mechanism(CK_SESSION_HANDLE session, const struct sim_ska_key *key,
                             const CK_MECHANISM *mechanism, struct signing *signing)
{
    CK_KEY_TYPE type = 0;
    CK_RV rv = CKR_OK;

    signing->scheme = sim_signing_find(mechanism->mechanism);
    if (signing->scheme == NULL || !sim_record_allows(&key->object.record, mechanism->mechanism))
        return CKR_MECHANISM_INVALID;
    rv = sim_read_ulong(session, key->object.handle, CKA_KEY_TYPE, &type);
    if (rv == CKR_OK && type != signing->scheme->key_type)
        rv = CKR_KEY_TYPE_INCONSISTENT;
    return rv == CKR_OK ? check_parameters(signing, mechanism) : rv;
}

static CK_RV begin_signing(CK_SESSION_HANDLE session, const struct sim_ska_key *key,
                           CK_MECHANISM *mechanism, struct signing *signing)
{
    CK_RV rv = check_mechanism(session, key, mechanism, signing);

    if (rv == CKR_OK)
        rv = sim_own_session_open(session, &signing->own);
    if (rv == CKR_OK)
        rv = sim_signing_begin(signing->own, signing->scheme, mechanism, key->object.handle,
                               &signing->length);
    return rv;
}

static bool is_digest_length(size_t length)
{
    for (int digest = SKA_DIGEST_SHA1; digest <= SKA_DIGEST_SHA512; digest++)
        if (length == ska_digest_length((enum ska_digest)digest))
            return true;
    return false;
}

/* SoftHSM has one answer, CKR_GENERAL_ERROR, for payloads that do not fit. */
static CK_RV check_payload(const struct signing *signing, struct ska_span payload)
{
    CK_MECHANISM_TYPE type = signing->scheme->type;

    if (type == CKM_RSA_PKCS && payload.length + 11 > signing->length)
        return CKR_DATA_LEN_RANGE;
    if (type == CKM_RSA_PKCS_PSS) {
        EVP_MD *md = EVP_MD_fetch(sim_libctx(), signing->pss_digest, NULL);
        bool fits = md != NULL && (size_t)EVP_MD_get_size(md) == payload.length;

        EVP_MD_free(md);
        if (!fits)
            return CKR_DATA_LEN_RANGE;
    }
    /* Cut or filled up, a message would be the digest of another one. */
    return type == CKM_ECDSA && !is_digest_length(payload.length) ? CKR_DATA_LEN_RANGE : CKR_OK;
}

/* Decides, then signs. */
static CK_RV sign(const struct sim_request *request, const struct signing *signing,
                  CK_BYTE_PTR signature, CK_ULONG_PTR signature_len)
{
    struct ska_approval_token token = {0};
    CK_RV rv = sim_enforce(request, &token);

    if (rv == CKR_OK)
        rv = check_payload(signing, token.payload);
    if (rv == CKR_OK)
        rv = sim_signing_sign(signing->own, signing->scheme, token.payload, signature,
                              signature_len);
    return rv;
}

CK_RV C_SKASign(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key,
                CK_BYTE_PTR token, CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals,
                CK_ULONG approvalCount, CK_BYTE_PTR signature, CK_ULONG_PTR signatureLen,
                void *reserved, CK_ULONG_PTR reservedLen)
{
    struct sim_call call;
    struct sim_ska_key ska = {0};
    struct signing signing = {0};
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK &&
        (mechanism == NULL || token == NULL || signatureLen == NULL ||
         (approvals == NULL && approvalCount != 0) || reserved != NULL || reservedLen != NULL))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sim_ska_key_open(session, key, &ska);
    if (rv == CKR_OK)
        rv = begin_signing(session, &ska, mechanism, &signing);
    if (rv == CKR_OK && signature != NULL && *signatureLen >= signing.length) {
        const struct sim_request request = {session,
                                            SKA_OPERATION_SIGN,
                                            &ska.object.record,
                                            ska_span_of(&ska.label),
                                            ska_span(token, tokenLen),
                                            approvals,
                                            approvalCount};

        rv = sign(&request, &signing, signature, signatureLen);
    } else if (rv == CKR_OK) {
        *signatureLen = signing.length;
        rv = signature == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
    }
    sim_own_session_close(signing.own);
    sim_log_call(__func__, signature == NULL, ska_span_of(&ska.label), rv);
    sim_ska_key_close(&ska);
    return sim_leave(&call, rv);
}

/* ---- What the simulator does not have --------------------------------------------------- */

CK_RV C_DeriveKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                      CK_OBJECT_HANDLE parent, CK_ATTRIBUTE_PTR publicTemplate,
                      CK_ULONG publicCount, CK_ATTRIBUTE_PTR privateTemplate, CK_ULONG privateCount,
                      CK_OBJECT_HANDLE_PTR publicKey, CK_OBJECT_HANDLE_PTR privateKey)
{
    (void)session;
    (void)mechanism;
    (void)parent;
    (void)publicTemplate;
    (void)publicCount;
    (void)privateTemplate;
    (void)privateCount;
    (void)publicKey;
    (void)privateKey;
    return CKR_FUNCTION_NOT_SUPPORTED;
}

CK_RV C_RKSAttestKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                     CK_OBJECT_HANDLE attestationKey, CK_OBJECT_HANDLE key, CK_BYTE_PTR xml,
                     CK_ULONG_PTR xmlLen, CK_BYTE_PTR signature, CK_ULONG_PTR signatureLen)
{
    (void)session;
    (void)mechanism;
    (void)attestationKey;
    (void)key;
    (void)xml;
    (void)xmlLen;
    (void)signature;
    (void)signatureLen;
    return CKR_FUNCTION_NOT_SUPPORTED;
}
