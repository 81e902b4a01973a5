/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/close_name.h"

#include <stdbool.h>
#include <string.h>

#include "provider/base/bytes.h"

/* Longer ones are close to nothing. */
#define NAME_MOST 48
#define DISTANCE_MOST 2

static char plain(char letter)
{
    if (letter == '_' || letter == '.')
        return '-';
    return ska_lower(letter);
}

static size_t least(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* Of strings of at most NAME_MOST bytes: how many letters have to be changed. */
static size_t distance_between(const char *from, const char *to)
{
    size_t rows[3][NAME_MOST + 1]; /* of the letter before the last, the last, and this one */
    size_t width = strlen(to);

    for (size_t j = 0; j <= width; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= strlen(from); i++) {
        size_t *row = rows[i % 3];
        const size_t *last = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            bool same = plain(from[i - 1]) == plain(to[j - 1]);

            row[j] = least(last[j - 1] + !same, least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && plain(from[i - 1]) == plain(to[j - 2]) &&
                plain(from[i - 2]) == plain(to[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[strlen(from) % 3][width];
}

void close_name_try(struct close_name *close, const char *name)
{
    size_t length = strnlen(close->given, NAME_MOST + 1);
    size_t allowed = least(length / 3, DISTANCE_MOST);
    size_t distance = 0;

    if (length > NAME_MOST || strnlen(name, NAME_MOST + 1) > NAME_MOST)
        return;
    distance = distance_between(close->given, name);
    if (distance <= allowed && (close->found == NULL || distance < close->distance)) {
        close->found = name;
        close->distance = distance;
    }
}

void close_name_try_all(struct close_name *close, const char *const *names)
{
    for (; *names != NULL; names++)
        close_name_try(close, *names);
}
