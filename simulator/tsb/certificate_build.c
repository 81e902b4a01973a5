/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/certificate_build.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "provider/base/der.h"
#include "provider/base/der_write.h"
#include "provider/base/evp_key.h"

#define PEM_LINE 64

/* ---- Algorithms ------------------------------------------------------------------------------ */

/* libcrypto's number of the algorithm; NID_undef: there is none for certificates. */
static int signature_nid(const struct tsb_algorithm *algorithm)
{
    static const int with_rsa[] = {
        [SKA_DIGEST_SHA1] = NID_sha1WithRSAEncryption,
        [SKA_DIGEST_SHA224] = NID_sha224WithRSAEncryption,
        [SKA_DIGEST_SHA256] = NID_sha256WithRSAEncryption,
        [SKA_DIGEST_SHA384] = NID_sha384WithRSAEncryption,
        [SKA_DIGEST_SHA512] = NID_sha512WithRSAEncryption,
    };
    static const int with_ec[] = {
        [SKA_DIGEST_SHA1] = NID_ecdsa_with_SHA1,     [SKA_DIGEST_SHA224] = NID_ecdsa_with_SHA224,
        [SKA_DIGEST_SHA256] = NID_ecdsa_with_SHA256, [SKA_DIGEST_SHA384] = NID_ecdsa_with_SHA384,
        [SKA_DIGEST_SHA512] = NID_ecdsa_with_SHA512,
    };

    if (algorithm->key_type == CKK_EC_EDWARDS)
        return NID_ED25519;
    if (algorithm->payload != TSB_MESSAGE || algorithm->pss || algorithm->hashed_here != NULL ||
        algorithm->digest == SKA_DIGEST_NONE)
        return NID_undef;
    return algorithm->key_type == CKK_RSA ? with_rsa[algorithm->digest]
                                          : with_ec[algorithm->digest];
}

bool tsb_certificate_algorithm_fits(const struct tsb_algorithm *algorithm)
{
    return signature_nid(algorithm) != NID_undef;
}

bool tsb_certificate_algorithm_absent(const struct tsb_algorithm *algorithm)
{
    if (algorithm->hashed_here != NULL)
        return strncmp(algorithm->hashed_here, "SHA3-", 5) == 0;
    return algorithm->pss && algorithm->payload == TSB_MESSAGE;
}

/* That of an Edwards curve is its key's. */
static int nid_for_key(const struct tsb_algorithm *algorithm, struct ska_span key)
{
    struct ska_algorithm_bits parts;

    return algorithm->key_type == CKK_EC_EDWARDS && ska_algorithm_bits_read(key, &parts) &&
                   ska_algorithm_bits_are(&parts, NID_ED448)
               ? NID_ED448
               : signature_nid(algorithm);
}

/* ---- Extensions ------------------------------------------------------------------------------ */

typedef STACK_OF(X509_EXTENSION) extension_list;

static bool add_extension(extension_list **list, int nid, void *value, bool critical)
{
    return value != NULL &&
           X509V3_add1_i2d(list, nid, value, critical ? 1 : 0, X509V3_ADD_APPEND) == 1;
}

static bool add_key_usage(extension_list **list, unsigned int usage)
{
    ASN1_BIT_STRING *bits = usage == 0 ? NULL : ASN1_BIT_STRING_new();
    bool done = usage == 0 || bits != NULL;

    for (int i = 0; done && usage != 0 && i < 9; i++)
        if ((usage & (1U << i)) != 0)
            done = ASN1_BIT_STRING_set_bit(bits, i, 1) == 1;
    done = done && (usage == 0 || add_extension(list, NID_key_usage, bits, true));
    ASN1_BIT_STRING_free(bits);
    return done;
}

static bool add_extended_usage(extension_list **list, const struct tsb_certificate_body *body,
                               bool critical)
{
    EXTENDED_KEY_USAGE *usages = EXTENDED_KEY_USAGE_new();
    bool done = usages != NULL;

    for (size_t i = 0; done && i < body->extended_count; i++)
        done = sk_ASN1_OBJECT_push(usages, OBJ_nid2obj(body->extended_usages[i])) > 0;
    done = done &&
           (body->extended_count == 0 || add_extension(list, NID_ext_key_usage, usages, critical));
    EXTENDED_KEY_USAGE_free(usages);
    return done;
}

static bool add_constraints(extension_list **list, bool authority)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    bool done = constraints != NULL;

    if (done) {
        constraints->ca = authority ? 0xFF : 0;
        done = add_extension(list, NID_basic_constraints, constraints, true);
    }
    BASIC_CONSTRAINTS_free(constraints);
    return done;
}

static ASN1_OCTET_STRING *key_identifier(OSSL_LIB_CTX *libctx, struct ska_span key)
{
    ASN1_OCTET_STRING *identifier = ASN1_OCTET_STRING_new();
    struct ska_algorithm_bits parts;
    uint8_t hash[EVP_MAX_MD_SIZE];
    size_t length = 0;

    if (identifier != NULL && ska_algorithm_bits_read(key, &parts) &&
        EVP_Q_digest(libctx, "SHA1", NULL, parts.bits.data, parts.bits.length, hash, &length) ==
            1 &&
        ASN1_OCTET_STRING_set(identifier, hash, (int)length) == 1)
        return identifier;
    ASN1_OCTET_STRING_free(identifier);
    return NULL;
}

static bool add_subject_key(extension_list **list, OSSL_LIB_CTX *libctx, struct ska_span key)
{
    ASN1_OCTET_STRING *identifier = key_identifier(libctx, key);
    bool done = add_extension(list, NID_subject_key_identifier, identifier, false);

    ASN1_OCTET_STRING_free(identifier);
    return done;
}

static bool add_authority_key(extension_list **list, OSSL_LIB_CTX *libctx, struct ska_span key)
{
    AUTHORITY_KEYID *identifier = AUTHORITY_KEYID_new();
    bool done = identifier != NULL;

    if (done) {
        identifier->keyid = key_identifier(libctx, key);
        done = identifier->keyid != NULL &&
               add_extension(list, NID_authority_key_identifier, identifier, false);
    }
    AUTHORITY_KEYID_free(identifier);
    return done;
}

static void free_extensions(extension_list *list)
{
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

/* ---- Requests -------------------------------------------------------------------------------- */

/* Takes libcrypto's encoding over. */
static bool keep_encoding(unsigned char *der, int length, struct ska_bytes *to)
{
    bool done = length > 0 && ska_bytes_copy(to, ska_span(der, (size_t)length), NULL);

    OPENSSL_free(der);
    return done;
}

bool tsb_csr_build(OSSL_LIB_CTX *libctx, const struct tsb_certificate_body *body,
                   struct ska_span spki, struct ska_bytes *info)
{
    X509_REQ *request = X509_REQ_new_ex(libctx, NULL);
    EVP_PKEY *key = ska_evp_decode(libctx, spki);
    extension_list *list = NULL;
    unsigned char *der = NULL;
    bool done = request != NULL && key != NULL && X509_REQ_set_version(request, 0) == 1 &&
                X509_REQ_set_subject_name(request, body->subject) == 1 &&
                X509_REQ_set_pubkey(request, key) == 1 && add_extended_usage(&list, body, true) &&
                add_key_usage(&list, body->key_usage) && add_subject_key(&list, libctx, spki) &&
                X509_REQ_add_extensions(request, list) == 1;

    if (done) {
        int length = i2d_re_X509_REQ_tbs(request, &der);

        done = keep_encoding(der, length, info);
    }
    free_extensions(list);
    EVP_PKEY_free(key);
    X509_REQ_free(request);
    return done;
}

/* ---- Certificates ---------------------------------------------------------------------------- */

static bool set_serial(X509 *certificate, OSSL_LIB_CTX *libctx)
{
    uint8_t bytes[8];
    BIGNUM *number = NULL;
    bool done = RAND_bytes_ex(libctx, bytes, sizeof(bytes), 0) == 1;

    bytes[0] = (uint8_t)((bytes[0] & 0x3F) | 0x40); /* positive, and of one length */
    number = done ? BN_bin2bn(bytes, sizeof(bytes), NULL) : NULL;
    done = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return done;
}

static bool set_times(X509 *certificate, uint64_t days)
{
    return X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
           X509_time_adj_ex(X509_getm_notAfter(certificate), (int)days, 0, NULL) != NULL;
}

static bool set_serial_and_times(X509 *certificate, OSSL_LIB_CTX *libctx,
                                 const struct tsb_certificate_body *body)
{
    const X509 *approved = body->approved;

    if (approved == NULL)
        return set_serial(certificate, libctx) && set_times(certificate, body->days);
    return X509_set_serialNumber(
               certificate, (ASN1_INTEGER *)(uintptr_t)X509_get0_serialNumber(approved)) == 1 &&
           X509_set1_notBefore(certificate, X509_get0_notBefore(approved)) == 1 &&
           X509_set1_notAfter(certificate, X509_get0_notAfter(approved)) == 1;
}

/* libcrypto sets this only where it signs itself. */
static bool set_algorithm(X509 *certificate, int nid, bool null)
{
    X509_ALGOR *algorithm = (X509_ALGOR *)(uintptr_t)X509_get0_tbs_sigalg(certificate);

    return X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), null ? V_ASN1_NULL : V_ASN1_UNDEF, NULL) ==
           1;
}

static bool add_certificate_extensions(X509 *certificate, OSSL_LIB_CTX *libctx,
                                       const struct tsb_certificate_body *body,
                                       struct ska_span subject_key, struct ska_span issuer_key)
{
    extension_list *list = NULL;
    bool done = add_constraints(&list, body->authority) && add_key_usage(&list, body->key_usage) &&
                add_extended_usage(&list, body, false) &&
                add_subject_key(&list, libctx, subject_key) &&
                add_authority_key(&list, libctx, issuer_key);

    for (int i = 0; done && i < sk_X509_EXTENSION_num(list); i++)
        done = X509_add_ext(certificate, sk_X509_EXTENSION_value(list, i), -1) == 1;
    free_extensions(list);
    return done;
}

bool tsb_certificate_build(OSSL_LIB_CTX *libctx, const struct tsb_certificate_body *body,
                           struct ska_span subject_key, const X509_NAME *issuer,
                           struct ska_span issuer_key, const struct tsb_algorithm *algorithm,
                           struct ska_bytes *info)
{
    X509 *certificate = X509_new_ex(libctx, NULL);
    EVP_PKEY *key = ska_evp_decode(libctx, subject_key);
    unsigned char *der = NULL;
    bool done = certificate != NULL && key != NULL && X509_set_version(certificate, 2) == 1 &&
                set_serial_and_times(certificate, libctx, body) &&
                X509_set_subject_name(certificate, body->subject) == 1 &&
                X509_set_issuer_name(certificate, issuer == NULL ? body->subject : issuer) == 1 &&
                X509_set_pubkey(certificate, key) == 1 &&
                set_algorithm(certificate, nid_for_key(algorithm, issuer_key),
                              algorithm->key_type == CKK_RSA) &&
                add_certificate_extensions(certificate, libctx, body, subject_key, issuer_key);

    if (done) {
        int length = i2d_re_X509_tbs(certificate, &der);

        done = keep_encoding(der, length, info);
    }
    EVP_PKEY_free(key);
    X509_free(certificate);
    return done;
}

/* ---- With the signature ---------------------------------------------------------------------- */

bool tsb_signed_build(struct ska_span info, const struct tsb_algorithm *algorithm,
                      struct ska_span issuer_key, struct ska_span signature, struct ska_bytes *der)
{
    static const uint8_t no_unused_bits = 0;
    struct ska_buffer inside = {0};
    struct ska_buffer identifier = {0};
    struct ska_buffer bits = {0};
    struct ska_buffer whole = {0};

    ska_buffer_add(&inside, info.data, info.length);
    ska_der_put_object(&identifier, nid_for_key(algorithm, issuer_key));
    if (algorithm->key_type == CKK_RSA)
        ska_der_put(&identifier, SKA_DER_NULL, ska_span(NULL, 0));
    ska_der_wrap(&inside, SKA_DER_SEQUENCE, &identifier);
    ska_buffer_add(&bits, &no_unused_bits, 1);
    ska_buffer_add(&bits, signature.data, signature.length);
    ska_der_wrap(&inside, SKA_DER_BIT_STRING, &bits);
    ska_der_wrap(&whole, SKA_DER_SEQUENCE, &inside);
    return ska_buffer_finish(&whole, der, NULL);
}

bool tsb_pem_write(const char *name, struct ska_span der, char **pem)
{
    struct ska_buffer text = {0};
    struct ska_bytes finished = {NULL, 0};
    char *base64 = NULL;
    size_t length = 0;

    if (!ska_base64_encode(der, &base64, NULL))
        return false;
    length = strlen(base64);
    ska_buffer_format(&text, "-----BEGIN %s-----\n", name);
    for (size_t i = 0; i < length; i += PEM_LINE) {
        ska_buffer_add(&text, base64 + i, length - i < PEM_LINE ? length - i : PEM_LINE);
        ska_buffer_text(&text, "\n");
    }
    ska_buffer_format(&text, "-----END %s-----\n", name);
    free(base64);
    if (!ska_buffer_finish(&text, &finished, NULL))
        return false;
    *pem = (char *)finished.data;
    return true;
}
