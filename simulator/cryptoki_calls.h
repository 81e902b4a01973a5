/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of Cryptoki 2.40, in the order of CK_FUNCTION_LIST. The one list of them: whoever
 * includes it defines CRYPTOKI_CALL(name, answered, objects, parameters, arguments) before, and
 * gets it for each. So there is no include guard.
 *
 *   answered  PASSED: by SoftHSM alone; the call takes no handle of a key or of an object
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

CALL(C_Initialize, SELF, WRITES, (CK_VOID_PTR args), (args))
CALL(C_Finalize, SELF, WRITES, (CK_VOID_PTR reserved), (reserved))
CALL(C_GetInfo, OWN, UNGUARDED, (CK_INFO_PTR info), (info))
CALL(C_GetFunctionList, SELF, UNGUARDED, (CK_FUNCTION_LIST_PTR_PTR functions), (functions))

/* ---- Slots and tokens ------------------------------------------------------------------- */

CALL(C_GetSlotList, PASSED, UNGUARDED,
    (CK_BBOOL token_present, CK_SLOT_ID_PTR slots, CK_ULONG_PTR count),
    (token_present, slots, count))
CALL(C_GetSlotInfo, OWN, UNGUARDED, (CK_SLOT_ID slot, CK_SLOT_INFO_PTR info), (slot, info))
CALL(C_GetTokenInfo, OWN, READS, (CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info), (slot, info))
CALL(C_GetMechanismList, OWN, UNGUARDED,
    (CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count),
    (slot, list, count))
CALL(C_GetMechanismInfo, OWN, UNGUARDED,
    (CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info),
    (slot, type, info))
CALL(C_InitToken, OWN, WRITES,
    (CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len, CK_UTF8CHAR_PTR label),
    (slot, pin, pin_len, label))
CALL(C_InitPIN, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len),
    (session, pin, pin_len))
CALL(C_SetPIN, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_len, CK_UTF8CHAR_PTR new_pin,
     CK_ULONG new_len),
    (session, old_pin, old_len, new_pin, new_len))

/* ---- Sessions --------------------------------------------------------------------------- */

CALL(C_OpenSession, OWN, UNGUARDED,
    (CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
     CK_SESSION_HANDLE_PTR session),
    (slot, flags, application, notify, session))
CALL(C_CloseSession, OWN, WRITES, (CK_SESSION_HANDLE session), (session))
CALL(C_CloseAllSessions, OWN, WRITES, (CK_SLOT_ID slot), (slot))
CALL(C_GetSessionInfo, PASSED, UNGUARDED,
    (CK_SESSION_HANDLE session, CK_SESSION_INFO_PTR info),
    (session, info))
CALL(C_GetOperationState, PASSED, UNGUARDED, GIVES_BYTES)
CALL(C_SetOperationState, OWN, UNGUARDED,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR state, CK_ULONG state_len,
     CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key),
    (session, state, state_len, encryption_key, authentication_key))
CALL(C_Login, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len),
    (session, user, pin, pin_len))
CALL(C_Logout, OWN, WRITES, (CK_SESSION_HANDLE session), (session))

/* ---- Objects ---------------------------------------------------------------------------- */

CALL(C_CreateObject, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count,
     CK_OBJECT_HANDLE_PTR object),
    (session, attributes, count, object))
CALL(C_CopyObject, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
     CK_ULONG count, CK_OBJECT_HANDLE_PTR copy),
    (session, object, attributes, count, copy))
CALL(C_DestroyObject, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object),
    (session, object))
CALL(C_GetObjectSize, OWN, READS,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG_PTR size),
    (session, object, size))
CALL(C_GetAttributeValue, OWN, READS,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
     CK_ULONG count),
    (session, object, attributes, count))
CALL(C_SetAttributeValue, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
     CK_ULONG count),
    (session, object, attributes, count))
CALL(C_FindObjectsInit, OWN, READS,
    (CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count),
    (session, attributes, count))
CALL(C_FindObjects, OWN, UNGUARDED,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR objects, CK_ULONG limit, CK_ULONG_PTR count),
    (session, objects, limit, count))
CALL(C_FindObjectsFinal, OWN, UNGUARDED, (CK_SESSION_HANDLE session), (session))

/* ---- Encryption ------------------------------------------------------------------------- */

CALL(C_EncryptInit, ORDINARY, READS, TAKES_KEY)
CALL(C_Encrypt, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_EncryptUpdate, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_EncryptFinal, PASSED, UNGUARDED, GIVES_BYTES)
CALL(C_DecryptInit, ORDINARY, READS, TAKES_KEY)
CALL(C_Decrypt, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_DecryptUpdate, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_DecryptFinal, PASSED, UNGUARDED, GIVES_BYTES)

/* ---- Digests ---------------------------------------------------------------------------- */

CALL(C_DigestInit, PASSED, UNGUARDED,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism),
    (session, mechanism))
CALL(C_Digest, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_DigestUpdate, PASSED, UNGUARDED, TAKES_BYTES)
CALL(C_DigestKey, OWN, READS, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key), (session, key))
CALL(C_DigestFinal, PASSED, UNGUARDED, GIVES_BYTES)

/* ---- Signatures ------------------------------------------------------------------------- */

CALL(C_SignInit, OWN, READS, TAKES_KEY)
CALL(C_Sign, OWN, UNGUARDED, TRANSFORMS)
CALL(C_SignUpdate, OWN, UNGUARDED, TAKES_BYTES)
CALL(C_SignFinal, OWN, UNGUARDED, GIVES_BYTES)
CALL(C_SignRecoverInit, ORDINARY, READS, TAKES_KEY)
CALL(C_SignRecover, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_VerifyInit, OWN, READS, TAKES_KEY)
CALL(C_Verify, OWN, UNGUARDED,
    (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
     CK_ULONG signature_len),
    (session, data, data_len, signature, signature_len))
CALL(C_VerifyUpdate, OWN, UNGUARDED, TAKES_BYTES)
CALL(C_VerifyFinal, OWN, UNGUARDED, TAKES_BYTES)
CALL(C_VerifyRecoverInit, ORDINARY, READS, TAKES_KEY)
CALL(C_VerifyRecover, PASSED, UNGUARDED, TRANSFORMS)

/* ---- Two operations in one -------------------------------------------------------------- */

CALL(C_DigestEncryptUpdate, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_DecryptDigestUpdate, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_SignEncryptUpdate, PASSED, UNGUARDED, TRANSFORMS)
CALL(C_DecryptVerifyUpdate, PASSED, UNGUARDED, TRANSFORMS)

/* ---- Keys ------------------------------------------------------------------------------- */

CALL(C_GenerateKey, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR attributes,
     CK_ULONG count, CK_OBJECT_HANDLE_PTR key),
    (session, mechanism, attributes, count, key))
CALL(C_GenerateKeyPair, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR public_template,
     CK_ULONG public_count, CK_ATTRIBUTE_PTR private_template, CK_ULONG private_count,
     CK_OBJECT_HANDLE_PTR public_key, CK_OBJECT_HANDLE_PTR private_key),
    (session, mechanism, public_template, public_count, private_template, private_count,
     public_key, private_key))
CALL(C_WrapKey, OWN, READS,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key,
     CK_OBJECT_HANDLE key, CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_len),
    (session, mechanism, wrapping_key, key, wrapped, wrapped_len))
CALL(C_UnwrapKey, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
     CK_BYTE_PTR wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE_PTR attributes, CK_ULONG count,
     CK_OBJECT_HANDLE_PTR key),
    (session, mechanism, unwrapping_key, wrapped, wrapped_len, attributes, count, key))
CALL(C_DeriveKey, OWN, WRITES,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base,
     CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE_PTR key),
    (session, mechanism, base, attributes, count, key))

/* ---- Random numbers, and calls that nobody uses ----------------------------------------- */

CALL(C_SeedRandom, PASSED, UNGUARDED, TAKES_BYTES)
CALL(C_GenerateRandom, PASSED, UNGUARDED, TAKES_BYTES)
CALL(C_GetFunctionStatus, PASSED, UNGUARDED, (CK_SESSION_HANDLE session), (session))
CALL(C_CancelFunction, PASSED, UNGUARDED, (CK_SESSION_HANDLE session), (session))
CALL(C_WaitForSlotEvent, PASSED, UNGUARDED,
    (CK_FLAGS flags, CK_SLOT_ID_PTR slot, CK_VOID_PTR reserved),
    (flags, slot, reserved))

/* clang-format on */
#undef CALL
#undef TAKES_KEY
#undef TAKES_BYTES
#undef GIVES_BYTES
#undef TRANSFORMS
#undef CRYPTOKI_CALL
