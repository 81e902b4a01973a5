/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the one key that is meant, and its public part.
 */
#ifndef SKA_HSM_FIND_H
#define SKA_HSM_FIND_H

#include "provider/hsm/object.h"
#include "provider/hsm/public_key.h"

/* What is read of a key: of the private object itself, or else of the public one. */
enum {
    HSM_PART_KEY_TYPE,
    HSM_PART_MODULUS,
    HSM_PART_EXPONENT,
    HSM_PART_PARAMETERS,
    HSM_PART_POINT,
    HSM_PART_MECHANISMS,
    HSM_PART_INFO, /* CKA_PUBLIC_KEY_INFO */
    HSM_PART_PRIVATE,
    HSM_PART_ALWAYS_AUTHENTICATE,
    HSM_PART_COUNT
};

/* The most certificates under one id that are looked at. */
#define HSM_CERTIFICATES 16

/* Starts as {0}; free with hsm_found_free(). */
struct hsm_found {
    struct hsm_entries entries; /* all that match */
    size_t count;               /* of keys of the class that is wanted */
    size_t key;                 /* the last of these, as an index */
    size_t aliased; /* a key of another label whose id an object of the wanted label has; or 0 */
    bool ska;
    bool timestamp;                /* an ordinary key that makes timestamps */
    bool undisclosed;              /* an SKA key that was made to keep its public key secret */
    struct hsm_attribute use_rule; /* of an SKA key, when the HSM shows it */
    struct hsm_attribute parts[HSM_PART_COUNT];
    /* Read where nothing else tells the public key; those under an id need not be the key's. */
    struct hsm_attribute certificates[HSM_CERTIFICATES];
    size_t certificate_count;
};

/* Looks for private keys, and reads what belongs to it when there is exactly one. */
CK_RV hsm_find_private(const struct hsm_lease *lease, const struct hsm_key_match *match,
                       struct hsm_found *found, const char **call);

/* The same for public key objects. */
CK_RV hsm_find_public(const struct hsm_lease *lease, const struct hsm_key_match *match,
                      struct hsm_found *found, const char **call);

void hsm_found_free(struct hsm_found *found);

/* That exactly one was found; raises what is wrong otherwise. `kind`: "private" or "public". */
bool hsm_found_one(struct hsm_token *token, const struct hsm_key_match *match,
                   const struct hsm_found *found, const char *kind,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

/* Its public key, as a software key. */
bool hsm_found_public(const struct hsm_token *token, const struct hsm_found *found,
                      OSSL_LIB_CTX *libctx, EVP_PKEY **key, enum ska_key_type *type,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

/* The same key? RSA keys are compared by their numbers, so that RSA and RSA-PSS can be. */
bool hsm_same_public(const EVP_PKEY *a, const EVP_PKEY *b);

#endif
