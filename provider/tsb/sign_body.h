/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the broker is asked to sign, and the signature that comes back.
 */
#ifndef SKA_TSB_SIGN_BODY_H
#define SKA_TSB_SIGN_BODY_H

#include "provider/base/json.h"
#include "provider/tsb/broker_key.h"

/*
 * The members of a signRequest: payload, key and algorithm. `payload` is in the mechanism's form.
 * SKA_R_UNSUPPORTED for what the broker has no name for, and for PSS with another salt or MGF1 than
 * the digest's, which it cannot be told. NULL: raised.
 */
cJSON *tsb_sign_members(const struct tsb_key *key, const struct ska_mechanism *mechanism,
                        struct ska_span payload, const struct ska_errors *errors);

/* Longer than any signature in base64. */
#define TSB_RESULT_LIMIT 8192

/*
 * The signature that `text` is the base64 of, white space left out, in libcrypto's form.
 * *signature_length: size of the buffer in, length out. SKA_R_SERVER_FAILURE for what does not
 * verify.
 */
bool tsb_signature_take(struct tsb_key *key, const struct ska_mechanism *mechanism,
                        struct ska_span payload, const char *text, uint8_t *signature,
                        size_t *signature_length, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
