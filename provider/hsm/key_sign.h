/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures with ordinary keys.
 */
#ifndef SKA_HSM_KEY_SIGN_H
#define SKA_HSM_KEY_SIGN_H

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

struct hsm_key;

/*
 * Signs with an ordinary key (C_SignInit, C_Sign). Input by mechanism->form: DigestInfo, digest or
 * message. The signature is in OpenSSL's form (ECDSA: DER). *signature_length: size of the buffer
 * in, length out. SKA keys are refused (SKA_R_INTERNAL): they have no way around the rules;
 * timestamp keys too (SKA_R_UNSUPPORTED).
 */
bool hsm_key_sign(struct hsm_key *key, const struct ska_mechanism *mechanism, struct ska_span input,
                  uint8_t *signature, size_t *signature_length,
                  const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
