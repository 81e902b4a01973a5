/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A failure that is kept instead of raised: for callers that add to its text, count it among
 * others, or go on after it.
 */
#ifndef SKA_BASE_ERROR_CAPTURE_H
#define SKA_BASE_ERROR_CAPTURE_H

#include "provider/base/error.h"

/* Starts as {0}; free with ska_error_capture_clear(), after which it can be used again. */
struct ska_error_capture {
    enum ska_reason reason; /* of the first failure; 0: nothing failed */
    char *text;             /* what was raised with it, printable; NULL: out of memory */
    const char *file;       /* where it was raised, as ska_fail_at() has it */
    int line;
    const char *function;
};

/* The sink that keeps failures in `capture`, which must outlive it. */
struct ska_errors ska_error_capture(struct ska_error_capture *capture);

/* The text; "out of memory" where there is none. Lives as long as the capture. */
const char *ska_error_capture_text(const struct ska_error_capture *capture);

/* Raises the failure after all, as from where it was raised first. Returns false. */
bool ska_error_capture_raise(const struct ska_error_capture *capture,
                             const struct ska_errors *errors);

void ska_error_capture_clear(struct ska_error_capture *capture);

#endif
