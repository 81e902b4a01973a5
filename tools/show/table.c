/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/show/table.h"

#include <stdlib.h>

#include "tools/show/text.h"

/* A cell that would push all others off the screen is cut. */
#define CELL_LIMIT 80

bool table_add(struct table *table, const char *const *cells, const struct ska_errors *errors)
{
    char **grown = reallocarray(table->cells, table->rows + 1, table->columns * sizeof(char *));

    if (grown == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a table of %zu rows", table->rows + 1);
    table->cells = grown;
    for (size_t i = 0; i < table->columns; i++) {
        char *cell = ska_printable(ska_span_text(cells[i]), CELL_LIMIT);

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

/* In columns; cells are valid UTF-8. */
static size_t width(const char *cell)
{
    size_t count = 0;
    size_t bytes = 0;

    for (; *cell != 0; cell += bytes)
        count += text_columns(cell, &bytes);
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
        for (size_t i = 0; i < table->columns; i++) {
            const char *cell = cell_at(table, row, i);

            ska_buffer_text(text, cell);
            if (i + 1 < table->columns)
                ska_buffer_format(text, "%*s", (int)(widths[i] - width(cell) + 2), "");
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
