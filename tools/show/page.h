/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page for people: headings at the left edge, below them paragraphs that are broken into lines of
 * a terminal's width, and words of others with a bar before each line, so that they cannot be taken
 * for ours. A page is complete or there is none: whatever cannot be said makes it fail.
 */
#ifndef SKA_TOOLS_SHOW_PAGE_H
#define SKA_TOOLS_SHOW_PAGE_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

/* Wider lines are hard to read; this is also what a page has that is for no terminal. */
#define PAGE_WIDTH 78
/* The narrowest page that can be made. */
#define PAGE_LEAST_WIDTH 20

/* Starts with the width set, if need be, and the rest zero. Ends with page_finish(). */
struct page {
    struct ska_buffer text;
    size_t width;        /* columns of the terminal, at least PAGE_LEAST_WIDTH; 0: of none */
    size_t warnings;     /* how many were added */
    char *first_warning; /* its words; NULL: none, or out of memory */
    char **words;        /* what page_words() has given out */
    size_t word_count;
};

/*
 * A heading, a paragraph, one of several behind a dash, one behind "WARNING: ". What is formatted
 * must be harmless: page_name() and ska_buffer_name() make it so. A name in quotes stays on one
 * line if there is room; of what goes on in the middle of one, the further lines have a bar.
 */
enum page_kind { PAGE_HEADING, PAGE_PARAGRAPH, PAGE_ITEM, PAGE_WARNING };
void page_add(struct page *page, enum page_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define page_heading(page, ...) page_add(page, PAGE_HEADING, __VA_ARGS__)
#define page_paragraph(page, ...) page_add(page, PAGE_PARAGRAPH, __VA_ARGS__)
#define page_item(page, ...) page_add(page, PAGE_ITEM, __VA_ARGS__)
#define page_warning(page, ...) page_add(page, PAGE_WARNING, __VA_ARGS__)

/*
 * What a buffer holds (it is emptied), or a name of others as ska_buffer_name() or, in quotes
 * whatever it is, ska_buffer_quoted() shows it, as an argument for these; belongs to the page.
 */
const char *page_words(struct page *page, struct ska_buffer *buffer);
const char *page_name(struct page *page, struct ska_span untrusted);
const char *page_quoted_name(struct page *page, struct ska_span untrusted);

/*
 * Words of others, line by line; what is longer than `limit` bytes is cut, and that is said. So are
 * many lines with nothing to see, and blanks that fill a line: they push nothing off the screen.
 */
void page_quote(struct page *page, struct ska_span untrusted, size_t limit);

/* Hexadecimal digits in groups of four, at most sixteen bytes on a line. */
void page_digits(struct page *page, struct ska_span bytes);

/* The SHA-256 of something in this way. */
void page_fingerprint(struct page *page, OSSL_LIB_CTX *libctx, struct ska_span of);

/* "name            value", for technicians; nothing for NULL. Both are ours, no words of others. */
void page_row(struct page *page, const char *name, const char *value);

/* From here on there is no page. */
void page_fail(struct page *page);

/* The whole text; false, with errors raised, for a page that has failed. */
bool page_finish(struct page *page, struct ska_bytes *text,
                 const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
