/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that a broker keeps: handed in, waited for, and fetched. The broker asks the approvers,
 * and the HSM checks what they say.
 */
#ifndef SKA_SIGN_ASK_BROKER_H
#define SKA_SIGN_ASK_BROKER_H

#include "provider/backend/broker.h"
#include "provider/sign/current_rule.h"
#include "provider/sign/job.h"

/*
 * A signature. Waits as long as the job may. With state-dir the request stays with the broker when
 * that time is over, and the same job goes on with it; it is withdrawn where nobody can come back
 * for it. Takes over the rule, which is emptied; it names people, and decides nothing.
 */
bool ska_ask_broker(const struct ska_job *job, struct ska_current_rule *current) SKA_MUST_CHECK;

struct ska_handed_in {
    char broker_id[BROKER_ID_SIZE];             /* how the broker calls it */
    char request_id[SKA_REQUEST_ID_LENGTH + 1]; /* and we, see ska_request_identify() */
    bool made;                                  /* false: it was there already */
};
/*
 * Only hands in what is wanted, a signature or a change of the key, or finds the request for it
 * that is there already. The rule as above.
 */
bool ska_hand_in_to_broker(const struct ska_job *job, struct ska_current_rule *current,
                           struct ska_handed_in *handed_in) SKA_MUST_CHECK;

/*
 * Fetches what became of a request that state-dir remembers: the signature, or that the change is
 * done. SKA_R_APPROVALS_PENDING where it waits; nothing is handed in. The rule as above.
 */
bool ska_fetch_from_broker(const struct ska_job *job,
                           struct ska_current_rule *current) SKA_MUST_CHECK;

#endif
