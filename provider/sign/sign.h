/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of one signature: from a key, a mechanism and a payload to the one call that carries the
 * complete request to the HSM.
 */
#ifndef SKA_SIGN_SIGN_H
#define SKA_SIGN_SIGN_H

#include "provider/sign/job.h"

bool ska_sources_any(const struct ska_sources *sources);

/*
 * Signs, or says why not. The HSM's signing call is reached only with a token that was checked to
 * be for this key, this operation and exactly this payload.
 */
bool ska_sign(const struct ska_job *job) SKA_MUST_CHECK;

#endif
