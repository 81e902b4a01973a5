/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathering approvals until the ballot says that they can be used or that it is over, and then the
 * one call to the HSM.
 */
#ifndef SKA_SIGN_GATHER_H
#define SKA_SIGN_GATHER_H

#include "provider/sign/current_rule.h"
#include "provider/sign/job.h"

enum ska_outcome {
    SKA_SIGNED,
    SKA_NOT_SIGNED,      /* raised */
    SKA_RULE_HAS_CHANGED /* not signed by a remembered rule that no longer holds; not raised */
};

/* Takes over the rule, which is emptied, and the bundle's request, which may be NULL. */
enum ska_outcome ska_gather_and_sign(const struct ska_job *job, struct ska_current_rule *current,
                                     struct ska_request *bundle);

#endif
