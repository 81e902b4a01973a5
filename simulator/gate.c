/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate in front of SoftHSM: many may read, one may write, and who wants to write goes first.
 */
#include "simulator/gate.h"

#include <pthread.h>
#include <stdbool.h>

/* The standard's own lock of this kind is of no use: a forked child could not open it. */
static struct {
    pthread_mutex_t lock; /* guards the rest, for moments */
    pthread_cond_t left;
    unsigned int readers;
    unsigned int waiting_writers;
    bool writer;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .left = PTHREAD_COND_INITIALIZER};

static void enter_to_read(void)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.writer || gate.waiting_writers > 0)
        pthread_cond_wait(&gate.left, &gate.lock);
    gate.readers++;
    pthread_mutex_unlock(&gate.lock);
}

static void leave_reading(void)
{
    pthread_mutex_lock(&gate.lock);
    gate.readers--;
    pthread_cond_broadcast(&gate.left);
    pthread_mutex_unlock(&gate.lock);
}

static void enter_to_write(void)
{
    pthread_mutex_lock(&gate.lock);
    gate.waiting_writers++;
    while (gate.writer || gate.readers > 0)
        pthread_cond_wait(&gate.left, &gate.lock);
    gate.waiting_writers--;
    gate.writer = true;
    pthread_mutex_unlock(&gate.lock);
}

static void leave_writing(void)
{
    pthread_mutex_lock(&gate.lock);
    gate.writer = false;
    pthread_cond_broadcast(&gate.left);
    pthread_mutex_unlock(&gate.lock);
}

/* SoftHSM's own functions. Set by sim_gate_install() only. */
static CK_FUNCTION_LIST inside;

#define GUARD(enter, leave, name, parameters, arguments)                                           \
    static CK_RV guarded_##name parameters                                                         \
    {                                                                                              \
        CK_RV rv = CKR_OK;                                                                         \
                                                                                                   \
        enter();                                                                                   \
        rv = inside.name arguments;                                                                \
        leave();                                                                                   \
        return rv;                                                                                 \
    }

#define WRITES(name, parameters, arguments)                                                        \
    GUARD(enter_to_write, leave_writing, name, parameters, arguments)
#define READS(name, parameters, arguments)                                                         \
    GUARD(enter_to_read, leave_reading, name, parameters, arguments)

/* clang-format off */

WRITES(C_Initialize, (CK_VOID_PTR args), (args))
WRITES(C_Finalize, (CK_VOID_PTR reserved), (reserved))
WRITES(C_InitToken,
    (CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len, CK_UTF8CHAR_PTR label),
    (slot, pin, pin_len, label))
WRITES(C_InitPIN,
    (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len),
    (session, pin, pin_len))
WRITES(C_SetPIN,
    (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_len,
     CK_UTF8CHAR_PTR new_pin, CK_ULONG new_len),
    (session, old_pin, old_len, new_pin, new_len))
WRITES(C_Login,
    (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len),
    (session, user, pin, pin_len))
WRITES(C_Logout, (CK_SESSION_HANDLE session), (session))
WRITES(C_CloseSession, (CK_SESSION_HANDLE session), (session))
WRITES(C_CloseAllSessions, (CK_SLOT_ID slot), (slot))
WRITES(C_CreateObject,
    (CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count,
     CK_OBJECT_HANDLE_PTR object),
    (session, attributes, count, object))
WRITES(C_CopyObject,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
     CK_ULONG count, CK_OBJECT_HANDLE_PTR copy),
    (session, object, attributes, count, copy))
WRITES(C_DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), (session, object))
WRITES(C_SetAttributeValue,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
     CK_ULONG count),
    (session, object, attributes, count))
WRITES(C_GenerateKey,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR attributes,
     CK_ULONG count, CK_OBJECT_HANDLE_PTR key),
    (session, mechanism, attributes, count, key))
WRITES(C_GenerateKeyPair,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR public_template,
     CK_ULONG public_count, CK_ATTRIBUTE_PTR private_template, CK_ULONG private_count,
     CK_OBJECT_HANDLE_PTR public_key, CK_OBJECT_HANDLE_PTR private_key),
    (session, mechanism, public_template, public_count, private_template, private_count,
     public_key, private_key))
WRITES(C_UnwrapKey,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
     CK_BYTE_PTR wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE_PTR attributes, CK_ULONG count,
     CK_OBJECT_HANDLE_PTR key),
    (session, mechanism, unwrapping_key, wrapped, wrapped_len, attributes, count, key))
WRITES(C_DeriveKey,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base,
     CK_ATTRIBUTE_PTR attributes, CK_ULONG count, CK_OBJECT_HANDLE_PTR key),
    (session, mechanism, base, attributes, count, key))

READS(C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info), (slot, info))
READS(C_GetObjectSize,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG_PTR size),
    (session, object, size))
READS(C_GetAttributeValue,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attributes,
     CK_ULONG count),
    (session, object, attributes, count))
READS(C_FindObjectsInit,
    (CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attributes, CK_ULONG count),
    (session, attributes, count))
READS(C_EncryptInit,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key),
    (session, mechanism, key))
READS(C_DecryptInit,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key),
    (session, mechanism, key))
READS(C_DigestKey, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key), (session, key))
READS(C_SignInit,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key),
    (session, mechanism, key))
READS(C_SignRecoverInit,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key),
    (session, mechanism, key))
READS(C_VerifyInit,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key),
    (session, mechanism, key))
READS(C_VerifyRecoverInit,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key),
    (session, mechanism, key))
READS(C_WrapKey,
    (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key,
     CK_OBJECT_HANDLE key, CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_len),
    (session, mechanism, wrapping_key, key, wrapped, wrapped_len))

/* clang-format on */

void sim_gate_install(CK_FUNCTION_LIST *functions)
{
    inside = *functions;
    functions->C_Initialize = guarded_C_Initialize;
    functions->C_Finalize = guarded_C_Finalize;
    functions->C_InitToken = guarded_C_InitToken;
    functions->C_InitPIN = guarded_C_InitPIN;
    functions->C_SetPIN = guarded_C_SetPIN;
    functions->C_Login = guarded_C_Login;
    functions->C_Logout = guarded_C_Logout;
    functions->C_CloseSession = guarded_C_CloseSession;
    functions->C_CloseAllSessions = guarded_C_CloseAllSessions;
    functions->C_CreateObject = guarded_C_CreateObject;
    functions->C_CopyObject = guarded_C_CopyObject;
    functions->C_DestroyObject = guarded_C_DestroyObject;
    functions->C_SetAttributeValue = guarded_C_SetAttributeValue;
    functions->C_GenerateKey = guarded_C_GenerateKey;
    functions->C_GenerateKeyPair = guarded_C_GenerateKeyPair;
    functions->C_UnwrapKey = guarded_C_UnwrapKey;
    functions->C_DeriveKey = guarded_C_DeriveKey;
    functions->C_GetTokenInfo = guarded_C_GetTokenInfo;
    functions->C_GetObjectSize = guarded_C_GetObjectSize;
    functions->C_GetAttributeValue = guarded_C_GetAttributeValue;
    functions->C_FindObjectsInit = guarded_C_FindObjectsInit;
    functions->C_EncryptInit = guarded_C_EncryptInit;
    functions->C_DecryptInit = guarded_C_DecryptInit;
    functions->C_DigestKey = guarded_C_DigestKey;
    functions->C_SignInit = guarded_C_SignInit;
    functions->C_SignRecoverInit = guarded_C_SignRecoverInit;
    functions->C_VerifyInit = guarded_C_VerifyInit;
    functions->C_VerifyRecoverInit = guarded_C_VerifyRecoverInit;
    functions->C_WrapKey = guarded_C_WrapKey;
}

void sim_gate_close(void)
{
    enter_to_write();
    pthread_mutex_lock(&gate.lock);
}

void sim_gate_open(void)
{
    pthread_mutex_unlock(&gate.lock);
    leave_writing();
}

/* Those who waited were the parent's threads. */
void sim_gate_renew(void)
{
    static const pthread_cond_t nobody = PTHREAD_COND_INITIALIZER;

    gate.left = nobody;
    gate.waiting_writers = 0;
    gate.writer = false;
    pthread_mutex_unlock(&gate.lock);
}
