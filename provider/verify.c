/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification with a key of ours: the software public key does it. It must exist, since libcrypto
 * asks the key's own provider once the default one could not get the private key.
 */
#include "signature.h"

#include <openssl/core_names.h>

void ska_verify_reset(struct ska_signature *signature)
{
    EVP_PKEY_CTX_free(signature->verify);
    EVP_MD_CTX_free(signature->digest_verify);
    signature->verify = NULL;
    signature->digest_verify = NULL;
    signature->digest_verify_pkey = NULL;
}

bool ska_verify_dup(struct ska_signature *to, const struct ska_signature *from)
{
    to->verify = NULL;
    to->digest_verify = NULL;
    to->digest_verify_pkey = NULL;
    if (from->verify != NULL && (to->verify = EVP_PKEY_CTX_dup(from->verify)) == NULL)
        return false;
    if (from->digest_verify == NULL)
        return true;
    to->digest_verify = EVP_MD_CTX_new();
    if (to->digest_verify == NULL || !EVP_MD_CTX_copy_ex(to->digest_verify, from->digest_verify))
        return false;
    to->digest_verify_pkey = EVP_MD_CTX_get_pkey_ctx(to->digest_verify);
    return true;
}

static bool take_key(struct ska_signature *signature, struct ska_key *key,
                     enum ska_signature_operation operation)
{
    if (key != NULL) {
        ska_key_free(signature->key);
        signature->key = ska_key_up_ref(key);
    }
    if (signature->key == NULL || signature->key->public_key == NULL)
        return ska_fail(ska_signature_errors(signature), SKA_R_INTERNAL, "no key");
    ska_verify_reset(signature);
    signature->operation = operation;
    return true;
}

static bool begin_verify(struct ska_signature *signature, struct ska_key *key)
{
    if (!take_key(signature, key, SKA_VERIFY))
        return false;
    signature->verify =
        EVP_PKEY_CTX_new_from_pkey(signature->provider->libctx, signature->key->public_key, NULL);
    return signature->verify != NULL;
}

static int set_params(EVP_PKEY_CTX *ctx, const OSSL_PARAM params[])
{
    return params == NULL || params->key == NULL || EVP_PKEY_CTX_set_params(ctx, params) > 0;
}

int ska_verify_init(void *vsignature, void *key, const OSSL_PARAM params[])
{
    struct ska_signature *signature = vsignature;

    return begin_verify(signature, key) && EVP_PKEY_verify_init(signature->verify) > 0 &&
           set_params(signature->verify, params);
}

int ska_verify(void *vsignature, const unsigned char *sig, size_t sig_length,
               const unsigned char *input, size_t input_length)
{
    const struct ska_signature *signature = vsignature;

    return EVP_PKEY_verify(signature->verify, sig, sig_length, input, input_length);
}

int ska_verify_recover_init(void *vsignature, void *key, const OSSL_PARAM params[])
{
    struct ska_signature *signature = vsignature;

    return begin_verify(signature, key) && EVP_PKEY_verify_recover_init(signature->verify) > 0 &&
           set_params(signature->verify, params);
}

int ska_verify_recover(void *vsignature, unsigned char *out, size_t *length, size_t size,
                       const unsigned char *sig, size_t sig_length)
{
    const struct ska_signature *signature = vsignature;

    *length = size;
    return EVP_PKEY_verify_recover(signature->verify, out, length, sig, sig_length);
}

int ska_digest_verify_init(void *vsignature, const char *digest, void *key,
                           const OSSL_PARAM params[])
{
    struct ska_signature *signature = vsignature;

    if (!take_key(signature, key, SKA_DIGEST_VERIFY))
        return 0;
    signature->digest_verify = EVP_MD_CTX_new();
    return signature->digest_verify != NULL &&
           EVP_DigestVerifyInit_ex(signature->digest_verify, &signature->digest_verify_pkey, digest,
                                   signature->provider->libctx, NULL, signature->key->public_key,
                                   NULL) > 0 &&
           set_params(signature->digest_verify_pkey, params);
}

int ska_digest_verify_update(void *vsignature, const unsigned char *data, size_t length)
{
    const struct ska_signature *signature = vsignature;

    return EVP_DigestVerifyUpdate(signature->digest_verify, data, length);
}

int ska_digest_verify_final(void *vsignature, const unsigned char *sig, size_t length)
{
    const struct ska_signature *signature = vsignature;

    return EVP_DigestVerifyFinal(signature->digest_verify, sig, length);
}

int ska_digest_verify(void *vsignature, const unsigned char *sig, size_t sig_length,
                      const unsigned char *data, size_t length)
{
    const struct ska_signature *signature = vsignature;

    return EVP_DigestVerify(signature->digest_verify, sig, sig_length, data, length);
}
