/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls that SoftHSM answers alone, and the list of all of them. None of these takes a handle
 * of a key or of an object.
 */
#include <stddef.h>

#include <pkcs11.h>

#include "simulator/module.h"
#include "simulator/softhsm.h"

#define PASS_THROUGH(name, parameters, arguments)                                                  \
    CK_RV name parameters                                                                          \
    {                                                                                              \
        struct sim_call call;                                                                      \
        CK_RV rv = sim_enter(&call, #name);                                                        \
                                                                                                   \
        if (rv == CKR_OK)                                                                          \
            rv = softhsm()->name arguments;                                                        \
        return sim_leave(&call, rv);                                                               \
    }

/* clang-format off */

/* ---- Slots, tokens, sessions ------------------------------------------------------------ */

PASS_THROUGH(C_GetSlotList,
    (CK_BBOOL token_present, CK_SLOT_ID_PTR slots, CK_ULONG_PTR count),
    (token_present, slots, count))

PASS_THROUGH(C_WaitForSlotEvent,
    (CK_FLAGS flags, CK_SLOT_ID_PTR slot, CK_VOID_PTR reserved),
    (flags, slot, reserved))

PASS_THROUGH(C_GetSessionInfo,
    (CK_SESSION_HANDLE session, CK_SESSION_INFO_PTR info),
    (session, info))

PASS_THROUGH(C_GetOperationState,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR state, CK_ULONG_PTR state_len),
    (session, state, state_len))

PASS_THROUGH(C_GetFunctionStatus, (CK_SESSION_HANDLE session), (session))

PASS_THROUGH(C_CancelFunction, (CK_SESSION_HANDLE session), (session))

/* ---- Encryption ------------------------------------------------------------------------- */

PASS_THROUGH(C_Encrypt,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR out,
     CK_ULONG_PTR out_len),
    (session, data, data_len, out, out_len))

PASS_THROUGH(C_EncryptUpdate,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR out,
     CK_ULONG_PTR out_len),
    (session, part, part_len, out, out_len))

PASS_THROUGH(C_EncryptFinal,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG_PTR out_len),
    (session, out, out_len))

PASS_THROUGH(C_Decrypt,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR out,
     CK_ULONG_PTR out_len),
    (session, data, data_len, out, out_len))

PASS_THROUGH(C_DecryptUpdate,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR out,
     CK_ULONG_PTR out_len),
    (session, part, part_len, out, out_len))

PASS_THROUGH(C_DecryptFinal,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG_PTR out_len),
    (session, out, out_len))

/* ---- Digests ---------------------------------------------------------------------------- */

PASS_THROUGH(C_DigestInit,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism),
    (session, mechanism))

PASS_THROUGH(C_Digest,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR digest,
     CK_ULONG_PTR digest_len),
    (session, data, data_len, digest, digest_len))

PASS_THROUGH(C_DigestUpdate,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG part_len),
    (session, part, part_len))

PASS_THROUGH(C_DigestFinal,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR digest, CK_ULONG_PTR digest_len),
    (session, digest, digest_len))

/* ---- Recovery, two operations in one, random numbers ------------------------------------ */

PASS_THROUGH(C_SignRecover,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
     CK_ULONG_PTR signature_len),
    (session, data, data_len, signature, signature_len))

PASS_THROUGH(C_VerifyRecover,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG signature_len, CK_BYTE_PTR data,
     CK_ULONG_PTR data_len),
    (session, signature, signature_len, data, data_len))

PASS_THROUGH(C_DigestEncryptUpdate,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR out,
     CK_ULONG_PTR out_len),
    (session, part, part_len, out, out_len))

PASS_THROUGH(C_DecryptDigestUpdate,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR out,
     CK_ULONG_PTR out_len),
    (session, part, part_len, out, out_len))

PASS_THROUGH(C_SignEncryptUpdate,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR out,
     CK_ULONG_PTR out_len),
    (session, part, part_len, out, out_len))

PASS_THROUGH(C_DecryptVerifyUpdate,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR out,
     CK_ULONG_PTR out_len),
    (session, part, part_len, out, out_len))

PASS_THROUGH(C_SeedRandom,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR seed, CK_ULONG seed_len),
    (session, seed, seed_len))

PASS_THROUGH(C_GenerateRandom,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR random, CK_ULONG random_len),
    (session, random, random_len))

/* clang-format on */

/* ---- The list --------------------------------------------------------------------------- */

static CK_FUNCTION_LIST list = {
    .version = {2, 40},
    .C_Initialize = C_Initialize,
    .C_Finalize = C_Finalize,
    .C_GetInfo = C_GetInfo,
    .C_GetFunctionList = C_GetFunctionList,
    .C_GetSlotList = C_GetSlotList,
    .C_GetSlotInfo = C_GetSlotInfo,
    .C_GetTokenInfo = C_GetTokenInfo,
    .C_GetMechanismList = C_GetMechanismList,
    .C_GetMechanismInfo = C_GetMechanismInfo,
    .C_InitToken = C_InitToken,
    .C_InitPIN = C_InitPIN,
    .C_SetPIN = C_SetPIN,
    .C_OpenSession = C_OpenSession,
    .C_CloseSession = C_CloseSession,
    .C_CloseAllSessions = C_CloseAllSessions,
    .C_GetSessionInfo = C_GetSessionInfo,
    .C_GetOperationState = C_GetOperationState,
    .C_SetOperationState = C_SetOperationState,
    .C_Login = C_Login,
    .C_Logout = C_Logout,
    .C_CreateObject = C_CreateObject,
    .C_CopyObject = C_CopyObject,
    .C_DestroyObject = C_DestroyObject,
    .C_GetObjectSize = C_GetObjectSize,
    .C_GetAttributeValue = C_GetAttributeValue,
    .C_SetAttributeValue = C_SetAttributeValue,
    .C_FindObjectsInit = C_FindObjectsInit,
    .C_FindObjects = C_FindObjects,
    .C_FindObjectsFinal = C_FindObjectsFinal,
    .C_EncryptInit = C_EncryptInit,
    .C_Encrypt = C_Encrypt,
    .C_EncryptUpdate = C_EncryptUpdate,
    .C_EncryptFinal = C_EncryptFinal,
    .C_DecryptInit = C_DecryptInit,
    .C_Decrypt = C_Decrypt,
    .C_DecryptUpdate = C_DecryptUpdate,
    .C_DecryptFinal = C_DecryptFinal,
    .C_DigestInit = C_DigestInit,
    .C_Digest = C_Digest,
    .C_DigestUpdate = C_DigestUpdate,
    .C_DigestKey = C_DigestKey,
    .C_DigestFinal = C_DigestFinal,
    .C_SignInit = C_SignInit,
    .C_Sign = C_Sign,
    .C_SignUpdate = C_SignUpdate,
    .C_SignFinal = C_SignFinal,
    .C_SignRecoverInit = C_SignRecoverInit,
    .C_SignRecover = C_SignRecover,
    .C_VerifyInit = C_VerifyInit,
    .C_Verify = C_Verify,
    .C_VerifyUpdate = C_VerifyUpdate,
    .C_VerifyFinal = C_VerifyFinal,
    .C_VerifyRecoverInit = C_VerifyRecoverInit,
    .C_VerifyRecover = C_VerifyRecover,
    .C_DigestEncryptUpdate = C_DigestEncryptUpdate,
    .C_DecryptDigestUpdate = C_DecryptDigestUpdate,
    .C_SignEncryptUpdate = C_SignEncryptUpdate,
    .C_DecryptVerifyUpdate = C_DecryptVerifyUpdate,
    .C_GenerateKey = C_GenerateKey,
    .C_GenerateKeyPair = C_GenerateKeyPair,
    .C_WrapKey = C_WrapKey,
    .C_UnwrapKey = C_UnwrapKey,
    .C_DeriveKey = C_DeriveKey,
    .C_SeedRandom = C_SeedRandom,
    .C_GenerateRandom = C_GenerateRandom,
    .C_GetFunctionStatus = C_GetFunctionStatus,
    .C_CancelFunction = C_CancelFunction,
    .C_WaitForSlotEvent = C_WaitForSlotEvent,
};

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR functions)
{
    if (functions == NULL)
        return CKR_ARGUMENTS_BAD;
    *functions = &list;
    return CKR_OK;
}
