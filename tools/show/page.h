/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page for people: headings at the left edge, below them paragraphs that are broken into lines of
 * a terminal's width, and words of others with a bar before each line, so that they cannot be taken
 * for ours.
 */
#ifndef SKA_TOOLS_SHOW_PAGE_H
#define SKA_TOOLS_SHOW_PAGE_H

#include "provider/base/bytes.h"

/* Starts as {0}; the text is finished or freed by its owner. */
struct page {
    struct ska_buffer text;
    size_t warnings; /* how many page_warning() has written */
};

/* What is formatted must be harmless: names go through ska_buffer_name() before. */
void page_heading(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
void page_paragraph(struct page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* One of several, behind a dash. */
void page_item(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Behind "WARNING: ". */
void page_warning(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The same of what a buffer holds, which is emptied; nothing for an empty one. A buffer that has
 * failed makes the page fail.
 */
enum page_paragraph_kind { PAGE_PARAGRAPH, PAGE_ITEM, PAGE_WARNING };
void page_buffer(struct page *page, enum page_paragraph_kind kind, struct ska_buffer *words);

/* Words of others, line by line; what is longer than `limit` bytes is cut, and that is said. */
void page_quote(struct page *page, struct ska_span untrusted, size_t limit);

/* Hexadecimal digits in groups of four, sixteen bytes on a line. */
void page_digits(struct page *page, struct ska_span bytes);

#endif
