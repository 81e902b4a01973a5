/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No signature is given out that does not verify.
 */
#ifndef SKA_TSB_SIGNATURE_CHECK_H
#define SKA_TSB_SIGNATURE_CHECK_H

#include "provider/tsb/broker_key.h"

/*
 * Whether this is the key's signature by exactly this mechanism (of PSS with a salt of this
 * length, unless any is good), over a
 * payload in the mechanism's form: DigestInfo, digest or message.
 */
bool tsb_signature_verifies(struct tsb_key *key, const struct ska_mechanism *mechanism,
                            struct ska_span payload, struct ska_span signature);

#endif
