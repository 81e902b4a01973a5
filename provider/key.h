/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key object behind an EVP_PKEY of ours: a public key, and for private keys the HSM's.
 * Immutable once it was given to libcrypto, reference counted, shared by threads without a lock.
 */
#ifndef SKA_PROVIDER_KEY_H
#define SKA_PROVIDER_KEY_H

#include <stdatomic.h>

#include "hsm/key.h"
#include "provider.h"

struct ska_key {
    atomic_uint references;
    const struct ska_provider *provider;
    enum ska_key_type type;
    EVP_PKEY *software;    /* in the provider's context; NULL only until something is imported */
    bool software_public;  /* false: parameters only */
    bool software_private; /* the private key is in there too: a key that was never on a token */
    size_t signature_size; /* the longest signature, in bytes */
    unsigned int bits;
    struct hsm_key *hsm; /* NULL: not a private key of a token */

    /* From the key's URI; NULL when it does not say. */
    char *approvals_file;
    char *approvals_dir;
    char *agent;
    bool timeout_set;
    unsigned int approvals_timeout; /* seconds */
    bool payload_set;
    enum ska_payload_form payload;
};

/* One reference, of type `type`, without a public key yet. NULL: out of memory. */
struct ska_key *ska_key_new(const struct ska_provider *provider, enum ska_key_type type);
struct ska_key *ska_key_up_ref(struct ska_key *key);
void ska_key_free(struct ska_key *key); /* NULL is fine */

/* Takes over a reference to a software public key; the key must not have one yet. */
void ska_key_set_public(struct ska_key *key, EVP_PKEY *software);

/* "RSA", "RSA-PSS", "EC", "ED25519", "ED448". */
const char *ska_key_type_name(enum ska_key_type type);

#endif
