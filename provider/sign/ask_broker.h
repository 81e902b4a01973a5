/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signature by a request that a broker keeps: handed in, waited for, and fetched. The broker asks
 * the approvers, and the HSM checks what they say.
 */
#ifndef SKA_SIGN_ASK_BROKER_H
#define SKA_SIGN_ASK_BROKER_H

#include "provider/sign/current_rule.h"
#include "provider/sign/job.h"

/*
 * Waits as long as the job may. With state-dir the request stays with the broker when that time is
 * over, and the same job goes on with it; it is withdrawn where nobody can come back for it. Takes
 * over the rule, which is emptied; it names people, and decides nothing.
 */
bool ska_ask_broker(const struct ska_job *job, struct ska_current_rule *current) SKA_MUST_CHECK;

#endif
