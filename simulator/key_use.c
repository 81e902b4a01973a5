/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard uses of keys, other than signing: handed to SoftHSM for ordinary keys, refused for the
 * private keys of SKA and timestamp pairs. A decryption with an RSA key is a signature; a wrapped,
 * derived or copied key would be one without rules. Uses that need no more than that check are
 * ORDINARY in cryptoki_calls.h.
 */
#include <stddef.h>

#include <pkcs11.h>

#include "simulator/caller_memory.h"
#include "simulator/label.h"
#include "simulator/object_kind.h"
#include "simulator/own_calls.h"
#include "simulator/softhsm_calls.h"

static CK_RV refuse_use(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    return sim_object_refuse(session, key, CKR_KEY_FUNCTION_NOT_PERMITTED);
}

CK_RV sim_C_DigestKey(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_RV rv = sim_object_refuse(session, key, CKR_KEY_INDIGESTIBLE);

    return rv == CKR_OK ? softhsm()->C_DigestKey(session, key) : rv;
}

CK_RV sim_C_SetOperationState(CK_SESSION_HANDLE session, CK_BYTE_PTR state, CK_ULONG state_len,
                              CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key)
{
    CK_RV rv = CKR_OK;

    if (encryption_key != CK_INVALID_HANDLE)
        rv = refuse_use(session, encryption_key);
    if (rv == CKR_OK && authentication_key != CK_INVALID_HANDLE)
        rv = refuse_use(session, authentication_key);
    if (rv == CKR_OK)
        rv = softhsm()->C_SetOperationState(session, state, state_len, encryption_key,
                                            authentication_key);
    return rv;
}

CK_RV sim_C_WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                    CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key, CK_BYTE_PTR wrapped,
                    CK_ULONG_PTR wrapped_len)
{
    CK_RV rv = refuse_use(session, wrapping_key);

    if (rv == CKR_OK)
        rv = sim_object_refuse(session, key, CKR_KEY_UNEXTRACTABLE);
    if (rv == CKR_OK)
        rv = softhsm()->C_WrapKey(session, mechanism, wrapping_key, key, wrapped, wrapped_len);
    return rv;
}

CK_RV sim_C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                      CK_OBJECT_HANDLE unwrapping_key, CK_BYTE_PTR wrapped, CK_ULONG wrapped_len,
                      CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
    bool claimed = false;
    CK_RV rv = refuse_use(session, unwrapping_key);

    if (rv == CKR_OK)
        rv = sim_copy_template(&attributes, count);
    if (rv == CKR_OK)
        rv = sim_label_claim_new(session, attributes, count, &claimed);
    if (rv == CKR_OK)
        rv = softhsm()->C_UnwrapKey(session, mechanism, unwrapping_key, wrapped, wrapped_len,
                                    attributes, count, key);
    sim_label_release(claimed);
    return rv;
}

CK_RV sim_C_DeriveKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base,
                      CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
    bool claimed = false;
    CK_RV rv = refuse_use(session, base);

    if (rv == CKR_OK)
        rv = sim_copy_template(&attributes, count);
    if (rv == CKR_OK)
        rv = sim_label_claim_new(session, attributes, count, &claimed);
    if (rv == CKR_OK)
        rv = softhsm()->C_DeriveKey(session, mechanism, base, attributes, count, key);
    sim_label_release(claimed);
    return rv;
}

CK_RV sim_C_GenerateKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                        CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
    CK_RV rv = sim_copy_template(&attributes, count);

    if (rv == CKR_OK && sim_template_forges(attributes, count))
        rv = CKR_ATTRIBUTE_VALUE_INVALID;
    return rv == CKR_OK ? softhsm()->C_GenerateKey(session, mechanism, attributes, count, key) : rv;
}
