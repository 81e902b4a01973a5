/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing and verifying with ordinary keys. SoftHSM does it, but for ECDSA with a hash: there the
 * simulator hashes and SoftHSM does the ECDSA.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include <pkcs11.h>

#include "simulator/caller_memory.h"
#include "simulator/context.h"
#include "simulator/key_record.h"
#include "simulator/mechanism_table.h"
#include "simulator/object_kind.h"
#include "simulator/own_calls.h"
#include "simulator/session_table.h"
#include "simulator/softhsm_calls.h"

/* ---- Hashes ----------------------------------------------------------------------------- */

/* An ECDSA operation with a hash. */
struct hash {
    struct sim_operation operation;
    EVP_MD_CTX *context;
    bool verify;
    bool multipart; /* parts have been given */
};

struct digest {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int length;
};

static void free_hash(struct sim_operation *operation)
{
    struct hash *hash = (struct hash *)operation;

    EVP_MD_CTX_free(hash->context);
    free(hash);
}

static struct hash *make_hash(const char *digest, bool verify)
{
    struct hash *hash = calloc(1, sizeof(*hash));
    EVP_MD *md = EVP_MD_fetch(sim_libctx(), digest, NULL);
    bool done = false;

    if (hash != NULL) {
        hash->operation.free = free_hash;
        hash->verify = verify;
        hash->context = EVP_MD_CTX_new();
        done =
            md != NULL && hash->context != NULL && EVP_DigestInit_ex2(hash->context, md, NULL) == 1;
    }
    EVP_MD_free(md);
    if (done)
        return hash;
    if (hash != NULL)
        free_hash(&hash->operation);
    return NULL;
}

/* The hash stays as it is, since the call may be one that asks for a length. */
static CK_RV digest_with(const struct hash *hash, const CK_BYTE *data, CK_ULONG length,
                         struct digest *digest)
{
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    bool done = copy != NULL && EVP_MD_CTX_copy_ex(copy, hash->context) == 1 &&
                EVP_DigestUpdate(copy, data, length) == 1 &&
                EVP_DigestFinal_ex(copy, digest->bytes, &digest->length) == 1;

    EVP_MD_CTX_free(copy);
    return done ? CKR_OK : CKR_FUNCTION_FAILED;
}

static void put_hash(CK_SESSION_HANDLE session, struct hash *hash)
{
    sim_session_put(session, SIM_HASH, &hash->operation);
}

/* The hash that the simulator keeps for an operation of this kind; NULL when SoftHSM does it all.
 */
static struct hash *take_hash(CK_SESSION_HANDLE session, bool verify)
{
    struct hash *hash = (struct hash *)sim_session_take(session, SIM_HASH);

    if (hash != NULL && hash->verify != verify) {
        put_hash(session, hash);
        hash = NULL;
    }
    return hash;
}

/* ---- Beginning -------------------------------------------------------------------------- */

/* SoftHSM looks neither at the type of the key nor for this mechanism in CKA_ALLOWED_MECHANISMS. */
static CK_RV check_ecdsa_key(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
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

static CK_RV begin_in_softhsm(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                              CK_OBJECT_HANDLE key, bool verify)
{
    return verify ? softhsm()->C_VerifyInit(session, mechanism, key)
                  : softhsm()->C_SignInit(session, mechanism, key);
}

static CK_RV begin_with_hash(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                             CK_OBJECT_HANDLE key, bool verify)
{
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    struct hash *hash = NULL;
    CK_RV rv = check_ecdsa_key(session, mechanism, key);

    if (rv != CKR_OK)
        return rv;
    hash = make_hash(sim_ecdsa_digest(mechanism->mechanism), verify);
    if (hash == NULL)
        return CKR_HOST_MEMORY;
    rv = begin_in_softhsm(session, &ecdsa, key, verify);
    if (rv == CKR_OK)
        put_hash(session, hash);
    else
        free_hash(&hash->operation);
    return rv;
}

static CK_RV begin_operation(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                             CK_OBJECT_HANDLE key, bool verify)
{
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if (mechanism == NULL)
        return rv;
    rv = sim_object_refuse(session, key, CKR_KEY_FUNCTION_NOT_PERMITTED);
    if (rv == CKR_OK)
        rv = sim_copy_mechanism(&mechanism);
    if (rv != CKR_OK)
        return rv;
    if (sim_ecdsa_digest(mechanism->mechanism) != NULL)
        return begin_with_hash(session, mechanism, key, verify);
    rv = begin_in_softhsm(session, mechanism, key, verify);
    if (rv == CKR_OK)
        sim_session_put(session, SIM_HASH, NULL);
    return rv;
}

CK_RV sim_C_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    return begin_operation(session, mechanism, key, false);
}

CK_RV sim_C_VerifyInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    return begin_operation(session, mechanism, key, true);
}

/* ---- Parts ------------------------------------------------------------------------------ */

static CK_RV update_hash(CK_SESSION_HANDLE session, struct hash *hash, const CK_BYTE *part,
                         CK_ULONG part_len)
{
    CK_RV rv = CKR_OK;

    if (part == NULL && part_len != 0)
        rv = CKR_ARGUMENTS_BAD;
    else if (EVP_DigestUpdate(hash->context, part, part_len) != 1)
        rv = CKR_FUNCTION_FAILED;
    hash->multipart = true;
    put_hash(session, hash);
    return rv;
}

CK_RV sim_C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG part_len)
{
    struct hash *hash = take_hash(session, false);

    return hash != NULL ? update_hash(session, hash, part, part_len)
                        : softhsm()->C_SignUpdate(session, part, part_len);
}

CK_RV sim_C_VerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG part_len)
{
    struct hash *hash = take_hash(session, true);

    return hash != NULL ? update_hash(session, hash, part, part_len)
                        : softhsm()->C_VerifyUpdate(session, part, part_len);
}

/* ---- Ending ----------------------------------------------------------------------------- */

/*
 * Signs or verifies what was hashed so far and `data`. What leaves the operation open is a query
 * for a signature's length, and a call that could not be made. C_Sign and C_Verify, which are for a
 * `whole` message, do not end what C_SignUpdate and C_VerifyUpdate have begun.
 */
static CK_RV finish_hash(CK_SESSION_HANDLE session, struct hash *hash, bool whole,
                         const CK_BYTE *data, CK_ULONG data_len, CK_BYTE_PTR signature,
                         CK_ULONG_PTR signature_len)
{
    struct digest digest = {{0}, 0};
    bool query = !hash->verify && signature == NULL;
    bool open = true;
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if (whole && hash->multipart) {
        rv = CKR_OPERATION_ACTIVE;
    } else if ((data != NULL || data_len == 0 || query) &&
               (hash->verify ? signature != NULL : signature_len != NULL)) {
        rv = digest_with(hash, data, data == NULL ? 0 : data_len, &digest);
        if (rv == CKR_OK && hash->verify)
            rv = softhsm()->C_Verify(session, digest.bytes, digest.length, signature,
                                     *signature_len);
        else if (rv == CKR_OK)
            rv = softhsm()->C_Sign(session, digest.bytes, digest.length, signature, signature_len);
        open = !hash->verify && (rv == CKR_BUFFER_TOO_SMALL || (rv == CKR_OK && query));
    }
    if (open)
        put_hash(session, hash);
    else
        free_hash(&hash->operation);
    return rv;
}

CK_RV sim_C_Sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len,
                 CK_BYTE_PTR signature, CK_ULONG_PTR signature_len)
{
    struct hash *hash = take_hash(session, false);

    return hash != NULL ? finish_hash(session, hash, true, data, data_len, signature, signature_len)
                        : softhsm()->C_Sign(session, data, data_len, signature, signature_len);
}

CK_RV sim_C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG_PTR signature_len)
{
    struct hash *hash = take_hash(session, false);

    return hash != NULL ? finish_hash(session, hash, false, NULL, 0, signature, signature_len)
                        : softhsm()->C_SignFinal(session, signature, signature_len);
}

CK_RV sim_C_Verify(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len,
                   CK_BYTE_PTR signature, CK_ULONG signature_len)
{
    struct hash *hash = take_hash(session, true);

    return hash != NULL
               ? finish_hash(session, hash, true, data, data_len, signature, &signature_len)
               : softhsm()->C_Verify(session, data, data_len, signature, signature_len);
}

CK_RV sim_C_VerifyFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG signature_len)
{
    struct hash *hash = take_hash(session, true);

    return hash != NULL ? finish_hash(session, hash, false, NULL, 0, signature, &signature_len)
                        : softhsm()->C_VerifyFinal(session, signature, signature_len);
}
