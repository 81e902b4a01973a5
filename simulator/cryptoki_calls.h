/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of Cryptoki 2.40, in the order of CK_FUNCTION_LIST. The one list of them: whoever
 * includes it defines CRYPTOKI_CALL(name, in, answered, objects, parameters, arguments) before, and
 * gets it for each. So there is no include guard.
 *
 *   in        SESSION: the first parameter is one of the application's sessions; MODULE: there is
 * none answered  PASSED: by SoftHSM alone; the call takes no handle of a key or of an object
 *             ORDINARY: by SoftHSM for ordinary keys; refused for those of SKA and timestamp pairs
 *             OWN: by sim_NAME(), see own_calls.h
 *             SELF: the exported function is written by hand
 *   objects   what the call does to objects while it is in SoftHSM: UNGUARDED, READS or WRITES, see
 *             softhsm_calls.h
 */
/* clang-format off */

/* Expands the parameters and arguments below, which several functions share. */
#define CALL(...) CRYPTOKI_CALL(__VA_ARGS__)

#define TAKES_KEY                                                                                  \
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key),                 \
    (session, mechanism, key)
#define TAKES_BYTES                                                                                \
    (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len),                              \
    (session, data, data_len)
#define GIVES_BYTES                                                                                \
    (CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG_PTR out_len),                            \
    (session, out, out_len)
#define TRANSFORMS                                                                                 \
    (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR out,              \
     CK_ULONG_PTR out_len),                                                                        \
    (session, data, data_len, out, out_len)

/* ---- The module ------------------------------------------------------------------------- */

CALL(C_Initialize, MODULE, SELF, WRITES, (CK_VOID_PTR args), (args))
CALL(C_Finalize, MODULE, SELF, WRITES, (CK_VOID_PTR reserved), (reserved))
CALL(C_GetInfo, MODULE, OWN, UNGUARDED, (CK_INFO_PTR info), (info))
CALL(C_GetFunctionList, MODULE, SELF, UNGUARDED, (CK_FUNCTION_LIST_PTR_PTR functions), (functions))

/* ---- Slots and tokens ------------------------------------------------------------------- */

CALL(C_GetSlotList, MODULE, PASSED, UNGUARDED,
    (CK_BBOOL token_present, CK_SLOT_ID_PTR slots, CK_ULONG_PTR count),
    (token_present, slots, count))
CALL(C_GetSlotInfo, MODULE, OWN, UNGUARDED, (CK_SLOT_ID slot, CK_SLOT_INFO_PTR info), (slot, info))
CALL(C_GetTokenInfo, MODULE, OWN, READS, (CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info), (slot, info))
CALL(C_GetMechanismList, MODULE, OWN, UNGUARDED,
    (CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count),
    (slot, list, count))
CALL(C_GetMechanismInfo, MODULE, OWN, UNGUARDED,
    (CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info),
    (slot, type, info))
CALL(C_InitToken, MODULE, OWN, WRITES,
    (CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len, CK_UTF8CHAR_PTR label),
    (slot, pin, pin_len, label))
CALL(C_InitPIN, SESSION, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len),
    (session, pin, pin_len))
CALL(C_SetPIN, SESSION, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_len, CK_UTF8CHAR_PTR new_pin,
     CK_ULONG new_len),
    (session, old_pin, old_len, new_pin, new_len))

/* ---- Sessions --------------------------------------------------------------------------- */

CALL(C_OpenSession, MODULE, OWN, UNGUARDED,
    (CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
     CK_SESSION_HANDLE_PTR session),
    (slot, flags, application, notify, session))
CALL(C_CloseSession, SESSION, OWN, WRITES, (CK_SESSION_HANDLE session), (session))
CALL(C_CloseAllSessions, MODULE, OWN, WRITES, (CK_SLOT_ID slot), (slot))
CALL(C_GetSessionInfo, SESSION, PASSED, UNGUARDED,
    (CK_SESSION_HANDLE session, CK_SESSION_INFO_PTR info),
    (session, info))
CALL(C_GetOperationState, SESSION, PASSED, UNGUARDED, GIVES_BYTES)
CALL(C_SetOperationState, SESSION, OWN, UNGUARDED,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR state, CK_ULONG state_len,
     CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key),
    (session, state, state_len, encryption_key, authentication_key))
CALL(C_Login, SESSION, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len),
    (session, user, pin, pin_len))
CALL(C_Logout, SESSION, OWN, WRITES, (CK_SESSION_HANDLE session), (session))

/* ---- Objects ---------------------------------------------------------------------------- */

CALL(C_CreateObject, SESSION, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count,
     CK_OBJECT_HANDLE_PTR object),
    (session, attributes, count, object))
CALL(C_CopyObject, SESSION, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
     CK_ULONG count, CK_OBJECT_HANDLE_PTR copy),
    (session, object, attributes, count, copy))
CALL(C_DestroyObject, SESSION, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object),
    (session, object))
CALL(C_GetObjectSize, SESSION, OWN, READS,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG_PTR size),
    (session, object, size))
CALL(C_GetAttributeValue, SESSION, OWN, READS,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
     CK_ULONG count),
    (session, object, attributes, count))
CALL(C_SetAttributeValue, SESSION, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
     CK_ULONG count),
    (session, object, attributes, count))
CALL(C_FindObjectsInit, SESSION, OWN, READS,
    (CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count),
    (session, attributes, count))
CALL(C_FindObjects, SESSION, OWN, UNGUARDED,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR objects, CK_ULONG limit, CK_ULONG_PTR count),
    (session, objects, limit, count))
CALL(C_FindObjectsFinal, SESSION, OWN, UNGUARDED, (CK_SESSION_HANDLE session), (session))

/* ---- Encryption ------------------------------------------------------------------------- */

CALL(C_EncryptInit, SESSION, ORDINARY, READS, TAKES_KEY)
CALL(C_Encrypt, SESSION, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_EncryptUpdate, SESSION, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_EncryptFinal, SESSION, PASSED, UNGUARDED, GIVES_BYTES)
CALL(C_DecryptInit, SESSION, ORDINARY, READS, TAKES_KEY)
CALL(C_Decrypt, SESSION, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_DecryptUpdate, SESSION, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_DecryptFinal, SESSION, PASSED, UNGUARDED, GIVES_BYTES)

/* ---- Digests ---------------------------------------------------------------------------- */

CALL(C_DigestInit, SESSION, PASSED, UNGUARDED,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism),
    (session, mechanism))
CALL(C_Digest, SESSION, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_DigestUpdate, SESSION, PASSED, UNGUARDED, TAKES_BYTES)
CALL(C_DigestKey, SESSION, OWN, READS, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key), (session, key))
CALL(C_DigestFinal, SESSION, PASSED, UNGUARDED, GIVES_BYTES)

/* ---- Signatures ------------------------------------------------------------------------- */

CALL(C_SignInit, SESSION, OWN, READS, TAKES_KEY)
CALL(C_Sign, SESSION, OWN, UNGUARDED, TRANSFORMS)
CALL(C_SignUpdate, SESSION, OWN, UNGUARDED, TAKES_BYTES)
CALL(C_SignFinal, SESSION, OWN, UNGUARDED, GIVES_BYTES)
CALL(C_SignRecoverInit, SESSION, ORDINARY, READS, TAKES_KEY)
CALL(C_SignRecover, SESSION, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_VerifyInit, SESSION, OWN, READS, TAKES_KEY)
CALL(C_Verify, SESSION, OWN, UNGUARDED,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
     CK_ULONG signature_len),
    (session, data, data_len, signature, signature_len))
CALL(C_VerifyUpdate, SESSION, OWN, UNGUARDED, TAKES_BYTES)
CALL(C_VerifyFinal, SESSION, OWN, UNGUARDED, TAKES_BYTES)
CALL(C_VerifyRecoverInit, SESSION, ORDINARY, READS, TAKES_KEY)
CALL(C_VerifyRecover, SESSION, PASSED, UNGUARDED, TRANSFORMS)

/* ---- Two operations in one -------------------------------------------------------------- */

CALL(C_DigestEncryptUpdate, SESSION, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_DecryptDigestUpdate, SESSION, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_SignEncryptUpdate, SESSION, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_DecryptVerifyUpdate, SESSION, PASSED, UNGUARDED, TRANSFORMS)

/* ---- Keys ------------------------------------------------------------------------------- */

CALL(C_GenerateKey, SESSION, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR attributes,
     CK_ULONG count, CK_OBJECT_HANDLE_PTR key),
    (session, mechanism, attributes, count, key))
CALL(C_GenerateKeyPair, SESSION, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR public_template,
     CK_ULONG public_count, CK_ATTRIBUTE_PTR private_template, CK_ULONG private_count,
     CK_OBJECT_HANDLE_PTR public_key, CK_OBJECT_HANDLE_PTR private_key),
    (session, mechanism, public_template, public_count, private_template, private_count,
     public_key, private_key))
CALL(C_WrapKey, SESSION, OWN, READS,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key,
     CK_OBJECT_HANDLE key, CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_len),
    (session, mechanism, wrapping_key, key, wrapped, wrapped_len))
CALL(C_UnwrapKey, SESSION, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
     CK_BYTE_PTR wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE_PTR attributes, CK_ULONG count,
     CK_OBJECT_HANDLE_PTR key),
    (session, mechanism, unwrapping_key, wrapped, wrapped_len, attributes, count, key))
CALL(C_DeriveKey, SESSION, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base,
     CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE_PTR key),
    (session, mechanism, base, attributes, count, key))

/* ---- Random numbers, and calls that nobody uses ----------------------------------------- */

CALL(C_SeedRandom, SESSION, PASSED, UNGUARDED, TAKES_BYTES)
CALL(C_GenerateRandom, SESSION, PASSED, UNGUARDED, TAKES_BYTES)
CALL(C_GetFunctionStatus, SESSION, PASSED, UNGUARDED, (CK_SESSION_HANDLE session), (session))
CALL(C_CancelFunction, SESSION, PASSED, UNGUARDED, (CK_SESSION_HANDLE session), (session))
CALL(C_WaitForSlotEvent, MODULE, PASSED, UNGUARDED,
    (CK_FLAGS flags, CK_SLOT_ID_PTR slot, CK_VOID_PTR reserved),
    (flags, slot, reserved))

/* clang-format on */
#undef CALL
#undef TAKES_KEY
#undef TAKES_BYTES
#undef GIVES_BYTES
#undef TRANSFORMS
#undef CRYPTOKI_CALL
