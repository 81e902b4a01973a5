/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys as libcrypto has them: made of numbers or points, opened from a SubjectPublicKeyInfo
 * and written as one, compared. libcrypto's error queue is left as it was.
 */
#ifndef SKA_BASE_EVP_KEY_H
#define SKA_BASE_EVP_KEY_H

#include <openssl/types.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

/* Big-endian numbers. False, as of all that make a key, in silence: it is no valid one. */
bool ska_evp_make_rsa(OSSL_LIB_CTX *libctx, enum ska_key_type type, struct ska_span modulus,
                      struct ska_span exponent, EVP_PKEY **key) SKA_MUST_CHECK;

/* The same numbers as those of another key, RSA or RSA-PSS; restrictions are lost. */
bool ska_evp_retype_rsa(OSSL_LIB_CTX *libctx, enum ska_key_type type, const EVP_PKEY *from,
                        EVP_PKEY **key) SKA_MUST_CHECK;

/* `curve` is libcrypto's number of a named curve; the point is not compressed. */
bool ska_evp_make_ec(OSSL_LIB_CTX *libctx, int curve, struct ska_span point,
                     EVP_PKEY **key) SKA_MUST_CHECK;
bool ska_evp_make_edwards(OSSL_LIB_CTX *libctx, enum ska_key_type type, struct ska_span point,
                          EVP_PKEY **key) SKA_MUST_CHECK;

/* Bytes of one coordinate; 0 for what is no named curve. */
size_t ska_evp_field_length(OSSL_LIB_CTX *libctx, int curve);

/*
 * Opens one SubjectPublicKeyInfo in DER without libcrypto's decoders: these are fetched from a
 * library context, and take longer than everything else of a reference together. False, in silence,
 * also for what this project never writes: a curve that is spelled out, a point that is compressed,
 * RSA-PSS with restrictions.
 */
bool ska_evp_open(OSSL_LIB_CTX *libctx, struct ska_span spki, enum ska_key_type *type,
                  EVP_PKEY **key) SKA_MUST_CHECK;

/* The same, else by the decoders, which know more. NULL, in silence: no public key. */
EVP_PKEY *ska_evp_decode(OSSL_LIB_CTX *libctx, struct ska_span spki);

bool ska_evp_encode(const EVP_PKEY *key, struct ska_bytes *spki,
                    const struct ska_errors *errors) SKA_MUST_CHECK;

/* False for a key of none of our types. */
bool ska_evp_type(const EVP_PKEY *key, enum ska_key_type *type) SKA_MUST_CHECK;

/* Whether both are the same key, however each is encoded. */
bool ska_evp_equal(OSSL_LIB_CTX *libctx, struct ska_span a, struct ska_span b);

#endif
