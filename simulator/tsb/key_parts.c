/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/key_parts.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "provider/base/der.h"
#include "provider/base/der_write.h"

#define ROOM 1024

/* ---- RSA ------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    CK_ATTRIBUTE_TYPE type;
} rsa_parts[TSB_KEY_PARTS] = {
    {OSSL_PKEY_PARAM_RSA_N, CKA_MODULUS},
    {OSSL_PKEY_PARAM_RSA_E, CKA_PUBLIC_EXPONENT},
    {OSSL_PKEY_PARAM_RSA_D, CKA_PRIVATE_EXPONENT},
    {OSSL_PKEY_PARAM_RSA_FACTOR1, CKA_PRIME_1},
    {OSSL_PKEY_PARAM_RSA_FACTOR2, CKA_PRIME_2},
    {OSSL_PKEY_PARAM_RSA_EXPONENT1, CKA_EXPONENT_1},
    {OSSL_PKEY_PARAM_RSA_EXPONENT2, CKA_EXPONENT_2},
    {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, CKA_COEFFICIENT},
};

#define RSA_PUBLIC_PARTS 2

static bool read_number(const EVP_PKEY *key, const char *name, struct ska_bytes *value)
{
    BIGNUM *number = NULL;
    bool done = EVP_PKEY_get_bn_param(key, name, &number) == 1;

    if (done)
        value->data = calloc(1, (size_t)BN_num_bytes(number) + 1);
    done = done && value->data != NULL;
    if (done)
        value->length = (size_t)BN_bn2bin(number, value->data);
    BN_clear_free(number);
    return done;
}

static bool read_rsa(const EVP_PKEY *key, struct tsb_key_parts *parts)
{
    size_t count = parts->public_only ? RSA_PUBLIC_PARTS : TSB_KEY_PARTS;

    for (size_t i = 0; i < count; i++)
        if (!read_number(key, rsa_parts[i].name, &parts->values[i]))
            return false;
    return true;
}

/* ---- Curves ---------------------------------------------------------------------------------- */

/* Whether libcrypto's name of the key's group is the curve of these parameters. */
static bool is_on_curve(const EVP_PKEY *key, struct ska_span curve)
{
    const unsigned char *next = curve.data;
    ASN1_OBJECT *object = d2i_ASN1_OBJECT(NULL, &next, (long)curve.length);
    char name[64] = "";
    bool same = object != NULL && EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) == 1 &&
                OBJ_txt2nid(name) == OBJ_obj2nid(object);

    ASN1_OBJECT_free(object);
    return same;
}

static bool keep_point(struct ska_span point, struct ska_bytes *value)
{
    struct ska_buffer buffer = {0};

    ska_der_put(&buffer, SKA_DER_OCTET_STRING, point);
    return ska_buffer_finish(&buffer, value, NULL);
}

static bool read_ec(const EVP_PKEY *key, struct tsb_key_parts *parts)
{
    uint8_t point[ROOM];
    uint8_t scalar[ROOM];
    size_t length = 0;
    BIGNUM *number = NULL;
    int half = 0;
    bool done = is_on_curve(key, parts->curve) &&
                EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
                                                sizeof(point), &length) == 1 &&
                point[0] == POINT_CONVERSION_UNCOMPRESSED &&
                keep_point(ska_span(point, length), &parts->values[0]);

    if (!done || parts->public_only)
        return done;
    half = (int)(length / 2);
    done = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
           BN_bn2binpad(number, scalar, half) == half &&
           ska_bytes_copy(&parts->values[1], ska_span(scalar, (size_t)half), NULL);
    OPENSSL_cleanse(scalar, sizeof(scalar));
    BN_clear_free(number);
    return done;
}

static bool read_edwards(const EVP_PKEY *key, struct tsb_key_parts *parts)
{
    uint8_t bytes[64];
    size_t length = sizeof(bytes);
    bool done = EVP_PKEY_get_raw_public_key(key, bytes, &length) == 1 &&
                keep_point(ska_span(bytes, length), &parts->values[0]);

    if (!done || parts->public_only)
        return done;
    length = sizeof(bytes);
    done = EVP_PKEY_get_raw_private_key(key, bytes, &length) == 1 &&
           ska_bytes_copy(&parts->values[1], ska_span(bytes, length), NULL);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return done;
}

/* ---- Both ------------------------------------------------------------------------------------ */

bool tsb_key_parts_read(const EVP_PKEY *key, CK_KEY_TYPE type, struct ska_span curve,
                        bool public_only, struct tsb_key_parts *parts)
{
    static const uint8_t ed448[] = {0x06, 0x03, 0x2B, 0x65, 0x71};
    const char *edwards =
        ska_span_equal(curve, ska_span(ed448, sizeof(ed448))) ? "ED448" : "ED25519";

    memset(parts, 0, sizeof(*parts));
    parts->type = type;
    parts->curve = curve;
    parts->public_only = public_only;
    if (type == CKK_RSA)
        return EVP_PKEY_is_a(key, "RSA") == 1 && read_rsa(key, parts);
    if (type == CKK_EC)
        return EVP_PKEY_is_a(key, "EC") == 1 && read_ec(key, parts);
    return EVP_PKEY_is_a(key, edwards) == 1 && read_edwards(key, parts);
}

void tsb_key_parts_clear(struct tsb_key_parts *parts)
{
    for (size_t i = 0; i < TSB_KEY_PARTS; i++)
        ska_bytes_clear_free(&parts->values[i]);
}

static void put_part(const struct tsb_key_parts *parts, size_t i, CK_ATTRIBUTE_TYPE type,
                     struct tsb_template *to)
{
    tsb_template_put(to, type, parts->values[i].data, parts->values[i].length);
}

void tsb_key_parts_put(const struct tsb_key_parts *parts, bool private_key, struct tsb_template *to)
{
    size_t count = private_key ? TSB_KEY_PARTS : RSA_PUBLIC_PARTS;

    if (parts->type == CKK_RSA) {
        for (size_t i = 0; i < count; i++)
            put_part(parts, i, rsa_parts[i].type, to);
        return;
    }
    tsb_template_put(to, CKA_EC_PARAMS, parts->curve.data, parts->curve.length);
    put_part(parts, private_key ? 1 : 0, private_key ? CKA_VALUE : CKA_EC_POINT, to);
}

/* ---- What a key is --------------------------------------------------------------------------- */

static int curve_nid(const EVP_PKEY *key)
{
    char name[64] = "";

    if (EVP_PKEY_is_a(key, "ED25519") == 1)
        return NID_ED25519;
    if (EVP_PKEY_is_a(key, "ED448") == 1)
        return NID_ED448;
    return EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) == 1 ? OBJ_txt2nid(name)
                                                                       : NID_undef;
}

bool tsb_key_curve(const EVP_PKEY *key, struct ska_bytes *parameters)
{
    int nid = curve_nid(key);
    unsigned char *der = NULL;
    int length = nid == NID_undef ? 0 : i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &der);
    bool done = length > 0 && ska_bytes_copy(parameters, ska_span(der, (size_t)length), NULL);

    OPENSSL_free(der);
    return done || EVP_PKEY_is_a(key, "RSA") == 1;
}

EVP_PKEY *tsb_private_key_decode(OSSL_LIB_CTX *libctx, struct ska_span der)
{
    const unsigned char *next = der.data;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &next, (long)der.length);
    EVP_PKEY *key = info == NULL || next != der.data + der.length
                        ? NULL
                        : EVP_PKCS82PKEY_ex(info, libctx, NULL);

    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}
