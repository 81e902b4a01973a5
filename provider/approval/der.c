/* SPDX-License-Identifier: Apache-2.0 */
#include "der.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1t.h>

/* RFC 5280, 4.1; only the key is used, the rest must have the shape. */
typedef struct {
    ASN1_INTEGER *version;
    ASN1_INTEGER *serial;
    X509_ALGOR *signature;
    X509_NAME *issuer;
    X509_VAL *validity;
    X509_NAME *subject;
    SKA_ALGORITHM_BITS *key;
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
ASN1_SEQUENCE(SKA_ALGORITHM_BITS) = {
    ASN1_SIMPLE(SKA_ALGORITHM_BITS, algorithm, X509_ALGOR),
    ASN1_SIMPLE(SKA_ALGORITHM_BITS, bits, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(SKA_ALGORITHM_BITS)

ASN1_SEQUENCE(SKA_TBS_CERTIFICATE) = {
    ASN1_EXP_OPT(SKA_TBS_CERTIFICATE, version, ASN1_INTEGER, 0),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, serial, ASN1_INTEGER),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, signature, X509_ALGOR),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, issuer, X509_NAME),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, validity, X509_VAL),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, subject, X509_NAME),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, key, SKA_ALGORITHM_BITS),
    ASN1_IMP_OPT(SKA_TBS_CERTIFICATE, issuer_id, ASN1_BIT_STRING, 1),
    ASN1_IMP_OPT(SKA_TBS_CERTIFICATE, subject_id, ASN1_BIT_STRING, 2),
    ASN1_EXP_SEQUENCE_OF_OPT(SKA_TBS_CERTIFICATE, extensions, X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END(SKA_TBS_CERTIFICATE)

ASN1_SEQUENCE(SKA_CERTIFICATE) = {
    ASN1_SIMPLE(SKA_CERTIFICATE, tbs, SKA_TBS_CERTIFICATE),
    ASN1_SIMPLE(SKA_CERTIFICATE, algorithm, X509_ALGOR),
    ASN1_SIMPLE(SKA_CERTIFICATE, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(SKA_CERTIFICATE)

/* What stands before the bytes of a bit string that is one of whole bytes. */
enum { NO_UNUSED_BITS = 0 };
/* clang-format on */

/* One structure that fills the bytes exactly; NULL for others. */
static ASN1_VALUE *decode(struct ska_span der, const ASN1_ITEM *item)
{
    const unsigned char *next = der.data;
    ASN1_VALUE *value = NULL;

    if (der.length == 0 || der.length > LONG_MAX)
        return NULL;
    value = ASN1_item_d2i(NULL, &next, (long)der.length, item);
    if (value != NULL && next != der.data + der.length) {
        ASN1_item_free(value, item);
        value = NULL;
    }
    return value;
}

/* The bytes of the bit string are the last of the DER. */
static bool is_canonical(const SKA_ALGORITHM_BITS *value, struct ska_span der)
{
    struct ska_bytes again = {NULL, 0};
    size_t length = (size_t)ASN1_STRING_length(value->bits);
    bool same = length > 0 && ska_der_encode(value, &again) &&
                ska_span_equal(der, ska_span_of(&again)) && length < der.length &&
                der.data[der.length - length - 1] == NO_UNUSED_BITS;

    ska_bytes_free(&again);
    return same;
}

SKA_ALGORITHM_BITS *ska_der_decode(struct ska_span der)
{
    SKA_ALGORITHM_BITS *value =
        (SKA_ALGORITHM_BITS *)decode(der, ASN1_ITEM_rptr(SKA_ALGORITHM_BITS));

    /* libcrypto reads BER too, in which one key or signature has many forms. */
    if (value != NULL && !is_canonical(value, der)) {
        ska_der_free(value);
        value = NULL;
    }
    return value;
}

SKA_ALGORITHM_BITS *ska_der_new(void)
{
    return (SKA_ALGORITHM_BITS *)ASN1_item_new(ASN1_ITEM_rptr(SKA_ALGORITHM_BITS));
}

void ska_der_free(SKA_ALGORITHM_BITS *value)
{
    ASN1_item_free((ASN1_VALUE *)value, ASN1_ITEM_rptr(SKA_ALGORITHM_BITS));
}

bool ska_der_encode(const SKA_ALGORITHM_BITS *value, struct ska_bytes *der)
{
    unsigned char *bytes = NULL;
    int length =
        ASN1_item_i2d((const ASN1_VALUE *)value, &bytes, ASN1_ITEM_rptr(SKA_ALGORITHM_BITS));
    bool done = length > 0 && ska_bytes_copy(der, ska_span(bytes, (size_t)length), NULL);

    OPENSSL_free(bytes);
    return done;
}

bool ska_der_certificate_key(struct ska_span certificate, struct ska_bytes *der)
{
    SKA_CERTIFICATE *decoded =
        (SKA_CERTIFICATE *)decode(certificate, ASN1_ITEM_rptr(SKA_CERTIFICATE));
    bool done = decoded != NULL && ska_der_encode(decoded->tbs->key, der);

    ASN1_item_free((ASN1_VALUE *)decoded, ASN1_ITEM_rptr(SKA_CERTIFICATE));
    return done;
}

ASN1_BIT_STRING *ska_der_bits(struct ska_span bytes)
{
    int length = bytes.length >= INT_MAX / 2 ? 0 : (int)bytes.length + 1;
    int size = ASN1_object_size(0, length, V_ASN1_BIT_STRING);
    unsigned char *der = length == 0 || size <= 0 ? NULL : malloc((size_t)size);
    unsigned char *to = der;
    const unsigned char *from = der;
    ASN1_BIT_STRING *bits = NULL;

    if (der == NULL)
        return NULL;
    ASN1_put_object(&to, 0, length, V_ASN1_BIT_STRING, V_ASN1_UNIVERSAL);
    *to++ = NO_UNUSED_BITS;
    if (bytes.length > 0)
        memcpy(to, bytes.data, bytes.length);
    bits = d2i_ASN1_BIT_STRING(NULL, &from, size);
    free(der);
    return bits;
}
