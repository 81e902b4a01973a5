/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/evp_verify.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "provider/base/evp_key.h"

static bool set_padding(EVP_PKEY_CTX *context, const struct ska_mechanism *mechanism)
{
    const int salt = mechanism->any_salt ? RSA_PSS_SALTLEN_AUTO : (int)mechanism->salt_length;

    switch (mechanism->scheme) {
    case SKA_SCHEME_PKCS1:
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0;
    case SKA_SCHEME_PSS:
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
               EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, ska_digest_name(mechanism->mgf1_digest),
                                                 NULL) > 0 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt) > 0;
    case SKA_SCHEME_ECDSA:
    case SKA_SCHEME_EDDSA:
        return true;
    }
    return false;
}

static bool verify_message(OSSL_LIB_CTX *libctx, EVP_PKEY *key,
                           const struct ska_mechanism *mechanism, struct ska_span message,
                           struct ska_span signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL; /* the context's */
    bool same = context != NULL &&
                EVP_DigestVerifyInit_ex(context, &inner, ska_digest_name(mechanism->digest), libctx,
                                        NULL, key, NULL) > 0 &&
                set_padding(inner, mechanism) &&
                EVP_DigestVerify(context, signature.data, signature.length, message.data,
                                 message.length) == 1;

    EVP_MD_CTX_free(context);
    return same;
}

/* PKCS#1 is compared with the whole DigestInfo, which no digest has to be named for. */
static bool verify_digest(OSSL_LIB_CTX *libctx, EVP_PKEY_CTX *verifier,
                          const struct ska_mechanism *mechanism, struct ska_span payload,
                          struct ska_span signature)
{
    EVP_MD *digest = NULL;
    bool same = set_padding(verifier, mechanism);

    if (same && mechanism->scheme == SKA_SCHEME_PSS) {
        digest = EVP_MD_fetch(libctx, ska_digest_name(mechanism->digest), NULL);
        same = digest != NULL && EVP_PKEY_CTX_set_signature_md(verifier, digest) > 0;
    }
    same = same && EVP_PKEY_verify(verifier, signature.data, signature.length, payload.data,
                                   payload.length) == 1;
    EVP_MD_free(digest);
    return same;
}

EVP_PKEY_CTX *ska_evp_verifier(OSSL_LIB_CTX *libctx, EVP_PKEY *key)
{
    EVP_PKEY_CTX *made = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
    bool done = false;

    ERR_set_mark();
    done = made != NULL && EVP_PKEY_verify_init(made) > 0;
    ERR_pop_to_mark();
    if (done)
        return made;
    EVP_PKEY_CTX_free(made);
    return NULL;
}

bool ska_evp_verifies(OSSL_LIB_CTX *libctx, EVP_PKEY *key, EVP_PKEY_CTX *verifier,
                      const struct ska_mechanism *mechanism, struct ska_span payload,
                      struct ska_span signature)
{
    const bool needs_verifier = mechanism->form == SKA_PAYLOAD_DIGEST;
    EVP_PKEY_CTX *own = needs_verifier && verifier == NULL ? ska_evp_verifier(libctx, key) : NULL;
    EVP_PKEY_CTX *used = verifier == NULL ? own : verifier;
    bool same = false;

    ERR_set_mark();
    same = needs_verifier
               ? used != NULL && verify_digest(libctx, used, mechanism, payload, signature)
               : verify_message(libctx, key, mechanism, payload, signature);
    ERR_pop_to_mark();
    EVP_PKEY_CTX_free(own);
    return same;
}

bool ska_spki_verifies(OSSL_LIB_CTX *libctx, struct ska_span spki,
                       const struct ska_mechanism *mechanism, struct ska_span payload,
                       struct ska_span signature)
{
    EVP_PKEY *key = ska_evp_decode(libctx, spki);
    bool same = key != NULL && ska_evp_verifies(libctx, key, NULL, mechanism, payload, signature);

    EVP_PKEY_free(key);
    return same;
}
