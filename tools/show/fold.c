/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/fold.h"

#include <string.h>

#include "provider/base/printable.h"

/* Of further lines of a text that has its own layout. */
#define FURTHER_INDENT 4

void fold_new_line(struct ska_buffer *to, struct fold *fold, const char *bar)
{
    ska_buffer_format(to, "\n%*s%s", (int)fold->indent, "", bar);
    fold->column = fold->indent + strlen(bar);
}

void fold_add(struct ska_buffer *to, struct fold *fold, struct ska_span harmless)
{
    size_t length = 0;

    for (size_t at = 0; at < harmless.length; at += length) {
        uint32_t character = 0;

        length = ska_utf8_decode(ska_span(harmless.data + at, harmless.length - at), &character);
        length += length == 0; /* which does not occur in harmless text */
        if (fold->column + length > fold->width)
            fold_new_line(to, fold, fold->bar);
        ska_buffer_add(to, harmless.data + at, length);
        fold->column += length;
    }
}

/* How much of a line fits; up to a space, if there is one in its second half. */
static size_t fitting(struct ska_span line, size_t room)
{
    size_t length = room;

    if (line.length <= room)
        return line.length;
    while (length > room / 2 && line.data[length] != ' ')
        length--;
    return length > room / 2 ? length : room;
}

static void fold_line(struct ska_buffer *to, size_t width, struct ska_span line)
{
    struct fold fold = {width, FURTHER_INDENT, 0, FOLD_BAR};

    while (line.length > 0) {
        size_t length = fitting(line, width - fold.column);
        size_t next = length;

        if (length < line.length && line.data[length] != ' ')
            length = next = line.length; /* no space: it is broken where it has to be */
        while (next < line.length && line.data[next] == ' ')
            next++;
        fold_add(to, &fold, ska_span(line.data, length));
        line = ska_span(line.data + next, line.length - next);
        if (line.length > 0)
            fold_new_line(to, &fold, FOLD_BAR);
    }
}

void fold_lines(struct ska_buffer *to, size_t width, struct ska_span harmless)
{
    while (harmless.length > 0) {
        const uint8_t *end = memchr(harmless.data, '\n', harmless.length);
        size_t length = end == NULL ? harmless.length : (size_t)(end - harmless.data);

        fold_line(to, width, ska_span(harmless.data, length));
        if (end != NULL)
            ska_buffer_text(to, "\n");
        length += end != NULL;
        harmless = ska_span(harmless.data + length, harmless.length - length);
    }
}
