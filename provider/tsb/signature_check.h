/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No signature is given out that does not verify.
 */
#ifndef SKA_TSB_SIGNATURE_CHECK_H
#define SKA_TSB_SIGNATURE_CHECK_H

#include "provider/tsb/broker_key.h"

/* ska_evp_verifies() with this key. */
bool tsb_signature_verifies(struct tsb_key *key, const struct ska_mechanism *mechanism,
                            struct ska_span payload, struct ska_span signature);

#endif
