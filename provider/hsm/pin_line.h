/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINs that are handed over in a line once: by a pipe, or by a descriptor that is open already.
 */
#ifndef SKA_HSM_PIN_LINE_H
#define SKA_HSM_PIN_LINE_H

#include "provider/hsm/pin_memory.h"

/* How long a line is waited for, in seconds. */
#define HSM_PIN_LINE_SECONDS 10

/* The open descriptor that a path names: 0 for /dev/stdin, 3 for /dev/fd/3; -1: none. */
int hsm_pin_descriptor(const char *path);

/* Milliseconds, of a clock that only goes forward; and until when a line is waited for from now. */
int64_t hsm_pin_now(void);
int64_t hsm_pin_line_end(void);

/*
 * One line, and no byte behind it, since what follows may be for somebody else. `from` is for
 * messages. NULL: raised.
 */
struct hsm_pin *hsm_pin_from_descriptor(int fd, int64_t end, const char *from,
                                        const struct ska_errors *errors);

/* The same from a named pipe, for which and for the way to it holds what holds for a PIN file. */
struct hsm_pin *hsm_pin_from_pipe(const char *path, const char *shown,
                                  const struct ska_errors *errors);

#endif
