/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page for people: headings at the left edge, below them paragraphs that are broken into lines of
 * a terminal's width, and words of others with a bar before each line, so that they cannot be taken
 * for ours.
 */
#ifndef SKA_TOOLS_SHOW_PAGE_H
#define SKA_TOOLS_SHOW_PAGE_H

#include "provider/base/bytes.h"

/* Starts as {0}. Ends with page_finish(). */
struct page {
    struct ska_buffer text;
    size_t warnings; /* how many were added */
    char **words;    /* what page_words() has given out */
    size_t word_count;
};

/*
 * A heading, a paragraph, one of several behind a dash, one behind "WARNING: ". What is formatted
 * must be harmless: page_name() and ska_buffer_name() make it so.
 */
enum page_kind { PAGE_HEADING, PAGE_PARAGRAPH, PAGE_ITEM, PAGE_WARNING };
void page_add(struct page *page, enum page_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define page_heading(page, ...) page_add(page, PAGE_HEADING, __VA_ARGS__)
#define page_paragraph(page, ...) page_add(page, PAGE_PARAGRAPH, __VA_ARGS__)
#define page_item(page, ...) page_add(page, PAGE_ITEM, __VA_ARGS__)
#define page_warning(page, ...) page_add(page, PAGE_WARNING, __VA_ARGS__)

/*
 * What a buffer holds (it is emptied), or a name of others as ska_buffer_name() shows it, as an
 * argument for these; belongs to the page. When memory runs out the page has failed.
 */
const char *page_words(struct page *page, struct ska_buffer *buffer);
const char *page_name(struct page *page, struct ska_span untrusted);

/* Words of others, line by line; what is longer than `limit` bytes is cut, and that is said. */
void page_quote(struct page *page, struct ska_span untrusted, size_t limit);

/* Hexadecimal digits in groups of four, sixteen bytes on a line. */
void page_digits(struct page *page, struct ska_span bytes);

/* The whole text; false, with errors raised, for a page that has failed. */
bool page_finish(struct page *page, struct ska_bytes *text,
                 const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
