/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C_SignApprovalToken: what an approver does, for debugging. Real approvers sign where their key
 * is.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <pkcs11.h>

#include "provider/base/evp_key.h"
#include "provider/request/approval_token.h"
#include "provider/request/approver_signature.h"
#include "provider/rule/rule_codec.h"
#include "simulator/call.h"
#include "simulator/caller_memory.h"
#include "simulator/context.h"
#include "simulator/policy_structure.h"
#include "simulator/vendor_call.h"

/* ---- The approver's key ----------------------------------------------------------------- */

/* An AlgorithmIdentifier, or its OBJECT IDENTIFIER alone. */
static X509_ALGOR *read_algorithm(struct ska_span ber)
{
    const unsigned char *next = ber.data;
    X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &next, (long)ber.length);
    ASN1_OBJECT *object = NULL;

    if (algorithm != NULL)
        return algorithm;
    next = ber.data;
    object = d2i_ASN1_OBJECT(NULL, &next, (long)ber.length);
    algorithm = X509_ALGOR_new();
    if (object == NULL || algorithm == NULL ||
        !X509_ALGOR_set0(algorithm, object, V_ASN1_UNDEF, NULL)) {
        ASN1_OBJECT_free(object);
        X509_ALGOR_free(algorithm);
        return NULL;
    }
    return algorithm;
}

/* A PrivateKeyInfo of an algorithm and the key's value. */
static PKCS8_PRIV_KEY_INFO *make_info(const X509_ALGOR *algorithm, struct ska_span value)
{
    PKCS8_PRIV_KEY_INFO *info = PKCS8_PRIV_KEY_INFO_new();
    X509_ALGOR *copy = X509_ALGOR_dup(algorithm);
    unsigned char *content = OPENSSL_memdup(value.data, value.length);
    const ASN1_OBJECT *object = NULL;
    const void *parameter = NULL;
    int type = V_ASN1_UNDEF;
    bool done = false;

    if (info != NULL && copy != NULL && content != NULL) {
        X509_ALGOR_get0(&object, &type, &parameter, copy);
        /* What is handed over here belongs to the info afterwards, so each is a copy. */
        done = PKCS8_pkey_set0(info, OBJ_dup(object), 0, type,
                               type == V_ASN1_SEQUENCE
                                   ? (void *)ASN1_STRING_dup((const ASN1_STRING *)parameter)
                               : type == V_ASN1_OBJECT ? (void *)OBJ_dup(parameter)
                                                       : NULL,
                               content, (int)value.length) == 1;
    }
    X509_ALGOR_free(copy);
    if (done)
        return info;
    OPENSSL_free(content);
    PKCS8_PRIV_KEY_INFO_free(info);
    return NULL;
}

static EVP_PKEY *read_private_key(struct ska_span algorithm, struct ska_span value)
{
    const unsigned char *next = value.data;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &next, (long)value.length);
    EVP_PKEY *key = NULL;

    if (info == NULL) {
        X509_ALGOR *read = read_algorithm(algorithm);

        info = read == NULL ? NULL : make_info(read, value);
        X509_ALGOR_free(read);
    }
    if (info != NULL)
        key = EVP_PKCS82PKEY_ex(info, sim_libctx(), NULL);
    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}

/* Whether the private key is the one that the rule lists. */
static bool is_key_of(EVP_PKEY *key, struct ska_span public_key)
{
    EVP_PKEY *listed = ska_evp_decode(sim_libctx(), public_key);
    bool same = listed != NULL && EVP_PKEY_eq(key, listed) == 1;

    EVP_PKEY_free(listed);
    return same;
}

/* ---- The signature ---------------------------------------------------------------------- */

static bool is_edwards(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
}

static CK_RV sign_plain(EVP_PKEY *key, struct ska_span token, struct ska_bytes *plain)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t length = 0;
    bool done = context != NULL &&
                EVP_DigestSignInit_ex(context, NULL, is_edwards(key) ? NULL : "SHA256",
                                      sim_libctx(), NULL, key, NULL) == 1 &&
                EVP_DigestSign(context, NULL, &length, token.data, token.length) == 1;

    if (done)
        plain->data = malloc(length + 1);
    done = done && plain->data != NULL &&
           EVP_DigestSign(context, plain->data, &length, token.data, token.length) == 1;
    plain->length = length;
    EVP_MD_CTX_free(context);
    return done ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV sign_token(EVP_PKEY *key, struct ska_span public_key, struct ska_span token,
                        struct ska_bytes *der)
{
    struct ska_bytes plain = {NULL, 0};
    CK_RV rv = sign_plain(key, token, &plain);

    if (rv == CKR_OK && !ska_signature_to_der(public_key, is_edwards(key) ? "EdDSA" : "SHA-256",
                                              ska_span_of(&plain), der, NULL))
        rv = CKR_FUNCTION_FAILED;
    ska_bytes_free(&plain);
    return rv;
}

/* Both buffers get their content or neither does. */
static CK_RV fill_approval(CK_SKA_APPROVAL *approval, CK_ULONG type, struct ska_span signature,
                           struct ska_span info)
{
    CK_ULONG signature_space = approval->signatureLen;
    CK_ULONG info_space = approval->signerInfoLen;

    approval->signatureLen = signature.length;
    approval->signerInfoLen = info.length;
    if (approval->pSignature == NULL || approval->pSignerInfo == NULL)
        return CKR_OK;
    if (signature_space < signature.length || info_space < info.length)
        return CKR_BUFFER_TOO_SMALL;
    memcpy(approval->pSignature, signature.data, signature.length);
    memcpy(approval->pSignerInfo, info.data, info.length);
    approval->type = type;
    return CKR_OK;
}

static CK_RV make_approval(struct ska_span algorithm, struct ska_span value,
                           const struct ska_approver *approver, struct ska_span token,
                           CK_ULONG type, CK_SKA_APPROVAL *approval)
{
    EVP_PKEY *key = read_private_key(algorithm, value);
    struct ska_bytes signature = {NULL, 0};
    CK_RV rv = CKR_ARGUMENTS_BAD;

    if (key != NULL && is_key_of(key, ska_span_of(&approver->public_key)))
        rv = sign_token(key, ska_span_of(&approver->public_key), token, &signature);
    if (rv == CKR_OK)
        rv = fill_approval(approval, type, ska_span_of(&signature), ska_span_of(&approver->data));
    ska_bytes_free(&signature);
    EVP_PKEY_free(key);
    return rv;
}

CK_RV C_SignApprovalToken(CK_BYTE_PTR keyAlgorithm, CK_ULONG keyAlgorithmLen,
                          CK_BYTE_PTR privateKey, CK_ULONG privateKeyLen, CK_SKA_APPROVER *approver,
                          CK_BYTE_PTR token, CK_ULONG tokenLen, CK_ULONG type,
                          CK_SKA_APPROVAL *approval)
{
    struct sim_call call;
    struct ska_approver read = {.type = SKA_APPROVER_PUBLIC_KEY};
    struct ska_approval_token decoded = {0};
    CK_SKA_APPROVAL *none = NULL;
    bool query =
        approval != NULL && (approval->pSignature == NULL || approval->pSignerInfo == NULL);
    CK_RV rv = sim_enter_pure(&call, __func__);

    if (rv == CKR_OK && (privateKeyLen == 0 || approver == NULL || approval == NULL ||
                         token == NULL || (uint32_t)type != (uint32_t)approver->type))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = sim_copy_input(&keyAlgorithm, keyAlgorithmLen);
    if (rv == CKR_OK)
        rv = sim_copy_input(&privateKey, privateKeyLen);
    if (rv == CKR_OK)
        rv = sim_copy_approved(&token, &tokenLen, &none, 0);
    if (rv == CKR_OK)
        rv = sim_approver_read(approver, &read);
    if (rv == CKR_OK && (tokenLen > SKA_TOKEN_LIMIT || !ska_approver_identify(&read, NULL) ||
                         !ska_approval_token_decode(ska_span(token, tokenLen), &decoded, NULL)))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = make_approval(ska_span(keyAlgorithm, keyAlgorithmLen),
                           ska_span(privateKey, privateKeyLen), &read, ska_span(token, tokenLen),
                           type, approval);
    ska_bytes_free(&read.name);
    ska_bytes_free(&read.data);
    ska_bytes_free(&read.public_key);
    sim_log_call(__func__, query, ska_span(NULL, 0), rv);
    return sim_leave(&call, rv);
}
