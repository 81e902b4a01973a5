/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long things take, which has nothing to do with the time of day, and what cuts them short; and
 * what time it was.
 */
#ifndef SKA_BASE_CLOCK_H
#define SKA_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds of the monotonic clock. */
int64_t ska_clock_ms(void);

/*
 * Whether a system call that a signal has interrupted should not be tried again: the application
 * handles the signals that people end programs with.
 */
bool ska_is_interruption(void);

/*
 * The same for a wait: `wants_no_more` is what the caller says, NULL: it has no say, and what it
 * handles decides where a call was interrupted, `by_signal`.
 */
bool ska_is_interrupted(bool (*wants_no_more)(void), bool by_signal);

/*
 * Year, month, day, hour, minute and second in UTC of seconds since 1970. gmtime_r() and strftime()
 * wait for a lock, which a child never gets if a thread of its parent had it at the fork. False:
 * after the year 9999.
 */
bool ska_utc(uint64_t seconds, struct tm *parts);

/* The same as "2026-11-29T13:46:57Z". */
bool ska_utc_text(uint64_t seconds, char text[32]);

#endif
