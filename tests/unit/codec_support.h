/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the codec share: a recorder of failures, the published vectors, and, in
 * wire_support.h, an implementation of the format that owes nothing to the codec.
 */
#ifndef SKA_TEST_CODEC_SUPPORT_H
#define SKA_TEST_CODEC_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cmocka_all.h"
#include "provider/base/bytes.h"
#include "provider/base/file.h"
#include "recorder.h"
#include "wire_support.h"

/* ---- Failures ------------------------------------------------------------------------------- */

#define assert_raised(recorder, expected)                                                          \
    do {                                                                                           \
        assert_int_equal((recorder)->count, 1);                                                    \
        assert_int_equal((recorder)->reason, (expected));                                          \
    } while (0)

/* ---- Bytes ---------------------------------------------------------------------------------- */

#define assert_span_equal(a, b)                                                                    \
    do {                                                                                           \
        struct ska_span span_a = (a), span_b = (b);                                                \
                                                                                                   \
        assert_int_equal(span_a.length, span_b.length);                                            \
        if (span_a.length > 0)                                                                     \
            assert_memory_equal(span_a.data, span_b.data, span_a.length);                          \
    } while (0)

/* Hexadecimal digits; blanks between them are for the reader. */
static inline struct ska_bytes from_hex(const char *hex)
{
    struct ska_bytes bytes = {NULL, 0};
    char *digits = calloc(strlen(hex) + 1, 1), *to = digits;

    assert_non_null(digits);
    for (const char *from = hex; *from != 0; from++)
        if (*from != ' ')
            *to++ = *from;
    assert_true(ska_hex_decode(digits, &bytes));
    free(digits);
    return bytes;
}

/* The same content in memory of exactly its length, so that a sanitizer sees one byte too far. */
static inline struct ska_span exact(struct ska_span content)
{
    uint8_t *copy = malloc(content.length > 0 ? content.length : 1);

    assert_non_null(copy);
    if (content.length > 0)
        memcpy(copy, content.data, content.length);
    return ska_span(copy, content.length);
}

static inline void exact_free(struct ska_span content)
{
    free((void *)(uintptr_t)content.data);
}

/* What the writer of wire_support.h has written. */
static inline struct ska_span written(const struct writer *w)
{
    return ska_span(w->data, w->length);
}

/* ---- Published vectors ---------------------------------------------------------------------- */

static inline cJSON *read_vectors(void)
{
    struct recorder recorder;
    struct ska_errors errors = errors_into(&recorder);
    struct ska_bytes content = {NULL, 0};
    cJSON *vectors = NULL;

    assert_true(ska_file_read(SKA_SOURCE_DIR "/tests/vectors/approval-tokens.json", 1 << 20,
                              &content, &errors));
    vectors = cJSON_Parse((const char *)content.data);
    assert_non_null(vectors);
    ska_bytes_free(&content);
    return vectors;
}

static inline const char *text_in(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    assert_non_null(text);
    return text;
}

static inline struct ska_bytes base64_in(const cJSON *object, const char *name)
{
    struct ska_bytes bytes = {NULL, 0};

    assert_true(ska_base64_decode(text_in(object, name), &bytes));
    return bytes;
}

static inline double number_in(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

#endif
