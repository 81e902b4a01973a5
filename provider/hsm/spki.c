/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/spki.h"

#include <limits.h>

#include <openssl/asn1t.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "provider/hsm/ecdsa.h"
#include "provider/hsm/public_key.h"

/* RFC 8017, A.1.1. */
typedef struct {
    ASN1_INTEGER *modulus;
    ASN1_INTEGER *exponent;
} HSM_RSA_PUBLIC_KEY;

/* clang-format off */
ASN1_SEQUENCE(HSM_SPKI) = {
    ASN1_SIMPLE(HSM_SPKI, algorithm, X509_ALGOR),
    ASN1_SIMPLE(HSM_SPKI, bits, ASN1_BIT_STRING),
} ASN1_SEQUENCE_END(HSM_SPKI)

ASN1_SEQUENCE(HSM_RSA_PUBLIC_KEY) = {
    ASN1_SIMPLE(HSM_RSA_PUBLIC_KEY, modulus, ASN1_INTEGER),
    ASN1_SIMPLE(HSM_RSA_PUBLIC_KEY, exponent, ASN1_INTEGER),
} static_ASN1_SEQUENCE_END(HSM_RSA_PUBLIC_KEY)

/* What stands before the bytes of a bit string that is one of whole bytes. */
enum { NO_UNUSED_BITS = 0 };
/* clang-format on */

static struct ska_span span_of(const ASN1_STRING *string)
{
    return ska_span(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

/* Objects are compared: looking up an unknown one makes libcrypto load its configuration first. */
static bool algorithm_type(const ASN1_OBJECT *algorithm, enum ska_key_type *type)
{
    static const int nids[] = {
        [SKA_KEY_RSA] = NID_rsaEncryption,
        [SKA_KEY_RSA_PSS] = NID_rsassaPss,
        [SKA_KEY_EC] = NID_X9_62_id_ecPublicKey,
        [SKA_KEY_ED25519] = NID_ED25519,
        [SKA_KEY_ED448] = NID_ED448,
    };

    for (size_t i = 0; i < sizeof(nids) / sizeof(nids[0]); i++)
        if (OBJ_cmp(algorithm, OBJ_nid2obj(nids[i])) == 0) {
            *type = (enum ska_key_type)i;
            return true;
        }
    return false;
}

static bool parameters_fit(enum ska_key_type type, int parameters)
{
    if (type == SKA_KEY_RSA)
        return parameters == V_ASN1_NULL;
    return parameters == (type == SKA_KEY_EC ? V_ASN1_OBJECT : V_ASN1_UNDEF);
}

/* The numbers of one RSAPublicKey in DER, nothing behind it. Free with ASN1_item_free(). */
static HSM_RSA_PUBLIC_KEY *rsa_numbers(struct ska_span der)
{
    const ASN1_ITEM *item = ASN1_ITEM_rptr(HSM_RSA_PUBLIC_KEY);
    const unsigned char *next = der.data;
    unsigned char *again = NULL;
    HSM_RSA_PUBLIC_KEY *numbers =
        (HSM_RSA_PUBLIC_KEY *)ASN1_item_d2i(NULL, &next, (long)der.length, item);
    int length = numbers == NULL ? 0 : ASN1_item_i2d((ASN1_VALUE *)numbers, &again, item);
    bool good = length > 0 && ska_span_equal(ska_span(again, (size_t)length), der) &&
                ASN1_STRING_type(numbers->modulus) == V_ASN1_INTEGER &&
                ASN1_STRING_type(numbers->exponent) == V_ASN1_INTEGER &&
                ASN1_STRING_length(numbers->modulus) <= HSM_SIGNATURE_LIMIT;

    OPENSSL_free(again);
    if (!good) {
        ASN1_item_free((ASN1_VALUE *)numbers, item);
        return NULL;
    }
    return numbers;
}

static bool rsa_key(struct ska_span der, OSSL_LIB_CTX *libctx, enum ska_key_type type,
                    EVP_PKEY **key)
{
    HSM_RSA_PUBLIC_KEY *numbers = rsa_numbers(der);
    struct hsm_public_parts parts = {0};
    bool done = false;

    if (numbers != NULL) {
        parts.modulus = span_of(numbers->modulus);
        parts.exponent = span_of(numbers->exponent);
        done = hsm_public_of_type(libctx, type, &parts, key);
    }
    ASN1_item_free((ASN1_VALUE *)numbers, ASN1_ITEM_rptr(HSM_RSA_PUBLIC_KEY));
    return done;
}

/* Uncompressed, and bare: tokens may wrap a point into an OCTET STRING. */
#define UNCOMPRESSED_POINT 0x04
static bool is_plain(EVP_PKEY *key, enum ska_key_type type, struct ska_span point)
{
    size_t length = 0;

    return (type != SKA_KEY_EC || point.data[0] == UNCOMPRESSED_POINT) &&
           EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, NULL, 0, &length) &&
           length == point.length;
}

/* A point, and for EC the object that names its curve. */
static bool point_key(struct ska_span point, const ASN1_OBJECT *curve, OSSL_LIB_CTX *libctx,
                      enum ska_key_type type, EVP_PKEY **key)
{
    struct hsm_public_parts parts = {.point = point};
    unsigned char *parameters = NULL;
    int length = curve == NULL ? 0 : i2d_ASN1_OBJECT(curve, &parameters);
    bool done = length >= 0;

    if (done) {
        parts.parameters = ska_span(parameters, (size_t)length);
        done = hsm_public_of_type(libctx, type, &parts, key);
    }
    if (done && !is_plain(*key, type, point)) {
        EVP_PKEY_free(*key);
        *key = NULL;
        done = false;
    }
    OPENSSL_free(parameters);
    return done;
}

/* At least one byte, and no bits left over: DER tells, OpenSSL 4.0 hides it in the structure. */
static bool is_bytes(const ASN1_BIT_STRING *bits)
{
    unsigned char *der = NULL;
    int length = i2d_ASN1_BIT_STRING(bits, &der);
    int bytes = ASN1_STRING_length(bits);
    bool whole = bytes > 0 && length > bytes && der[length - bytes - 1] == NO_UNUSED_BITS;

    OPENSSL_free(der);
    return whole;
}

bool hsm_spki_key(const HSM_SPKI *spki, OSSL_LIB_CTX *libctx, enum ska_key_type *type,
                  EVP_PKEY **key)
{
    const ASN1_OBJECT *algorithm = NULL;
    const void *parameters = NULL;
    int parameters_type = V_ASN1_UNDEF;
    bool done = false;

    ERR_set_mark();
    X509_ALGOR_get0(&algorithm, &parameters_type, &parameters, spki->algorithm);
    done = algorithm_type(algorithm, type) && parameters_fit(*type, parameters_type) &&
           is_bytes(spki->bits);
    if (done && (*type == SKA_KEY_RSA || *type == SKA_KEY_RSA_PSS))
        done = rsa_key(span_of(spki->bits), libctx, *type, key);
    else if (done)
        done = point_key(span_of(spki->bits), parameters, libctx, *type, key);
    ERR_pop_to_mark();
    return done;
}

bool hsm_spki_open(struct ska_span der, OSSL_LIB_CTX *libctx, EVP_PKEY **key)
{
    const unsigned char *next = der.data;
    HSM_SPKI *spki = NULL;
    enum ska_key_type type = SKA_KEY_RSA;
    bool done = false;

    if (der.length == 0 || der.length > LONG_MAX)
        return false;
    ERR_set_mark();
    spki = (HSM_SPKI *)ASN1_item_d2i(NULL, &next, (long)der.length, ASN1_ITEM_rptr(HSM_SPKI));
    done = spki != NULL && next == der.data + der.length && hsm_spki_key(spki, libctx, &type, key);
    ASN1_item_free((ASN1_VALUE *)spki, ASN1_ITEM_rptr(HSM_SPKI));
    ERR_pop_to_mark();
    return done;
}
