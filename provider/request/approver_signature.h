/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of approvers and timestamp keys: the DER structure that the HSM takes,
 * SEQUENCE { AlgorithmIdentifier, BIT STRING }, and their verification.
 *
 * Plain form: what `openssl dgst -sign` or `pkeyutl -rawin` writes (PKCS#1 v1.5, DER SEQUENCE{r,s},
 * raw EdDSA). The digest is a name like "SHA-256"; for EdDSA it is "EdDSA" (or "SHA-512", which
 * some clients write) and means nothing. SHA-224, 256, 384, 512 and SHA3-224 to SHA3-512 only.
 */
#ifndef SKA_REQUEST_APPROVER_SIGNATURE_H
#define SKA_REQUEST_APPROVER_SIGNATURE_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

/* The digest that approvers name so, letter for letter, as a static text; NULL: there is none. */
#define SKA_SIGNATURE_DIGESTS                                                                      \
    "SHA-224, SHA-256, SHA-384, SHA-512, SHA3-224, SHA3-256, SHA3-384, SHA3-512 or EdDSA"
const char *ska_signature_digest(const char *name);

/*
 * From plain form to DER. The key is the signer's SubjectPublicKeyInfo; only its algorithm is
 * looked at. Parameters are NULL for RSA and EC (as the vendor writes them), absent for EdDSA.
 */
bool ska_signature_to_der(struct ska_span public_key, const char *digest, struct ska_span plain,
                          struct ska_bytes *der, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * From DER to plain form. `digest` receives a static name. Parameters NULL or absent are accepted;
 * trailing bytes, unused bits and unknown algorithms are not.
 */
bool ska_signature_from_der(struct ska_span der, const char **digest, struct ska_bytes *plain,
                            const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * True when `plain` is a signature of the key over the message. False without an error raised
 * otherwise, and libcrypto's error queue is left as it was.
 */
bool ska_signature_verify(OSSL_LIB_CTX *libctx, struct ska_span public_key, const char *digest,
                          struct ska_span plain, struct ska_span message) SKA_MUST_CHECK;

/* The same with the key at hand, which is what public_key says. */
bool ska_signature_verify_with(OSSL_LIB_CTX *libctx, EVP_PKEY *key, struct ska_span public_key,
                               const char *digest, struct ska_span plain,
                               struct ska_span message) SKA_MUST_CHECK;

#endif
