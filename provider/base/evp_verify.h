/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying signatures, as plain openssl does. libcrypto's error queue is left as it was.
 */
#ifndef SKA_BASE_EVP_VERIFY_H
#define SKA_BASE_EVP_VERIFY_H

#include <openssl/types.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

/* To verify with this key. NULL, in silence: it cannot. Free with EVP_PKEY_CTX_free(). */
EVP_PKEY_CTX *ska_evp_verifier(OSSL_LIB_CTX *libctx, EVP_PKEY *key);

/*
 * Whether it is the key's signature by exactly this mechanism (of PSS with a salt of this length,
 * unless any is good), over a payload in the mechanism's form: DigestInfo, digest or message.
 * `verifier`: the key's, in which nothing has been set yet, and something is then; NULL: one is
 * made if it is needed.
 */
bool ska_evp_verifies(OSSL_LIB_CTX *libctx, EVP_PKEY *key, EVP_PKEY_CTX *verifier,
                      const struct ska_mechanism *mechanism, struct ska_span payload,
                      struct ska_span signature);

/* The same by a SubjectPublicKeyInfo; false, too, where it is none. */
bool ska_spki_verifies(OSSL_LIB_CTX *libctx, struct ska_span spki,
                       const struct ska_mechanism *mechanism, struct ska_span payload,
                       struct ska_span signature);

#endif
