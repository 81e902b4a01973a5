/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing inside the simulator. What SoftHSM lacks, ECDSA with a hash, is hashed here.
 */
#include "simulator/key_signer.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/evp.h>

#include "simulator/context.h"
#include "simulator/session_table.h"
#include "simulator/softhsm_calls.h"

static CK_RV check_parameters(struct sim_signer *signer, const CK_MECHANISM *mechanism)
{
    if (!signer->scheme->pss)
        return mechanism->pParameter == NULL && mechanism->ulParameterLen == 0
                   ? CKR_OK
                   : CKR_MECHANISM_PARAM_INVALID;
    if (mechanism->pParameter == NULL || mechanism->ulParameterLen != sizeof(signer->pss))
        return CKR_MECHANISM_PARAM_INVALID;
    memcpy(&signer->pss, mechanism->pParameter, sizeof(signer->pss));
    return sim_digest_from(signer->pss.hashAlg) != SKA_DIGEST_NONE ? CKR_OK
                                                                   : CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV check_mechanism(struct sim_signer *signer, const struct sim_object *key,
                             const CK_MECHANISM *mechanism)
{
    signer->scheme = sim_signing_find(mechanism->mechanism);
    if (signer->scheme == NULL || !sim_record_allows(&key->record, mechanism->mechanism))
        return CKR_MECHANISM_INVALID;
    if (key->key_type != signer->scheme->key_type)
        return CKR_KEY_TYPE_INCONSISTENT;
    return check_parameters(signer, mechanism);
}

/* That of the modulus, or twice that of a coordinate. */
static CK_ULONG length_of_signature(const struct sim_object *key)
{
    const struct sim_curve *curve =
        sim_curve_find(key->key_type, ska_span(key->curve, key->curve_length));

    if (key->key_type == CKK_RSA)
        return key->modulus_length;
    return curve == NULL ? 0 : curve->signature_length;
}

CK_RV sim_signer_prepare(const struct sim_object *key, const CK_MECHANISM *mechanism,
                         struct sim_signer *signer)
{
    CK_RV rv = check_mechanism(signer, key, mechanism);

    signer->length = length_of_signature(key);
    if (rv == CKR_OK && (signer->length == 0 || signer->length > SIM_SIGNATURE_LIMIT))
        rv = CKR_GENERAL_ERROR;
    return rv;
}

/* ---- Signing ---------------------------------------------------------------------------- */

static bool is_digest_length(size_t length)
{
    for (int digest = SKA_DIGEST_SHA1; digest <= SKA_DIGEST_SHA512; digest++)
        if (length == ska_digest_length((enum ska_digest)digest))
            return true;
    return false;
}

/* SoftHSM has one answer, CKR_GENERAL_ERROR, for data that does not fit. */
static bool length_fits(const struct sim_signer *signer, size_t length)
{
    switch (signer->scheme->type) {
    case CKM_RSA_PKCS:
        return length + 11 <= signer->length;
    case CKM_RSA_PKCS_PSS:
        return length == ska_digest_length(sim_digest_from(signer->pss.hashAlg));
    case CKM_ECDSA: /* cut or filled up, a message would be the digest of another one */
        return is_digest_length(length);
    default:
        return true;
    }
}

/* SoftHSM wants a pointer for an empty input too. */
static CK_RV sign_in_own_session(const struct sim_own_session *own, const struct sim_object *key,
                                 struct sim_signer *signer, struct ska_span data,
                                 CK_BYTE signature[SIM_SIGNATURE_LIMIT])
{
    CK_BYTE nothing = 0;
    CK_ULONG length = SIM_SIGNATURE_LIMIT;
    CK_MECHANISM mechanism = {signer->scheme->type, NULL, 0};
    CK_RV rv = CKR_OK;

    if (signer->scheme->key_type == CKK_EC)
        mechanism.mechanism = CKM_ECDSA;
    if (signer->scheme->pss) {
        mechanism.pParameter = &signer->pss;
        mechanism.ulParameterLen = sizeof(signer->pss);
    }
    rv = softhsm()->C_SignInit(own->handle, &mechanism, key->handle);
    if (rv == CKR_OK)
        rv = softhsm()->C_Sign(own->handle,
                               data.length > 0 ? (CK_BYTE_PTR)(uintptr_t)data.data : &nothing,
                               data.length, signature, &length);
    return rv == CKR_OK && length != signer->length ? CKR_GENERAL_ERROR : rv;
}

CK_RV sim_signer_sign(CK_SESSION_HANDLE session, const struct sim_object *key,
                      struct sim_signer *signer, struct ska_span data,
                      CK_BYTE signature[SIM_SIGNATURE_LIMIT])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    size_t digest_length = 0;
    struct sim_own_session own = {0};
    CK_RV rv = CKR_OK;

    if (!length_fits(signer, data.length))
        return CKR_DATA_LEN_RANGE;
    if (sim_ecdsa_digest(signer->scheme->type) != NULL) {
        if (!EVP_Q_digest(sim_libctx(), signer->scheme->digest, NULL, data.data, data.length,
                          digest, &digest_length))
            return CKR_FUNCTION_FAILED;
        data = ska_span(digest, digest_length);
    }
    rv = sim_own_session_open(session, &own);
    if (rv == CKR_OK)
        rv = sign_in_own_session(&own, key, signer, data, signature);
    sim_own_session_close(&own);
    return rv;
}
