/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/report.h"

#include <stdio.h>
#include <stdlib.h>

#include "provider/base/bytes.h"
#include "tools/exit_status.h"

/* Longer messages are cut. */
#define MESSAGE_LIMIT 8192
/* So many files that are wrong are named. */
#define WARNINGS_LIMIT 10

/*
 * "reason: details", on one line and harmless on a terminal whatever the details quote. NULL: out
 * of memory.
 */
static char *message(enum ska_reason reason, const char *format, va_list args)
{
    const char *text = reason == 0 ? NULL : ska_reason_text(reason);
    char *details = NULL;
    char *whole = NULL;
    char *shown = NULL;

    if (vasprintf(&details, format, args) < 0)
        return NULL;
    if (asprintf(&whole, "%s%s%s", text == NULL ? "" : text, text == NULL ? "" : ": ", details) >=
        0) {
        shown = ska_printable(ska_span_text(whole), MESSAGE_LIMIT);
        free(whole);
    }
    free(details);
    return shown;
}

static void print_report(const char *kind, char *text)
{
    fflush(stdout); /* what was printed before comes before, also in a file with both streams */
    fprintf(stderr, "%s%s\n", kind, text == NULL ? "out of memory" : text);
    free(text);
}

static void raise_to_report(void *arg, enum ska_reason reason, const char *file, int line,
                            const char *function, const char *format, va_list args)
{
    struct report *report = arg;
    int status = exit_status(reason);

    (void)file;
    (void)line;
    (void)function;
    print_report("skatool: ", message(reason, format, args));
    if (status > report->status)
        report->status = status;
}

struct ska_errors report_errors(struct report *report)
{
    struct ska_errors errors = {raise_to_report, report};

    return errors;
}

void report_warning(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_report("skatool: warning: ", message(0, format, args));
    va_end(args);
}

void report_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_report("skatool: ", message(0, format, args));
    va_end(args);
}

void report_message(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_report("", message(0, format, args));
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
