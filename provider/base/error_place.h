/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures of functions that do not know where their input stands, with the place put in front:
 * "policy.json: ruleUse.tokens[0]: approver: not an X.509 certificate".
 */
#ifndef SKA_BASE_ERROR_PLACE_H
#define SKA_BASE_ERROR_PLACE_H

#include "provider/base/error.h"

struct ska_error_place {
    struct ska_errors errors; /* to hand to the function */
    const struct ska_errors *outer;
    const char *where; /* borrowed; harmless on a terminal */
};

/* The struct must stay where it is while it is used. Failures keep their reason. */
void ska_error_place_init(struct ska_error_place *place, const struct ska_errors *outer,
                          const char *where);

#endif
