/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing inside the simulator. What SoftHSM lacks, ECDSA with a hash, is hashed here.
 */
#include "simulator/key_signer.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/evp.h>

#include "simulator/context.h"
#include "simulator/softhsm_calls.h"

static CK_BYTE nothing; /* SoftHSM wants a pointer for an empty input too */

static CK_RV check_parameters(struct sim_signer *signer, const CK_MECHANISM *mechanism)
{
    CK_RSA_PKCS_PSS_PARAMS parameters = {0, 0, 0};

    if (!signer->scheme->pss)
        return mechanism->pParameter == NULL && mechanism->ulParameterLen == 0
                   ? CKR_OK
                   : CKR_MECHANISM_PARAM_INVALID;
    if (mechanism->pParameter == NULL || mechanism->ulParameterLen != sizeof(parameters))
        return CKR_MECHANISM_PARAM_INVALID;
    memcpy(&parameters, mechanism->pParameter, sizeof(parameters));
    signer->pss_digest = sim_digest_from(parameters.hashAlg);
    return signer->pss_digest != SKA_DIGEST_NONE ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
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

CK_RV sim_signer_open(CK_SESSION_HANDLE session, const struct sim_object *key,
                      CK_MECHANISM *mechanism, struct sim_signer *signer)
{
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    CK_RV rv = check_mechanism(signer, key, mechanism);

    if (rv == CKR_OK)
        rv = sim_own_session_open(session, &signer->own);
    if (rv == CKR_OK)
        rv = softhsm()->C_SignInit(signer->own.handle,
                                   signer->scheme->key_type == CKK_EC ? &ecdsa : mechanism,
                                   key->handle);
    if (rv == CKR_OK)
        rv = softhsm()->C_Sign(signer->own.handle, &nothing, 0, NULL, &signer->length);
    return rv;
}

void sim_signer_close(struct sim_signer *signer)
{
    sim_own_session_close(&signer->own);
}

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
        return length == ska_digest_length(signer->pss_digest);
    case CKM_ECDSA: /* cut or filled up, a message would be the digest of another one */
        return is_digest_length(length);
    default:
        return true;
    }
}

CK_RV sim_signer_sign(const struct sim_signer *signer, struct ska_span data, CK_BYTE_PTR signature,
                      CK_ULONG_PTR signature_len)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    size_t digest_length = 0;

    if (!length_fits(signer, data.length))
        return CKR_DATA_LEN_RANGE;
    if (sim_ecdsa_digest(signer->scheme->type) != NULL) {
        if (!EVP_Q_digest(sim_libctx(), signer->scheme->digest, NULL, data.data, data.length,
                          digest, &digest_length))
            return CKR_FUNCTION_FAILED;
        data = ska_span(digest, digest_length);
    }
    return softhsm()->C_Sign(signer->own.handle,
                             data.length > 0 ? (CK_BYTE_PTR)(uintptr_t)data.data : &nothing,
                             data.length, signature, signature_len);
}
