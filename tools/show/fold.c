/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/fold.h"

#include <string.h>

/* Of further lines of a text that has its own layout. */
#define FURTHER_INDENT 4

void fold_new_line(struct ska_buffer *to, struct fold *fold, const char *bar)
{
    ska_buffer_format(to, "\n%*s%s", (int)fold->indent, "", bar);
    fold->column = fold->indent + strlen(bar);
}

/* How many bytes there are until the next space, at most `most`. */
static size_t word_length(struct ska_span text, size_t most)
{
    size_t length = 0;

    while (length < text.length && length < most && text.data[length] != ' ')
        length++;
    return length;
}

/*
 * How much of the text goes into this room: behind a space, if there is one in the second half, or
 * if the word behind it, as an id, fits into a line of its own; else as many characters as fit.
 */
static size_t fitting(struct ska_span text, size_t room, size_t next_room)
{
    size_t length = room;

    if (text.length <= room)
        return text.length;
    while (length > 0 && text.data[length - 1] != ' ')
        length--;
    if (length > room / 2 ||
        (length > 0 && word_length(ska_span(text.data + length, text.length - length),
                                   next_room + 1) <= next_room))
        return length;
    /* Not in the middle of a character, which has at most four bytes. */
    for (length = room; length > 0 && room - length < 3 && (text.data[length] & 0xC0) == 0x80;)
        length--;
    return length;
}

void fold_add(struct ska_buffer *to, struct fold *fold, struct ska_span harmless)
{
    const size_t next_room = fold->width - fold->indent - strlen(fold->bar);

    while (harmless.length > 0) {
        size_t room = fold->column < fold->width ? fold->width - fold->column : 0;
        size_t length = fitting(harmless, room, next_room);

        ska_buffer_add(to, harmless.data, length);
        fold->column += length;
        harmless = ska_span(harmless.data + length, harmless.length - length);
        if (harmless.length > 0)
            fold_new_line(to, fold, fold->bar);
    }
}

void fold_lines(struct ska_buffer *to, size_t width, struct ska_span harmless)
{
    while (harmless.length > 0) {
        const uint8_t *end = memchr(harmless.data, '\n', harmless.length);
        size_t length = end == NULL ? harmless.length : (size_t)(end - harmless.data);
        struct fold fold = {width, FURTHER_INDENT, 0, FOLD_BAR};

        fold_add(to, &fold, ska_span(harmless.data, length));
        if (end != NULL)
            ska_buffer_text(to, "\n");
        length += end != NULL;
        harmless = ska_span(harmless.data + length, harmless.length - length);
    }
}
