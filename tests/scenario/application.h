/* SPDX-License-Identifier: Apache-2.0 */
/*
 * application.h: what the programs of the scenarios share: an application that signs with a key
 * named by a URI, through libcrypto and nothing else.
 */
#ifndef SKA_SCENARIO_APPLICATION_H
#define SKA_SCENARIO_APPLICATION_H

#include <openssl/evp.h>

/* Ends the program with status 1 and libcrypto's errors, if `done` is false. */
#define must(done) must_at((done), #done, __FILE__, __LINE__)
void must_at(int done, const char *what, const char *file, int line);

/* A library context configured by OPENSSL_CONF. */
OSSL_LIB_CTX *new_context(void);

/* libctx == NULL: libcrypto's default context. */
EVP_PKEY *load_key(OSSL_LIB_CTX *libctx, const char *uri);

/* The public key as the default provider holds it. */
EVP_PKEY *public_copy(OSSL_LIB_CTX *libctx, EVP_PKEY *key);

/*
 * Signs a message by way of a duplicated context, verifies the signature with a software copy of
 * the public key, and sees to it that no error is left behind. approvals: path of a bundle for
 * `message`, or NULL for a key that needs none.
 */
void sign_and_verify(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const char *message,
                     const char *approvals);
/* With a copy that was made before, by public_copy(). */
void sign_and_verify_by(OSSL_LIB_CTX *libctx, EVP_PKEY *key, EVP_PKEY *copy, const char *message,
                        const char *approvals);

#endif
