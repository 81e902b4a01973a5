/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte strings: borrowed (span), owned (bytes), growing (buffer); base64 and hexadecimal.
 */
#ifndef SKA_BASE_BYTES_H
#define SKA_BASE_BYTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provider/base/error.h"

/* Borrowed: points into memory of somebody else. data may be NULL only when length is 0. */
struct ska_span {
    const uint8_t *data;
    size_t length;
};

/* Owned: freed with ska_bytes_free(). */
struct ska_bytes {
    uint8_t *data;
    size_t length;
};

/*
 * Grows as it is written to. When memory runs out it remembers that (failed) and ignores further
 * writes, so that a writer checks once, at its end. Starts as {0}.
 */
struct ska_buffer {
    uint8_t *data;
    size_t length;
    size_t capacity;
    bool failed;
};

static inline struct ska_span ska_span(const void *data, size_t length)
{
    struct ska_span span = {data, length};
    return span;
}

static inline struct ska_span ska_span_of(const struct ska_bytes *bytes)
{
    return ska_span(bytes->data, bytes->length);
}

/* The span of a NUL-terminated string, without its NUL. NULL gives the empty span. */
struct ska_span ska_span_text(const char *text);

bool ska_span_equal(struct ska_span a, struct ska_span b);

/* A to Z in lower case, and all others as they are, whatever the locale is. */
char ska_lower(char letter);

/* Whether it is one of these; the list ends with NULL. */
bool ska_text_is_among(const char *const *texts, const char *text);

/* Copies. The copy always has one extra NUL byte behind it, so text can be used as a C string. */
bool ska_bytes_copy(struct ska_bytes *to, struct ska_span from,
                    const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_bytes_free(struct ska_bytes *bytes);
/* The same for secrets: wiped before it is freed. */
void ska_bytes_clear_free(struct ska_bytes *bytes);

void ska_buffer_add(struct ska_buffer *buffer, const void *data, size_t length);
void ska_buffer_text(struct ska_buffer *buffer, const char *text);
/* Lower-case hexadecimal digits. */
void ska_buffer_hex(struct ska_buffer *buffer, struct ska_span bytes);
void ska_buffer_format(struct ska_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void ska_buffer_format_args(struct ska_buffer *buffer, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* What another buffer holds; where that has failed this one has too. */
void ska_buffer_append(struct ska_buffer *buffer, const struct ska_buffer *other);
/*
 * The content as a C string, until the buffer is written to or freed; "out of memory" for one that
 * has failed.
 */
const char *ska_buffer_string(struct ska_buffer *buffer);
void ska_buffer_free(struct ska_buffer *buffer);
/* Hands the content over to `to` (with a NUL behind it) and empties the buffer. */
bool ska_buffer_finish(struct ska_buffer *buffer, struct ska_bytes *to,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* Lower-case hexadecimal and base64 (RFC 4648, padded, one line). The result is NUL-terminated. */
bool ska_hex_encode(struct ska_span from, char **to,
                    const struct ska_errors *errors) SKA_MUST_CHECK;
bool ska_base64_encode(struct ska_span from, char **to,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* Strict: false, without an error raised, for anything but canonical base64 or pairs of hex digits.
 */
bool ska_hex_decode(const char *text, struct ska_bytes *to) SKA_MUST_CHECK;
bool ska_base64_decode(const char *text, struct ska_bytes *to) SKA_MUST_CHECK;
/* The same of a file: white space, as base64(1) breaks lines, is left out. Nothing is no base64. */
bool ska_base64_decode_file(struct ska_span content, struct ska_bytes *to) SKA_MUST_CHECK;
/*
 * The same with lines of PEM around it, or without: "-----BEGIN PUBLIC KEY-----", ... One block
 * whose two labels are the same, nothing behind it, and no private key.
 */
bool ska_base64_decode_pem(const char *text, struct ska_bytes *to) SKA_MUST_CHECK;
/* A whole decimal number from 0 to `most`, and nothing else. */
bool ska_decimal_decode(const char *text, uint64_t most, uint64_t *number) SKA_MUST_CHECK;

/* True for well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF). */
bool ska_utf8_valid(struct ska_span text);

/*
 * A copy of text that is safe to show on a terminal or in a message: invalid UTF-8, control
 * characters and characters that change the direction, are invisible or of private use become \xNN.
 * So do marks that are on no letter, and all but a few of those that are piled onto one, up into
 * the lines above. At most limit bytes of the text are shown, then "...". NULL when memory runs
 * out; free with free().
 */
char *ska_printable(struct ska_span text, size_t limit);

#endif
