/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the signatures that HSMs give to those that libcrypto's users expect. It is for ECDSA that
 * they differ: HSMs give r||s, two numbers as long as the curve's order, libcrypto has DER.
 */
#ifndef SKA_BACKEND_SIGNATURE_FORM_H
#define SKA_BACKEND_SIGNATURE_FORM_H

#include "provider/backend/backend_key.h"

/* The length of the signature that the HSM must give, for a key of this type and size. */
size_t backend_raw_length(enum ska_key_type type, unsigned int bits);

/*
 * The HSM's signature in libcrypto's form: r||s becomes DER, all others stay. `raw` must have
 * exactly the length that backend_raw_length() says: nothing else is ever handed out.
 */
bool backend_signature_finish(enum ska_key_type type, unsigned int bits, struct ska_span raw,
                              uint8_t *signature, size_t *signature_length,
                              const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The same where it is not known in which form the HSM gives signatures: DER of an ECDSA signature
 * that has been made already stays as it is, and an EdDSA signature is taken out of what is around
 * it. What comes of it has yet to be verified.
 */
bool backend_signature_finish_either(enum ska_key_type type, unsigned int bits,
                                     struct ska_span given, uint8_t *signature,
                                     size_t *signature_length,
                                     const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
