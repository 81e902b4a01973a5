/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/device_crypt.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "provider/base/der.h"

/* More than any padding, tag or signature adds. */
#define EXTRA ((size_t)1024)

/* ---- One operation --------------------------------------------------------------------------- */

/* C_Sign(), C_Encrypt(), C_Decrypt() look alike. */
typedef CK_RV transform_call(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_length,
                             CK_BYTE_PTR output, CK_ULONG_PTR output_length);

/* The module takes no NULL for an empty input. */
static CK_RV transform(const struct tsb_key *key, transform_call *call, struct ska_span data,
                       struct ska_bytes *output)
{
    static const CK_BYTE nothing = 0;
    CK_ULONG length = data.length + EXTRA;
    CK_BYTE *room = malloc(length);
    CK_RV rv = room == NULL
                   ? CKR_HOST_MEMORY
                   : call(key->session, tsb_writable(data.length > 0 ? data.data : &nothing),
                          data.length, room, &length);

    if (rv == CKR_OK && !ska_bytes_copy(output, ska_span(room, length), NULL))
        rv = CKR_HOST_MEMORY;
    if (room != NULL)
        OPENSSL_cleanse(room, data.length + EXTRA);
    free(room);
    return rv;
}

CK_RV tsb_key_sign(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                   struct ska_span data, struct ska_bytes *signature)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_RV rv = calls->C_SignInit(key->session, mechanism, key->private_key);

    return rv == CKR_OK ? transform(key, calls->C_Sign, data, signature) : rv;
}

CK_RV tsb_key_encrypt(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                      struct ska_span data, struct ska_bytes *encrypted)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_RV rv = calls->C_EncryptInit(key->session, mechanism, key->public_key);

    return rv == CKR_OK ? transform(key, calls->C_Encrypt, data, encrypted) : rv;
}

CK_RV tsb_key_decrypt(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                      struct ska_span data, struct ska_bytes *plain)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_RV rv = calls->C_DecryptInit(key->session, mechanism, key->private_key);

    if (rv == CKR_OK)
        rv = transform(key, calls->C_Decrypt, data, plain);
    /* SoftHSM has one answer for all that is wrong with a ciphertext. */
    return rv == CKR_GENERAL_ERROR ? CKR_ENCRYPTED_DATA_INVALID : rv;
}

CK_RV tsb_key_verify(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                     struct ska_span data, struct ska_span signature)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_RV rv = calls->C_VerifyInit(key->session, mechanism, key->public_key);

    if (rv == CKR_OK)
        rv = calls->C_Verify(key->session, tsb_writable(data.data), data.length,
                             tsb_writable(signature.data), signature.length);
    return rv;
}

/* ---- Wrapping -------------------------------------------------------------------------------- */

static CK_RV wrap_object(struct tsb_device *device, CK_SESSION_HANDLE session,
                         CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE wrapped,
                         struct ska_bytes *bytes)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_ULONG length = 0;
    CK_RV rv = calls->C_WrapKey(session, mechanism, key, wrapped, NULL, &length);

    if (rv != CKR_OK)
        return rv;
    bytes->data = calloc(1, length + 1);
    if (bytes->data == NULL)
        return CKR_HOST_MEMORY;
    rv = calls->C_WrapKey(session, mechanism, key, wrapped, bytes->data, &length);
    bytes->length = rv == CKR_OK ? length : 0;
    return rv;
}

CK_RV tsb_key_wrap(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                   const struct tsb_key *wrapped, struct ska_bytes *bytes)
{
    return wrap_object(device, key->session, mechanism, key->public_key, wrapped->private_key,
                       bytes);
}

CK_RV tsb_key_unwrap(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                     struct ska_span wrapped, struct tsb_template *template,
                     CK_OBJECT_HANDLE *object)
{
    CK_RV rv = tsb_device_calls(device)->C_UnwrapKey(key->session, mechanism, key->private_key,
                                                     tsb_writable(wrapped.data), wrapped.length,
                                                     template->list, template->count, object);

    return rv == CKR_GENERAL_ERROR ? CKR_WRAPPED_KEY_INVALID : rv;
}

/* ---- Extracting ------------------------------------------------------------------------------ */

/* A key of the session that others can be wrapped with, and its value. */
static CK_RV make_wrapper(struct tsb_device *device, CK_SESSION_HANDLE session,
                          CK_OBJECT_HANDLE *wrapper, struct ska_bytes *value)
{
    const CK_FUNCTION_LIST *calls = tsb_device_calls(device);
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG length = 32;
    struct tsb_template template = {.count = 0};
    CK_RV rv = CKR_OK;

    tsb_template_put(&template, CKA_VALUE_LEN, &length, sizeof(length));
    tsb_template_put_flag(&template, CKA_TOKEN, false);
    tsb_template_put_flag(&template, CKA_SENSITIVE, false);
    tsb_template_put_flag(&template, CKA_EXTRACTABLE, true);
    tsb_template_put_flag(&template, CKA_WRAP, true);
    rv = calls->C_GenerateKey(session, &mechanism, template.list, template.count, wrapper);
    return rv == CKR_OK ? tsb_key_bytes(device, session, *wrapper, CKA_VALUE, value) : rv;
}

/* RFC 5649. */
static bool take_wrap_off(OSSL_LIB_CTX *libctx, struct ska_span key, struct ska_span wrapped,
                          struct ska_bytes *value)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(libctx, "AES-256-WRAP-PAD", NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0;
    bool done = cipher != NULL && context != NULL && key.length == 32;

    value->data = calloc(1, wrapped.length + 16);
    done = done && value->data != NULL &&
           EVP_DecryptInit_ex2(context, cipher, key.data, NULL, NULL) == 1 &&
           EVP_DecryptUpdate(context, value->data, &length, wrapped.data, (int)wrapped.length) == 1;
    value->length = done ? (size_t)length : 0;
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(cipher);
    return done;
}

/* SoftHSM fills up to a multiple of eight what it wraps, though the padding would do that. */
static CK_RV cut_filling_off(struct tsb_device *device, const struct tsb_key *key,
                             struct ska_bytes *value)
{
    struct ska_bytes length = {NULL, 0};
    struct ska_span rest = ska_span_of(value);
    struct ska_span content = {NULL, 0};
    CK_ULONG number = 0;
    CK_RV rv = CKR_OK;

    if (!key->secret) {
        if (!ska_der_take(&rest, SKA_DER_SEQUENCE, &content))
            return CKR_WRAPPED_KEY_INVALID;
        value->length -= rest.length;
        return CKR_OK;
    }
    rv = tsb_key_bytes(device, key->session, key->private_key, CKA_VALUE_LEN, &length);
    if (rv == CKR_OK && length.length == sizeof(number))
        memcpy(&number, length.data, sizeof(number));
    if (number > 0 && number < value->length)
        value->length = number;
    ska_bytes_free(&length);
    return rv;
}

CK_RV tsb_key_extract(struct tsb_device *device, const struct tsb_key *key, struct ska_bytes *value)
{
    CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
    CK_OBJECT_HANDLE wrapper = CK_INVALID_HANDLE;
    struct ska_bytes wrapper_value = {NULL, 0};
    struct ska_bytes wrapped = {NULL, 0};
    CK_RV rv = make_wrapper(device, key->session, &wrapper, &wrapper_value);

    if (rv == CKR_OK)
        rv = wrap_object(device, key->session, &mechanism, wrapper, key->private_key, &wrapped);
    if (rv == CKR_OK && !take_wrap_off(tsb_device_libctx(device), ska_span_of(&wrapper_value),
                                       ska_span_of(&wrapped), value))
        rv = CKR_FUNCTION_FAILED;
    if (rv == CKR_OK)
        rv = cut_filling_off(device, key, value);
    if (wrapper != CK_INVALID_HANDLE)
        tsb_device_calls(device)->C_DestroyObject(key->session, wrapper);
    ska_bytes_clear_free(&wrapper_value);
    ska_bytes_free(&wrapped);
    return rv;
}

/* ---- Random numbers -------------------------------------------------------------------------- */

CK_RV tsb_device_random(struct tsb_device *device, size_t length, struct ska_bytes *bytes)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_RV rv = CKR_HOST_MEMORY;

    bytes->data = calloc(1, length + 1);
    bytes->length = length;
    if (bytes->data != NULL)
        rv = tsb_session_take(device, &session);
    if (rv == CKR_OK)
        rv = tsb_device_calls(device)->C_GenerateRandom(session, bytes->data, length);
    tsb_session_give(device, session);
    return rv;
}
