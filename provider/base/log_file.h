/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that get lines for people who look for a fault: the calls of SKA_DEBUG, the failures of
 * `log`. Nothing depends on them, so a line that cannot be written is lost.
 */
#ifndef SKA_BASE_LOG_FILE_H
#define SKA_BASE_LOG_FILE_H

#include "provider/base/file.h"

/* One line is at most so long, with its time, and is cut there. */
#define SKA_LOG_LINE_SIZE 2048

/*
 * A regular file of this user's, which is made (0600) where it is not there, opened for appending,
 * without following a link, and closed by exec. NULL: done; else why not, a text of strerror() or
 * one that stays. Close it with ska_descriptor_close().
 */
const char *ska_log_file_open(struct ska_kept_descriptor *file, const char *path) SKA_MUST_CHECK;

/*
 * "TIME PROCESS/THREAD TEXT", in one write, so that lines of several threads and processes do not
 * mix. The text has no line feeds in it.
 */
void ska_log_file_write(const struct ska_kept_descriptor *file, const char *text);

#endif
