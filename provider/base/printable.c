/* SPDX-License-Identifier: Apache-2.0 */
/* Text of others: is it UTF-8, and how can it be shown without doing harm. */
#include "provider/base/printable.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provider/base/character.h"

/* So many marks a letter of some language may carry. */
#define MARKS_LIMIT 2

size_t ska_utf8_decode(struct ska_span text, uint32_t *character)
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

uint32_t ska_utf8_next(const char *text, size_t *bytes)
{
    uint32_t character = 0;

    /* No character is longer; the text may be. */
    *bytes = ska_utf8_decode(ska_span(text, strnlen(text, 4)), &character);
    *bytes += *bytes == 0; /* so that nobody stands still */
    return character;
}

/* The ASCII that it begins with: most of any text, so eight bytes at a time. */
static size_t ascii_length(struct ska_span text)
{
    uint64_t eight = 0;
    size_t length = 0;

    for (; text.length - length >= sizeof(eight); length += sizeof(eight)) {
        memcpy(&eight, text.data + length, sizeof(eight));
        if ((eight & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    return length;
}

bool ska_utf8_valid(struct ska_span text)
{
    uint32_t character = 0;

    while (text.length > 0) {
        size_t ascii = ascii_length(text);
        size_t length = ascii > 0 ? ascii : ska_utf8_decode(text, &character);

        if (length == 0)
            return false;
        text.data += length;
        text.length -= length;
    }
    return true;
}

/*
 * In quotes a quote must not look like their end, and what the text itself spells "\\x1B" must not
 * look like what we write for a character.
 */
static void add_harmless(struct ska_buffer *buffer, struct ska_span character, bool in_quotes)
{
    if (in_quotes && (character.data[0] == '\'' || character.data[0] == '\\'))
        ska_buffer_text(buffer, "\\");
    ska_buffer_add(buffer, character.data, character.length);
}

/* Most of any text: the ASCII at its beginning that is shown as it is. */
static size_t plain_length(struct ska_span text, bool in_quotes)
{
    size_t length = 0;

    while (length < text.length && text.data[length] >= ' ' && text.data[length] <= '~' &&
           !(in_quotes && (text.data[length] == '\'' || text.data[length] == '\\')))
        length++;
    return length;
}

static void add_printable(struct ska_buffer *buffer, struct ska_span text, size_t limit,
                          bool in_quotes)
{
    size_t most = text.length < limit ? text.length : limit;
    bool cut = text.length > limit;
    /* With no letter before it, one would join what is ours, or nothing that can be seen. */
    size_t marks = MARKS_LIMIT;
    size_t at = 0;

    while (at < most) {
        uint32_t character = 0;
        struct ska_span rest = ska_span(text.data + at, text.length - at);
        size_t length = plain_length(ska_span(rest.data, most - at), in_quotes);

        if (length > 0) {
            ska_buffer_add(buffer, rest.data, length);
            marks = rest.data[length - 1] == ' ' ? MARKS_LIMIT : 0;
            at += length;
            continue;
        }
        length = ska_utf8_decode(rest, &character);
        if (length > 0 && at + length > limit)
            break;
        marks = length > 0 && ska_is_combining_mark(character) ? marks + 1 : 0;
        if (length > 0 && !ska_is_harmful(character) && marks <= MARKS_LIMIT) {
            add_harmless(buffer, ska_span(rest.data, length), in_quotes);
            marks = ska_is_blank(character) ? MARKS_LIMIT : marks;
            at += length;
            continue;
        }
        for (size_t i = 0; i < (length == 0 ? 1 : length); i++)
            ska_buffer_format(buffer, "\\x%02X", rest.data[i]);
        marks = MARKS_LIMIT;
        at += length == 0 ? 1 : length;
    }
    if (cut)
        ska_buffer_text(buffer, "...");
}

void ska_buffer_printable(struct ska_buffer *buffer, struct ska_span text, size_t limit)
{
    add_printable(buffer, text, limit, false);
}

char *ska_printable(struct ska_span text, size_t limit)
{
    struct ska_buffer shown = {0};
    struct ska_bytes result = {NULL, 0};

    ska_buffer_printable(&shown, text, limit);
    return ska_buffer_finish(&shown, &result, NULL) ? (char *)result.data : NULL;
}

/* ---- Names ----------------------------------------------------------------------------------- */

static bool is_word_character(uint32_t character)
{
    static const struct ska_range letters[] = {{'-', '.'},      {'0', '9'}, {'@', 'Z'},
                                               {'_', '_'},      {'a', 'z'}, {0xC0, 0x1FFF},
                                               {0x3040, 0xD7FF}};
    /* Spaces and what looks like quotes or lines. */
    static const struct ska_range others[] = {{0x02B0, 0x02FF}, {0x1680, 0x1680}, {0x3164, 0x3164}};

    return SKA_IS_IN(letters, character) && !SKA_IS_IN(others, character) &&
           !ska_is_combining_mark(character);
}

/* What stands where names do, and means something there. */
static bool is_word_of_ours(const char *text, size_t length)
{
    static const char *const words[] = {
        "nobody", "none",    "and", "or",    "more", "all", "any", "yes",   "no",         "now",
        "then",   "missing", "ok",  "wrong", "new",  "key", "you", "group", "alternative"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i]) == length && strncasecmp(words[i], text, length) == 0)
            return true;
    return false;
}

/* A word of ours, also as a part of a name as "nobody."; and digits, as of a key. */
static bool holds_word_of_ours(struct ska_span text)
{
    const char *next = (const char *)text.data;
    size_t left = text.length;
    size_t digits = 0;

    while (left > 0) {
        size_t length = 0;

        while (length < left && strchr("-._@", next[length]) == NULL)
            length++;
        if (is_word_of_ours(next, length))
            return true;
        length += length < left;
        next += length;
        left -= length;
    }
    while (digits < text.length && isxdigit(text.data[digits]))
        digits++;
    return digits == text.length && digits >= 8;
}

static bool is_plain(struct ska_span text, bool is_path)
{
    uint32_t character = 0;
    size_t length = 0;

    for (; text.length > 0; text = ska_span(text.data + length, text.length - length)) {
        length = ska_utf8_decode(text, &character);
        if (length == 0 || !(is_word_character(character) || (is_path && character == '/')))
            return false;
    }
    return true;
}

static bool is_plain_word(struct ska_span text)
{
    return !holds_word_of_ours(text) && is_plain(text, false);
}

void ska_buffer_quoted(struct ska_buffer *buffer, struct ska_span untrusted, size_t limit)
{
    ska_buffer_text(buffer, "'");
    add_printable(buffer, untrusted, limit, true);
    ska_buffer_text(buffer, "'");
}

void ska_buffer_name(struct ska_buffer *buffer, struct ska_span untrusted)
{
    char *shown = ska_printable(untrusted, SKA_NAME_SHOWN);

    if (shown == NULL)
        buffer->failed = true;
    else if (shown[0] != 0 && is_plain_word(ska_span_text(shown)))
        ska_buffer_text(buffer, shown);
    else
        ska_buffer_quoted(buffer, untrusted, SKA_NAME_SHOWN);
    free(shown);
}

char *ska_file_name_shown(const char *name)
{
    struct ska_buffer text = {0};
    struct ska_bytes result = {NULL, 0};
    char *shown = ska_printable(ska_span_text(name), PATH_MAX);

    if (shown == NULL || (shown[0] != 0 && is_plain(ska_span_text(shown), true)))
        return shown;
    ska_buffer_quoted(&text, ska_span_text(name), PATH_MAX);
    free(shown);
    return ska_buffer_finish(&text, &result, NULL) ? (char *)result.data : NULL;
}

/* ---- Words of commands ----------------------------------------------------------------------- */

/* What means nothing to a shell, wherever it stands. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=,.:/+@%_-"

/* In single quotes, except for these themselves. */
void ska_buffer_shell_word(struct ska_buffer *buffer, const char *word)
{
    if (word[0] != 0 && word[strspn(word, PLAIN)] == 0) {
        ska_buffer_text(buffer, word);
        return;
    }
    ska_buffer_text(buffer, "'");
    for (; *word != 0; word++) {
        if (*word == '\'')
            ska_buffer_text(buffer, "'\\'");
        ska_buffer_add(buffer, word, 1);
    }
    ska_buffer_text(buffer, "'");
}

const char *ska_shell_word(const char *word, char quoted[SKA_SHELL_WORD_SIZE])
{
    struct ska_buffer text = {0};

    ska_buffer_shell_word(&text, word);
    snprintf(quoted, SKA_SHELL_WORD_SIZE, "%s",
             text.length < SKA_SHELL_WORD_SIZE ? ska_buffer_string(&text) : "...");
    ska_buffer_free(&text);
    return quoted;
}
