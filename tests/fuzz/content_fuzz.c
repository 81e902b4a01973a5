/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed content: whatever is shown of it is harmless, what is not of a known kind is not read, and
 * a byte that is changed is seen, or it is said that it is not shown.
 */
#include <stdlib.h>
#include <string.h>

#include "provider/base/der.h"
#include "tools/show/content.h"

#include "fuzz.h"

static void show(struct ska_span content, struct ska_bytes *shown)
{
    struct ska_buffer text = {0};

    content_text(NULL, content, &text);
    PROMISE(ska_buffer_finish(&text, shown, NULL));
    for (size_t i = 0; i < shown->length; i++)
        PROMISE((shown->data[i] >= 0x20 && shown->data[i] != 0x7F) || shown->data[i] == '\n');
}

static bool is_whole(const struct ska_bytes *shown)
{
    const char *text = (const char *)shown->data;

    return strstr(text, "that are not shown") == NULL &&
           strstr(text, "(it cannot be read further)") == NULL;
}

/* Whether `at` is in a value, not in the header of one, which holds others or says what it is. */
static bool is_in_value(struct ska_span from, const uint8_t *at)
{
    struct ska_span inside = {NULL, 0};
    uint8_t identifier = 0;

    while (ska_der_next(&from, &identifier, &inside)) {
        if (at < inside.data || at >= inside.data + inside.length)
            continue;
        return ((identifier & 0x20) == 0 &&
                (identifier != SKA_DER_OCTET_STRING || !ska_der_valid(inside))) ||
               is_in_value(inside, at);
    }
    return false;
}

/* Which byte and which bit depends on all of the content. */
static void promise_change_is_seen(struct ska_span content, enum ska_content_kind kind,
                                   const struct ska_bytes *before)
{
    struct ska_bytes changed = {NULL, 0};
    struct ska_bytes after = {NULL, 0};
    size_t place = 0;
    uint8_t bit = 0;

    for (size_t i = 0; i < content.length; i++)
        place = place * 31 + content.data[i];
    bit = (uint8_t)(1U << place % 8);
    place = place / 8 % content.length;
    if (!is_whole(before) || !is_in_value(content, content.data + place))
        return;
    PROMISE(ska_bytes_copy(&changed, content, NULL));
    changed.data[place] ^= bit;
    show(ska_span_of(&changed), &after);
    PROMISE(ska_content_kind(ska_span_of(&changed)) != kind || !is_whole(&after) ||
            !ska_span_equal(ska_span_of(before), ska_span_of(&after)));
    ska_bytes_free(&changed);
    ska_bytes_free(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ska_span content = ska_span(data, size);
    enum ska_content_kind kind = ska_content_kind(content);
    struct ska_bytes shown = {NULL, 0};
    struct ska_span digest = {NULL, 0};

    PROMISE(kind == SKA_CONTENT_OTHER || content_kind_text(kind) != NULL);
    PROMISE(kind != SKA_CONTENT_ATTRIBUTES || ska_content_document_digest(content, &digest));
    PROMISE(ska_content_is_kept(SKA_REQUEST_CONTENT_STRUCTURES, content) ==
            (kind != SKA_CONTENT_OTHER));
    PROMISE(!ska_content_is_kept(SKA_REQUEST_CONTENT_NONE, content));
    PROMISE(kind == SKA_CONTENT_OTHER || ska_content_meaning(content, size) != SKA_MEANS_DOCUMENT);
    show(content, &shown);
    if (kind != SKA_CONTENT_OTHER)
        promise_change_is_seen(content, kind, &shown);
    ska_bytes_free(&shown);
    return 0;
}
