/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature context: what libcrypto's EVP_PKEY_CTX holds of us. One struct serves all key
 * types; its parts live in signature.c (messages), signature_finish.c (what becomes of them),
 * signature_params.c, algorithm_id.c and default_signature.c.
 */
#ifndef SKA_PROVIDER_SIGNATURE_H
#define SKA_PROVIDER_SIGNATURE_H

#include "provider/key.h"
#include "provider/request/request.h"

enum ska_salt { SKA_SALT_DIGEST, SKA_SALT_MAX, SKA_SALT_AUTO_DIGEST_MAX, SKA_SALT_BYTES };

/* How the payload is signed, as far as parameters have said. */
struct ska_signature_scheme {
    bool pss; /* RSA keys: PSS instead of PKCS#1 v1.5 */
    enum ska_digest digest;
    bool mgf1_set; /* otherwise MGF1 uses the digest */
    enum ska_digest mgf1_digest;
    enum ska_salt salt;
    size_t salt_bytes; /* SKA_SALT_BYTES */
    bool salt_fixed;   /* asked for, or told to somebody who relies on it */
};

/* So many files may be named for one signature. */
#define SKA_BUNDLE_FILES_MOST 64

/* What parameters have said about approvals; NULL: not said. */
struct ska_signature_approvals {
    char *bundle;
    char *bundle_files[SKA_BUNDLE_FILES_MOST + 1]; /* ended by NULL */
    char *directory;
    char *agent;
    char *description;
    bool timeout_set;
    unsigned int timeout; /* seconds */
    bool payload_set;
    enum ska_payload_form payload;
};

/*
 * The request that an application takes out of a signature context to have it approved by its own
 * means: made once for what has been fed in so far. Immutable, shared by duplicates of the context.
 */
struct ska_prepared {
    atomic_uint references;
    struct ska_request *request;
    struct ska_bytes text; /* of the request, JSON */
};

struct ska_signature {
    const struct ska_provider *provider;
    struct ska_key *key;
    struct ska_signature_scheme scheme;
    struct ska_signature_approvals approvals;

    /* The message so far, hashed or kept; which of both is decided at its first byte. */
    bool started;
    EVP_MD_CTX *hash;
    struct ska_buffer message;
    struct ska_buffer hashed; /* what was hashed, as long as it is short; else empty */
    bool keeps_message;       /* of an ordinary key, since the token may refuse the digest */
    enum ska_no_content no_content;
    struct ska_prepared *prepared; /* the request for it that was asked for; NULL: none */

    /* What the software key does: verifying, and signing with a key that was never on a token. */
    EVP_PKEY_CTX *software;
    EVP_MD_CTX *software_md;
    EVP_PKEY_CTX *software_md_pkey; /* belongs to software_md */
};

static inline const struct ska_errors *ska_signature_errors(const struct ska_signature *signature)
{
    return signature->key == NULL ? &signature->provider->errors : &signature->key->errors;
}

/*
 * One signature of a digest, as EVP_PKEY_sign() makes it with nothing set but the digest; NULL: not
 * that either. *length: the buffer's, then the signature's.
 */
bool ska_signature_of_digest(struct ska_key *key, const char *digest_name, struct ska_span digest,
                             uint8_t *out, size_t *length) SKA_MUST_CHECK;

/* Forgets the files of bundles that parameters have named. */
void ska_signature_forget_files(struct ska_signature *signature);

/* ---- signature_params.c ---------------------------------------------------------------------- */

OSSL_FUNC_signature_set_ctx_params_fn ska_signature_set_params;
OSSL_FUNC_signature_get_ctx_params_fn ska_signature_get_params;
OSSL_FUNC_signature_settable_ctx_params_fn ska_signature_settable_rsa, ska_signature_settable_ec,
    ska_signature_settable_edwards;
OSSL_FUNC_signature_gettable_ctx_params_fn ska_signature_gettable_rsa, ska_signature_gettable_other;
bool ska_signature_set_digest(struct ska_signature *signature, const char *name) SKA_MUST_CHECK;

/* ---- signature_finish.c: the end of a message ------------------------------------------------ */

/* What approvers of this signature approve, and what a token is given for an ordinary key. */
enum ska_payload_form ska_signature_form(const struct ska_signature *signature);

/* What an ordinary key is to be given. */
enum backend_input ska_signature_input(const struct ska_signature *signature);

/* The whole mechanism, salt length resolved. Fails for a salt that cannot be. */
bool ska_signature_mechanism(const struct ska_signature *signature,
                             struct ska_mechanism *mechanism) SKA_MUST_CHECK;

/* Signs; input: the digest or the message, as the mechanism's form says. */
bool ska_signature_finish(const struct ska_signature *signature, struct ska_span input,
                          uint8_t *out, size_t *length, size_t size) SKA_MUST_CHECK;

/* Makes sure that signature->prepared is the request for what has been fed in so far. */
bool ska_signature_request(struct ska_signature *signature) SKA_MUST_CHECK;
/* Its id; of what a broker asks approvers for, that of what it will be asked. */
bool ska_signature_request_id(struct ska_signature *signature,
                              char id[SKA_REQUEST_ID_LENGTH + 1]) SKA_MUST_CHECK;

struct ska_prepared *ska_prepared_up_ref(struct ska_prepared *prepared); /* NULL is fine */
void ska_prepared_free(struct ska_prepared *prepared);                   /* NULL is fine */

/* ---- algorithm_id.c -------------------------------------------------------------------------- */

/* The AlgorithmIdentifier that certificates and CMS carry, in DER; to at most size bytes. */
bool ska_algorithm_id(const struct ska_signature *signature, uint8_t *der, size_t size,
                      size_t *length) SKA_MUST_CHECK;

/* ---- default_signature.c: what the default provider does with the software key inside -------- */

bool ska_software_sign_init(struct ska_signature *signature, struct ska_key *key,
                            const OSSL_PARAM params[]) SKA_MUST_CHECK;
bool ska_software_digest_sign_init(struct ska_signature *signature, struct ska_key *key,
                                   const char *digest, const OSSL_PARAM params[]) SKA_MUST_CHECK;
OSSL_FUNC_signature_verify_init_fn ska_verify_init;
OSSL_FUNC_signature_verify_fn ska_verify;
OSSL_FUNC_signature_verify_recover_init_fn ska_verify_recover_init;
OSSL_FUNC_signature_verify_recover_fn ska_verify_recover;
OSSL_FUNC_signature_digest_verify_init_fn ska_digest_verify_init;
OSSL_FUNC_signature_digest_verify_update_fn ska_digest_verify_update;
OSSL_FUNC_signature_digest_verify_final_fn ska_digest_verify_final;
OSSL_FUNC_signature_digest_verify_fn ska_digest_verify;
bool ska_software_ctx_dup(struct ska_signature *to,
                          const struct ska_signature *from) SKA_MUST_CHECK;
void ska_software_ctx_reset(struct ska_signature *signature);

#endif
