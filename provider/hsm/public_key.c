/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys: RSA by its numbers, EC by a curve's name and a point, Edwards by a point. */
#include "provider/hsm/public_key.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "provider/hsm/cryptoki_mechanism.h"
#include "provider/hsm/isolation.h"
#include "provider/hsm/rv.h"

/* The longest certificate that is read, in bytes. */
#define CERTIFICATE_LIMIT 65536

/* ---- Curves ---------------------------------------------------------------------------------- */

/* Names of Edwards curves as Cryptoki 3.0 has them, besides object identifiers. */
static const struct {
    const char *name;
    int nid;
} edwards_names[] = {{"edwards25519", NID_ED25519},
                     {"Ed25519", NID_ED25519},
                     {"edwards448", NID_ED448},
                     {"Ed448", NID_ED448}};

static int nid_of_name(const char *name)
{
    int nid = NID_undef;

    for (size_t i = 0; i < sizeof(edwards_names) / sizeof(edwards_names[0]); i++)
        if (strcmp(edwards_names[i].name, name) == 0)
            return edwards_names[i].nid;
    nid = OBJ_sn2nid(name);
    return nid != NID_undef ? nid : EC_curve_nist2nid(name);
}

/* An object identifier or a PrintableString, nothing behind it; NID_undef for all else. */
static int curve_nid(struct ska_span parameters)
{
    const unsigned char *next = parameters.data;
    ASN1_OBJECT *object = NULL;
    ASN1_PRINTABLESTRING *name = NULL;
    int nid = NID_undef;

    if (parameters.length == 0 || parameters.length > 256)
        return NID_undef;
    ERR_set_mark();
    object = d2i_ASN1_OBJECT(NULL, &next, (long)parameters.length);
    if (object != NULL && next == parameters.data + parameters.length)
        nid = OBJ_obj2nid(object);
    next = parameters.data;
    if (object == NULL)
        name = d2i_ASN1_PRINTABLESTRING(NULL, &next, (long)parameters.length);
    if (name != NULL && next == parameters.data + parameters.length) {
        const char *text = (const char *)ASN1_STRING_get0_data(name);

        if (strlen(text) == (size_t)ASN1_STRING_length(name))
            nid = nid_of_name(text);
    }
    ASN1_OBJECT_free(object);
    ASN1_PRINTABLESTRING_free(name);
    ERR_pop_to_mark();
    return nid;
}

/* Making a group only to ask it takes as long as all the rest of a look-up. */
static const struct {
    int nid;
    size_t field;
} common_curves[] = {
    {NID_X9_62_prime256v1, 32}, {NID_secp384r1, 48}, {NID_secp521r1, 66}, {NID_secp256k1, 32}};

/* Bytes of one coordinate; 0 for what is no named curve. */
static size_t field_length(OSSL_LIB_CTX *libctx, int nid)
{
    EC_GROUP *group = NULL;
    size_t length = 0;

    for (size_t i = 0; i < sizeof(common_curves) / sizeof(common_curves[0]); i++)
        if (common_curves[i].nid == nid)
            return common_curves[i].field;
    ERR_set_mark();
    group = EC_GROUP_new_by_curve_name_ex(libctx, NULL, nid);
    if (group != NULL)
        length = ((size_t)EC_GROUP_get_degree(group) + 7) / 8;
    EC_GROUP_free(group);
    ERR_pop_to_mark();
    return length;
}

/* ---- Types ----------------------------------------------------------------------------------- */

static bool is_pss(CK_MECHANISM_TYPE mechanism)
{
    for (size_t i = 0; i < HSM_PSS_COUNT; i++)
        if (hsm_pss_mechanisms[i] == mechanism)
            return true;
    return mechanism == CKM_SHA1_RSA_PKCS_PSS;
}

static bool allows_pss_only(struct ska_span mechanisms)
{
    size_t count = mechanisms.length / sizeof(CK_MECHANISM_TYPE);

    for (size_t i = 0; i < count; i++) {
        CK_MECHANISM_TYPE mechanism = 0;

        memcpy(&mechanism, mechanisms.data + i * sizeof(mechanism), sizeof(mechanism));
        if (!is_pss(mechanism))
            return false;
    }
    return count > 0;
}

bool hsm_public_type(const struct hsm_public_parts *parts, enum ska_key_type *type)
{
    int nid = NID_undef;

    if (parts->key_type == CKK_RSA) {
        *type = allows_pss_only(parts->mechanisms) ? SKA_KEY_RSA_PSS : SKA_KEY_RSA;
        return true;
    }
    if (parts->key_type != CKK_EC && parts->key_type != CKK_EC_EDWARDS)
        return false;
    nid = curve_nid(parts->parameters);
    if (nid == NID_undef)
        return false;
    *type = nid == NID_ED25519 ? SKA_KEY_ED25519 : nid == NID_ED448 ? SKA_KEY_ED448 : SKA_KEY_EC;
    return *type != SKA_KEY_EC || parts->key_type == CKK_EC;
}

bool hsm_public_complete(const struct hsm_public_parts *parts)
{
    if (parts->key_type == CKK_RSA)
        return parts->modulus.length > 0 && parts->exponent.length > 0;
    return parts->parameters.length > 0 && parts->point.length > 0;
}

/* ---- Points ---------------------------------------------------------------------------------- */

/*
 * The point itself. Modules give it raw, or (as Cryptoki wants) inside an OCTET STRING, whose first
 * byte is that of an uncompressed point too: the length decides.
 */
static bool bare_point(struct ska_span value, size_t raw, ASN1_OCTET_STRING **holder,
                       struct ska_span *point)
{
    const unsigned char *next = value.data;

    *point = value;
    if (value.length == raw)
        return true;
    if (value.length > 1024)
        return false;
    ERR_set_mark();
    *holder = d2i_ASN1_OCTET_STRING(NULL, &next, (long)value.length);
    ERR_pop_to_mark();
    if (*holder == NULL || next != value.data + value.length)
        return false;
    *point = ska_span(ASN1_STRING_get0_data(*holder), (size_t)ASN1_STRING_length(*holder));
    return point->length == raw;
}

/* ---- Making keys ----------------------------------------------------------------------------- */

static bool from_data(OSSL_LIB_CTX *libctx, const char *type, OSSL_PARAM_BLD *builder,
                      EVP_PKEY **key)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(libctx, type, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    bool done = context != NULL && params != NULL && EVP_PKEY_fromdata_init(context) > 0 &&
                EVP_PKEY_fromdata(context, key, EVP_PKEY_PUBLIC_KEY, params) > 0;

    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(context);
    return done;
}

static bool make_rsa(OSSL_LIB_CTX *libctx, const BIGNUM *modulus, const BIGNUM *exponent, bool pss,
                     EVP_PKEY **key)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    bool done = builder != NULL && modulus != NULL && exponent != NULL && !BN_is_zero(modulus) &&
                !BN_is_zero(exponent) &&
                OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) &&
                OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) &&
                from_data(libctx, pss ? "RSA-PSS" : "RSA", builder, key);

    OSSL_PARAM_BLD_free(builder);
    return done;
}

static bool make_rsa_from_parts(OSSL_LIB_CTX *libctx, const struct hsm_public_parts *parts,
                                bool pss, EVP_PKEY **key)
{
    BIGNUM *modulus = NULL;
    BIGNUM *exponent = NULL;
    bool done = false;

    if (parts->modulus.length > 4096 || parts->exponent.length > 4096)
        return false;
    modulus = BN_bin2bn(parts->modulus.data, (int)parts->modulus.length, NULL);
    exponent = BN_bin2bn(parts->exponent.data, (int)parts->exponent.length, NULL);
    done = make_rsa(libctx, modulus, exponent, pss, key);
    BN_free(modulus);
    BN_free(exponent);
    return done;
}

static bool make_ec(OSSL_LIB_CTX *libctx, int nid, struct ska_span value, EVP_PKEY **key)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    ASN1_OCTET_STRING *holder = NULL;
    struct ska_span point = {NULL, 0};
    size_t field = field_length(libctx, nid);
    /* By name, always: other software refuses certificates with a curve spelled out. */
    bool done =
        builder != NULL && field > 0 && bare_point(value, 1 + 2 * field, &holder, &point) &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, OBJ_nid2sn(nid), 0) &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data,
                                         point.length) &&
        from_data(libctx, "EC", builder, key);

    ASN1_OCTET_STRING_free(holder);
    OSSL_PARAM_BLD_free(builder);
    return done;
}

static bool make_edwards(OSSL_LIB_CTX *libctx, enum ska_key_type type, struct ska_span value,
                         EVP_PKEY **key)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    ASN1_OCTET_STRING *holder = NULL;
    struct ska_span point = {NULL, 0};
    bool done = builder != NULL &&
                bare_point(value, type == SKA_KEY_ED25519 ? 32 : 57, &holder, &point) &&
                OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data,
                                                 point.length) &&
                from_data(libctx, type == SKA_KEY_ED25519 ? "ED25519" : "ED448", builder, key);

    ASN1_OCTET_STRING_free(holder);
    OSSL_PARAM_BLD_free(builder);
    return done;
}

static bool make_public_key(OSSL_LIB_CTX *libctx, enum ska_key_type type,
                            const struct hsm_public_parts *parts, EVP_PKEY **key)
{
    switch (type) {
    case SKA_KEY_RSA:
    case SKA_KEY_RSA_PSS:
        return make_rsa_from_parts(libctx, parts, type == SKA_KEY_RSA_PSS, key);
    case SKA_KEY_EC:
        return make_ec(libctx, curve_nid(parts->parameters), parts->point, key);
    case SKA_KEY_ED25519:
    case SKA_KEY_ED448:
        return make_edwards(libctx, type, parts->point, key);
    }
    return false;
}

bool hsm_public_of_type(OSSL_LIB_CTX *libctx, enum ska_key_type type,
                        const struct hsm_public_parts *parts, EVP_PKEY **key)
{
    bool done = false;

    *key = NULL;
    ERR_set_mark();
    done = make_public_key(libctx, type, parts, key);
    ERR_pop_to_mark();
    return done;
}

static bool type_or_fail(OSSL_LIB_CTX *libctx, const struct hsm_public_parts *parts,
                         const char *label, enum ska_key_type *type,
                         const struct ska_errors *errors)
{
    if (parts->key_type != CKK_RSA && parts->key_type != CKK_EC &&
        parts->key_type != CKK_EC_EDWARDS)
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "key \"%s\" is of a type (CKK 0x%lX) that is not supported: RSA, EC, "
                        "Ed25519 and Ed448 are",
                        hsm_show(label).text, (unsigned long)parts->key_type);
    if (!hsm_public_type(parts, type) ||
        (*type == SKA_KEY_EC && field_length(libctx, curve_nid(parts->parameters)) == 0))
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "key \"%s\" is on a curve that libcrypto does not know by name",
                        hsm_show(label).text);
    return true;
}

bool hsm_public_make(OSSL_LIB_CTX *libctx, const struct hsm_public_parts *parts, const char *label,
                     EVP_PKEY **key, const struct ska_errors *errors)
{
    enum ska_key_type type = SKA_KEY_RSA;

    if (!type_or_fail(libctx, parts, label, &type, errors))
        return false;
    return hsm_public_of_type(libctx, type, parts, key) ||
           ska_fail(errors, SKA_R_BAD_KEY,
                    "key \"%s\": its attributes on the token give no valid public key",
                    hsm_show(label).text);
}

static EVP_PKEY *certificate_key(OSSL_LIB_CTX *libctx, struct ska_span certificate)
{
    const unsigned char *next = certificate.data;
    X509 *x509 = X509_new_ex(libctx, NULL);
    EVP_PKEY *key = NULL;

    if (x509 != NULL && certificate.length <= CERTIFICATE_LIMIT &&
        d2i_X509(&x509, &next, (long)certificate.length) != NULL)
        key = X509_get_pubkey(x509);
    X509_free(x509);
    return key;
}

/* An RSA-PSS key may have a certificate for plain RSA: only the numbers are taken from it. */
static bool retype_rsa(OSSL_LIB_CTX *libctx, enum ska_key_type type, EVP_PKEY **key)
{
    BIGNUM *modulus = NULL;
    BIGNUM *exponent = NULL;
    EVP_PKEY *retyped = NULL;
    bool done = EVP_PKEY_get_bn_param(*key, OSSL_PKEY_PARAM_RSA_N, &modulus) &&
                EVP_PKEY_get_bn_param(*key, OSSL_PKEY_PARAM_RSA_E, &exponent) &&
                make_rsa(libctx, modulus, exponent, type == SKA_KEY_RSA_PSS, &retyped);

    BN_free(modulus);
    BN_free(exponent);
    EVP_PKEY_free(*key);
    *key = retyped;
    return done;
}

static bool fits_parts(OSSL_LIB_CTX *libctx, enum ska_key_type type,
                       const struct hsm_public_parts *parts, EVP_PKEY **key)
{
    char curve[64] = "";

    switch (type) {
    case SKA_KEY_RSA:
    case SKA_KEY_RSA_PSS:
        return (EVP_PKEY_is_a(*key, "RSA") || EVP_PKEY_is_a(*key, "RSA-PSS")) &&
               retype_rsa(libctx, type, key);
    case SKA_KEY_EC:
        return EVP_PKEY_is_a(*key, "EC") &&
               EVP_PKEY_get_group_name(*key, curve, sizeof(curve), NULL) &&
               OBJ_sn2nid(curve) == curve_nid(parts->parameters);
    case SKA_KEY_ED25519:
        return EVP_PKEY_is_a(*key, "ED25519");
    case SKA_KEY_ED448:
        return EVP_PKEY_is_a(*key, "ED448");
    }
    return false;
}

bool hsm_public_from_certificate(OSSL_LIB_CTX *libctx, struct ska_span certificate,
                                 const struct hsm_public_parts *parts, const char *label,
                                 EVP_PKEY **key, const struct ska_errors *errors)
{
    enum ska_key_type type = SKA_KEY_RSA;
    EVP_PKEY *found = NULL;
    bool done = false;

    if (!type_or_fail(libctx, parts, label, &type, errors))
        return false;
    ERR_set_mark();
    found = certificate_key(libctx, certificate);
    done = found != NULL && fits_parts(libctx, type, parts, &found);
    ERR_pop_to_mark();
    if (!done) {
        EVP_PKEY_free(found);
        return ska_fail(errors, SKA_R_BAD_KEY,
                        "the certificate of key \"%s\" on the token is not one for a key of its "
                        "type",
                        hsm_show(label).text);
    }
    *key = found;
    return true;
}

/* ---- The way back ---------------------------------------------------------------------------- */

bool hsm_public_parameters(enum ska_key_type type, const char *curve, struct ska_bytes *parameters,
                           const struct ska_errors *errors)
{
    int nid = type == SKA_KEY_ED25519 ? NID_ED25519 : type == SKA_KEY_ED448 ? NID_ED448 : NID_undef;
    unsigned char *der = NULL;
    int length = 0;
    bool done = false;

    if (type == SKA_KEY_EC && curve != NULL) {
        nid = EC_curve_nist2nid(curve);
        if (nid == NID_undef)
            nid = OBJ_sn2nid(curve);
        if (nid == NID_undef && strcmp(curve, "secp256r1") == 0) /* a third name of P-256 */
            nid = NID_X9_62_prime256v1;
        if (nid != NID_undef && field_length(hsm_isolation_libctx(), nid) == 0)
            nid = NID_undef;
    }
    if (nid == NID_undef)
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "no curve of this name: %s; there are P-256, P-384, P-521, secp256k1 and "
                        "others that `openssl ecparam -list_curves` names",
                        curve == NULL ? "(none)" : hsm_show(curve).text);
    ERR_set_mark();
    length = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &der);
    ERR_pop_to_mark();
    if (length <= 0)
        return ska_fail(errors, SKA_R_INTERNAL, "curve %s has no object identifier",
                        OBJ_nid2sn(nid));
    done = ska_bytes_copy(parameters, ska_span(der, (size_t)length), errors);
    OPENSSL_free(der);
    return done;
}
