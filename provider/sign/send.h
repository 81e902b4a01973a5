/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one call that carries the complete request to the HSM, and what is recorded around it.
 */
#ifndef SKA_SIGN_SEND_H
#define SKA_SIGN_SEND_H

#include "provider/sign/directory.h"
#include "provider/sign/job.h"

/* Where a request comes from, for the audit log. */
#define SKA_REQUEST_MADE "made"
#define SKA_REQUEST_HANDED_IN "handed in"

/*
 * Sends a request as it is: for a signature, or to change the key, if its token is for this job's
 * key, operation and payload. Explains a refusal, so
 * that whatever is not done is raised. The audit log is told of it first, and of its approvals,
 * each as it is found to be here (whether they are enough is the HSM's to say); the request gets
 * the rule that holds, which names approvers.
 */
enum backend_answer ska_send(const struct ska_job *job, struct ska_request *request,
                             const char *origin) SKA_MUST_CHECK;

/*
 * Sends for a signature what was gathered, of which the audit log knows already. Evidence is kept
 * in job->evidence_dir; where that is NULL, with a directory (else NULL), there; of what agents
 * alone have approved, with a directory only: `of_people` is false. A refusal is left to the
 * caller, with nothing raised. Only when all that has to be recorded is recorded job->signature
 * gets the signature; else it is not touched.
 */
enum backend_answer ska_send_gathered(const struct ska_job *job, struct ska_request *request,
                                      const struct ska_directory *directory, bool of_people,
                                      struct backend_refusal *refusal);

/*
 * Sends a request that was handed in, after a check that it is for this job's key and operation.
 * Approvals that do not count are left out of it, each raised with `left_out`, which is no failure.
 */
bool ska_execute(const struct ska_job *job, struct ska_request *request,
                 const struct ska_errors *left_out) SKA_MUST_CHECK;

#endif
