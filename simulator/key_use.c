/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard uses of keys, other than signing: handed to SoftHSM for ordinary keys, refused for the
 * private keys of SKA and timestamp pairs. A decryption with an RSA key is a signature; a wrapped,
 * derived or copied key would be one without rules.
 */
#include <stddef.h>

#include <pkcs11.h>

#include "simulator/label.h"
#include "simulator/module.h"
#include "simulator/object.h"
#include "simulator/softhsm.h"

CK_RV C_EncryptInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = sim_object_refuse(session, key, CKR_KEY_FUNCTION_NOT_PERMITTED);
    if (rv == CKR_OK)
        rv = softhsm()->C_EncryptInit(session, mechanism, key);
    return sim_leave(&call, rv);
}

CK_RV C_DecryptInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = sim_object_refuse(session, key, CKR_KEY_FUNCTION_NOT_PERMITTED);
    if (rv == CKR_OK)
        rv = softhsm()->C_DecryptInit(session, mechanism, key);
    return sim_leave(&call, rv);
}

CK_RV C_DigestKey(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = sim_object_refuse(session, key, CKR_KEY_INDIGESTIBLE);
    if (rv == CKR_OK)
        rv = softhsm()->C_DigestKey(session, key);
    return sim_leave(&call, rv);
}

CK_RV C_SignRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = sim_object_refuse(session, key, CKR_KEY_FUNCTION_NOT_PERMITTED);
    if (rv == CKR_OK)
        rv = softhsm()->C_SignRecoverInit(session, mechanism, key);
    return sim_leave(&call, rv);
}

CK_RV C_VerifyRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                          CK_OBJECT_HANDLE key)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = sim_object_refuse(session, key, CKR_KEY_FUNCTION_NOT_PERMITTED);
    if (rv == CKR_OK)
        rv = softhsm()->C_VerifyRecoverInit(session, mechanism, key);
    return sim_leave(&call, rv);
}

CK_RV C_SetOperationState(CK_SESSION_HANDLE session, CK_BYTE_PTR state, CK_ULONG state_len,
                          CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK && encryption_key != CK_INVALID_HANDLE)
        rv = sim_object_refuse(session, encryption_key, CKR_KEY_FUNCTION_NOT_PERMITTED);
    if (rv == CKR_OK && authentication_key != CK_INVALID_HANDLE)
        rv = sim_object_refuse(session, authentication_key, CKR_KEY_FUNCTION_NOT_PERMITTED);
    if (rv == CKR_OK)
        rv = softhsm()->C_SetOperationState(session, state, state_len, encryption_key,
                                            authentication_key);
    return sim_leave(&call, rv);
}

CK_RV C_WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key, CK_BYTE_PTR wrapped,
                CK_ULONG_PTR wrapped_len)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = sim_object_refuse(session, wrapping_key, CKR_KEY_FUNCTION_NOT_PERMITTED);
    if (rv == CKR_OK)
        rv = sim_object_refuse(session, key, CKR_KEY_UNEXTRACTABLE);
    if (rv == CKR_OK)
        rv = softhsm()->C_WrapKey(session, mechanism, wrapping_key, key, wrapped, wrapped_len);
    return sim_leave(&call, rv);
}

CK_RV C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                  CK_OBJECT_HANDLE unwrapping_key, CK_BYTE_PTR wrapped, CK_ULONG wrapped_len,
                  CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
    struct sim_call call;
    bool claimed = false;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = sim_object_refuse(session, unwrapping_key, CKR_KEY_FUNCTION_NOT_PERMITTED);
    if (rv == CKR_OK && sim_template_forges(attributes, count))
        rv = CKR_ATTRIBUTE_VALUE_INVALID;
    if (rv == CKR_OK && sim_template_has_class(attributes, count, CKO_PRIVATE_KEY))
        rv = sim_label_claim(session, attributes, count, &claimed);
    if (rv == CKR_OK)
        rv = softhsm()->C_UnwrapKey(session, mechanism, unwrapping_key, wrapped, wrapped_len,
                                    attributes, count, key);
    sim_label_release(claimed);
    return sim_leave(&call, rv);
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base,
                  CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
    struct sim_call call;
    bool claimed = false;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK)
        rv = sim_object_refuse(session, base, CKR_KEY_FUNCTION_NOT_PERMITTED);
    if (rv == CKR_OK && sim_template_forges(attributes, count))
        rv = CKR_ATTRIBUTE_VALUE_INVALID;
    if (rv == CKR_OK && sim_template_has_class(attributes, count, CKO_PRIVATE_KEY))
        rv = sim_label_claim(session, attributes, count, &claimed);
    if (rv == CKR_OK)
        rv = softhsm()->C_DeriveKey(session, mechanism, base, attributes, count, key);
    sim_label_release(claimed);
    return sim_leave(&call, rv);
}

CK_RV C_GenerateKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                    CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK && sim_template_forges(attributes, count))
        rv = CKR_ATTRIBUTE_VALUE_INVALID;
    if (rv == CKR_OK)
        rv = softhsm()->C_GenerateKey(session, mechanism, attributes, count, key);
    return sim_leave(&call, rv);
}
