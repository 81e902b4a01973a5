/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/certificate.h"

#include <limits.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "provider/base/der.h"

/* RFC 5280, 4.1. Of the key only the bytes are taken; the rest must have the shape. */
typedef struct {
    ASN1_INTEGER *version;
    ASN1_INTEGER *serial;
    X509_ALGOR *signature;
    X509_NAME *issuer;
    X509_VAL *validity;
    X509_NAME *subject;
    ASN1_STRING *key;
    ASN1_BIT_STRING *issuer_id;
    ASN1_BIT_STRING *subject_id;
    void *extensions;
} SKA_TBS_CERTIFICATE;

typedef struct {
    SKA_TBS_CERTIFICATE *tbs;
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *signature;
} SKA_CERTIFICATE;

/* clang-format off */
ASN1_SEQUENCE(SKA_TBS_CERTIFICATE) = {
    ASN1_EXP_OPT(SKA_TBS_CERTIFICATE, version, ASN1_INTEGER, 0),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, serial, ASN1_INTEGER),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, signature, X509_ALGOR),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, issuer, X509_NAME),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, validity, X509_VAL),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, subject, X509_NAME),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, key, ASN1_SEQUENCE),
    ASN1_IMP_OPT(SKA_TBS_CERTIFICATE, issuer_id, ASN1_BIT_STRING, 1),
    ASN1_IMP_OPT(SKA_TBS_CERTIFICATE, subject_id, ASN1_BIT_STRING, 2),
    ASN1_EXP_SEQUENCE_OF_OPT(SKA_TBS_CERTIFICATE, extensions, X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END(SKA_TBS_CERTIFICATE)

ASN1_SEQUENCE(SKA_CERTIFICATE) = {
    ASN1_SIMPLE(SKA_CERTIFICATE, tbs, SKA_TBS_CERTIFICATE),
    ASN1_SIMPLE(SKA_CERTIFICATE, algorithm, X509_ALGOR),
    ASN1_SIMPLE(SKA_CERTIFICATE, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(SKA_CERTIFICATE)

static SKA_CERTIFICATE *certificate_decode(struct ska_span der);
/* clang-format on */

static void certificate_free(SKA_CERTIFICATE *certificate)
{
    ASN1_item_free((ASN1_VALUE *)certificate, ASN1_ITEM_rptr(SKA_CERTIFICATE));
}

static SKA_CERTIFICATE *certificate_decode(struct ska_span der)
{
    const unsigned char *next = der.data;
    SKA_CERTIFICATE *decoded = NULL;

    if (der.length == 0 || der.length > LONG_MAX)
        return NULL;
    ERR_set_mark();
    decoded = (SKA_CERTIFICATE *)ASN1_item_d2i(NULL, &next, (long)der.length,
                                               ASN1_ITEM_rptr(SKA_CERTIFICATE));
    ERR_pop_to_mark();
    if (next == der.data + der.length)
        return decoded;
    certificate_free(decoded);
    return NULL;
}

bool ska_certificate_key(struct ska_span certificate, struct ska_bytes *spki)
{
    SKA_CERTIFICATE *decoded = certificate_decode(certificate);
    struct ska_algorithm_bits ignored;
    struct ska_span key = {NULL, 0};
    bool done = false;

    if (decoded != NULL) {
        key = ska_span(ASN1_STRING_get0_data(decoded->tbs->key),
                       (size_t)ASN1_STRING_length(decoded->tbs->key));
        /* The template leaves these bytes alone; in BER one key would have many forms. */
        done = ska_algorithm_bits_read(key, &ignored) && ska_bytes_copy(spki, key, NULL);
    }
    certificate_free(decoded);
    return done;
}

X509_NAME *ska_certificate_subject(struct ska_span certificate)
{
    SKA_CERTIFICATE *decoded = certificate_decode(certificate);
    X509_NAME *subject = decoded == NULL ? NULL : X509_NAME_dup(decoded->tbs->subject);

    certificate_free(decoded);
    return subject;
}
