/* SPDX-License-Identifier: Apache-2.0 */
/* Text of others: is it UTF-8, and how can it be shown without doing harm. */
#include "provider/base/bytes.h"

#include <stdlib.h>
#include <string.h>

/* Decodes one character; 0 when it is not well-formed, else its length in bytes. */
static size_t decode_utf8(struct ska_span text, uint32_t *character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text.data[0];
    size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    uint32_t value = 0;

    if (length == 0 || first > 0xF4 || text.length < length)
        return 0;
    value = length == 1 ? first : first & (0x7FU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text.data[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (text.data[i] & 0x3F);
    }
    if (value < smallest[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *character = value;
    return length;
}

bool ska_utf8_valid(struct ska_span text)
{
    uint32_t character = 0;

    while (text.length > 0) {
        size_t length = decode_utf8(text, &character);

        if (length == 0)
            return false;
        text.data += length;
        text.length -= length;
    }
    return true;
}

/* Ranges of characters that move the cursor, change the direction or cannot be seen. */
static const struct {
    uint32_t first, last;
} harmful[] = {{0x00, 0x1F},     {0x7F, 0x9F},       {0xAD, 0xAD},       {0x034F, 0x034F},
               {0x061C, 0x061C}, {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},
               {0x200B, 0x200F}, {0x2028, 0x202E},   {0x2060, 0x206F},   {0x3164, 0x3164},
               {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},
               {0xFFFE, 0xFFFF}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}};

static bool is_harmful(uint32_t character)
{
    for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++)
        if (character >= harmful[i].first && character <= harmful[i].last)
            return true;
    return false;
}

char *ska_printable(struct ska_span text, size_t limit)
{
    struct ska_buffer shown = {0};
    struct ska_bytes result = {NULL, 0};
    bool cut = text.length > limit;
    size_t at = 0;

    while (at < text.length && at < limit) {
        uint32_t character = 0;
        struct ska_span rest = ska_span(text.data + at, text.length - at);
        size_t length = decode_utf8(rest, &character);

        if (length > 0 && at + length > limit)
            break;
        if (length > 0 && !is_harmful(character)) {
            ska_buffer_add(&shown, rest.data, length);
            at += length;
            continue;
        }
        for (size_t i = 0; i < (length == 0 ? 1 : length); i++)
            ska_buffer_format(&shown, "\\x%02X", rest.data[i]);
        at += length == 0 ? 1 : length;
    }
    if (cut)
        ska_buffer_text(&shown, "...");
    return ska_buffer_finish(&shown, &result, NULL) ? (char *)result.data : NULL;
}
