/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long things take, which has nothing to do with the time of day.
 */
#ifndef SKA_BASE_CLOCK_H
#define SKA_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of the monotonic clock. */
int64_t ska_clock_ms(void);

#endif
