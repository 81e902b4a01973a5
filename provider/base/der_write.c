/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/der_write.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>

#include "provider/base/der.h"

static void put_length(struct ska_buffer *to, size_t length)
{
    uint8_t bytes[1 + sizeof(length)];
    size_t count = 0;

    if (length < 0x80) {
        bytes[0] = (uint8_t)length;
        ska_buffer_add(to, bytes, 1);
        return;
    }
    for (size_t rest = length; rest > 0; rest >>= 8)
        count++;
    bytes[0] = (uint8_t)(0x80 | count);
    for (size_t i = 0; i < count; i++)
        bytes[1 + i] = (uint8_t)(length >> 8 * (count - 1 - i));
    ska_buffer_add(to, bytes, 1 + count);
}

void ska_der_put(struct ska_buffer *to, uint8_t identifier, struct ska_span content)
{
    ska_buffer_add(to, &identifier, 1);
    put_length(to, content.length);
    ska_buffer_add(to, content.data, content.length);
}

void ska_der_wrap(struct ska_buffer *to, uint8_t identifier, struct ska_buffer *content)
{
    to->failed = to->failed || content->failed;
    ska_der_put(to, identifier, ska_span(content->data, content->length));
    ska_buffer_free(content);
}

void ska_der_put_number(struct ska_buffer *to, uint64_t number)
{
    uint8_t bytes[1 + sizeof(number)] = {0};
    size_t first = 1;

    for (size_t i = 0; i < sizeof(number); i++)
        bytes[1 + i] = (uint8_t)(number >> 8 * (sizeof(number) - 1 - i));
    while (first < sizeof(bytes) - 1 && bytes[first] == 0)
        first++;
    if ((bytes[first] & 0x80) != 0)
        first--; /* else it would be a negative one */
    ska_der_put(to, SKA_DER_INTEGER, ska_span(bytes + first, sizeof(bytes) - first));
}

void ska_der_put_object(struct ska_buffer *to, int nid)
{
    const ASN1_OBJECT *object = OBJ_nid2obj(nid);

    to->failed = to->failed || object == NULL || OBJ_length(object) == 0;
    if (!to->failed)
        ska_der_put(to, SKA_DER_OBJECT, ska_span(OBJ_get0_data(object), OBJ_length(object)));
}

/* A shorter one that a longer one begins with comes first (X.690, 11.6). */
static int compare_elements(const void *va, const void *vb)
{
    const struct ska_buffer *a = va;
    const struct ska_buffer *b = vb;
    size_t common = a->length < b->length ? a->length : b->length;
    int order = common == 0 ? 0 : memcmp(a->data, b->data, common);

    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

void ska_der_wrap_set(struct ska_buffer *to, uint8_t identifier, struct ska_buffer *elements,
                      size_t count)
{
    struct ska_buffer inside = {0};

    qsort(elements, count, sizeof(*elements), compare_elements);
    for (size_t i = 0; i < count; i++) {
        ska_buffer_append(&inside, &elements[i]);
        ska_buffer_free(&elements[i]);
    }
    ska_der_wrap(to, identifier, &inside);
}
