/* SPDX-License-Identifier: Apache-2.0 */
/* Failures, kept for a test to look at. */
#ifndef SKA_TEST_RECORDER_H
#define SKA_TEST_RECORDER_H

#include <stdio.h>
#include <string.h>

#include "provider/base/error.h"

struct recorder {
    int count;
    enum ska_reason reason; /* of the last one */
    char text[1024];
};

static inline void record(void *arg, enum ska_reason reason, const char *file, int line,
                          const char *function, const char *format, va_list args)
    __attribute__((format(printf, 6, 0)));

static inline void record(void *arg, enum ska_reason reason, const char *file, int line,
                          const char *function, const char *format, va_list args)
{
    struct recorder *recorder = arg;

    (void)file;
    (void)line;
    (void)function;
    recorder->count++;
    recorder->reason = reason;
    vsnprintf(recorder->text, sizeof(recorder->text), format, args);
}

static inline struct ska_errors errors_into(struct recorder *recorder)
{
    struct ska_errors errors = {record, recorder};

    memset(recorder, 0, sizeof(*recorder));
    return errors;
}

#endif
