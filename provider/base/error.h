/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How failures are reported.
 *
 * Functions that can fail return bool (true: done) and take a `struct ska_errors` that says where
 * failures go: the provider hands in libcrypto's error queue, skatool standard error, a test a
 * recorder. A failure is raised exactly once, where its reason is known; callers that get false
 * only clean up and return false.
 */
#ifndef SKA_BASE_ERROR_H
#define SKA_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#include "ska/provider.h"

#define SKA_MUST_CHECK __attribute__((warn_unused_result))

struct ska_errors {
    void (*raise)(void *arg, enum ska_reason reason, const char *file, int line,
                  const char *function, const char *format, va_list args);
    void *arg;
};

/*
 * Reports a failure and returns false, so that `return ska_fail(errors, SKA_R_..., "...", ...)`
 * says all of it. The text names what helps (key label, request id, approver, what to do), never a
 * secret. With errors == NULL nothing is reported.
 */
#define ska_fail(errors, reason, ...)                                                              \
    ska_fail_at((errors), (reason), __FILE__, __LINE__, __func__, __VA_ARGS__)

bool ska_fail_at(const struct ska_errors *errors, enum ska_reason reason, const char *file,
                 int line, const char *function, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Room for what the system says of an error. */
#define SKA_SYSTEM_ERROR_SIZE 128

/*
 * What the system says of an errno, written into `text`, which is returned; where it is about
 * permissions, as which user: "Permission denied (as uid 1000)".
 */
const char *ska_system_error(int number, char text[SKA_SYSTEM_ERROR_SIZE]);

/* The few fixed words for a reason ("approvals pending"), or NULL for an unknown one. */
const char *ska_reason_text(enum ska_reason reason);

struct ska_reason_text {
    enum ska_reason reason;
    const char *text;
};

/* All reasons, ended by an entry whose text is NULL. */
extern const struct ska_reason_text ska_reason_texts[];

#endif
