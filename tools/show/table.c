/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/table.h"

#include <stdlib.h>

#include "provider/base/character.h"
#include "provider/base/printable.h"

/* A cell that would push all others off the screen is cut. */
#define CELL_LIMIT 80

/* NULL: out of memory. */
static char *make_cell(const struct table *table, size_t column, const char *content)
{
    struct ska_buffer name = {0};
    struct ska_bytes cell = {NULL, 0};

    if (table->rows == 0 || (table->names & 1U << column) == 0)
        return ska_printable(ska_span_text(content), CELL_LIMIT);
    ska_buffer_name(&name, ska_span_text(content));
    return ska_buffer_finish(&name, &cell, NULL) ? (char *)cell.data : NULL;
}

bool table_add(struct table *table, const char *const *cells, const struct ska_errors *errors)
{
    char **grown = reallocarray(table->cells, table->rows + 1, table->columns * sizeof(char *));

    if (grown == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a table of %zu rows", table->rows + 1);
    table->cells = grown;
    for (size_t i = 0; i < table->columns; i++) {
        char *cell = make_cell(table, i, cells[i]);

        if (cell == NULL) {
            while (i > 0)
                free(grown[table->rows * table->columns + --i]);
            return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a table of %zu rows", table->rows + 1);
        }
        grown[table->rows * table->columns + i] = cell;
    }
    table->rows++;
    return true;
}

/*
 * How many columns a character takes on most terminals: columns of a table stand one below the
 * other then. Nobody relies on it, see fold.h.
 */
static size_t usual_columns(const char *character, size_t *bytes)
{
    static const struct {
        uint32_t first, last;
    } wide[] = {{0x1100, 0x115F}, {0x2E80, 0x303E},   {0x3041, 0xA4CF},  {0xA960, 0xA97F},
                {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},  {0xFF00, 0xFF60},
                {0xFFE0, 0xFFE6}, {0x1F000, 0x1FAFF}, {0x20000, 0x3FFFD}};
    uint32_t decoded = ska_utf8_next(character, bytes);

    if (ska_is_combining_mark(decoded))
        return 0;
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
        if (decoded >= wide[i].first && decoded <= wide[i].last)
            return 2;
    return 1;
}

/* In columns; cells are valid UTF-8. */
static size_t width(const char *cell)
{
    size_t count = 0;
    size_t bytes = 0;

    for (; *cell != 0; cell += bytes)
        count += usual_columns(cell, &bytes);
    return count;
}

static const char *cell_at(const struct table *table, size_t row, size_t column)
{
    return table->cells[row * table->columns + column];
}

void table_text(const struct table *table, struct ska_buffer *text)
{
    size_t widths[TABLE_COLUMNS] = {0};

    for (size_t row = 0; row < table->rows; row++)
        for (size_t i = 0; i < table->columns; i++)
            if (width(cell_at(table, row, i)) > widths[i])
                widths[i] = width(cell_at(table, row, i));
    for (size_t row = 0; row < table->rows; row++) {
        size_t gap = 0; /* behind the column before */

        for (size_t i = 0; i < table->columns; i++) {
            const char *cell = cell_at(table, row, i);

            if ((table->hidden & 1U << i) != 0)
                continue;
            ska_buffer_format(text, "%*s%s", (int)gap, "", cell);
            gap = widths[i] - width(cell) + 2;
        }
        ska_buffer_text(text, "\n");
    }
}

void table_clear(struct table *table)
{
    for (size_t i = 0; i < table->rows * table->columns; i++)
        free(table->cells[i]);
    free(table->cells);
    table->cells = NULL;
    table->rows = 0;
}
