/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles that were handed in: as text, as files, or both.
 */
#ifndef SKA_SIGN_BUNDLE_H
#define SKA_SIGN_BUNDLE_H

#include "provider/sign/job.h"

/*
 * Those of the job's sources as one request, NULL when there is none; one for anything else than
 * the job is refused. Freed by the caller, also after a failure.
 */
bool ska_bundles_read(const struct ska_job *job, struct ska_request **request) SKA_MUST_CHECK;

#endif
