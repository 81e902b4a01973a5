/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When approvals can be used: a prediction for messages and for replacing what has expired. The HSM
 * decides, by its own clock and its own reading of the timeout; here the end is the later one of
 * both readings: timestamp + timelock + timeout.
 */
#ifndef SKA_RULE_WINDOW_H
#define SKA_RULE_WINDOW_H

#include "provider/rule/rule.h"

/* Seconds since the epoch. */
struct ska_window {
    uint64_t opens;
    uint64_t closes; /* the first second outside; UINT64_MAX: never */
};

enum ska_window_state { SKA_WINDOW_OPEN, SKA_WINDOW_NOT_YET, SKA_WINDOW_CLOSED };

struct ska_window ska_window_of(const struct ska_alternative *alternative, uint64_t timestamp);

/* From the first opening of any alternative of the rule to the last closing. */
struct ska_window ska_window_of_rule(const struct ska_rule *rule, uint64_t timestamp);

enum ska_window_state ska_window_state(const struct ska_window *window, uint64_t now);

/* "2026-11-22T10:00:00Z" into text of at least 32 bytes; "never" for UINT64_MAX. */
const char *ska_time_text(uint64_t seconds, char text[32]);
/*
 * The same for people, as they read it here and as it stands in files: "2026-11-22 13:00:00 CET
 * (12:00:00 UTC)"; "forever" for UINT64_MAX.
 */
#define SKA_TIME_SHOWN_SIZE 64
const char *ska_time_shown(uint64_t seconds, char text[SKA_TIME_SHOWN_SIZE]);
/* The other way round of ska_time_text(); before 1970: 0. False: other forms, and NULL. */
bool ska_time_read(const char *text, uint64_t *seconds) SKA_MUST_CHECK;

#endif
