/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/der.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/asn1t.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

/* ---- Certificates ---------------------------------------------------------------------------- */

typedef struct {
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *bits;
} SKA_CERTIFICATE_KEY;

/* RFC 5280, 4.1; only the key is used, the rest must have the shape. */
typedef struct {
    ASN1_INTEGER *version;
    ASN1_INTEGER *serial;
    X509_ALGOR *signature;
    X509_NAME *issuer;
    X509_VAL *validity;
    X509_NAME *subject;
    SKA_CERTIFICATE_KEY *key;
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
ASN1_SEQUENCE(SKA_CERTIFICATE_KEY) = {
    ASN1_SIMPLE(SKA_CERTIFICATE_KEY, algorithm, X509_ALGOR),
    ASN1_SIMPLE(SKA_CERTIFICATE_KEY, bits, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(SKA_CERTIFICATE_KEY)

ASN1_SEQUENCE(SKA_TBS_CERTIFICATE) = {
    ASN1_EXP_OPT(SKA_TBS_CERTIFICATE, version, ASN1_INTEGER, 0),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, serial, ASN1_INTEGER),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, signature, X509_ALGOR),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, issuer, X509_NAME),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, validity, X509_VAL),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, subject, X509_NAME),
    ASN1_SIMPLE(SKA_TBS_CERTIFICATE, key, SKA_CERTIFICATE_KEY),
    ASN1_IMP_OPT(SKA_TBS_CERTIFICATE, issuer_id, ASN1_BIT_STRING, 1),
    ASN1_IMP_OPT(SKA_TBS_CERTIFICATE, subject_id, ASN1_BIT_STRING, 2),
    ASN1_EXP_SEQUENCE_OF_OPT(SKA_TBS_CERTIFICATE, extensions, X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END(SKA_TBS_CERTIFICATE)

ASN1_SEQUENCE(SKA_CERTIFICATE) = {
    ASN1_SIMPLE(SKA_CERTIFICATE, tbs, SKA_TBS_CERTIFICATE),
    ASN1_SIMPLE(SKA_CERTIFICATE, algorithm, X509_ALGOR),
    ASN1_SIMPLE(SKA_CERTIFICATE, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(SKA_CERTIFICATE)

static ASN1_VALUE *decode(struct ska_span der, const ASN1_ITEM *item);
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

static bool encode(const ASN1_VALUE *value, const ASN1_ITEM *item, struct ska_bytes *der)
{
    unsigned char *bytes = NULL;
    int length = ASN1_item_i2d(value, &bytes, item);
    bool done = length > 0 && ska_bytes_copy(der, ska_span(bytes, (size_t)length), NULL);

    OPENSSL_free(bytes);
    return done;
}

bool ska_der_certificate_key(struct ska_span certificate, struct ska_bytes *der)
{
    SKA_CERTIFICATE *decoded =
        (SKA_CERTIFICATE *)decode(certificate, ASN1_ITEM_rptr(SKA_CERTIFICATE));
    bool done = decoded != NULL && encode((const ASN1_VALUE *)decoded->tbs->key,
                                          ASN1_ITEM_rptr(SKA_CERTIFICATE_KEY), der);

    ASN1_item_free((ASN1_VALUE *)decoded, ASN1_ITEM_rptr(SKA_CERTIFICATE));
    return done;
}

/* ---- Algorithm and bits ---------------------------------------------------------------------- */

/* What stands before the bytes of a bit string that is one of whole bytes. */
#define NO_UNUSED_BITS 0

/* Takes one element from the front; its length must be written as DER wants it. */
static bool take(struct ska_span *from, int *tag, struct ska_span *content)
{
    const unsigned char *at = from->data;
    long length = 0;
    int class = 0;
    int form = 0;

    if (from->length == 0 || from->length > INT_MAX)
        return false;
    form = ASN1_get_object(&at, &length, tag, &class, (long)from->length);
    if ((form & ~V_ASN1_CONSTRUCTED) != 0 || class != V_ASN1_UNIVERSAL ||
        (form == V_ASN1_CONSTRUCTED) != (*tag == V_ASN1_SEQUENCE) ||
        ASN1_object_size(form, (int)length, *tag) != (at - from->data) + length)
        return false;
    *content = ska_span(at, (size_t)length);
    from->length -= (size_t)(at - from->data) + (size_t)length;
    from->data = at + length;
    return true;
}

static bool take_as(struct ska_span *from, int tag, struct ska_span *content)
{
    int found = V_ASN1_UNDEF;

    return take(from, &found, content) && found == tag;
}

/* Each number in base 128, as short as can be, the last one complete. */
static bool is_object_identifier(struct ska_span content)
{
    bool begins = true;

    for (size_t i = 0; i < content.length; i++) {
        if (begins && content.data[i] == 0x80)
            return false;
        begins = content.data[i] < 0x80;
    }
    return content.length > 0 && begins;
}

static bool take_parameters(struct ska_span *from, int *parameters, struct ska_span *value)
{
    *parameters = V_ASN1_UNDEF;
    *value = ska_span(NULL, 0);
    if (from->length == 0)
        return true;
    if (!take(from, parameters, value) || from->length > 0)
        return false;
    switch (*parameters) {
    case V_ASN1_NULL:
        return value->length == 0;
    case V_ASN1_OBJECT:
        return is_object_identifier(*value);
    case V_ASN1_SEQUENCE:
        return true;
    default:
        return false;
    }
}

bool ska_algorithm_bits_read(struct ska_span der, struct ska_algorithm_bits *read)
{
    struct ska_span inside = {NULL, 0};
    struct ska_span algorithm = {NULL, 0};
    struct ska_span bits = {NULL, 0};

    if (!take_as(&der, V_ASN1_SEQUENCE, &inside) || der.length > 0 ||
        !take_as(&inside, V_ASN1_SEQUENCE, &algorithm) ||
        !take_as(&inside, V_ASN1_BIT_STRING, &bits) || inside.length > 0 ||
        !take_as(&algorithm, V_ASN1_OBJECT, &read->algorithm) ||
        !is_object_identifier(read->algorithm) ||
        !take_parameters(&algorithm, &read->parameters, &read->value) || bits.length < 2 ||
        bits.data[0] != NO_UNUSED_BITS)
        return false;
    read->bits = ska_span(bits.data + 1, bits.length - 1);
    return true;
}

bool ska_algorithm_bits_are(const struct ska_algorithm_bits *read, int nid)
{
    const ASN1_OBJECT *object = OBJ_nid2obj(nid);

    return ska_span_equal(read->algorithm, ska_span(OBJ_get0_data(object), OBJ_length(object)));
}

bool ska_algorithm_bits_find(const struct ska_algorithm_bits *read, const int *nids, size_t count,
                             size_t *index)
{
    for (size_t i = 0; i < count; i++)
        if (ska_algorithm_bits_are(read, nids[i])) {
            *index = i;
            return true;
        }
    return false;
}

/* The sizes of the whole and of its parts. */
struct sizes {
    int identifier; /* content of the AlgorithmIdentifier */
    int bits;       /* content of the BIT STRING */
    int content;
    int whole;
};

static bool find_sizes(const ASN1_OBJECT *algorithm, bool null_parameters, struct ska_span bits,
                       struct sizes *sizes)
{
    int object = i2d_ASN1_OBJECT(algorithm, NULL);

    if (object <= 0 || bits.length == 0 || bits.length > INT_MAX / 2)
        return false;
    sizes->identifier = object + (null_parameters ? ASN1_object_size(0, 0, V_ASN1_NULL) : 0);
    sizes->bits = 1 + (int)bits.length;
    sizes->content = ASN1_object_size(1, sizes->identifier, V_ASN1_SEQUENCE) +
                     ASN1_object_size(0, sizes->bits, V_ASN1_BIT_STRING);
    sizes->whole = ASN1_object_size(1, sizes->content, V_ASN1_SEQUENCE);
    return true;
}

bool ska_algorithm_bits_write(const ASN1_OBJECT *algorithm, bool null_parameters,
                              struct ska_span bits, struct ska_bytes *der)
{
    struct sizes sizes = {0};
    unsigned char *to = NULL;

    if (!find_sizes(algorithm, null_parameters, bits, &sizes))
        return false;
    to = malloc((size_t)sizes.whole);
    if (to == NULL)
        return false;
    der->data = to;
    der->length = (size_t)sizes.whole;
    ASN1_put_object(&to, 1, sizes.content, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    ASN1_put_object(&to, 1, sizes.identifier, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    i2d_ASN1_OBJECT(algorithm, &to);
    if (null_parameters)
        ASN1_put_object(&to, 0, 0, V_ASN1_NULL, V_ASN1_UNIVERSAL);
    ASN1_put_object(&to, 0, sizes.bits, V_ASN1_BIT_STRING, V_ASN1_UNIVERSAL);
    *to++ = NO_UNUSED_BITS;
    memcpy(to, bits.data, bits.length);
    return true;
}
