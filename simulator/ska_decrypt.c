/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decrypting and unwrapping with an SKA key: what the token's payload holds, when the use rule is
 * satisfied.
 */
#include "ska/simulator_calls.h"

#include <openssl/crypto.h>

#include "provider/base/wire.h"
#include "simulator/call.h"
#include "simulator/caller_memory.h"
#include "simulator/label.h"
#include "simulator/session_table.h"
#include "simulator/ska_use.h"
#include "simulator/softhsm_calls.h"
#include "simulator/vendor_call.h"
#include "ska/simulator.h"

/* Of a 4096-bit key, and more. */
#define PLAIN_LIMIT 1024

/* SoftHSM knows what the key may; it hears nothing before it is decided. */
static CK_RV check_decryption(const struct sim_object *key, const CK_MECHANISM *mechanism)
{
    if (key->key_type != CKK_RSA)
        return CKR_KEY_TYPE_INCONSISTENT;
    if (!sim_record_allows(&key->record, mechanism->mechanism))
        return CKR_MECHANISM_INVALID;
    return mechanism->mechanism == CKM_RSA_PKCS || mechanism->mechanism == CKM_RSA_X_509 ||
                   mechanism->mechanism == CKM_RSA_PKCS_OAEP
               ? CKR_OK
               : CKR_MECHANISM_INVALID;
}

/* ---- C_SkasimDecrypt -------------------------------------------------------------------- */

static CK_RV decrypt_in_own_session(CK_SESSION_HANDLE session, const struct sim_object *key,
                                    CK_MECHANISM *mechanism, struct ska_span payload,
                                    CK_BYTE plain[PLAIN_LIMIT], CK_ULONG *length)
{
    struct sim_own_session own = {0};
    CK_RV rv = sim_own_session_open(session, &own);

    if (rv == CKR_OK)
        rv = softhsm()->C_DecryptInit(own.handle, mechanism, key->handle);
    if (rv == CKR_OK)
        rv = softhsm()->C_Decrypt(own.handle, (CK_BYTE_PTR)(uintptr_t)payload.data, payload.length,
                                  plain, length);
    sim_own_session_close(&own);
    /* SoftHSM has one answer for all that is wrong with a ciphertext. */
    return rv == CKR_GENERAL_ERROR ? CKR_ENCRYPTED_DATA_INVALID : rv;
}

static CK_RV decide_and_decrypt(struct sim_use *use, const struct sim_object *key,
                                CK_MECHANISM *mechanism, CK_BYTE_PTR data, CK_ULONG_PTR data_len)
{
    struct ska_approval_token token = {0};
    CK_BYTE plain[PLAIN_LIMIT];
    CK_ULONG length = sizeof(plain);
    CK_RV rv = sim_use_decide(use, key, &token);

    if (rv == CKR_OK && token.payload.length != key->modulus_length)
        rv = CKR_ENCRYPTED_DATA_LEN_RANGE;
    if (rv == CKR_OK)
        rv = decrypt_in_own_session(use->session, key, mechanism, token.payload, plain, &length);
    if (rv == CKR_OK)
        rv = sim_output(ska_span(plain, length), data, data_len);
    OPENSSL_cleanse(plain, sizeof(plain));
    return rv;
}

/* No plaintext is longer than the modulus, which is what is told without looking at the token. */
static CK_RV answer_plain(struct sim_use *use, const struct sim_object *key,
                          CK_MECHANISM *mechanism, CK_BYTE_PTR data, CK_ULONG_PTR data_len)
{
    bool fits = *data_len >= key->modulus_length;

    if (data != NULL && fits)
        return decide_and_decrypt(use, key, mechanism, data, data_len);
    *data_len = key->modulus_length;
    return data == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
}

CK_RV C_SkasimDecrypt(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key,
                      CK_BYTE_PTR token, CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals,
                      CK_ULONG approvalCount, CK_BYTE_PTR data, CK_ULONG_PTR dataLen)
{
    struct sim_call call;
    struct sim_object object = {0};
    CK_RV rv = sim_enter_session(&call, __func__, &session);
    struct sim_use use = {session, token, tokenLen, approvals, approvalCount};

    if (rv == CKR_OK && (mechanism == NULL || token == NULL || dataLen == NULL ||
                         (approvals == NULL && approvalCount != 0)))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sim_ska_key_open(session, key, &object);
    if (rv == CKR_OK)
        rv = sim_copy_mechanism(&mechanism);
    if (rv == CKR_OK)
        rv = check_decryption(&object, mechanism);
    if (rv == CKR_OK)
        rv = answer_plain(&use, &object, mechanism, data, dataLen);
    sim_log_call(__func__, data == NULL, ska_span_of(&object.label), rv);
    sim_object_clear(&object);
    return sim_leave(&call, rv);
}

/* ---- C_SkasimUnwrap --------------------------------------------------------------------- */

/* Whatever else the payload says, its readers are people. */
static bool find_wrapped(struct ska_span payload, struct ska_span *wrapped)
{
    struct ska_wire_reader reader;
    struct ska_wire_element element;

    if (!ska_wire_open(&reader, payload))
        return false;
    while (ska_wire_next(&reader, &element)) {
        if (element.type != SKASIM_WIRE_WRAPPED_KEY)
            continue;
        *wrapped = element.value;
        return true;
    }
    return false;
}

/* What is asked for, and a copy of it: the new key. */
struct unwrapping {
    CK_MECHANISM *mechanism;
    CK_ATTRIBUTE *attributes;
    CK_ULONG count;
};

static CK_RV decide_and_unwrap(struct sim_use *use, const struct sim_object *key,
                               const struct unwrapping *wish, CK_OBJECT_HANDLE *made)
{
    struct ska_approval_token token = {0};
    struct ska_span wrapped = {NULL, 0};
    bool claimed = false;
    CK_RV rv = sim_use_decide(use, key, &token);

    if (rv == CKR_OK && !find_wrapped(token.payload, &wrapped))
        rv = CKR_SKASIM_PARAMETERS_INVALID;
    if (rv == CKR_OK)
        rv = sim_label_claim_new(use->session, wish->attributes, wish->count, &claimed);
    if (rv == CKR_OK)
        rv = softhsm()->C_UnwrapKey(use->session, wish->mechanism, key->handle,
                                    (CK_BYTE_PTR)(uintptr_t)wrapped.data, wrapped.length,
                                    wish->attributes, wish->count, made);
    sim_label_release(claimed);
    return rv == CKR_GENERAL_ERROR ? CKR_WRAPPED_KEY_INVALID : rv;
}

CK_RV C_SkasimUnwrap(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key,
                     CK_BYTE_PTR token, CK_ULONG tokenLen, CK_SKA_APPROVAL *approvals,
                     CK_ULONG approvalCount, CK_ATTRIBUTE_PTR attributes, CK_ULONG attributeCount,
                     CK_OBJECT_HANDLE_PTR newKey)
{
    struct sim_call call;
    struct sim_object object = {0};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    CK_RV rv = sim_enter_session(&call, __func__, &session);
    struct sim_use use = {session, token, tokenLen, approvals, approvalCount};

    if (rv == CKR_OK &&
        (mechanism == NULL || token == NULL || newKey == NULL ||
         (attributes == NULL && attributeCount != 0) || (approvals == NULL && approvalCount != 0)))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sim_copy_template(&attributes, attributeCount);
    if (rv == CKR_OK)
        rv = sim_ska_key_open(session, key, &object);
    if (rv == CKR_OK)
        rv = sim_copy_mechanism(&mechanism);
    if (rv == CKR_OK)
        rv = check_decryption(&object, mechanism);
    if (rv == CKR_OK) {
        const struct unwrapping wish = {mechanism, attributes, attributeCount};

        rv = decide_and_unwrap(&use, &object, &wish, &made);
    }
    if (rv == CKR_OK)
        *newKey = made;
    sim_log_call(__func__, false, ska_span_of(&object.label), rv);
    sim_object_clear(&object);
    return sim_leave(&call, rv);
}
