/* SPDX-License-Identifier: Apache-2.0 */
/* The signature of the HSM, as plain openssl would verify it. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "provider/base/evp_key.h"
#include "tools/verify.h"

static int salt_to_expect(const struct ska_mechanism *mechanism)
{
    return mechanism->any_salt ? RSA_PSS_SALTLEN_AUTO : (int)mechanism->salt_length;
}

static bool set_padding(EVP_PKEY_CTX *context, const struct ska_mechanism *mechanism)
{
    if (mechanism->scheme == SKA_SCHEME_PKCS1)
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0;
    if (mechanism->scheme != SKA_SCHEME_PSS)
        return true;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt_to_expect(mechanism)) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, ska_digest_name(mechanism->mgf1_digest),
                                             NULL) > 0;
}

static bool verify_message(OSSL_LIB_CTX *libctx, EVP_PKEY *key,
                           const struct ska_mechanism *mechanism, struct ska_span message,
                           struct ska_span signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL;
    bool done = context != NULL &&
                EVP_DigestVerifyInit_ex(context, &key_context, ska_digest_name(mechanism->digest),
                                        libctx, NULL, key, NULL) == 1 &&
                set_padding(key_context, mechanism) &&
                EVP_DigestVerify(context, signature.data, signature.length, message.data,
                                 message.length) == 1;

    EVP_MD_CTX_free(context);
    return done;
}

static bool verify_digest(OSSL_LIB_CTX *libctx, EVP_PKEY *key,
                          const struct ska_mechanism *mechanism, struct ska_span payload,
                          struct ska_span signature)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
    EVP_MD *md = NULL;
    bool done = context != NULL && EVP_PKEY_verify_init(context) == 1;

    /* PKCS#1: the payload is the DigestInfo, so that libcrypto must not add one. */
    if (done && mechanism->scheme == SKA_SCHEME_PSS) {
        md = EVP_MD_fetch(libctx, ska_digest_name(mechanism->digest), NULL);
        done = set_padding(context, mechanism) && md != NULL &&
               EVP_PKEY_CTX_set_signature_md(context, md) > 0;
    } else if (done) {
        done = set_padding(context, mechanism);
    }
    done = done && EVP_PKEY_verify(context, signature.data, signature.length, payload.data,
                                   payload.length) == 1;
    EVP_MD_free(md);
    EVP_PKEY_CTX_free(context);
    return done;
}

bool verify_signature(OSSL_LIB_CTX *libctx, const struct ska_mechanism *mechanism,
                      struct ska_span public_key, struct ska_span payload,
                      struct ska_span signature)
{
    EVP_PKEY *key = ska_evp_decode(libctx, public_key);
    bool done = false;

    ERR_set_mark();
    if (key != NULL && mechanism->form == SKA_PAYLOAD_MESSAGE)
        done = verify_message(libctx, key, mechanism, payload, signature);
    else if (key != NULL)
        done = verify_digest(libctx, key, mechanism, payload, signature);
    ERR_pop_to_mark();
    EVP_PKEY_free(key);
    return done;
}
