/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing and verifying with ordinary keys. SoftHSM does it, but for ECDSA with a hash: there the
 * simulator hashes and SoftHSM does the ECDSA.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include <pkcs11.h>

#include "simulator/mechanism.h"
#include "simulator/module.h"
#include "simulator/object.h"
#include "simulator/record.h"
#include "simulator/session.h"
#include "simulator/softhsm.h"

/* ---- Hashes ----------------------------------------------------------------------------- */

struct digest {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int length;
};

static struct sim_hash *make_hash(const char *digest, bool verify)
{
    struct sim_hash *hash = calloc(1, sizeof(*hash));
    EVP_MD *md = EVP_MD_fetch(sim_libctx(), digest, NULL);
    bool done = false;

    if (hash != NULL && md != NULL) {
        hash->verify = verify;
        hash->context = EVP_MD_CTX_new();
        done = hash->context != NULL && EVP_DigestInit_ex2(hash->context, md, NULL) == 1;
    }
    EVP_MD_free(md);
    if (done)
        return hash;
    sim_hash_free(hash);
    return NULL;
}

/* The hash stays as it is, since the call may be one that asks for a length. */
static CK_RV digest_with(const struct sim_hash *hash, const CK_BYTE *data, CK_ULONG length,
                         struct digest *digest)
{
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    bool done = copy != NULL && EVP_MD_CTX_copy_ex(copy, hash->context) == 1 &&
                EVP_DigestUpdate(copy, data, length) == 1 &&
                EVP_DigestFinal_ex(copy, digest->bytes, &digest->length) == 1;

    EVP_MD_CTX_free(copy);
    return done ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* The hash that the simulator keeps for an operation of this kind; NULL when SoftHSM does it all.
 */
static struct sim_hash *take_hash(CK_SESSION_HANDLE session, bool verify)
{
    struct sim_hash *hash = sim_session_take_hash(session);

    if (hash != NULL && hash->verify != verify) {
        sim_session_put_hash(session, hash);
        hash = NULL;
    }
    return hash;
}

/* ---- Beginning -------------------------------------------------------------------------- */

/* SoftHSM looks neither at the type of the key nor for this mechanism in CKA_ALLOWED_MECHANISMS. */
static CK_RV check_ecdsa(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                         CK_OBJECT_HANDLE key)
{
    struct sim_record record = {0};
    CK_KEY_TYPE type = 0;
    CK_RV rv = sim_read_ulong(session, key, CKA_KEY_TYPE, &type);

    if (rv == CKR_ATTRIBUTE_TYPE_INVALID || (rv == CKR_OK && type != CKK_EC))
        rv = CKR_KEY_TYPE_INCONSISTENT;
    if (rv == CKR_OK && (mechanism->pParameter != NULL || mechanism->ulParameterLen != 0))
        rv = CKR_MECHANISM_PARAM_INVALID;
    if (rv == CKR_OK)
        rv = sim_read_bytes(session, key, CKA_ALLOWED_MECHANISMS, &record.mechanisms);
    if (rv == CKR_OK && !sim_record_allows(&record, mechanism->mechanism))
        rv = CKR_MECHANISM_INVALID;
    sim_record_clear(&record);
    return rv;
}

static CK_RV init_below(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
                        bool verify)
{
    return verify ? softhsm()->C_VerifyInit(session, mechanism, key)
                  : softhsm()->C_SignInit(session, mechanism, key);
}

static CK_RV init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
                  bool verify)
{
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    struct sim_hash *hash = NULL;
    const char *digest = NULL;
    CK_RV rv = CKR_OK;

    if (mechanism == NULL)
        return CKR_ARGUMENTS_BAD;
    rv = sim_object_refuse(session, key, CKR_KEY_FUNCTION_NOT_PERMITTED);
    if (rv != CKR_OK)
        return rv;
    digest = sim_ecdsa_digest(mechanism->mechanism);
    if (digest != NULL) {
        rv = check_ecdsa(session, mechanism, key);
        if (rv != CKR_OK)
            return rv;
        hash = make_hash(digest, verify);
        if (hash == NULL)
            return CKR_HOST_MEMORY;
    }
    rv = init_below(session, digest != NULL ? &ecdsa : mechanism, key, verify);
    if (rv == CKR_OK)
        sim_session_put_hash(session, hash);
    else
        sim_hash_free(hash);
    return rv;
}

CK_RV C_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = init(session, mechanism, key, false);
    return sim_leave(&call, rv);
}

CK_RV C_VerifyInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = init(session, mechanism, key, true);
    return sim_leave(&call, rv);
}

/* ---- Parts ------------------------------------------------------------------------------ */

static CK_RV update(CK_SESSION_HANDLE session, struct sim_hash *hash, const CK_BYTE *part,
                    CK_ULONG part_len)
{
    CK_RV rv = CKR_OK;

    if (part == NULL && part_len != 0)
        rv = CKR_ARGUMENTS_BAD;
    else if (EVP_DigestUpdate(hash->context, part, part_len) != 1)
        rv = CKR_FUNCTION_FAILED;
    hash->multipart = true;
    sim_session_put_hash(session, hash);
    return rv;
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG part_len)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK) {
        struct sim_hash *hash = take_hash(session, false);

        rv = hash != NULL ? update(session, hash, part, part_len)
                          : softhsm()->C_SignUpdate(session, part, part_len);
    }
    return sim_leave(&call, rv);
}

CK_RV C_VerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG part_len)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK) {
        struct sim_hash *hash = take_hash(session, true);

        rv = hash != NULL ? update(session, hash, part, part_len)
                          : softhsm()->C_VerifyUpdate(session, part, part_len);
    }
    return sim_leave(&call, rv);
}

/* ---- Ending ----------------------------------------------------------------------------- */

/* Signs what was hashed so far and `data`. A query for the length leaves the operation open. */
static CK_RV finish_sign(CK_SESSION_HANDLE session, struct sim_hash *hash, const CK_BYTE *data,
                         CK_ULONG data_len, CK_BYTE_PTR signature, CK_ULONG_PTR signature_len)
{
    struct digest digest = {{0}, 0};
    CK_RV rv = CKR_ARGUMENTS_BAD;
    bool open = true;

    if ((data != NULL || data_len == 0 || signature == NULL) && signature_len != NULL) {
        rv = digest_with(hash, data, data == NULL ? 0 : data_len, &digest);
        if (rv == CKR_OK)
            rv = softhsm()->C_Sign(session, digest.bytes, digest.length, signature, signature_len);
        open = rv == CKR_BUFFER_TOO_SMALL || (rv == CKR_OK && signature == NULL);
    }
    if (open)
        sim_session_put_hash(session, hash);
    else
        sim_hash_free(hash);
    return rv;
}

static CK_RV finish_verify(CK_SESSION_HANDLE session, struct sim_hash *hash, const CK_BYTE *data,
                           CK_ULONG data_len, CK_BYTE_PTR signature, CK_ULONG signature_len)
{
    struct digest digest = {{0}, 0};
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if ((data == NULL && data_len != 0) || signature == NULL) {
        sim_session_put_hash(session, hash);
        return rv;
    }
    rv = digest_with(hash, data, data_len, &digest);
    if (rv == CKR_OK)
        rv = softhsm()->C_Verify(session, digest.bytes, digest.length, signature, signature_len);
    sim_hash_free(hash);
    return rv;
}

/* C_Sign and C_Verify do not end what C_SignUpdate and C_VerifyUpdate have begun. */
static bool in_parts(CK_SESSION_HANDLE session, struct sim_hash *hash)
{
    bool multipart = hash->multipart;

    if (multipart)
        sim_session_put_hash(session, hash);
    return multipart;
}

CK_RV C_Sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
             CK_ULONG_PTR signature_len)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK) {
        struct sim_hash *hash = take_hash(session, false);

        if (hash == NULL)
            rv = softhsm()->C_Sign(session, data, data_len, signature, signature_len);
        else if (in_parts(session, hash))
            rv = CKR_OPERATION_ACTIVE;
        else
            rv = finish_sign(session, hash, data, data_len, signature, signature_len);
    }
    return sim_leave(&call, rv);
}

CK_RV C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG_PTR signature_len)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK) {
        struct sim_hash *hash = take_hash(session, false);

        rv = hash != NULL ? finish_sign(session, hash, NULL, 0, signature, signature_len)
                          : softhsm()->C_SignFinal(session, signature, signature_len);
    }
    return sim_leave(&call, rv);
}

CK_RV C_Verify(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len,
               CK_BYTE_PTR signature, CK_ULONG signature_len)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK) {
        struct sim_hash *hash = take_hash(session, true);

        if (hash == NULL)
            rv = softhsm()->C_Verify(session, data, data_len, signature, signature_len);
        else if (in_parts(session, hash))
            rv = CKR_OPERATION_ACTIVE;
        else
            rv = finish_verify(session, hash, data, data_len, signature, signature_len);
    }
    return sim_leave(&call, rv);
}

CK_RV C_VerifyFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG signature_len)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK) {
        struct sim_hash *hash = take_hash(session, true);

        rv = hash != NULL ? finish_verify(session, hash, NULL, 0, signature, signature_len)
                          : softhsm()->C_VerifyFinal(session, signature, signature_len);
    }
    return sim_leave(&call, rv);
}
