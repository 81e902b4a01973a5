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

static bool make_ec(OSSL_LIB_CTX *libctx, int nid, struct ska_span value, EVP_PKEY **key)
{
    ASN1_OCTET_STRING *holder = NULL;
    struct ska_span point = {NULL, 0};
    size_t field = ska_evp_field_length(libctx, nid);
    bool done = field > 0 && bare_point(value, 1 + 2 * field, &holder, &point) &&
                ska_evp_make_ec(libctx, nid, point, key);

    ASN1_OCTET_STRING_free(holder);
    return done;
}

static bool make_edwards(OSSL_LIB_CTX *libctx, enum ska_key_type type, struct ska_span value,
                         EVP_PKEY **key)
{
    ASN1_OCTET_STRING *holder = NULL;
    struct ska_span point = {NULL, 0};
    bool done = bare_point(value, type == SKA_KEY_ED25519 ? 32 : 57, &holder, &point) &&
                ska_evp_make_edwards(libctx, type, point, key);

    ASN1_OCTET_STRING_free(holder);
    return done;
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
        (*type == SKA_KEY_EC && ska_evp_field_length(libctx, curve_nid(parts->parameters)) == 0))
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
    return make_public_key(libctx, type, parts, key) ||
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
        if (nid != NID_undef && ska_evp_field_length(hsm_isolation_libctx(), nid) == 0)
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
