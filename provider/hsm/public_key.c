/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys: RSA by its numbers, EC by a curve's name and a point, Edwards by a point. */
#include "provider/hsm/public_key.h"

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "provider/base/evp_key.h"
#include "provider/base/private_libctx.h"
#include "provider/base/spki.h"
#include "provider/hsm/cryptoki.h"

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

/* The longest parameters that are read, in bytes. */
#define PARAMETERS_LIMIT 2048

/* Of a curve that is spelled out, if it is one that has a name; else NID_undef. */
static int nid_of_explicit(struct ska_span parameters)
{
    const unsigned char *next = parameters.data;
    EC_GROUP *group = NULL;
    int nid = NID_undef;

    ERR_set_mark();
    group = d2i_ECPKParameters(NULL, &next, (long)parameters.length);
    if (group != NULL && next == parameters.data + parameters.length)
        nid = EC_GROUP_check_named_curve(group, 0, NULL);
    EC_GROUP_free(group);
    ERR_pop_to_mark();
    return nid;
}

/*
 * An object identifier, a PrintableString, or a curve that is spelled out, nothing behind it;
 * NID_undef for all else.
 */
static int curve_nid(struct ska_span parameters)
{
    const unsigned char *next = parameters.data;
    ASN1_OBJECT *object = NULL;
    ASN1_PRINTABLESTRING *name = NULL;
    int nid = NID_undef;

    if (parameters.length == 0 || parameters.length > PARAMETERS_LIMIT)
        return NID_undef;
    if (parameters.data[0] == (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED))
        return nid_of_explicit(parameters);
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
    if (parts->parameters.length == 0 && parts->info.length > 0)
        return ska_spki_key_type(parts->info, type) && *type != SKA_KEY_RSA &&
               *type != SKA_KEY_RSA_PSS;
    nid = curve_nid(parts->parameters);
    if (nid == NID_undef)
        return false;
    *type = nid == NID_ED25519 ? SKA_KEY_ED25519 : nid == NID_ED448 ? SKA_KEY_ED448 : SKA_KEY_EC;
    return *type != SKA_KEY_EC || parts->key_type == CKK_EC;
}

bool hsm_public_complete(const struct hsm_public_parts *parts)
{
    if (parts->info.length > 0)
        return true;
    if (parts->key_type == CKK_RSA)
        return parts->modulus.length > 0 && parts->exponent.length > 0;
    return parts->parameters.length > 0 && parts->point.length > 0;
}

/* ---- Points ---------------------------------------------------------------------------------- */

/* The longest value that is read, in bytes. */
#define POINT_LIMIT 1024

/* What is inside an OCTET STRING or a BIT STRING without unused bits, if the value is one. */
static bool string_content(struct ska_span value, int tag, struct ska_span *content)
{
    const unsigned char *next = value.data;
    long length = 0;
    int found_tag = 0;
    int class_ = 0;
    int coding = 0;

    ERR_set_mark();
    coding = ASN1_get_object(&next, &length, &found_tag, &class_, (long)value.length);
    ERR_pop_to_mark();
    if (coding != 0 || class_ != V_ASN1_UNIVERSAL || found_tag != tag ||
        next + length != value.data + value.length)
        return false;
    *content = ska_span(next, (size_t)length);
    if (tag != V_ASN1_BIT_STRING)
        return true;
    if (length < 1 || next[0] != 0)
        return false;
    *content = ska_span(next + 1, (size_t)length - 1);
    return true;
}

/*
 * The point itself, as a length of `lengths` (ended by 0) says. Modules give it raw, or (as
 * Cryptoki wants) inside an OCTET STRING, whose first byte is that of an uncompressed point too, or
 * inside a BIT STRING: the length decides.
 */
static bool bare_point(struct ska_span value, const size_t *lengths, struct ska_span *point)
{
    struct ska_span inside[3] = {value, {NULL, 0}, {NULL, 0}};

    if (value.length == 0 || value.length > POINT_LIMIT)
        return false;
    (void)string_content(value, V_ASN1_OCTET_STRING, &inside[1]);
    (void)string_content(value, V_ASN1_BIT_STRING, &inside[2]);
    for (; *lengths != 0; lengths++)
        for (size_t i = 0; i < 3; i++)
            if (inside[i].length == *lengths) {
                *point = inside[i];
                return true;
            }
    return false;
}

/* ---- Making keys ----------------------------------------------------------------------------- */

/* The longest point on any curve of libcrypto's. */
#define LONGEST_POINT 256

/* As X and Y, behind the byte that says so; compressed points are given to libcrypto for that. */
static bool uncompressed(OSSL_LIB_CTX *libctx, int nid, size_t field, struct ska_span point,
                         uint8_t whole[LONGEST_POINT])
{
    EC_GROUP *group = NULL;
    EC_POINT *decoded = NULL;
    bool done = false;

    if (point.length == 2 * field) { /* X and Y alone */
        whole[0] = POINT_CONVERSION_UNCOMPRESSED;
        memcpy(whole + 1, point.data, point.length);
        return true;
    }
    if (point.length == 1 + 2 * field) {
        memcpy(whole, point.data, point.length);
        return true;
    }
    ERR_set_mark();
    group = EC_GROUP_new_by_curve_name_ex(libctx, NULL, nid);
    if (group != NULL && (decoded = EC_POINT_new(group)) != NULL)
        done = EC_POINT_oct2point(group, decoded, point.data, point.length, NULL) &&
               EC_POINT_point2oct(group, decoded, POINT_CONVERSION_UNCOMPRESSED, whole,
                                  LONGEST_POINT, NULL) == 1 + 2 * field;
    ERR_pop_to_mark();
    EC_POINT_free(decoded);
    EC_GROUP_free(group);
    return done;
}

static bool make_ec(OSSL_LIB_CTX *libctx, int nid, struct ska_span value, EVP_PKEY **key)
{
    const size_t field = ska_evp_field_length(libctx, nid);
    const size_t lengths[] = {1 + 2 * field, 1 + field, 2 * field, 0};
    struct ska_span point = {NULL, 0};
    uint8_t whole[LONGEST_POINT];

    return field > 0 && 1 + 2 * field <= sizeof(whole) && bare_point(value, lengths, &point) &&
           uncompressed(libctx, nid, field, point, whole) &&
           ska_evp_make_ec(libctx, nid, ska_span(whole, 1 + 2 * field), key);
}

static bool make_edwards(OSSL_LIB_CTX *libctx, enum ska_key_type type, struct ska_span value,
                         EVP_PKEY **key)
{
    const size_t lengths[] = {type == SKA_KEY_ED25519 ? 32 : 57, 0};
    struct ska_span point = {NULL, 0};

    return bare_point(value, lengths, &point) && ska_evp_make_edwards(libctx, type, point, key);
}

static bool make_public_key(OSSL_LIB_CTX *libctx, enum ska_key_type type,
                            const struct hsm_public_parts *parts, EVP_PKEY **key)
{
    switch (type) {
    case SKA_KEY_RSA:
    case SKA_KEY_RSA_PSS:
        return ska_evp_make_rsa(libctx, type, parts->modulus, parts->exponent, key);
    case SKA_KEY_EC:
        return make_ec(libctx, curve_nid(parts->parameters), parts->point, key);
    case SKA_KEY_ED25519:
    case SKA_KEY_ED448:
        return make_edwards(libctx, type, parts->point, key);
    }
    return false;
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
        (*type == SKA_KEY_EC && parts->parameters.length > 0 &&
         ska_evp_field_length(libctx, curve_nid(parts->parameters)) == 0))
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "key \"%s\" is on a curve that libcrypto does not know by name",
                        hsm_show(label).text);
    return true;
}

EVP_PKEY *hsm_certificate_key(OSSL_LIB_CTX *libctx, struct ska_span certificate)
{
    const unsigned char *next = certificate.data;
    X509 *x509 = X509_new_ex(libctx, NULL);
    EVP_PKEY *key = NULL;

    ERR_set_mark();
    if (x509 != NULL && certificate.length <= CERTIFICATE_LIMIT &&
        d2i_X509(&x509, &next, (long)certificate.length) != NULL)
        key = X509_get_pubkey(x509);
    X509_free(x509);
    ERR_pop_to_mark();
    return key;
}

/* An RSA-PSS key may have a certificate for plain RSA: only the numbers are taken from it. */
static bool retype_rsa(OSSL_LIB_CTX *libctx, enum ska_key_type type, EVP_PKEY **key)
{
    EVP_PKEY *retyped = NULL;
    bool done = ska_evp_retype_rsa(libctx, type, *key, &retyped);

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
               (parts->parameters.length == 0 || OBJ_sn2nid(curve) == curve_nid(parts->parameters));
    case SKA_KEY_ED25519:
        return EVP_PKEY_is_a(*key, "ED25519");
    case SKA_KEY_ED448:
        return EVP_PKEY_is_a(*key, "ED448");
    }
    return false;
}

/* Of its numbers or its point; where the module does not tell these, of what it wrote itself. */
static bool make_of_parts(OSSL_LIB_CTX *libctx, enum ska_key_type type,
                          const struct hsm_public_parts *parts, EVP_PKEY **key)
{
    struct hsm_public_parts numbers = *parts;

    numbers.info = ska_span(NULL, 0);
    if (hsm_public_complete(&numbers))
        return make_public_key(libctx, type, parts, key);
    *key = ska_evp_decode(libctx, parts->info);
    if (*key != NULL && fits_parts(libctx, type, parts, key))
        return true;
    EVP_PKEY_free(*key);
    *key = NULL;
    return false;
}

bool hsm_public_make(OSSL_LIB_CTX *libctx, const struct hsm_public_parts *parts, const char *label,
                     EVP_PKEY **key, const struct ska_errors *errors)
{
    enum ska_key_type type = SKA_KEY_RSA;

    if (!type_or_fail(libctx, parts, label, &type, errors))
        return false;
    return make_of_parts(libctx, type, parts, key) ||
           ska_fail(errors, SKA_R_BAD_KEY,
                    "key \"%s\": its attributes on the token are not a valid public key",
                    hsm_show(label).text);
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
    found = hsm_certificate_key(libctx, certificate);
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
        if (nid != NID_undef && ska_evp_field_length(ska_private_libctx(), nid) == 0)
            nid = NID_undef;
    }
    if (nid == NID_undef)
        return ska_fail(
            errors, SKA_R_UNSUPPORTED,
            "unknown curve: %s; known curves are P-256, P-384, P-521, secp256k1 and others "
            "that `openssl ecparam -list_curves` names",
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
