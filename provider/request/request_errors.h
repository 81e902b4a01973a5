/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures to read a text that somebody has handed in as a request or bundle, with what to do about
 * it behind them: a text that was cut off, or that never was a request, is a matter of people.
 */
#ifndef SKA_REQUEST_REQUEST_ERRORS_H
#define SKA_REQUEST_REQUEST_ERRORS_H

#include "provider/base/bytes.h"
#include "provider/base/error.h"

struct ska_request_errors {
    struct ska_errors errors; /* to hand to the function that reads the text */
    const struct ska_errors *outer;
    struct ska_span text; /* borrowed */
};

/* The struct must stay where it is while it is used. Failures keep their reason. */
void ska_request_errors_init(struct ska_request_errors *advised, const struct ska_errors *outer,
                             struct ska_span text);

#endif
