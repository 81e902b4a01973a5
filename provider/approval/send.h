/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one call that carries the complete request to the HSM; used by the ways of signing.
 */
#ifndef SKA_APPROVAL_SEND_H
#define SKA_APPROVAL_SEND_H

#include "signing.h"

/* Where a signature goes to; *length is the size of the buffer, then the length of the signature.
 */
struct ska_output {
    uint8_t *signature;
    size_t *length;
};

/* output == NULL: a request to change the key. Explains a refusal. */
bool ska_send(const struct ska_sender *sender, const struct ska_request *request,
              const struct ska_output *output, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The same, but leaves a refusal to the caller, with nothing raised, and what the HSM decided to
 * ska_send_record().
 */
enum hsm_answer ska_send_quietly(const struct ska_sender *sender, const struct ska_request *request,
                                 const struct ska_output *output, struct hsm_refusal *refusal,
                                 const struct ska_errors *errors);

/* Writes the decision into the audit log; HSM_FAILED when that fails, else the answer. */
enum hsm_answer ska_send_record(const struct ska_sender *sender, const struct ska_request *request,
                                enum hsm_answer answer, const struct hsm_refusal *refusal,
                                const struct ska_errors *errors);

#endif
