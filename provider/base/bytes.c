/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

struct ska_span ska_span_text(const char *text)
{
    return ska_span(text, text == NULL ? 0 : strlen(text));
}

bool ska_span_equal(struct ska_span a, struct ska_span b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

char ska_lower(char letter)
{
    static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *at = letter == 0 ? NULL : strchr(upper, letter);

    if (at == NULL)
        return letter;
    return "abcdefghijklmnopqrstuvwxyz"[at - upper];
}

bool ska_text_is_among(const char *const *texts, const char *text)
{
    for (; *texts != NULL; texts++)
        if (strcmp(*texts, text) == 0)
            return true;
    return false;
}

bool ska_bytes_copy(struct ska_bytes *to, struct ska_span from, const struct ska_errors *errors)
{
    uint8_t *copy = malloc(from.length + 1);

    if (copy == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "%zu bytes", from.length);
    if (from.length > 0)
        memcpy(copy, from.data, from.length);
    copy[from.length] = 0;
    to->data = copy;
    to->length = from.length;
    return true;
}

void ska_bytes_free(struct ska_bytes *bytes)
{
    free(bytes->data);
    bytes->data = NULL;
    bytes->length = 0;
}

void ska_bytes_clear_free(struct ska_bytes *bytes)
{
    if (bytes->data != NULL)
        OPENSSL_cleanse(bytes->data, bytes->length);
    ska_bytes_free(bytes);
}

/* Makes room for `more` bytes and a NUL behind them. */
static bool buffer_reserve(struct ska_buffer *buffer, size_t more)
{
    size_t capacity = buffer->capacity == 0 ? 256 : buffer->capacity;
    uint8_t *data = NULL;

    if (buffer->failed || more >= SIZE_MAX / 4 || buffer->length >= SIZE_MAX / 4) {
        buffer->failed = true;
        return false;
    }
    if (buffer->capacity - buffer->length > more)
        return true;
    while (capacity - buffer->length <= more)
        capacity *= 2;
    data = realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void ska_buffer_add(struct ska_buffer *buffer, const void *data, size_t length)
{
    if (!buffer_reserve(buffer, length))
        return;
    if (length > 0)
        memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
}

void ska_buffer_text(struct ska_buffer *buffer, const char *text)
{
    ska_buffer_add(buffer, text, strlen(text));
}

void ska_buffer_format_args(struct ska_buffer *buffer, const char *format, va_list args)
{
    va_list again;
    int length = 0;

    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) {
        buffer->failed = true;
    } else if (buffer_reserve(buffer, (size_t)length)) {
        vsnprintf((char *)buffer->data + buffer->length, (size_t)length + 1, format, args);
        buffer->length += (size_t)length;
    }
}

void ska_buffer_format(struct ska_buffer *buffer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    ska_buffer_format_args(buffer, format, args);
    va_end(args);
}

void ska_buffer_append(struct ska_buffer *buffer, const struct ska_buffer *other)
{
    ska_buffer_add(buffer, other->data, other->length);
    buffer->failed = buffer->failed || other->failed;
}

const char *ska_buffer_string(struct ska_buffer *buffer)
{
    if (!buffer_reserve(buffer, 0))
        return "out of memory";
    buffer->data[buffer->length] = 0;
    return (const char *)buffer->data;
}

void ska_buffer_free(struct ska_buffer *buffer)
{
    free(buffer->data);
    memset(buffer, 0, sizeof(*buffer));
}

bool ska_buffer_finish(struct ska_buffer *buffer, struct ska_bytes *to,
                       const struct ska_errors *errors)
{
    if (!buffer_reserve(buffer, 0)) {
        ska_buffer_free(buffer);
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "while writing, or an element is too long");
    }
    buffer->data[buffer->length] = 0;
    to->data = buffer->data;
    to->length = buffer->length;
    memset(buffer, 0, sizeof(*buffer));
    return true;
}
