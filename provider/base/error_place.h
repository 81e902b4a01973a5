/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures of functions that do not know where their input stands, with the place put in front:
 * "policy.json: ruleUse.tokens[0]: approver: not an X.509 certificate". The words are formed when
 * something fails, not before.
 */
#ifndef SKA_BASE_ERROR_PLACE_H
#define SKA_BASE_ERROR_PLACE_H

#include "provider/base/bytes.h"

/* Refers to itself and to the places around it: all must stay where they are while it is used. */
struct ska_error_place {
    struct ska_errors errors; /* to hand to the function; failures keep their reason */
    const struct ska_errors *sink;
    const struct ska_error_place *outer; /* NULL: a whole text */
    const char *name;       /* of the text or the member, borrowed; NULL: of an element */
    size_t index;           /* of the element */
    struct ska_span called; /* by others; shown behind the place unless empty */
};

/* A text of this name (a path, "ska-approvals"), which may be anything; "": nothing in front. */
void ska_error_place_init(struct ska_error_place *place, const struct ska_errors *sink,
                          const char *name);

/* A member of a place, or, with name NULL, the element with this index. */
void ska_error_place_inside(struct ska_error_place *place, const struct ska_error_place *outer,
                            const char *name, size_t index);

#endif
