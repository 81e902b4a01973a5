/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key object behind an EVP_PKEY of ours: a public key, and for private keys the HSM's, which
 * may be looked for as late as at the first signature. Otherwise immutable once it was given to
 * libcrypto; reference counted, shared by threads without a lock.
 */
#ifndef SKA_PROVIDER_KEY_H
#define SKA_PROVIDER_KEY_H

#include <stdatomic.h>

#include "provider/hsm/key.h"
#include "provider/hsm/pin.h"
#include "provider/hsm/uri.h"
#include "provider/provider_context.h"

struct ska_key {
    atomic_uint references;
    const struct ska_provider *provider;
    struct ska_errors errors; /* the provider's, for what is about this key */
    enum ska_key_type type;
    EVP_PKEY *software;    /* in the provider's context; NULL only until something is imported */
    bool software_public;  /* false: parameters only */
    bool software_private; /* the private key is in there too: a key that was never on a token */
    size_t signature_size; /* the longest signature, in bytes */
    unsigned int bits;
    bool on_token;                     /* the private key of a token: ska_key_hsm() is for it */
    _Atomic(struct backend_key *) hsm; /* NULL: not looked for yet */

    struct hsm_uri *uri;        /* by which it was found or is to be found; NULL: by none */
    struct hsm_pin *pin;        /* for finding it later; NULL: read when it is needed */
    char *reference_uri;        /* as it stands in the reference file it came from; NULL: none */
    struct ska_bytes reference; /* the DER of that file */

    /* From the URI, and part of it; NULL when it does not say. */
    const char *approvals_files[2]; /* one at most, ended by NULL */
    const char *approvals_dir;
    const char *agent;
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

/*
 * Makes it the private key of a token, before libcrypto gets to know it: takes over a reference to
 * the HSM's key; NULL: that is looked for later.
 */
void ska_key_set_hsm(struct ska_key *key, struct backend_key *hsm);

/*
 * Hands a key over to libcrypto, which takes it by emptying the reference; what it leaves is freed
 * here.
 */
int ska_key_give(struct ska_key *key, OSSL_CALLBACK *callback, void *arg);

/* Whether its signatures need approvals; false while the HSM's key was not looked for. */
bool ska_key_is_ska(struct ska_key *key);

/* For messages, without a look into the HSM; "" when it is not known. */
const char *ska_key_label(struct ska_key *key);

static inline bool ska_key_is_rsa(const struct ska_key *key)
{
    return key->type == SKA_KEY_RSA || key->type == SKA_KEY_RSA_PSS;
}

/* Ed25519 or Ed448, which sign messages and have no digests. */
static inline bool ska_key_is_edwards(const struct ska_key *key)
{
    return key->type == SKA_KEY_ED25519 || key->type == SKA_KEY_ED448;
}

/* "RSA", "RSA-PSS", "EC", "ED25519", "ED448". */
const char *ska_key_type_name(enum ska_key_type type);

/* ---- default_key.c --------------------------------------------------------------------------- */

/*
 * Keys that have nothing to do with a token. libcrypto asks whichever provider was activated first
 * to generate a key; where that is this one, the default provider makes the key, and it is held for
 * libcrypto so that the order of activation does not matter.
 */

/* A copy of a whole software key. NULL: it cannot be copied. */
struct ska_key *ska_software_dup(const struct ska_key *key);

OSSL_FUNC_keymgmt_set_params_fn ska_software_set_params;
OSSL_FUNC_keymgmt_settable_params_fn ska_software_settable_params;

void *ska_generation_new(struct ska_provider *provider, enum ska_key_type type, int selection,
                         const OSSL_PARAM params[]);
OSSL_FUNC_keymgmt_gen_set_template_fn ska_generation_set_template;
OSSL_FUNC_keymgmt_gen_set_params_fn ska_generation_set_params;
OSSL_FUNC_keymgmt_gen_settable_params_fn ska_generation_settable_rsa, ska_generation_settable_ec,
    ska_generation_settable_edwards;
OSSL_FUNC_keymgmt_gen_fn ska_generation_run;
OSSL_FUNC_keymgmt_gen_cleanup_fn ska_generation_free;

/* ---- token_generation.c: ordinary keys that are made on a token ------------------------------ */

/* What parameters have said; starts as {0}. */
struct ska_token_generation {
    struct hsm_uri *uri;     /* of the new key; NULL: it is not for a token */
    unsigned int use;        /* enum backend_key_use; 0: not said */
    unsigned int bits;       /* RSA; 0: not said */
    char curve[64];          /* EC; "": not said */
    const char *unsupported; /* a parameter that no token can be told; NULL: none */
};

/* Both SKA_R_BAD_PARAMETER or SKA_R_BAD_URI; the others are left to whoever makes software keys. */
bool ska_token_generation_set(struct ska_token_generation *wanted,
                              const struct ska_provider *provider,
                              const OSSL_PARAM params[]) SKA_MUST_CHECK;

/* Whether a parameter has said something that is for a token only. */
static inline bool ska_token_generation_is_wanted(const struct ska_token_generation *wanted)
{
    return wanted->uri != NULL || wanted->use != 0;
}

/* The new key, as if it had been loaded by its URI. NULL: raised. */
struct ska_key *ska_token_generation_run(const struct ska_token_generation *wanted,
                                         const struct ska_provider *provider,
                                         enum ska_key_type type);
void ska_token_generation_clear(struct ska_token_generation *wanted);

#endif
