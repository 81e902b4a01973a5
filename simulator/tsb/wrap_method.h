/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's names for how keys are wrapped, and what the HSM has to be asked for.
 */
#ifndef SKATSB_WRAP_METHOD_H
#define SKATSB_WRAP_METHOD_H

#include <pkcs11.h>

#include "provider/base/json.h"
#include "simulator/tsb/answer.h"

struct tsb_wrap_method {
    const char *name;
    CK_KEY_TYPE wrapping_type;
    CK_MECHANISM_TYPE mechanism;
    bool secret;              /* what is wrapped: a secret, */
    CK_KEY_TYPE wrapped_type; /* or a private key of this type */
};

/* Member wrapMethod; what there is not, or not here, is refused. */
bool tsb_wrap_method_read(struct tsb_answer *answer, const struct ska_json_place *place,
                          const struct tsb_wrap_method **method) SKA_MUST_CHECK;

/* Points to what lasts. */
CK_MECHANISM tsb_wrap_mechanism(const struct tsb_wrap_method *method);

#endif
