/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/nearest.h"

#include <ctype.h>
#include <string.h>

/* Longer names are nobody's slip of a finger. */
#define NAME_MOST 32
/* So many letters may be wrong, missing or too many; in short names two of five: two that have
 * changed places are two wrong ones. */
#define WRONG_MOST 3

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Levenshtein's distance, whatever the case; row by row of its table. */
static size_t distance(const char *given, const char *name)
{
    size_t width = strlen(name);
    size_t row[NAME_MOST + 1];

    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 0; given[i] != 0; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < width; j++) {
            size_t above = row[j + 1];
            size_t differs =
                tolower((unsigned char)given[i]) != tolower((unsigned char)name[j]) ? 1 : 0;

            row[j + 1] = least(above + 1, row[j] + 1, diagonal + differs);
            diagonal = above;
        }
    }
    return row[width];
}

void nearest_try(struct nearest *nearest, const char *name)
{
    size_t length = strlen(name);
    size_t most = length * 2 / 5 < WRONG_MOST ? length * 2 / 5 : WRONG_MOST;
    size_t found = 0;

    /* strnlen: the given name may be of any length. */
    if (length > NAME_MOST || strnlen(nearest->given, NAME_MOST + 1) > NAME_MOST)
        return;
    found = distance(nearest->given, name);
    if (found > most || (nearest->name != NULL && found >= nearest->distance))
        return;
    nearest->name = name;
    nearest->distance = found;
}
