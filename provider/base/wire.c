/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers of elements: bounds, lengths and padding are checked here and nowhere else.
 */
#include "provider/base/wire.h"

enum { CONTAINER_HEADER = 4, ELEMENT_HEADER = 4 };

static uint16_t load_u16(const uint8_t *from)
{
    return (uint16_t)(from[0] | from[1] << 8);
}

static uint32_t load_u32(const uint8_t *from)
{
    return load_u16(from) | (uint32_t)load_u16(from + 2) << 16;
}

static void store_u16(uint8_t *to, uint16_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

static void store_u32(uint8_t *to, uint32_t value)
{
    store_u16(to, (uint16_t)value);
    store_u16(to + 2, (uint16_t)(value >> 16));
}

/* Zero bytes that follow a value so that the next element starts at a multiple of four. */
static size_t padding_of(size_t length)
{
    return (4 - length % 4) % 4;
}

static size_t bytes_left(const struct ska_wire_reader *reader)
{
    return (size_t)(reader->end - reader->next);
}

/* ---- Reading -------------------------------------------------------------------------------- */

bool ska_wire_open(struct ska_wire_reader *reader, struct ska_span container)
{
    size_t content;

    reader->next = reader->end = NULL;
    if (container.length < CONTAINER_HEADER)
        return false;
    content = container.length - CONTAINER_HEADER;
    /* The header counts padding, so what it counts is a multiple of four. */
    if (load_u32(container.data) != content || content % 4 != 0)
        return false;
    reader->next = container.data + CONTAINER_HEADER;
    reader->end = reader->next + content;
    return true;
}

bool ska_wire_well_formed(struct ska_span container)
{
    struct ska_wire_reader reader;
    struct ska_wire_element element;

    if (!ska_wire_open(&reader, container))
        return false;
    while (!ska_wire_at_end(&reader))
        if (!ska_wire_next(&reader, &element))
            return false;
    return true;
}

bool ska_wire_at_end(const struct ska_wire_reader *reader)
{
    return reader->next == reader->end;
}

bool ska_wire_next(struct ska_wire_reader *reader, struct ska_wire_element *element)
{
    size_t length, padding;
    const uint8_t *value;

    if (bytes_left(reader) < ELEMENT_HEADER)
        return false;
    length = load_u16(reader->next + 2);
    if (length > SKA_WIRE_VALUE_LIMIT)
        return false;
    padding = padding_of(length);
    if (length + padding > bytes_left(reader) - ELEMENT_HEADER)
        return false;
    value = reader->next + ELEMENT_HEADER;
    for (size_t i = 0; i < padding; i++)
        if (value[length + i] != 0)
            return false;

    element->type = load_u16(reader->next);
    element->value = ska_span(value, length);
    reader->next = value + length + padding;
    return true;
}

uint16_t ska_wire_peek(const struct ska_wire_reader *reader)
{
    return bytes_left(reader) < ELEMENT_HEADER ? 0 : load_u16(reader->next);
}

bool ska_wire_is_long(const struct ska_wire_reader *reader)
{
    return bytes_left(reader) >= ELEMENT_HEADER &&
           load_u16(reader->next + 2) > SKA_WIRE_VALUE_LIMIT;
}

bool ska_wire_take(struct ska_wire_reader *reader, uint16_t type, struct ska_span *value)
{
    struct ska_wire_reader ahead = *reader;
    struct ska_wire_element element;

    if (!ska_wire_next(&ahead, &element) || element.type != type)
        return false;
    *reader = ahead;
    *value = element.value;
    return true;
}

/* The next element only if it is of this type and length. */
static bool wire_take_number(struct ska_wire_reader *reader, uint16_t type, size_t length,
                             const uint8_t **value)
{
    struct ska_wire_reader ahead = *reader;
    struct ska_span span;

    if (!ska_wire_take(&ahead, type, &span) || span.length != length)
        return false;
    *reader = ahead;
    *value = span.data;
    return true;
}

bool ska_wire_take_u32(struct ska_wire_reader *reader, uint16_t type, uint32_t *value)
{
    const uint8_t *bytes;

    if (!wire_take_number(reader, type, 4, &bytes))
        return false;
    *value = load_u32(bytes);
    return true;
}

bool ska_wire_take_u64(struct ska_wire_reader *reader, uint16_t type, uint64_t *value)
{
    const uint8_t *bytes;

    if (!wire_take_number(reader, type, 8, &bytes))
        return false;
    *value = load_u32(bytes) | (uint64_t)load_u32(bytes + 4) << 32;
    return true;
}

/* ---- Writing -------------------------------------------------------------------------------- */

size_t ska_wire_begin(struct ska_buffer *buffer)
{
    static const uint8_t header[CONTAINER_HEADER];
    size_t begin = buffer->length;

    ska_buffer_add(buffer, header, sizeof(header));
    return begin;
}

void ska_wire_end(struct ska_buffer *buffer, size_t begin)
{
    size_t content;

    if (buffer->failed)
        return;
    content = buffer->length - begin - CONTAINER_HEADER;
    if (content > UINT32_MAX)
        buffer->failed = true;
    else
        store_u32(buffer->data + begin, (uint32_t)content);
}

void ska_wire_add(struct ska_buffer *buffer, uint16_t type, struct ska_span value)
{
    static const uint8_t zeros[3];
    uint8_t header[ELEMENT_HEADER];

    if (value.length > SKA_WIRE_VALUE_LIMIT) {
        buffer->failed = true;
        return;
    }
    store_u16(header, type);
    store_u16(header + 2, (uint16_t)value.length);
    ska_buffer_add(buffer, header, sizeof(header));
    ska_buffer_add(buffer, value.data, value.length);
    ska_buffer_add(buffer, zeros, padding_of(value.length));
}

void ska_wire_add_u32(struct ska_buffer *buffer, uint16_t type, uint32_t value)
{
    uint8_t bytes[4];

    store_u32(bytes, value);
    ska_wire_add(buffer, type, ska_span(bytes, sizeof(bytes)));
}

void ska_wire_add_u64(struct ska_buffer *buffer, uint16_t type, uint64_t value)
{
    uint8_t bytes[8];

    store_u32(bytes, (uint32_t)value);
    store_u32(bytes + 4, (uint32_t)(value >> 32));
    ska_wire_add(buffer, type, ska_span(bytes, sizeof(bytes)));
}
