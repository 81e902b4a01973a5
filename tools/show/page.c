/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/base/character.h"
#include "provider/base/printable.h"
#include "tools/show/fold.h"

/* Below this width every column counts. */
#define NARROW 40
#define INDENT 4
#define INDENT_NARROW 1
/* More lines with nothing to see are only counted: they push nothing off the screen. */
#define EMPTY_LINES 2

static size_t page_columns(const struct page *page)
{
    if (page->width == 0 || page->width > PAGE_WIDTH)
        return PAGE_WIDTH;
    return page->width < PAGE_LEAST_WIDTH ? PAGE_LEAST_WIDTH : page->width;
}

static size_t page_indent(const struct page *page)
{
    return page_columns(page) < NARROW ? INDENT_NARROW : INDENT;
}

/* What stands apart from the paragraphs: words of others, digits. */
static size_t page_inner_indent(const struct page *page)
{
    return 2 * page_indent(page);
}

void page_fail(struct page *page)
{
    page->text.failed = true;
}

/* ---- Paragraphs ------------------------------------------------------------------------------ */

/* In a name that ska_buffer_quoted() has put into quotes; how long it is, with both of them. */
static size_t quoted_length(const char *quote)
{
    size_t length = 1;

    while (quote[length] != 0 && quote[length] != '\'')
        length += quote[length] == '\\' && quote[length + 1] != 0 ? 2 : 1;
    return quote[length] == 0 ? length : length + 1;
}

/* Up to the next space that is in no quotes. A quote within a word ("HSM's") is none. */
static size_t unit_length(const char *words)
{
    size_t length = 0;

    while (words[length] != 0 && words[length] != ' ') {
        bool opens = words[length] == '\'' && (length == 0 || words[length - 1] == '(');

        length += opens ? quoted_length(words + length) : 1;
    }
    return length;
}

/* Units of words, as many as fit into each line. */
static void add_units(struct ska_buffer *text, const char *words, struct fold *fold)
{
    size_t length = 0;
    bool first = true;

    for (; *words != 0; words += length) {
        length = unit_length(words);
        if (length == 0) { /* a space */
            length = 1;
            continue;
        }
        if (!first && fold->column + 1 + length > fold->width) {
            fold_new_line(text, fold, "");
        } else if (!first) {
            ska_buffer_text(text, " ");
            fold->column++;
        }
        fold_add(text, fold, ska_span(words, length));
        first = false;
    }
    ska_buffer_text(text, "\n");
}

void page_add(struct page *page, enum page_kind kind, const char *format, ...)
{
    static const char *const starts[] = {[PAGE_HEADING] = "",
                                         [PAGE_PARAGRAPH] = "",
                                         [PAGE_ITEM] = "- ",
                                         [PAGE_WARNING] = "WARNING: "};
    size_t indent = kind == PAGE_HEADING ? 0 : page_indent(page);
    size_t start = strlen(starts[kind]);
    /* What goes on stands under the words, so that only ours start a paragraph. */
    struct fold fold = {page_columns(page), indent + (start > 0 ? start : 2), indent + start,
                        FOLD_BAR};
    struct ska_buffer words = {0};
    va_list args;

    if (indent == INDENT_NARROW && kind == PAGE_WARNING)
        fold.indent = indent + 2;
    va_start(args, format);
    ska_buffer_format_args(&words, format, args);
    va_end(args);
    if (kind == PAGE_HEADING)
        ska_buffer_text(&page->text, "\n");
    ska_buffer_format(&page->text, "%*s%s", (int)indent, "", starts[kind]);
    if (words.failed)
        page_fail(page);
    else
        add_units(&page->text, ska_buffer_string(&words), &fold);
    page->warnings += kind == PAGE_WARNING;
    if (kind == PAGE_WARNING && page->warnings == 1 && !words.failed)
        page->first_warning = strdup(ska_buffer_string(&words));
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
    page_fail(page);
    return "";
}

const char *page_name(struct page *page, struct ska_span untrusted)
{
    struct ska_buffer buffer = {0};

    ska_buffer_name(&buffer, untrusted);
    return page_words(page, &buffer);
}

const char *page_quoted_name(struct page *page, struct ska_span untrusted)
{
    struct ska_buffer buffer = {0};

    ska_buffer_quoted(&buffer, untrusted, SKA_NAME_SHOWN);
    return page_words(page, &buffer);
}

bool page_finish(struct page *page, struct ska_bytes *text, const struct ska_errors *errors)
{
    for (size_t i = 0; i < page->word_count; i++)
        free(page->words[i]);
    free(page->words);
    page->words = NULL;
    page->word_count = 0;
    free(page->first_warning);
    page->first_warning = NULL;
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

/* Where words of theirs stand. */
static struct fold quote_fold(const struct page *page)
{
    size_t start = page_inner_indent(page) + strlen(FOLD_BAR);

    return (struct fold){page_columns(page), page_inner_indent(page), start, FOLD_BAR};
}

/* As many lines of ours as it needs. */
static void quote_part(struct page *page, struct ska_span part)
{
    char *shown = shown_line(part);
    struct fold fold = quote_fold(page);

    if (shown == NULL) {
        page_fail(page);
        return;
    }
    ska_buffer_format(&page->text, "%*s" FOLD_BAR, (int)fold.indent, "");
    fold_add(&page->text, &fold, ska_span_text(shown));
    ska_buffer_text(&page->text, "\n");
    free(shown);
}

/* The blanks that it begins with. */
struct blanks {
    size_t count;
    size_t bytes;
};

static struct blanks blanks_of(struct ska_span text)
{
    struct blanks blanks = {0, 0};

    while (blanks.bytes < text.length) {
        uint32_t character = 0;
        size_t length = ska_utf8_decode(
            ska_span(text.data + blanks.bytes, text.length - blanks.bytes), &character);

        if (length == 0 || (character != '\t' && !ska_is_blank(character)))
            break;
        blanks.bytes += length;
        blanks.count++;
    }
    return blanks;
}

/* Takes what is before blanks that would fill a line of ours, and these, from the front. */
static struct ska_span take_part(const struct page *page, struct ska_span *line,
                                 struct blanks *filling)
{
    const struct fold fold = quote_fold(page);
    struct ska_span part = {NULL, 0};
    size_t length = 0;

    *filling = (struct blanks){0, 0};
    while (length < line->length) {
        struct blanks blanks = blanks_of(ska_span(line->data + length, line->length - length));

        if (blanks.bytes > fold.width - fold.column) {
            *filling = blanks;
            break;
        }
        length += blanks.bytes > 0 ? blanks.bytes : 1;
    }
    part = ska_span(line->data, length);
    length += filling->bytes;
    *line = ska_span(line->data + length, line->length - length);
    return part;
}

/* Blanks are counted where they would push what follows off the screen. */
static void quote_line(struct page *page, struct ska_span line)
{
    struct blanks filling = {0, 0};

    do {
        struct ska_span part = take_part(page, &line, &filling);

        if (part.length > 0 || filling.count == 0)
            quote_part(page, part);
        if (filling.count > 0)
            page_paragraph(page, "(%zu blanks%s)", filling.count,
                           line.length > 0 ? "; the line goes on" : "");
    } while (line.length > 0);
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

        if (blanks_of(line).bytes < line.length) {
            end_empty_lines(page, &empty);
            quote_line(page, line);
        } else if (++empty <= EMPTY_LINES) {
            quote_part(page, ska_span("", 0));
        }
    }
    end_empty_lines(page, &empty);
    if (hidden > 0)
        page_paragraph(page, "(There is more of it, %zu bytes, which is not shown.)", hidden);
}

/* ---- Values ---------------------------------------------------------------------------------- */

void page_digits(struct page *page, struct ska_span bytes)
{
    size_t indent = page_inner_indent(page);
    size_t groups = 8; /* of two bytes, four digits and a space */

    while (indent + groups * 5 > page_columns(page) + 1)
        groups /= 2;
    for (size_t i = 0; i < bytes.length; i++) {
        if (i % (2 * groups) == 0)
            ska_buffer_format(&page->text, "%s%*s", i > 0 ? "\n" : "", (int)indent, "");
        else if (i % 2 == 0)
            ska_buffer_text(&page->text, " ");
        ska_buffer_hex(&page->text, ska_span(bytes.data + i, 1));
    }
    ska_buffer_text(&page->text, "\n");
}

void page_fingerprint(struct page *page, OSSL_LIB_CTX *libctx, struct ska_span of)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t length = 0;

    if (EVP_Q_digest(libctx, "SHA256", NULL, of.data, of.length, digest, &length) == 1)
        page_digits(page, ska_span(digest, length));
    else
        page_fail(page);
}

void page_row(struct page *page, const char *name, const char *value)
{
    const size_t start = page_indent(page) + 16; /* of the value */
    struct fold fold = {page_columns(page), page_inner_indent(page), 0, ""};

    if (value == NULL)
        return;
    ska_buffer_format(&page->text, "%*s%s", (int)page_indent(page), "", name);
    fold.column = page_indent(page) + strlen(name);
    if (start + strlen(value) > fold.width)
        fold_new_line(&page->text, &fold, "");
    for (; fold.column < start && start + strlen(value) <= fold.width; fold.column++)
        ska_buffer_text(&page->text, " ");
    fold_add(&page->text, &fold, ska_span_text(value));
    ska_buffer_text(&page->text, "\n");
}
