/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a signature waits for people, with no lock held.
 */
#ifndef SKA_SIGN_WAIT_H
#define SKA_SIGN_WAIT_H

#include "provider/sign/gathering.h"

enum ska_wait_end {
    SKA_WAIT_ENOUGH, /* for the HSM to decide */
    SKA_WAIT_OVER,   /* it did not come to that; nothing is raised, see the ballot */
    SKA_WAIT_FAILED  /* raised */
};

/* Waits as long as the signature may; not at all where nobody can answer any more. */
enum ska_wait_end ska_wait_for_people(struct ska_gathering *gathering);

/*
 * Before the HSM is asked with what people have approved: where it is away it is tried again, as
 * long as the signature may wait, since their approvals are there and stay there. Only for a
 * request that stands open in a directory. False: interrupted, raised.
 */
bool ska_wait_for_hsm(struct ska_gathering *gathering) SKA_MUST_CHECK;

/*
 * The rule of a signature, by which everything begins. Where the HSM is away it is tried again, as
 * long as the signature may wait and if its request stands open in the directory already;
 * job->timeout becomes what is left. `held` (may be NULL) is freed when a paused ASYNC job is never
 * resumed.
 */
bool ska_wait_for_rule(struct ska_job *job, struct ska_request *held,
                       struct ska_current_rule *current) SKA_MUST_CHECK;

#endif
