/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes wrong, said on standard error and remembered for the exit status.
 */
#ifndef SKA_TOOLS_REPORT_H
#define SKA_TOOLS_REPORT_H

#include <stddef.h>

#include "provider/base/failure_log.h"

struct report {
    int status;                  /* the exit status so far; 0: nothing went wrong */
    struct ska_failure_log *log; /* gets failures, too; NULL: it does not */
};

/* Failures become lines on standard error: "skatool: approvals missing: ...". */
struct ska_errors report_errors(struct report *report);

/* Lines on standard error that are no failures: "skatool: warning: ..." and "skatool: ...". */
void report_line(const char *start, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define report_warning(...) report_line("skatool: warning: ", __VA_ARGS__)
#define report_note(...) report_line("skatool: ", __VA_ARGS__)
/* The same without "skatool: ": what was done, for the person who did it. */
#define report_message(...) report_line("", __VA_ARGS__)

/*
 * Failures become warnings: files of others that are wrong, which are named and passed over. Only
 * the first few are said. Starts as {0}; report_warnings_end() says how many more there were.
 */
struct report_warnings {
    size_t count;
};
struct ska_errors report_warnings_errors(struct report_warnings *warnings);
void report_warnings_end(const struct report_warnings *warnings);

#endif
