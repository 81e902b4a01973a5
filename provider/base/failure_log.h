/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures of ours, in full and once each, where the operator wants them: most programs print no
 * more than the reason of what is in libcrypto's queue, or nothing.
 */
#ifndef SKA_BASE_FAILURE_LOG_H
#define SKA_BASE_FAILURE_LOG_H

#include "provider/base/error.h"

struct ska_failure_log;

/*
 * To a file, or where `path` is NULL to the system's log. Opened now, since a program may give up
 * its root directory or its user later. NULL: it cannot be written by this process, and nobody is
 * told.
 */
struct ska_failure_log *ska_failure_log_open(const char *path);
void ska_failure_log_close(struct ska_failure_log *log); /* NULL is fine */

/*
 * A line, unless there were too many in this minute, by all processes that have this log by fork.
 * `key` is the label of the key in use, "" if there is none; the text is harmless already. In the
 * system's log what only waits is a notice, all else an error.
 */
void ska_failure_log_write(struct ska_failure_log *log, enum ska_reason reason, const char *key,
                           const char *text);

#endif
