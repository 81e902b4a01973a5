/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature context: what libcrypto's EVP_PKEY_CTX holds of us. One struct serves all key
 * types; its parts live in signature.c (messages), signature_finish.c (what becomes of them),
 * signature_params.c and default_signature.c.
 */
#ifndef SKA_PROVIDER_SIGNATURE_CONTEXT_H
#define SKA_PROVIDER_SIGNATURE_CONTEXT_H

#include "provider/key.h"
#include "provider/signature_request.h"

enum ska_salt { SKA_SALT_DIGEST, SKA_SALT_MAX, SKA_SALT_AUTO_DIGEST_MAX, SKA_SALT_BYTES };

/* How the payload is signed, as far as parameters have said. */
struct ska_signature_scheme {
    bool pss; /* RSA keys: PSS instead of PKCS#1 v1.5 */
    enum ska_digest digest;
    bool mgf1_set; /* otherwise MGF1 uses the digest */
    enum ska_digest mgf1_digest;
    enum ska_salt salt;
    size_t salt_bytes; /* SKA_SALT_BYTES */
};

/* What parameters have said about approvals; NULL: not said. */
struct ska_signature_approvals {
    char *bundle;
    char *bundle_file;
    char *directory;
    char *agent;
    char *description;
    bool timeout_set;
    unsigned int timeout; /* seconds */
    bool payload_set;
    enum ska_payload_form payload;
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
    struct ska_prepared *prepared; /* the request for it that was asked for; NULL: none */

    /* What the software key does: verifying, and signing with a key that was never on a token. */
    EVP_PKEY_CTX *software;
    EVP_MD_CTX *software_md;
    EVP_PKEY_CTX *software_md_pkey; /* belongs to software_md */
};

static inline const struct ska_errors *ska_signature_errors(const struct ska_signature *signature)
{
    return &signature->provider->errors;
}

#endif
