/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where PINs are kept: in pages of their own, which are wiped when they are given back.
 */
#ifndef SKA_HSM_PIN_MEMORY_H
#define SKA_HSM_PIN_MEMORY_H

#include "provider/base/bytes.h"

/* The longest PIN that is tried, in bytes. */
#define HSM_PIN_LIMIT 256

/* In pages of its own, which are neither swapped out nor written to core files. */
struct hsm_pin {
    size_t capacity;
    size_t length;
    char value[]; /* a NUL is behind it; there may be others in it */
};

/* Zeros, for up to `capacity` bytes; of length 0. NULL: out of memory. */
struct hsm_pin *hsm_pin_room(size_t capacity);
/* A copy of bytes of any length. NULL: out of memory. */
struct hsm_pin *hsm_pin_new(struct ska_span value);
/* Again in a child process, which does not inherit that its memory is locked. */
void hsm_pin_lock(const struct hsm_pin *pin);
void hsm_pin_wipe(struct hsm_pin *pin); /* and frees it; NULL is fine */

/*
 * A PIN of 1 to HSM_PIN_LIMIT bytes that stands in a line; `from` is for messages. NULL: raised,
 * SKA_R_PIN_MISSING, SKA_R_PIN_INCORRECT when it is too long.
 */
struct hsm_pin *hsm_pin_of_line(struct ska_span line, const char *from,
                                const struct ska_errors *errors);

#endif
