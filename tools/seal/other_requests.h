/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether people are asked for a seal of this document already, by another request: one of an
 * earlier call, before it was begun again, or for a seal with another name.
 */
#ifndef SKA_TOOLS_SEAL_OTHER_REQUESTS_H
#define SKA_TOOLS_SEAL_OTHER_REQUESTS_H

#include "provider/sign/job.h"

/*
 * Says each in a line, with what ends it: in the directory of the job's sources, or what state-dir
 * remembers of the key's broker. `document` is named first. What cannot be found out is not said.
 */
void seal_tell_other_requests(const struct ska_job *job, const char *document);

#endif
