/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a URI to a key: what its query attributes say, and which key of the HSM it means.
 */
#ifndef SKA_PROVIDER_BINDING_H
#define SKA_PROVIDER_BINDING_H

#include "provider/hsm/look_up.h"
#include "provider/key.h"

/* Whether the values after the "?" are good ones; SKA_R_BAD_URI otherwise. */
bool ska_uri_check(const struct hsm_uri *uri, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The same for the URI of a key reference, which may be anybody's: it names no PIN source that the
 * configuration does not name too. SKA_R_BAD_REFERENCE otherwise.
 */
bool ska_reference_check(const struct ska_provider *provider, const struct hsm_uri *uri,
                         const struct ska_errors *errors) SKA_MUST_CHECK;

/* A key named by a URI; takes over both. NULL: out of memory, raised, nothing taken. */
struct ska_key *ska_key_for_uri(const struct ska_provider *provider, enum ska_key_type type,
                                EVP_PKEY *public_key, struct hsm_uri *uri,
                                const struct ska_errors *errors);

/* What holds where a URI does not say; borrowed from the settings. */
struct hsm_defaults ska_defaults(const struct ska_provider *provider);

/* Where the PIN is that belongs to a URI, as far as no person is asked. */
struct hsm_pin_source ska_pin_source(const struct ska_provider *provider,
                                     const struct hsm_uri *uri);

/* libcrypto's question for a passphrase, asked for a PIN. */
struct ska_prompt {
    OSSL_PASSPHRASE_CALLBACK *callback; /* NULL: nobody to be asked */
    void *arg;
};

/*
 * What a URI names, to be looked up; all but the provider is borrowed. `kept`: a PIN read before,
 * or NULL.
 */
struct ska_look_up {
    struct hsm_defaults defaults;
    struct hsm_look_up wanted;
};
void ska_look_up_init(struct ska_look_up *look_up, const struct ska_provider *provider,
                      const struct hsm_uri *uri, const struct hsm_pin *kept,
                      struct ska_prompt *prompt);

/* The private key that a URI names. `kept`: a PIN read before, or NULL. NULL: raised. */
struct backend_key *ska_find(const struct ska_provider *provider, const struct hsm_uri *uri,
                             const struct hsm_pin *kept, struct ska_prompt *prompt,
                             const struct ska_errors *errors);

/*
 * The HSM's key, for a key on a token. Keys that were loaded without the HSM are looked for now, so
 * this is not for anything that has to do without the HSM: size queries, exports, comparisons.
 * Several threads may do it at once: the first who is done decides. NULL: it cannot be had, raised.
 */
struct backend_key *ska_key_hsm(struct ska_key *key) SKA_MUST_CHECK;

#endif
