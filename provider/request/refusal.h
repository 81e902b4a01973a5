/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An approver's signed refusal (doc/formats.md). It has the shape of an approval, but its
 * signature is over other bytes, so that neither can be taken for the other; and over its reason,
 * so that nobody can put other words into the approver's mouth.
 */
#ifndef SKA_REQUEST_REFUSAL_H
#define SKA_REQUEST_REFUSAL_H

#include "provider/request/request.h"

/*
 * "SKA-REJECT-1", a zero byte, SHA-256 of the token; with a reason (NULL: none) "SKA-REJECT-2", a
 * zero byte, SHA-256 of the token, SHA-256 of the reason. The span points into `bytes`.
 */
#define SKA_REFUSAL_SIZE 77
bool ska_refusal_bytes(OSSL_LIB_CTX *libctx, struct ska_span token, const char *reason,
                       uint8_t bytes[SKA_REFUSAL_SIZE], struct ska_span *message,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * True when it is a signature of its signer over the refusal of this token. A reason that somebody
 * has added to a refusal without one is taken away: what stands in refusal->reason then was signed.
 */
bool ska_refusal_verify(OSSL_LIB_CTX *libctx, struct ska_approval *refusal,
                        struct ska_span token) SKA_MUST_CHECK;

#endif
