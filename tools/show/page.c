/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/printable.h"
#include "tools/show/text.h"

#define PAGE_WIDTH 78
#define INDENT 4
#define QUOTE_INDENT 8
#define QUOTE_BAR "| "
/* More empty lines than these are counted only, so that they push nothing off the screen. */
#define EMPTY_LINES 2

/* ---- Paragraphs ------------------------------------------------------------------------------ */

/* Up to the next space; how many columns it takes. */
static size_t word_width(const char *word, size_t *length)
{
    size_t width = 0;
    size_t bytes = 0;

    *length = 0;
    while (word[*length] != 0 && word[*length] != ' ') {
        width += text_columns(word + *length, &bytes);
        *length += bytes;
    }
    return width;
}

/* Further lines are indented and begin with `bar`. */
static void start_line(struct ska_buffer *text, size_t indent, const char *bar, size_t *column)
{
    ska_buffer_format(text, "\n%*s%s", (int)indent, "", bar);
    *column = indent + strlen(bar);
}

/* What is too long for a line is broken where the line ends. */
static void add_broken(struct ska_buffer *text, const char *word, size_t length, size_t indent,
                       const char *bar, size_t *column)
{
    size_t bytes = 0;

    for (size_t at = 0; at < length; at += bytes) {
        size_t width = text_columns(word + at, &bytes);

        if (*column + width > PAGE_WIDTH)
            start_line(text, indent, bar, column);
        ska_buffer_add(text, word + at, bytes);
        *column += width;
    }
}

/* The cursor stands at `column`; further lines are indented. */
static void add_words(struct ska_buffer *text, const char *words, size_t column, size_t indent)
{
    size_t length = 0;
    bool first = true;

    for (; *words != 0; words += length) {
        size_t width = word_width(words, &length);

        if (length == 0) { /* a space */
            length = 1;
            continue;
        }
        if (!first && column + 1 + width > PAGE_WIDTH) {
            start_line(text, indent, "", &column);
        } else if (!first) {
            ska_buffer_text(text, " ");
            column++;
        }
        add_broken(text, words, length, indent, "", &column);
        first = false;
    }
    ska_buffer_text(text, "\n");
}

void page_add(struct page *page, enum page_kind kind, const char *format, ...)
{
    /* What goes on stands under the words, so that only ours start a paragraph. */
    static const struct {
        const char *start;
        size_t column; /* of the first word */
        size_t indent; /* of further lines */
    } kinds[] = {[PAGE_HEADING] = {"\n", 0, 2},
                 [PAGE_PARAGRAPH] = {"    ", INDENT, INDENT + 2},
                 [PAGE_ITEM] = {"    - ", INDENT + 2, INDENT + 2},
                 [PAGE_WARNING] = {"    WARNING: ", INDENT + 9, INDENT + 9}};
    struct ska_buffer words = {0};
    va_list args;

    va_start(args, format);
    ska_buffer_format_args(&words, format, args);
    va_end(args);
    ska_buffer_text(&page->text, kinds[kind].start);
    add_words(&page->text, ska_buffer_string(&words), kinds[kind].column, kinds[kind].indent);
    page->text.failed = page->text.failed || words.failed;
    page->warnings += kind == PAGE_WARNING;
    ska_buffer_free(&words);
}

const char *page_words(struct page *page, struct ska_buffer *buffer)
{
    char **grown = reallocarray(page->words, page->word_count + 1, sizeof(*grown));
    struct ska_bytes text = {NULL, 0};

    page->words = grown == NULL ? page->words : grown;
    if (grown == NULL)
        ska_buffer_free(buffer);
    else if (ska_buffer_finish(buffer, &text, NULL))
        return page->words[page->word_count++] = (char *)text.data;
    page->text.failed = true;
    return "";
}

const char *page_name(struct page *page, struct ska_span untrusted)
{
    struct ska_buffer buffer = {0};

    ska_buffer_name(&buffer, untrusted);
    return page_words(page, &buffer);
}

bool page_finish(struct page *page, struct ska_bytes *text, const struct ska_errors *errors)
{
    for (size_t i = 0; i < page->word_count; i++)
        free(page->words[i]);
    free(page->words);
    page->words = NULL;
    page->word_count = 0;
    return ska_buffer_finish(&page->text, text, errors);
}

/* ---- Words of others ------------------------------------------------------------------------- */

/* NULL: out of memory. A tab is a space, so that a line does not get longer than it is counted. */
static char *shown_line(struct ska_span line)
{
    struct ska_bytes copy = {NULL, 0};
    char *shown = NULL;

    if (!ska_bytes_copy(&copy, line, NULL))
        return NULL;
    for (size_t i = 0; i < copy.length; i++)
        if (copy.data[i] == '\t')
            copy.data[i] = ' ';
    shown = ska_printable(ska_span_of(&copy), copy.length);
    ska_bytes_free(&copy);
    return shown;
}

/* One line of theirs is as many of ours as it needs. */
static void quote_line(struct page *page, struct ska_span line)
{
    char *shown = shown_line(line);
    size_t column = QUOTE_INDENT + strlen(QUOTE_BAR);

    if (shown == NULL) {
        page->text.failed = true;
        return;
    }
    ska_buffer_format(&page->text, "%*s" QUOTE_BAR, QUOTE_INDENT, "");
    add_broken(&page->text, shown, strlen(shown), QUOTE_INDENT, QUOTE_BAR, &column);
    ska_buffer_text(&page->text, "\n");
    free(shown);
}

/* Not in the middle of a character. */
static size_t cut_at(struct ska_span text, size_t limit)
{
    if (text.length <= limit)
        return text.length;
    while (limit > 0 && (text.data[limit] & 0xC0) == 0x80)
        limit--;
    return limit;
}

/* Takes a line from the front, without its end. */
static struct ska_span take_quoted_line(struct ska_span *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->length);
    struct ska_span line = ska_span(text->data, text->length);
    size_t taken = text->length;

    if (end != NULL) {
        line.length = (size_t)(end - text->data);
        taken = line.length + 1;
        if (line.length > 0 && end[-1] == '\r')
            line.length--;
    }
    *text = ska_span(text->data + taken, text->length - taken);
    return line;
}

static void end_empty_lines(struct page *page, size_t *count)
{
    if (*count > EMPTY_LINES)
        page_paragraph(page, "(and %zu more empty lines)", *count - EMPTY_LINES);
    *count = 0;
}

void page_quote(struct page *page, struct ska_span untrusted, size_t limit)
{
    struct ska_span rest = ska_span(untrusted.data, cut_at(untrusted, limit));
    size_t hidden = untrusted.length - rest.length;
    size_t empty = 0;

    if (untrusted.length == 0)
        page_paragraph(page, "(nothing)");
    while (rest.length > 0) {
        struct ska_span line = take_quoted_line(&rest);

        if (line.length > 0)
            end_empty_lines(page, &empty);
        else if (++empty > EMPTY_LINES)
            continue;
        quote_line(page, line);
    }
    end_empty_lines(page, &empty);
    if (hidden > 0)
        page_paragraph(page, "(There is more of it, %zu bytes, which is not shown.)", hidden);
}

void page_digits(struct page *page, struct ska_span bytes)
{
    ska_buffer_format(&page->text, "%*s", QUOTE_INDENT, "");
    text_digits(&page->text, bytes, "\n        ");
    ska_buffer_text(&page->text, "\n");
}
