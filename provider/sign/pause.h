/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for something outside: with no lock held, by the monotonic clock, so that setting the
 * clock changes nothing. Inside a libcrypto ASYNC job the job is paused with a wait descriptor
 * instead of blocking the thread.
 */
#ifndef SKA_SIGN_PAUSE_H
#define SKA_SIGN_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

enum ska_pause_end {
    SKA_PAUSE_READY,      /* the descriptor is, or may be, ready */
    SKA_PAUSE_OVER,       /* the time is */
    SKA_PAUSE_INTERRUPTED /* by a signal that the application handles, or as the waiter says */
};

/*
 * A paused job may never be resumed: its stack goes without a word. So all that is held while
 * waiting belongs to one object, which is given to `abandon` when that happens.
 */
struct ska_waiter {
    void (*abandon)(void *object);
    void *object;
    bool (*interrupted)(void); /* the caller wants no more; NULL: see ska_is_interrupted() */
};

/*
 * Waits until fd (-1: none) is ready for `events` (as poll() has them) or ska_clock_ms() reaches
 * `until`. May return SKA_PAUSE_READY without a reason: look, and wait again.
 */
enum ska_pause_end ska_pause(const struct ska_waiter *waiter, int fd, short events, int64_t until);

#endif
