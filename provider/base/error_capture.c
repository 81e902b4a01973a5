/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/error_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/base/bytes.h"

/* Longer texts are cut. */
#define TEXT_LIMIT 8192

static void raise_to_capture(void *arg, enum ska_reason reason, const char *file, int line,
                             const char *function, const char *format, va_list args)
    __attribute__((format(printf, 6, 0)));

static void raise_to_capture(void *arg, enum ska_reason reason, const char *file, int line,
                             const char *function, const char *format, va_list args)
{
    struct ska_error_capture *capture = arg;
    char *text = NULL;

    if (capture->reason != 0)
        return;
    capture->reason = reason;
    capture->file = file;
    capture->line = line;
    capture->function = function;
    if (vasprintf(&text, format, args) < 0)
        return;
    capture->text = ska_printable(ska_span_text(text), TEXT_LIMIT);
    free(text);
}

struct ska_errors ska_error_capture(struct ska_error_capture *capture)
{
    struct ska_errors errors = {raise_to_capture, capture};

    return errors;
}

const char *ska_error_capture_text(const struct ska_error_capture *capture)
{
    return capture->text == NULL ? "out of memory" : capture->text;
}

bool ska_error_capture_raise(const struct ska_error_capture *capture,
                             const struct ska_errors *errors)
{
    return ska_fail_at(errors, capture->reason == 0 ? SKA_R_INTERNAL : capture->reason,
                       capture->file, capture->line, capture->function, "%s",
                       ska_error_capture_text(capture));
}

void ska_error_capture_clear(struct ska_error_capture *capture)
{
    free(capture->text);
    memset(capture, 0, sizeof(*capture));
}
