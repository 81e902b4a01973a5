/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of shared libraries that are loaded when they are needed. */
#ifndef SKA_BASE_LIBRARY_H
#define SKA_BASE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The library of this name, looked for as a linked one would be; loaded to the end of the process,
 * unless it is already. NULL, in silence: it is not there.
 */
void *ska_library_load(const char *name);

/* Finds `function`, a pointer of `size` bytes to it. False, and it is NULL: there is none. */
bool ska_library_find(void *library, const char *name, void *function, size_t size);

#endif
