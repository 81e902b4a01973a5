/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Breaking text into lines that fit a terminal, so that it is not the terminal that breaks them:
 * words of others would go on where ours begin.
 *
 * A character counts as many columns as it has bytes in UTF-8. No terminal takes more for it,
 * whatever table of widths it goes by, and not where it does not know UTF-8 either; so a line is
 * never longer than it is counted, only shorter.
 */
#ifndef SKA_TOOLS_SHOW_FOLD_H
#define SKA_TOOLS_SHOW_FOLD_H

#include "provider/base/bytes.h"

/* Stands before what goes on from the line above, and before each line of others' words. */
#define FOLD_BAR "| "

/* Where the next character goes, and how lines go on that have been broken. */
struct fold {
    size_t width;  /* columns; at least indent + 8 */
    size_t indent; /* of further lines, without their bar */
    size_t column;
    const char *bar; /* before what goes on: FOLD_BAR, or nothing where all of it is ours */
};

/*
 * Appends harmless text (see ska_printable()) without line ends, broken behind spaces where that
 * can be. No byte of it is left out.
 */
void fold_add(struct ska_buffer *to, struct fold *fold, struct ska_span harmless);

/* A new line, indented, with a bar or without one. */
void fold_new_line(struct ska_buffer *to, struct fold *fold, const char *bar);

/* The same of whole lines; all that goes on has a bar. */
void fold_lines(struct ska_buffer *to, size_t width, struct ska_span harmless);

#endif
