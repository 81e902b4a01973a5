/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a message: its mechanism and its payload, and what is done with them.
 */
#ifndef SKA_PROVIDER_SIGNATURE_FINISH_H
#define SKA_PROVIDER_SIGNATURE_FINISH_H

#include "provider/signature_context.h"

/* What approvers of this signature approve. */
enum ska_payload_form ska_signature_form(const struct ska_signature *signature);

/* The whole mechanism, salt length resolved. Fails for a salt that cannot be. */
bool ska_signature_mechanism(const struct ska_signature *signature,
                             struct ska_mechanism *mechanism) SKA_MUST_CHECK;

/* Signs; input: the digest or the message, as the mechanism's form says. */
bool ska_signature_finish(const struct ska_signature *signature, struct ska_span input,
                          uint8_t *out, size_t *length, size_t size) SKA_MUST_CHECK;

/* Makes sure that signature->prepared is the request for what has been fed in so far. */
bool ska_signature_request(struct ska_signature *signature) SKA_MUST_CHECK;

#endif
