/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table for people: columns as wide as their longest cell.
 */
#ifndef SKA_TOOLS_SHOW_TABLE_H
#define SKA_TOOLS_SHOW_TABLE_H

#include "provider/base/bytes.h"

#define TABLE_COLUMNS 12

/* Starts with columns set and the rest zero; free with table_clear(). */
struct table {
    size_t columns;
    unsigned int names;  /* columns with names of others, as a sum of 1 << column */
    unsigned int hidden; /* columns that are not shown, likewise */
    size_t rows;
    char **cells; /* rows * columns */
};

/*
 * Adds a row of `columns` texts; they are made harmless, and names stand in quotes unless they are
 * one plain word, as ska_buffer_name() has it, but for the heading.
 */
bool table_add(struct table *table, const char *const *cells,
               const struct ska_errors *errors) SKA_MUST_CHECK;
/* Two spaces between columns; the first row is the heading. */
void table_text(const struct table *table, struct ska_buffer *text);
void table_clear(struct table *table);

#endif
