/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's log: syslog on this computer. Not by syslog(3): that belongs to the program, waits
 * for a log that does not read, and finds no socket from within a chroot.
 *
 * Nothing depends on a line here, and nobody waits: one that the log does not take is lost. The
 * next one that it takes is preceded by how many were.
 */
#ifndef SKA_BASE_SYSTEM_LOG_H
#define SKA_BASE_SYSTEM_LOG_H

#include "provider/base/bytes.h"

/* Lines of one facility and tag, which are counted together when they are lost. */
struct ska_system_log;

/*
 * A facility of <syslog.h>; `tag` says whose the lines are (a literal; NULL: the program's name).
 * Connects now, since a program may give up its root directory or its user later; where that fails,
 * or the log is started anew, it is tried again for each line. NULL: out of memory.
 */
struct ska_system_log *ska_system_log_open(int facility, const char *tag);
void ska_system_log_close(struct ska_system_log *log); /* NULL is fine */

/*
 * The longest line with all that stands before it: rsyslog cuts longer ones. Here they are cut with
 * a note of how much is missing.
 */
#define SKA_SYSTEM_LOG_LIMIT 8192

/*
 * A line of this severity of <syslog.h>. The text is harmless already. False: it is lost, with
 * errno.
 */
bool ska_system_log_write(struct ska_system_log *log, int severity, const char *text);

/* How many lines were lost since the last one that was taken, by this process and its children. */
unsigned int ska_system_log_lost(const struct ska_system_log *log);

/* Whether there is one that can be written to; false, with errno: there is not. */
bool ska_system_log_is_there(void);

#endif
