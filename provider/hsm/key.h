/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys on a token.
 */
#ifndef SKA_HSM_KEY_H
#define SKA_HSM_KEY_H

#include "provider/backend/backend_key.h"

struct hsm_token;

/* What keys are looked for by. */
struct hsm_key_match {
    struct ska_span label; /* CKA_LABEL; data == NULL: any */
    struct ska_span id;    /* CKA_ID; data == NULL: any */
};

/*
 * The one private key that matches (by filtered search, never by listing all), with its public key
 * from the public object of the same id or label, the private object's own attributes, or the
 * certificate. libctx is where the public key is made; it must outlive the key.
 * None: SKA_R_KEY_NOT_FOUND (and whether that may be for want of a login); several:
 * SKA_R_KEY_AMBIGUOUS with their ids.
 */
bool hsm_key_find(struct hsm_token *token, const struct hsm_key_match *match, OSSL_LIB_CTX *libctx,
                  struct backend_key **key, const struct ska_errors *errors) SKA_MUST_CHECK;

/* Whether it is a private object (CKA_PRIVATE), which is used after a login only. */
bool hsm_key_is_private(const struct backend_key *key);

/* Whether a certificate (DER) is one for this public key. */
bool hsm_certificate_is_of(OSSL_LIB_CTX *libctx, struct ska_span certificate, const EVP_PKEY *key);

/* The public key object that matches, as a software key. Same errors as hsm_key_find(). */
bool hsm_public_key_find(struct hsm_token *token, const struct hsm_key_match *match,
                         OSSL_LIB_CTX *libctx, EVP_PKEY **key, enum ska_key_type *type,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
