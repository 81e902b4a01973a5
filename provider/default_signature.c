/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification must exist, since libcrypto asks
 * the key's own provider once the default one could not get the private key; signing is for keys
 * that were never on a token (default_key.c).
 */
#include "provider/legacy_import.h"
#include "provider/signature.h"

#include <openssl/core_names.h>

void ska_software_ctx_reset(struct ska_signature *signature)
{
    EVP_PKEY_CTX_free(signature->software);
    EVP_MD_CTX_free(signature->software_md);
    signature->software = NULL;
    signature->software_md = NULL;
    signature->software_md_pkey = NULL;
}

bool ska_software_ctx_dup(struct ska_signature *to, const struct ska_signature *from)
{
    to->software = NULL;
    to->software_md = NULL;
    to->software_md_pkey = NULL;
    if (from->software != NULL && (to->software = EVP_PKEY_CTX_dup(from->software)) == NULL)
        return false;
    if (from->software_md == NULL)
        return true;
    to->software_md = EVP_MD_CTX_new();
    if (to->software_md == NULL || !EVP_MD_CTX_copy_ex(to->software_md, from->software_md))
        return false;
    to->software_md_pkey = EVP_MD_CTX_get_pkey_ctx(to->software_md);
    return true;
}

static bool software_take_key(struct ska_signature *signature, struct ska_key *key)
{
    ska_legacy_operation_begun();
    if (key != NULL) {
        ska_key_up_ref(key);
        ska_key_free(signature->key);
        signature->key = key;
    }
    if (signature->key == NULL || signature->key->software == NULL)
        return ska_fail(ska_signature_errors(signature), SKA_R_INTERNAL, "no key");
    ska_software_ctx_reset(signature);
    return true;
}

static bool software_begin(struct ska_signature *signature, struct ska_key *key)
{
    if (!software_take_key(signature, key))
        return false;
    signature->software =
        EVP_PKEY_CTX_new_from_pkey(ska_private_libctx(), signature->key->software, NULL);
    return signature->software != NULL;
}

static bool software_begin_md(struct ska_signature *signature, struct ska_key *key)
{
    if (!software_take_key(signature, key))
        return false;
    signature->software_md = EVP_MD_CTX_new();
    return signature->software_md != NULL;
}

static int software_set_params(EVP_PKEY_CTX *ctx, const OSSL_PARAM params[])
{
    return params == NULL || params->key == NULL || EVP_PKEY_CTX_set_params(ctx, params) > 0;
}

bool ska_software_sign_init(struct ska_signature *signature, struct ska_key *key,
                            const OSSL_PARAM params[])
{
    return software_begin(signature, key) && EVP_PKEY_sign_init(signature->software) > 0 &&
           software_set_params(signature->software, params);
}

bool ska_software_digest_sign_init(struct ska_signature *signature, struct ska_key *key,
                                   const char *digest, const OSSL_PARAM params[])
{
    return software_begin_md(signature, key) &&
           EVP_DigestSignInit_ex(signature->software_md, &signature->software_md_pkey, digest,
                                 ska_private_libctx(), NULL, signature->key->software, NULL) > 0 &&
           software_set_params(signature->software_md_pkey, params);
}

int ska_verify_init(void *vsignature, void *key, const OSSL_PARAM params[])
{
    struct ska_signature *signature = vsignature;

    return software_begin(signature, key) && EVP_PKEY_verify_init(signature->software) > 0 &&
           software_set_params(signature->software, params);
}

int ska_verify(void *vsignature, const unsigned char *sig, size_t sig_length,
               const unsigned char *input, size_t input_length)
{
    const struct ska_signature *signature = vsignature;

    return EVP_PKEY_verify(signature->software, sig, sig_length, input, input_length);
}

int ska_verify_recover_init(void *vsignature, void *key, const OSSL_PARAM params[])
{
    struct ska_signature *signature = vsignature;

    return software_begin(signature, key) &&
           EVP_PKEY_verify_recover_init(signature->software) > 0 &&
           software_set_params(signature->software, params);
}

int ska_verify_recover(void *vsignature, unsigned char *out, size_t *length, size_t size,
                       const unsigned char *sig, size_t sig_length)
{
    const struct ska_signature *signature = vsignature;

    *length = size;
    return EVP_PKEY_verify_recover(signature->software, out, length, sig, sig_length);
}

int ska_digest_verify_init(void *vsignature, const char *digest, void *key,
                           const OSSL_PARAM params[])
{
    struct ska_signature *signature = vsignature;

    return software_begin_md(signature, key) &&
           EVP_DigestVerifyInit_ex(signature->software_md, &signature->software_md_pkey, digest,
                                   ska_private_libctx(), NULL, signature->key->software,
                                   NULL) > 0 &&
           software_set_params(signature->software_md_pkey, params);
}

int ska_digest_verify_update(void *vsignature, const unsigned char *data, size_t length)
{
    const struct ska_signature *signature = vsignature;

    return EVP_DigestVerifyUpdate(signature->software_md, data, length);
}

int ska_digest_verify_final(void *vsignature, const unsigned char *sig, size_t length)
{
    const struct ska_signature *signature = vsignature;

    return EVP_DigestVerifyFinal(signature->software_md, sig, length);
}

int ska_digest_verify(void *vsignature, const unsigned char *sig, size_t sig_length,
                      const unsigned char *data, size_t length)
{
    const struct ska_signature *signature = vsignature;

    return EVP_DigestVerify(signature->software_md, sig, sig_length, data, length);
}
