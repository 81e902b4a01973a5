/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing inside the simulator. What SoftHSM lacks, ECDSA with a hash, is hashed here.
 */
#include "simulator/signing.h"

#include <openssl/evp.h>

#include "simulator/module.h"
#include "simulator/softhsm.h"

static CK_BYTE nothing; /* SoftHSM wants a pointer for an empty input too */

CK_RV sim_signing_begin(CK_SESSION_HANDLE own, const struct sim_signing *scheme,
                        CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_ULONG *length)
{
    CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0};
    CK_RV rv = softhsm()->C_SignInit(own, scheme->key_type == CKK_EC ? &ecdsa : mechanism, key);

    return rv == CKR_OK ? softhsm()->C_Sign(own, &nothing, 0, NULL, length) : rv;
}

CK_RV sim_signing_sign(CK_SESSION_HANDLE own, const struct sim_signing *scheme,
                       struct ska_span data, CK_BYTE_PTR signature, CK_ULONG_PTR signature_len)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    size_t digest_length = 0;

    if (scheme->key_type == CKK_EC && scheme->digest != NULL) {
        if (!EVP_Q_digest(sim_libctx(), scheme->digest, NULL, data.data, data.length, digest,
                          &digest_length))
            return CKR_FUNCTION_FAILED;
        data = ska_span(digest, digest_length);
    }
    return softhsm()->C_Sign(own, data.length > 0 ? (CK_BYTE_PTR)(uintptr_t)data.data : &nothing,
                             data.length, signature, signature_len);
}
