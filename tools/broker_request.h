/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that is handed in at a broker, and what has become of it, fetched.
 */
#ifndef SKA_TOOLS_BROKER_REQUEST_H
#define SKA_TOOLS_BROKER_REQUEST_H

#include "provider/sign/job.h"
#include "tools/output.h"

/* Hands in what the job, whose key is behind a broker, is about; prints its id there. */
bool broker_request_put(struct tool *tool, struct ska_job *job) SKA_MUST_CHECK;

/*
 * The signature to `output`, verified, or a line that says what was done. `uri` NULL: the key that
 * the request names, behind the configured broker. SKA_R_APPROVALS_PENDING as long as it waits.
 */
bool broker_request_fetch(struct tool *tool, const struct ska_request *request, const char *uri,
                          const struct output *output) SKA_MUST_CHECK;

#endif
