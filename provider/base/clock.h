/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For who waits: how long things take, which has nothing to do with the time of day, and whether to
 * go on after a signal.
 */
#ifndef SKA_BASE_CLOCK_H
#define SKA_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds of the monotonic clock. */
int64_t ska_clock_ms(void);

/*
 * Whether a system call that a signal has interrupted should not be tried again: the application
 * handles the signals that people end programs with.
 */
bool ska_is_interruption(void);

#endif
