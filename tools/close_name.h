/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which known name somebody has probably meant by one that is unknown: of a setting, a command or
 * an option.
 */
#ifndef SKA_TOOLS_CLOSE_NAME_H
#define SKA_TOOLS_CLOSE_NAME_H

#include <stddef.h>

/* Starts as {.given = NAME}; everything is borrowed. */
struct close_name {
    const char *given;
    const char *found; /* the closest so far; NULL: none is close */
    size_t distance;
};

/*
 * Close are names with one letter missing, added, changed or exchanged with the next one for every
 * three that were given, and at most two such. Capitals do not matter, nor which of "-_." stands.
 */
void close_name_try(struct close_name *close, const char *name);
void close_name_try_all(struct close_name *close, const char *const *names); /* ended by NULL */

#endif
