/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/signature_check.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

static int salt_to_expect(const struct ska_mechanism *mechanism)
{
    return mechanism->any_salt ? RSA_PSS_SALTLEN_AUTO : (int)mechanism->salt_length;
}

static bool set_padding(EVP_PKEY_CTX *context, const struct backend_key *key,
                        const struct ska_mechanism *mechanism)
{
    switch (mechanism->scheme) {
    case SKA_SCHEME_PKCS1:
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0;
    case SKA_SCHEME_PSS:
        return (key->type == SKA_KEY_RSA_PSS ||
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0) &&
               EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, ska_digest_name(mechanism->mgf1_digest),
                                                 NULL) > 0 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt_to_expect(mechanism)) > 0;
    case SKA_SCHEME_ECDSA:
    case SKA_SCHEME_EDDSA:
        return true;
    }
    return false;
}

static EVP_PKEY_CTX *new_verifier(const struct backend_key *key)
{
    EVP_PKEY_CTX *made = EVP_PKEY_CTX_new_from_pkey(key->libctx, key->public_key, NULL);

    if (made != NULL && EVP_PKEY_verify_init(made) > 0)
        return made;
    EVP_PKEY_CTX_free(made);
    return NULL;
}

/*
 * A copy of the key's own, which nobody sets anything in: libcrypto's search for the algorithm
 * takes twenty times as long as a copy. NULL: none can be made.
 */
static EVP_PKEY_CTX *verifier_of(struct tsb_key *key)
{
    EVP_PKEY_CTX *kept = atomic_load_explicit(&key->verifier, memory_order_acquire);
    EVP_PKEY_CTX *made = NULL;

    if (kept != NULL)
        return EVP_PKEY_CTX_dup(kept);
    made = new_verifier(&key->base);
    if (made == NULL)
        return NULL;
    if (atomic_compare_exchange_strong(&key->verifier, &kept, made))
        return EVP_PKEY_CTX_dup(made);
    EVP_PKEY_CTX_free(made); /* another thread was quicker */
    return EVP_PKEY_CTX_dup(kept);
}

/* PKCS#1 is compared with the whole DigestInfo, which no digest has to be named for. */
static bool verify_digest(struct tsb_key *key, const struct ska_mechanism *mechanism,
                          struct ska_span payload, struct ska_span signature)
{
    EVP_PKEY_CTX *context = verifier_of(key);
    EVP_MD *digest = NULL;
    bool same = context != NULL;

    if (same && mechanism->scheme == SKA_SCHEME_PSS) {
        digest = EVP_MD_fetch(key->base.libctx, ska_digest_name(mechanism->digest), NULL);
        same = digest != NULL && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
               EVP_PKEY_CTX_set_signature_md(context, digest) > 0;
    }
    same = same && set_padding(context, &key->base, mechanism) &&
           EVP_PKEY_verify(context, signature.data, signature.length, payload.data,
                           payload.length) == 1;
    EVP_MD_free(digest);
    EVP_PKEY_CTX_free(context);
    return same;
}

static bool verify_message(const struct backend_key *key, const struct ska_mechanism *mechanism,
                           struct ska_span payload, struct ska_span signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL; /* the context's */
    bool same = context != NULL &&
                EVP_DigestVerifyInit_ex(context, &inner, ska_digest_name(mechanism->digest),
                                        key->libctx, NULL, key->public_key, NULL) > 0 &&
                set_padding(inner, key, mechanism) &&
                EVP_DigestVerify(context, signature.data, signature.length, payload.data,
                                 payload.length) == 1;

    EVP_MD_CTX_free(context);
    return same;
}

bool tsb_signature_verifies(struct tsb_key *key, const struct ska_mechanism *mechanism,
                            struct ska_span payload, struct ska_span signature)
{
    bool same = false;

    ERR_set_mark();
    same = mechanism->form == SKA_PAYLOAD_DIGEST
               ? verify_digest(key, mechanism, payload, signature)
               : verify_message(&key->base, mechanism, payload, signature);
    ERR_pop_to_mark();
    return same;
}
