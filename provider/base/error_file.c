/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/error_file.h"

#include <stddef.h>

static void raise_of_file(void *arg, enum ska_reason reason, const char *source, int line,
                          const char *function, const char *format, va_list args)
    __attribute__((format(printf, 6, 0)));

static void raise_of_file(void *arg, enum ska_reason reason, const char *source, int line,
                          const char *function, const char *format, va_list args)
{
    const struct ska_error_file *file = arg;

    if (file->sink != NULL)
        file->sink->raise(file->sink->arg, reason == SKA_R_FILE_FAILURE ? file->reason : reason,
                          source, line, function, format, args);
}

void ska_error_file_init(struct ska_error_file *file, const struct ska_errors *sink,
                         enum ska_reason reason)
{
    *file =
        (struct ska_error_file){.errors = {raise_of_file, file}, .sink = sink, .reason = reason};
}
