/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's notification of what happens in an approvals directory. There may be none (a user
 * has a number of them, 128 as a rule), and what other computers do it does not tell
 * (ska_directory_is_local()): then whoever waits has to look.
 */
#ifndef SKA_SIGN_WATCH_H
#define SKA_SIGN_WATCH_H

#include "provider/sign/directory.h"

/* A descriptor that is readable when something has happened; -1: there is no notification. */
int ska_watch_open(const struct ska_directory *directory);

/* Of a request. Starts as {0}. */
struct ska_events {
    struct ska_directory_names names; /* of answers that came or changed, and of new files */
    bool lost;                        /* there was more */
};
/*
 * Adds what has happened since the last call. True when there is news: an answer has come or
 * changed, another file or none stands under the request's own name, or something was lost.
 */
bool ska_watch_read(int watch, const char *id, struct ska_events *events);
void ska_events_clear(struct ska_events *events);

#endif
