/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/der.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>

/* ---- Elements -------------------------------------------------------------------------------- */

/* Bytes of a length behind the one that counts them: more than 4 GiB are never read. */
#define LENGTH_LIMIT 4

/* The length at the front, in the shortest form. */
static bool take_length(struct ska_span *from, size_t *length)
{
    size_t more = 0;

    if (from->length == 0)
        return false;
    *length = from->data[0];
    if (*length >= 0x80) {
        more = *length & 0x7F;
        if (more == 0 || more > LENGTH_LIMIT || more >= from->length || from->data[1] == 0)
            return false;
        *length = 0;
        for (size_t i = 1; i <= more; i++)
            *length = *length << 8 | from->data[i];
        if (*length < 0x80)
            return false;
    }
    *from = ska_span(from->data + 1 + more, from->length - 1 - more);
    return true;
}

bool ska_der_take(struct ska_span *from, uint8_t identifier, struct ska_span *content)
{
    struct ska_span rest = {NULL, 0};
    size_t length = 0;

    if (from->length == 0 || from->data[0] != identifier)
        return false;
    rest = ska_span(from->data + 1, from->length - 1);
    if (!take_length(&rest, &length) || length > rest.length)
        return false;
    *content = ska_span(rest.data, length);
    *from = ska_span(rest.data + length, rest.length - length);
    return true;
}

/* ---- Algorithm and bits ---------------------------------------------------------------------- */

/* What stands before the bytes of a bit string that is one of whole bytes. */
#define NO_UNUSED_BITS 0

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

static bool take_parameters(struct ska_span from, struct ska_algorithm_bits *read)
{
    read->parameters = from.length == 0 ? SKA_DER_ABSENT : from.data[0];
    read->value = ska_span(NULL, 0);
    read->value_der = from;
    if (from.length == 0)
        return true;
    if (!ska_der_take(&from, read->parameters, &read->value) || from.length > 0)
        return false;
    switch (read->parameters) {
    case SKA_DER_NULL:
        return read->value.length == 0;
    case SKA_DER_OBJECT:
        return is_object_identifier(read->value);
    default:
        return read->parameters == SKA_DER_SEQUENCE;
    }
}

bool ska_algorithm_bits_read(struct ska_span der, struct ska_algorithm_bits *read)
{
    struct ska_span inside = {NULL, 0};
    struct ska_span algorithm = {NULL, 0};
    struct ska_span bits = {NULL, 0};

    if (!ska_der_take(&der, SKA_DER_SEQUENCE, &inside) || der.length > 0 ||
        !ska_der_take(&inside, SKA_DER_SEQUENCE, &algorithm) ||
        !ska_der_take(&inside, SKA_DER_BIT_STRING, &bits) || inside.length > 0 ||
        !ska_der_take(&algorithm, SKA_DER_OBJECT, &read->algorithm) ||
        !is_object_identifier(read->algorithm) || !take_parameters(algorithm, read) ||
        bits.length < 2 || bits.data[0] != NO_UNUSED_BITS)
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
