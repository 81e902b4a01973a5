/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one call that carries the complete request to the HSM; used by the ways of signing.
 */
#ifndef SKA_SIGN_SEND_H
#define SKA_SIGN_SEND_H

#include "provider/sign/sign.h"

/* Where a signature goes to; *length is the size of the buffer, then the length of the signature.
 */
struct ska_output {
    uint8_t *signature;
    size_t *length;
};

/* Where a request comes from, for the audit log. */
#define SKA_REQUEST_MADE "made"
#define SKA_REQUEST_HANDED_IN "handed in"

/*
 * Sends a request as it is; explains a refusal. output == NULL: a request to change the key. The
 * audit log is told of it first, and of its approvals, each as it is found to be here (whether they
 * are enough is the HSM's to say); the request gets the rule that holds, which names approvers.
 */
bool ska_send(const struct ska_sender *sender, struct ska_request *request, const char *origin,
              const struct ska_output *output, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Sends what was gathered, but leaves a refusal to the caller, with nothing raised, and what the
 * HSM decided to ska_send_record().
 */
enum hsm_answer ska_send_quietly(const struct ska_sender *sender, const struct ska_request *request,
                                 const struct ska_output *output, struct hsm_refusal *refusal,
                                 const struct ska_errors *errors);

/* Writes the decision into the audit log; HSM_FAILED when that fails, else the answer. */
enum hsm_answer ska_send_record(const struct ska_sender *sender, const struct ska_request *request,
                                enum hsm_answer answer, const struct hsm_refusal *refusal,
                                const struct ska_errors *errors);

#endif
