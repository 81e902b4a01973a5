/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as the calls have them, ISO 8601; milliseconds since 1970.
 */
#ifndef SKATSB_TIME_TEXT_H
#define SKATSB_TIME_TEXT_H

#include "provider/base/bytes.h"

/* The time of now. */
int64_t tsb_now(void);

/* "2026-01-05T09:31:00Z", to the second, into `text`. */
const char *tsb_time_text(int64_t time, char text[32]);

/*
 * "2026-01-05T09:31:00.123Z", "2026-01-05T10:31+01:00": with a zone, from 1970 to 9999. Seconds may
 * be missing, fractions beyond milliseconds are cut off.
 */
bool tsb_time_read(const char *text, int64_t *time) SKA_MUST_CHECK;

#endif
