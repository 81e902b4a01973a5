/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OAEP's padding (RFC 8017, 7.1.2) taken off here: most tokens know it with SHA-1 and without a
 * label only.
 */
#ifndef SKA_HSM_OAEP_H
#define SKA_HSM_OAEP_H

#include "provider/backend/backend_key.h"

/*
 * `block`, as long as the modulus, is what a raw decryption gave; it is overwritten. What was
 * encrypted is at its end then, *length bytes. False, in silence, for whatever is wrong; what that
 * is shows neither here nor in the time that it takes.
 */
bool hsm_oaep_remove(OSSL_LIB_CTX *libctx, const struct backend_encryption *how, uint8_t *block,
                     size_t block_length, size_t *length) SKA_MUST_CHECK;

#endif
