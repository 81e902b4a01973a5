/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a request that is there already is the one that this signer would write itself.
 */
#ifndef SKA_SIGN_SAME_REQUEST_H
#define SKA_SIGN_SAME_REQUEST_H

#include "provider/sign/job.h"

enum ska_sameness {
    SKA_REQUEST_SAME,
    SKA_REQUEST_OTHER_WORDS, /* for other people's eyes: another description; it is left alone */
    SKA_REQUEST_STALE /* it has expired, is by a rule that has changed, or is wrong somehow */
};

/*
 * Compares all of a request, as it would be written, with the draft (its id, attempt and rules
 * included) and the HSM's timestamp key. One request serves all who
 * wait for the same thing, so what differs from one process of this user to the next may differ:
 * the time when it was made, host and program of the requester, what it shows of what was hashed
 * (which must have the digest), and the HSM's time in the token, which must be genuine and not
 * over; of a change of the key also who has asked first. No approvals are expected in it.
 */
enum ska_sameness ska_request_compare(const struct ska_job *job, const struct ska_request *draft,
                                      struct ska_request *request);

#endif
