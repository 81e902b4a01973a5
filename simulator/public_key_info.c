/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A public key object as a SubjectPublicKeyInfo.
 */
#include "simulator/public_key_info.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "simulator/context.h"
#include "simulator/softhsm_objects.h"

static EVP_PKEY *key_from(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(sim_libctx(), type, NULL);
    EVP_PKEY *key = NULL;

    if (context == NULL || params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *rsa_key(struct ska_span modulus, struct ska_span exponent)
{
    BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.length, NULL);
    BIGNUM *e = BN_bin2bn(exponent.data, (int)exponent.length, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (n != NULL && e != NULL && builder != NULL &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
        params = OSSL_PARAM_BLD_to_param(builder);
    key = key_from("RSA", params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return key;
}

static EVP_PKEY *ec_key(struct ska_span oid, struct ska_span point)
{
    const unsigned char *next = oid.data;
    ASN1_OBJECT *object = d2i_ASN1_OBJECT(NULL, &next, (long)oid.length);
    const char *name = object == NULL ? NULL : OBJ_nid2sn(OBJ_obj2nid(object));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.data,
                                          point.length),
        OSSL_PARAM_construct_end()};
    EVP_PKEY *key = name == NULL ? NULL : key_from("EC", params);

    ASN1_OBJECT_free(object);
    return key;
}

static EVP_PKEY *edwards_key(struct ska_span point)
{
    return EVP_PKEY_new_raw_public_key_ex(sim_libctx(), point.length == 32 ? "ED25519" : "ED448",
                                          NULL, point.data, point.length);
}

/* Both parts of a key: modulus and exponent, or curve and point. */
static EVP_PKEY *key_of_parts(CK_KEY_TYPE type, struct ska_span first, struct ska_span second)
{
    const unsigned char *next = second.data;
    ASN1_OCTET_STRING *point = NULL;
    EVP_PKEY *key = NULL;
    struct ska_span inside = {NULL, 0};

    if (type == CKK_RSA)
        return rsa_key(first, second);
    point = d2i_ASN1_OCTET_STRING(NULL, &next, (long)second.length);
    if (point == NULL)
        return NULL;
    inside = ska_span(ASN1_STRING_get0_data(point), (size_t)ASN1_STRING_length(point));
    key = type == CKK_EC ? ec_key(first, inside) : edwards_key(inside);
    ASN1_OCTET_STRING_free(point);
    return key;
}

CK_RV sim_public_key_read(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle,
                          struct ska_bytes *info)
{
    struct ska_bytes first = {NULL, 0};
    struct ska_bytes second = {NULL, 0};
    unsigned char *der = NULL;
    EVP_PKEY *key = NULL;
    CK_KEY_TYPE type = 0;
    int length = 0;
    CK_RV rv = sim_read_ulong(session, handle, CKA_KEY_TYPE, &type);

    if (rv == CKR_OK)
        rv = sim_read_bytes(session, handle, type == CKK_RSA ? CKA_MODULUS : CKA_EC_PARAMS, &first);
    if (rv == CKR_OK)
        rv = sim_read_bytes(session, handle, type == CKK_RSA ? CKA_PUBLIC_EXPONENT : CKA_EC_POINT,
                            &second);
    if (rv == CKR_OK) {
        key = key_of_parts(type, ska_span_of(&first), ska_span_of(&second));
        length = key == NULL ? 0 : i2d_PUBKEY(key, &der);
        if (length <= 0 || !ska_bytes_copy(info, ska_span(der, (size_t)length), NULL))
            rv = CKR_FUNCTION_FAILED;
    }
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    ska_bytes_free(&first);
    ska_bytes_free(&second);
    return rv;
}
