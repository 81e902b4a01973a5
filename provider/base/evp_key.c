/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/evp_key.h"

#include <limits.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "provider/base/der.h"
#include "provider/base/spki.h"

static const char *const type_names[] = {
    [SKA_KEY_RSA] = "RSA",         [SKA_KEY_RSA_PSS] = "RSA-PSS", [SKA_KEY_EC] = "EC",
    [SKA_KEY_ED25519] = "ED25519", [SKA_KEY_ED448] = "ED448",
};
enum { TYPE_COUNT = sizeof(type_names) / sizeof(type_names[0]) };

/*
 * The same by their object identifiers: with a name of its own libcrypto would go to an ENGINE that
 * the application has made the default for the type, and that makes no keys from numbers.
 */
static const char *const type_oids[TYPE_COUNT] = {
    [SKA_KEY_RSA] = "1.2.840.113549.1.1.1", [SKA_KEY_RSA_PSS] = "1.2.840.113549.1.1.10",
    [SKA_KEY_EC] = "1.2.840.10045.2.1",     [SKA_KEY_ED25519] = "1.3.101.112",
    [SKA_KEY_ED448] = "1.3.101.113",
};

/* ---- Making ---------------------------------------------------------------------------------- */

static bool make_from_params(OSSL_LIB_CTX *libctx, enum ska_key_type type, OSSL_PARAM *params,
                             EVP_PKEY **key)
{
    EVP_PKEY_CTX *context = NULL;
    bool done = false;

    *key = NULL;
    ERR_set_mark();
    context = EVP_PKEY_CTX_new_from_name(libctx, type_oids[type], NULL);
    done = context != NULL && params != NULL && EVP_PKEY_fromdata_init(context) > 0 &&
           EVP_PKEY_fromdata(context, key, EVP_PKEY_PUBLIC_KEY, params) > 0;
    EVP_PKEY_CTX_free(context);
    ERR_pop_to_mark();
    return done;
}

/* Longer ones have no use. */
#define RSA_NUMBER_LIMIT 4096

static bool make_rsa(OSSL_LIB_CTX *libctx, enum ska_key_type type, const BIGNUM *modulus,
                     const BIGNUM *exponent, EVP_PKEY **key)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    bool done = false;

    if (builder != NULL && modulus != NULL && exponent != NULL && !BN_is_zero(modulus) &&
        !BN_is_zero(exponent) && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent)) {
        params = OSSL_PARAM_BLD_to_param(builder);
        done = make_from_params(libctx, type, params, key);
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    return done;
}

bool ska_evp_make_rsa(OSSL_LIB_CTX *libctx, enum ska_key_type type, struct ska_span modulus,
                      struct ska_span exponent, EVP_PKEY **key)
{
    BIGNUM *n = NULL;
    BIGNUM *e = NULL;
    bool done = false;

    if (modulus.length > RSA_NUMBER_LIMIT || exponent.length > RSA_NUMBER_LIMIT)
        return false;
    n = BN_bin2bn(modulus.data, (int)modulus.length, NULL);
    e = BN_bin2bn(exponent.data, (int)exponent.length, NULL);
    done = make_rsa(libctx, type, n, e, key);
    BN_free(n);
    BN_free(e);
    return done;
}

bool ska_evp_retype_rsa(OSSL_LIB_CTX *libctx, enum ska_key_type type, const EVP_PKEY *from,
                        EVP_PKEY **key)
{
    BIGNUM *n = NULL;
    BIGNUM *e = NULL;
    bool done = EVP_PKEY_get_bn_param(from, OSSL_PKEY_PARAM_RSA_N, &n) &&
                EVP_PKEY_get_bn_param(from, OSSL_PKEY_PARAM_RSA_E, &e) &&
                make_rsa(libctx, type, n, e, key);

    BN_free(n);
    BN_free(e);
    return done;
}

static OSSL_PARAM point_param(struct ska_span point)
{
    return OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.data,
                                             point.length);
}

bool ska_evp_make_ec(OSSL_LIB_CTX *libctx, int curve, struct ska_span point, EVP_PKEY **key)
{
    /* By name, always: other software refuses certificates with a curve spelled out. */
    char *name = (char *)(uintptr_t)OBJ_nid2sn(curve);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
        point_param(point),
        OSSL_PARAM_construct_end(),
    };

    return make_from_params(libctx, SKA_KEY_EC, params, key);
}

bool ska_evp_make_edwards(OSSL_LIB_CTX *libctx, enum ska_key_type type, struct ska_span point,
                          EVP_PKEY **key)
{
    OSSL_PARAM params[] = {point_param(point), OSSL_PARAM_construct_end()};

    return make_from_params(libctx, type, params, key);
}

size_t ska_evp_field_length(OSSL_LIB_CTX *libctx, int curve)
{
    /* Making a group only to ask it takes as long as all the rest of a look-up. */
    static const struct {
        int nid;
        size_t field;
    } common_curves[] = {
        {NID_X9_62_prime256v1, 32}, {NID_secp384r1, 48}, {NID_secp521r1, 66}, {NID_secp256k1, 32}};
    EC_GROUP *group = NULL;
    size_t length = 0;

    for (size_t i = 0; i < sizeof(common_curves) / sizeof(common_curves[0]); i++)
        if (common_curves[i].nid == curve)
            return common_curves[i].field;
    ERR_set_mark();
    group = EC_GROUP_new_by_curve_name_ex(libctx, NULL, curve);
    if (group != NULL)
        length = ((size_t)EC_GROUP_get_degree(group) + 7) / 8;
    EC_GROUP_free(group);
    ERR_pop_to_mark();
    return length;
}

/* ---- Opening --------------------------------------------------------------------------------- */

/* Signatures of longer keys would not fit anywhere. */
#define MODULUS_LIMIT 2048

/* Not negative, in the shortest form; without the zero that only says that it is not negative. */
static bool take_number(struct ska_span *from, struct ska_span *number)
{
    if (!ska_der_take(from, SKA_DER_INTEGER, number) || number->length == 0 ||
        number->data[0] >= 0x80)
        return false;
    if (number->data[0] != 0 || number->length == 1)
        return true;
    *number = ska_span(number->data + 1, number->length - 1);
    return number->data[0] >= 0x80;
}

/* RFC 8017, A.1.1: SEQUENCE { modulus, publicExponent }. */
static bool open_rsa(OSSL_LIB_CTX *libctx, struct ska_span der, enum ska_key_type type,
                     EVP_PKEY **key)
{
    struct ska_span numbers = {NULL, 0};
    struct ska_span modulus = {NULL, 0};
    struct ska_span exponent = {NULL, 0};

    return ska_der_take(&der, SKA_DER_SEQUENCE, &numbers) && der.length == 0 &&
           take_number(&numbers, &modulus) && take_number(&numbers, &exponent) &&
           numbers.length == 0 && modulus.length <= MODULUS_LIMIT &&
           ska_evp_make_rsa(libctx, type, modulus, exponent, key);
}

static int named_curve(struct ska_span der)
{
    const unsigned char *next = der.data;
    ASN1_OBJECT *object = NULL;
    int nid = NID_undef;

    ERR_set_mark();
    object = d2i_ASN1_OBJECT(NULL, &next, (long)der.length);
    if (object != NULL)
        nid = OBJ_obj2nid(object);
    ASN1_OBJECT_free(object);
    ERR_pop_to_mark();
    return nid;
}

#define UNCOMPRESSED_POINT 0x04

static bool open_ec(OSSL_LIB_CTX *libctx, const struct ska_algorithm_bits *spki, EVP_PKEY **key)
{
    int curve = named_curve(spki->value_der);
    size_t field = curve == NID_undef ? 0 : ska_evp_field_length(libctx, curve);

    return field > 0 && spki->bits.length == 1 + 2 * field &&
           spki->bits.data[0] == UNCOMPRESSED_POINT &&
           ska_evp_make_ec(libctx, curve, spki->bits, key);
}

bool ska_evp_open(OSSL_LIB_CTX *libctx, struct ska_span spki, enum ska_key_type *type,
                  EVP_PKEY **key)
{
    struct ska_algorithm_bits read;

    if (!ska_spki_key_type(spki, type) || !ska_algorithm_bits_read(spki, &read))
        return false;
    switch (*type) {
    case SKA_KEY_RSA:
        return read.parameters == SKA_DER_NULL && open_rsa(libctx, read.bits, *type, key);
    case SKA_KEY_RSA_PSS:
        return read.parameters == SKA_DER_ABSENT && open_rsa(libctx, read.bits, *type, key);
    case SKA_KEY_EC:
        return read.parameters == SKA_DER_OBJECT && open_ec(libctx, &read, key);
    case SKA_KEY_ED25519:
    case SKA_KEY_ED448:
        return read.parameters == SKA_DER_ABSENT &&
               ska_evp_make_edwards(libctx, *type, read.bits, key);
    }
    return false;
}

EVP_PKEY *ska_evp_decode(OSSL_LIB_CTX *libctx, struct ska_span spki)
{
    const unsigned char *next = spki.data;
    enum ska_key_type type = SKA_KEY_RSA;
    EVP_PKEY *key = NULL;

    if (ska_evp_open(libctx, spki, &type, &key))
        return key;
    if (spki.length == 0 || spki.length > LONG_MAX)
        return NULL;
    ERR_set_mark();
    key = d2i_PUBKEY_ex(NULL, &next, (long)spki.length, libctx, NULL);
    ERR_pop_to_mark();
    if (next == spki.data + spki.length)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

bool ska_evp_encode(const EVP_PKEY *key, struct ska_bytes *spki, const struct ska_errors *errors)
{
    unsigned char *der = NULL;
    const char *reason = NULL;
    int length = 0;
    bool done = false;

    ERR_set_mark();
    length = i2d_PUBKEY(key, &der);
    reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_pop_to_mark();
    if (length <= 0)
        return ska_fail(errors, SKA_R_BAD_KEY, "its public key cannot be obtained: %s", reason);
    done = ska_bytes_copy(spki, ska_span(der, (size_t)length), errors);
    OPENSSL_free(der);
    return done;
}

bool ska_evp_type(const EVP_PKEY *key, enum ska_key_type *type)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (EVP_PKEY_is_a(key, type_names[i])) {
            *type = (enum ska_key_type)i;
            return true;
        }
    return false;
}

bool ska_evp_equal(OSSL_LIB_CTX *libctx, struct ska_span a, struct ska_span b)
{
    EVP_PKEY *left = NULL;
    EVP_PKEY *right = NULL;
    bool equal = ska_span_equal(a, b);

    if (!equal) {
        left = ska_evp_decode(libctx, a);
        right = ska_evp_decode(libctx, b);
        ERR_set_mark();
        equal = left != NULL && right != NULL && EVP_PKEY_eq(left, right) == 1;
        ERR_pop_to_mark();
        EVP_PKEY_free(left);
        EVP_PKEY_free(right);
    }
    return equal;
}
