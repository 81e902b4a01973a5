/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signature that was made and recorded, but did not come to where it was wanted: the process was
 * killed, or the disk was full.
 */
#ifndef SKA_TOOLS_SEAL_KEPT_SIGNATURE_H
#define SKA_TOOLS_SEAL_KEPT_SIGNATURE_H

#include "provider/sign/job.h"

/*
 * Looks through the evidence, in the job's approvals directory and evidence-dir, for a signature by
 * this key over exactly the job's payload, so that nobody is asked for it again: the request for it
 * is closed, if it still stands. False, in silence: there is none.
 */
bool seal_find_kept_signature(const struct ska_job *job, struct ska_span public_key,
                              struct ska_bytes *signature) SKA_MUST_CHECK;

#endif
