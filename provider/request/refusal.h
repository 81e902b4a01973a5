/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An approver's signed refusal (doc/formats.md). It has the shape of an approval, but its
 * signature is over other bytes, so that neither can be taken for the other.
 */
#ifndef SKA_REQUEST_REFUSAL_H
#define SKA_REQUEST_REFUSAL_H

#include "provider/request/request.h"

/* "SKA-REJECT-1", a zero byte, SHA-256 of the token. */
#define SKA_REFUSAL_LENGTH 45
bool ska_refusal_bytes(OSSL_LIB_CTX *libctx, struct ska_span token,
                       uint8_t bytes[SKA_REFUSAL_LENGTH],
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* True when it is a signature of its signer over the refusal of this token. */
bool ska_refusal_verify(OSSL_LIB_CTX *libctx, const struct ska_approval *refusal,
                        struct ska_span token) SKA_MUST_CHECK;

#endif
