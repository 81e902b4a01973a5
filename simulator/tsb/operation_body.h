/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies that ask for an operation of a key: {"signRequest": {...}, "requestSignature": ...} and
 * its like; with signedApprovals in calls that are answered at once.
 */
#ifndef SKATSB_OPERATION_BODY_H
#define SKATSB_OPERATION_BODY_H

#include "simulator/tsb/operation.h"
#include "simulator/tsb/request_store.h"

/*
 * Reads the body, checks the password, opens the key and sees that it can do this. To be cleared in
 * any case.
 */
bool tsb_operation_read(struct tsb_exchange *exchange, enum tsb_kind kind, bool synchronous,
                        struct tsb_operation *wanted) SKA_MUST_CHECK;

/* The same of a request, for the exchange that its body is in, with the payload that it has had. */
bool tsb_operation_read_again(struct tsb_exchange *exchange, const struct tsb_request *request,
                              struct tsb_operation *wanted) SKA_MUST_CHECK;

void tsb_operation_clear(struct tsb_exchange *exchange, struct tsb_operation *wanted);

/*
 * Has the HSM do it, and makes of it what clients get: *text, to be freed, which may be NULL.
 * `rv` is the HSM's answer; what is wrong otherwise is refused.
 */
bool tsb_operation_run(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                       const struct tsb_authority *by, char **text, CK_RV *rv) SKA_MUST_CHECK;

#endif
