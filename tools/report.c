/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "provider/base/bytes.h"
#include "tools/exit_status.h"
#include "tools/show/terminal.h"

/* Longer messages are cut. */
#define MESSAGE_LIMIT 8192
/* So many files that are wrong are named. */
#define WARNINGS_LIMIT 10

/* Where messages go to a terminal they do not leave it to break the lines. */
static char *whole_line(const char *kind, const char *text)
{
    struct ska_buffer line = {0};
    struct ska_bytes shown = {NULL, 0};

    ska_buffer_format(&line, "%s%s\n", kind, text);
    return ska_buffer_finish(&line, &shown, NULL) && terminal_fold(STDERR_FILENO, &shown, NULL)
               ? (char *)shown.data
               : NULL;
}

/*
 * "reason: details", on one line and harmless on a terminal whatever the details quote. NULL: out
 * of memory.
 */
static char *message(enum ska_reason reason, const char *format, va_list args)
{
    struct ska_buffer text = {0};
    char *shown = NULL;

    if (reason != 0)
        ska_buffer_format(&text, "%s: ", ska_reason_text(reason));
    ska_buffer_format_args(&text, format, args);
    shown = ska_printable(ska_span_text(ska_buffer_string(&text)), MESSAGE_LIMIT);
    ska_buffer_free(&text);
    return shown;
}

static void print_report(const char *kind, char *text)
{
    char *line = NULL;

    fflush(stdout); /* what was printed before comes before, also in a file with both streams */
    line = whole_line(kind, text == NULL ? "out of memory" : text);
    fputs(line == NULL ? "skatool: out of memory\n" : line, stderr);
    free(line);
    free(text);
}

static void log_failure(const struct report *report, enum ska_reason reason, const char *format,
                        va_list args)
{
    va_list again;
    char *text = NULL;

    if (report->log == NULL)
        return;
    va_copy(again, args);
    text = message(0, format, again);
    va_end(again);
    ska_failure_log_write(report->log, reason, "", text == NULL ? "out of memory" : text);
    free(text);
}

static void raise_to_report(void *arg, enum ska_reason reason, const char *file, int line,
                            const char *function, const char *format, va_list args)
{
    struct report *report = arg;

    (void)file;
    (void)line;
    (void)function;
    log_failure(report, reason, format, args);
    print_report("skatool: ", message(reason, format, args));
    exit_status_add(&report->status, reason);
}

struct ska_errors report_errors(struct report *report)
{
    struct ska_errors errors = {raise_to_report, report};

    return errors;
}

void report_line(const char *start, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_report(start, message(0, format, args));
    va_end(args);
}

static void raise_to_warnings(void *arg, enum ska_reason reason, const char *file, int line,
                              const char *function, const char *format, va_list args)
{
    struct report_warnings *warnings = arg;

    (void)reason;
    (void)file;
    (void)line;
    (void)function;
    if (warnings->count++ < WARNINGS_LIMIT)
        print_report("skatool: warning: ", message(0, format, args));
}

struct ska_errors report_warnings_errors(struct report_warnings *warnings)
{
    struct ska_errors errors = {raise_to_warnings, warnings};

    return errors;
}

void report_warnings_end(const struct report_warnings *warnings)
{
    if (warnings->count > WARNINGS_LIMIT)
        report_warning("and %zu more like these", warnings->count - WARNINGS_LIMIT);
}
