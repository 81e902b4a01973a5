/* SPDX-License-Identifier: Apache-2.0 */
/* What a character of Unicode does where text is shown. */
#ifndef SKA_BASE_CHARACTER_H
#define SKA_BASE_CHARACTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters from `first` to `last`. */
struct ska_range {
    uint32_t first, last;
};

/* For bsearch() for a uint32_t among ranges, or structures that begin with one. */
int ska_compare_with_range(const void *character, const void *range);

/* The ranges are sorted. */
bool ska_is_in_ranges(const struct ska_range *ranges, size_t count, uint32_t character);
#define SKA_IS_IN(ranges, character)                                                               \
    ska_is_in_ranges(ranges, sizeof(ranges) / sizeof((ranges)[0]), character)

/*
 * True for a character that moves the cursor, changes the direction, cannot be seen, or looks like
 * what only its sender knows (private use).
 */
bool ska_is_harmful(uint32_t character);

/* True for a mark that is put onto the letter before it, and takes no column of its own. */
bool ska_is_combining_mark(uint32_t character);

/* True for a space of any kind, but no tab: a column or two with nothing in it. */
bool ska_is_blank(uint32_t character);

#endif
