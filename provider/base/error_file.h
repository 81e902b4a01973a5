/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures of a file that has a part of its own: many programs show a failure's reason and not its
 * text, so it tells which file it is.
 */
#ifndef SKA_BASE_ERROR_FILE_H
#define SKA_BASE_ERROR_FILE_H

#include "provider/base/error.h"

/* Refers to itself: must stay where it is while it is used. */
struct ska_error_file {
    struct ska_errors errors; /* to hand to the function */
    const struct ska_errors *sink;
    enum ska_reason reason;
};

/* SKA_R_FILE_FAILURE becomes `reason`; all others stay. The sink may be NULL. */
void ska_error_file_init(struct ska_error_file *file, const struct ska_errors *sink,
                         enum ska_reason reason);

#endif
