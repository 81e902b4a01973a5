/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/der.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>

/* ---- Elements -------------------------------------------------------------------------------- */

/* Parts of an identifier octet. */
#define CLASS 0xC0
#define CONSTRUCTED 0x20
#define HIGH_TAG 0x1F

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

bool ska_der_next(struct ska_span *from, uint8_t *identifier, struct ska_span *content)
{
    if (from->length == 0 || (from->data[0] & HIGH_TAG) == HIGH_TAG)
        return false;
    *identifier = from->data[0];
    return ska_der_take(from, *identifier, content);
}

/* ---- Values ---------------------------------------------------------------------------------- */

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

bool ska_der_object_is(struct ska_span content, int nid)
{
    const ASN1_OBJECT *object = OBJ_nid2obj(nid);

    return ska_span_equal(content, ska_span(OBJ_get0_data(object), OBJ_length(object)));
}

/* As short as can be. */
static bool is_integer(struct ska_span content)
{
    if (content.length < 2)
        return content.length == 1;
    return content.data[0] == 0      ? content.data[1] >= 0x80
           : content.data[0] == 0xFF ? content.data[1] < 0x80
                                     : true;
}

static bool is_bit_string(struct ska_span content)
{
    uint8_t unused = content.length == 0 ? 0xFF : content.data[0];

    if (unused > 7 || content.length == 1)
        return unused == NO_UNUSED_BITS;
    return (content.data[content.length - 1] & ((1U << unused) - 1)) == 0;
}

static bool is_primitive(uint8_t identifier, struct ska_span content)
{
    switch (identifier) {
    case SKA_DER_BOOLEAN:
        return content.length == 1 && (content.data[0] == 0 || content.data[0] == 0xFF);
    case SKA_DER_INTEGER:
    case SKA_DER_ENUMERATED:
        return is_integer(content);
    case SKA_DER_BIT_STRING:
        return is_bit_string(content);
    case SKA_DER_NULL:
        return content.length == 0;
    case SKA_DER_OBJECT:
        return is_object_identifier(content);
    case SKA_DER_UTF8_STRING:
        return ska_utf8_valid(content);
    default:
        return identifier != 0;
    }
}

/* ---- Elements in elements -------------------------------------------------------------------- */

/* The shorter one first when one begins as the other. */
static bool is_in_order(struct ska_span before, struct ska_span after)
{
    size_t common = before.length < after.length ? before.length : after.length;
    int compared = common == 0 ? 0 : memcmp(before.data, after.data, common);

    return compared < 0 || (compared == 0 && before.length <= after.length);
}

static bool der_constructed_valid(uint8_t identifier, struct ska_span content, size_t depth);

/* Recurses SKA_DER_DEPTH times at most. */
static bool der_elements_valid(struct ska_span from, bool in_order, size_t depth)
{
    struct ska_span before = {NULL, 0};

    while (from.length > 0) {
        struct ska_span element = from;
        struct ska_span content = {NULL, 0};
        uint8_t identifier = 0;

        if (!ska_der_next(&from, &identifier, &content))
            return false;
        element.length -= from.length;
        if (in_order && !is_in_order(before, element))
            return false;
        before = element;
        if ((identifier & CONSTRUCTED) == 0 ? !is_primitive(identifier, content)
                                            : !der_constructed_valid(identifier, content, depth))
            return false;
    }
    return true;
}

/* Of the universal types only these two: a string in parts is BER. */
static bool der_constructed_valid(uint8_t identifier, struct ska_span content, size_t depth)
{
    if ((identifier & CLASS) == 0 && identifier != SKA_DER_SEQUENCE && identifier != SKA_DER_SET)
        return false;
    return depth < SKA_DER_DEPTH &&
           der_elements_valid(content, identifier == SKA_DER_SET, depth + 1);
}

bool ska_der_valid(struct ska_span der)
{
    return der.length > 0 && der_elements_valid(der, false, 0);
}

/* ---- Algorithm and bits ---------------------------------------------------------------------- */

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
    return ska_der_object_is(read->algorithm, nid);
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
