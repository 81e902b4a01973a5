/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a URI to a key: what its query attributes say, and which key of the HSM it means.
 */
#ifndef SKA_PROVIDER_BINDING_H
#define SKA_PROVIDER_BINDING_H

#include "provider/key.h"

/* Whether the values after the "?" are good ones; SKA_R_BAD_URI otherwise. */
bool ska_uri_check(const struct hsm_uri *uri, const struct ska_errors *errors) SKA_MUST_CHECK;

/* A key named by a URI; takes over both. NULL: out of memory, raised, nothing taken. */
struct ska_key *ska_key_for_uri(const struct ska_provider *provider, enum ska_key_type type,
                                EVP_PKEY *public_key, struct hsm_uri *uri);

/* Where the PIN is read that belongs to a URI; NULL: nowhere. */
const char *ska_pin_source(const struct ska_provider *provider, const struct hsm_uri *uri);

/* libcrypto's question for a passphrase, asked for a PIN. */
struct ska_prompt {
    OSSL_PASSPHRASE_CALLBACK *callback; /* NULL: nobody to be asked */
    void *arg;
};
bool ska_log_in(const struct ska_provider *provider, struct hsm_token *token,
                const struct hsm_uri *uri, struct hsm_secret *kept, struct ska_prompt *prompt,
                const struct ska_errors *errors) SKA_MUST_CHECK;

/* The private key that a URI names. `kept`: a PIN read before, or NULL. NULL: raised. */
struct hsm_key *ska_find(const struct ska_provider *provider, const struct hsm_uri *uri,
                         struct hsm_secret *kept, struct ska_prompt *prompt);

/*
 * Finds the HSM's key of a key that was loaded without the HSM, and compares it. Several threads
 * may do it at once: the first who is done decides. NULL: raised.
 */
struct hsm_key *ska_bind(struct ska_key *key);

#endif
