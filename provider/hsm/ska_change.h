/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocking, unblocking and modifying SKA keys.
 */
#ifndef SKA_HSM_SKA_CHANGE_H
#define SKA_HSM_SKA_CHANGE_H

#include "provider/base/mechanism.h"
#include "provider/hsm/ska_answer.h"

struct hsm_key;

/*
 * One call of C_SKABlock, C_SKAUnblock or C_SKAModify with the complete request; otherwise like
 * hsm_ska_sign(). The key keeps working, with a new handle if the HSM gives it one.
 */
enum hsm_answer hsm_ska_change(struct hsm_key *key, enum ska_operation operation,
                               struct ska_span token, const struct hsm_approval *approvals,
                               size_t approval_count, struct hsm_refusal *refusal,
                               const struct ska_errors *errors);

#endif
