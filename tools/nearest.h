/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of some names a misspelt one may mean.
 */
#ifndef SKA_TOOLS_NEAREST_H
#define SKA_TOOLS_NEAREST_H

#include <stddef.h>

/* Starts as {.given = NAME}; then each name that there is is tried. */
struct nearest {
    const char *given;
    const char *name; /* the nearest so far, borrowed; NULL: none is near */
    size_t distance;  /* its; 0: there is none */
};
void nearest_try(struct nearest *nearest, const char *name);

#endif
