/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypting and decrypting with RSA keys. Encrypting needs the public key only, and decrypting
 * with a key that was never on a token is the default provider's. With a token's key, its context
 * holds the parameters, so that they are read, checked and told as everywhere.
 */
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "provider/algorithms.h"
#include "provider/binding.h"
#include "provider/key.h"
#include "provider/legacy_import.h"

#ifndef OSSL_ASYM_CIPHER_PARAM_IMPLICIT_REJECTION /* OpenSSL 3.2 */
#define OSSL_ASYM_CIPHER_PARAM_IMPLICIT_REJECTION "implicit-rejection"
#endif

static OSSL_FUNC_asym_cipher_newctx_fn cipher_new;
static OSSL_FUNC_asym_cipher_freectx_fn cipher_free;
static OSSL_FUNC_asym_cipher_dupctx_fn cipher_dup;
static OSSL_FUNC_asym_cipher_encrypt_init_fn cipher_encrypt_init;
static OSSL_FUNC_asym_cipher_encrypt_fn cipher_encrypt;
static OSSL_FUNC_asym_cipher_decrypt_init_fn cipher_decrypt_init;
static OSSL_FUNC_asym_cipher_decrypt_fn cipher_decrypt;
static OSSL_FUNC_asym_cipher_set_ctx_params_fn cipher_set_params;
static OSSL_FUNC_asym_cipher_get_ctx_params_fn cipher_get_params;
static OSSL_FUNC_asym_cipher_settable_ctx_params_fn cipher_settable;
static OSSL_FUNC_asym_cipher_gettable_ctx_params_fn cipher_gettable;

struct cipher {
    const struct ska_provider *provider;
    struct ska_key *key;
    EVP_PKEY_CTX *software; /* with a token's key it encrypts, and lends us its parameters */
    bool on_token;          /* the token decrypts */
};

static void *cipher_new(void *provider)
{
    struct cipher *cipher = calloc(1, sizeof(*cipher));

    if (cipher != NULL)
        cipher->provider = provider;
    return cipher;
}

static void cipher_free(void *vcipher)
{
    struct cipher *cipher = vcipher;

    if (cipher == NULL)
        return;
    EVP_PKEY_CTX_free(cipher->software);
    ska_key_free(cipher->key);
    free(cipher);
}

static void *cipher_dup(void *vfrom)
{
    const struct cipher *from = vfrom;
    struct cipher *to = cipher_new((void *)(uintptr_t)from->provider);

    if (to == NULL)
        return NULL;
    to->on_token = from->on_token;
    if (from->key != NULL)
        to->key = ska_key_up_ref(from->key);
    if (from->software != NULL && (to->software = EVP_PKEY_CTX_dup(from->software)) == NULL) {
        cipher_free(to);
        return NULL;
    }
    return to;
}

static bool cipher_begin(struct cipher *cipher, struct ska_key *key)
{
    if (key != NULL) {
        ska_key_up_ref(key);
        ska_key_free(cipher->key);
        cipher->key = key;
    }
    if (cipher->key == NULL || cipher->key->software == NULL)
        return ska_fail(&cipher->provider->errors, SKA_R_INTERNAL, "no key");
    ska_legacy_operation_begun();
    cipher->on_token = false;
    EVP_PKEY_CTX_free(cipher->software);
    cipher->software =
        EVP_PKEY_CTX_new_from_pkey(ska_private_libctx(), cipher->key->software, NULL);
    return cipher->software != NULL;
}

static int cipher_encrypt_init(void *vcipher, void *key, const OSSL_PARAM params[])
{
    struct cipher *cipher = vcipher;

    return cipher_begin(cipher, key) && EVP_PKEY_encrypt_init(cipher->software) > 0 &&
           cipher_set_params(cipher, params);
}

static int cipher_decrypt_init(void *vcipher, void *key, const OSSL_PARAM params[])
{
    struct cipher *cipher = vcipher;
    struct backend_key *hsm = NULL;

    if (!cipher_begin(cipher, key))
        return 0;
    if (cipher->key->software_private)
        return EVP_PKEY_decrypt_init(cipher->software) > 0 && cipher_set_params(cipher, params);
    if (!cipher->key->on_token)
        return ska_fail(&cipher->provider->errors, SKA_R_WRONG_USE, "a public key cannot decrypt");
    hsm = ska_key_hsm(cipher->key);
    cipher->on_token = true;
    return hsm != NULL && backend_key_may_decrypt(hsm, &cipher->key->errors) &&
           EVP_PKEY_encrypt_init(cipher->software) > 0 && cipher_set_params(cipher, params);
}

static int cipher_encrypt(void *vcipher, unsigned char *out, size_t *length, size_t size,
                          const unsigned char *input, size_t input_length)
{
    const struct cipher *cipher = vcipher;

    *length = size;
    return EVP_PKEY_encrypt(cipher->software, out, length, input, input_length);
}

/*
 * Raw decryption is a signature; and what decrypts for TLS must say nothing of the padding, not by
 * the time it takes either, which nobody can promise for a token.
 */
static bool check_padding(const struct cipher *cipher, bool *oaep)
{
    const struct ska_errors *errors = &cipher->provider->errors;
    int padding = 0;
    /* EVP_PKEY_CTX_get_rsa_padding() of OpenSSL 3.0 crashes where a padding has no name. */
    OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, &padding),
                           OSSL_PARAM_construct_end()};

    if (EVP_PKEY_CTX_get_params(cipher->software, params) <= 0)
        return ska_fail(errors, SKA_R_INTERNAL, "the padding");
    *oaep = padding == RSA_PKCS1_OAEP_PADDING;
    if (padding == RSA_PKCS1_WITH_TLS_PADDING)
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "key '%s' is on a token and does not do RSA key exchange for TLS: use "
                        "cipher suites with ECDHE",
                        ska_key_label(cipher->key));
    return *oaep || padding == RSA_PKCS1_PADDING ||
           ska_fail(errors, SKA_R_UNSUPPORTED,
                    "key '%s' is on a token and decrypts only with the paddings pkcs1 and oaep",
                    ska_key_label(cipher->key));
}

static bool read_digest(const struct cipher *cipher, const char *name, enum ska_digest *digest)
{
    if (name[0] == 0)
        *digest = SKA_DIGEST_SHA1;
    return name[0] == 0 || ska_any_digest_from_name(name, digest) ||
           ska_fail(&cipher->provider->errors, SKA_R_UNSUPPORTED, "OAEP with digest '%s'", name);
}

/* What parameters have said; the label stays the context's. */
static bool read_encryption(const struct cipher *cipher, struct backend_encryption *how)
{
    char digest[64] = "";
    char mgf1[64] = "";
    unsigned char *label = NULL;
    int label_length = 0;

    if (!check_padding(cipher, &how->oaep))
        return false;
    if (!how->oaep)
        return true;
    if (EVP_PKEY_CTX_get_rsa_oaep_md_name(cipher->software, digest, sizeof(digest)) <= 0 ||
        EVP_PKEY_CTX_get_rsa_mgf1_md_name(cipher->software, mgf1, sizeof(mgf1)) <= 0)
        return ska_fail(&cipher->provider->errors, SKA_R_INTERNAL, "parameters of OAEP");
    label_length = EVP_PKEY_CTX_get0_rsa_oaep_label(cipher->software, &label);
    if (label_length > 0)
        how->label = ska_span(label, (size_t)label_length);
    return read_digest(cipher, digest, &how->digest) &&
           read_digest(cipher, mgf1[0] == 0 ? digest : mgf1, &how->mgf1_digest);
}

static int decrypt_on_token(const struct cipher *cipher, unsigned char *out, size_t *length,
                            size_t size, const unsigned char *input, size_t input_length)
{
    const struct ska_errors *errors = &cipher->key->errors;
    const size_t modulus = cipher->key->signature_size;
    struct backend_encryption how = {0};
    struct backend_key *hsm = NULL;

    if (out == NULL) {
        *length = modulus;
        return 1;
    }
    /* Whatever is inside, so that the size of the buffer tells nothing. */
    if (size < modulus)
        return ska_fail(errors, SKA_R_BAD_PARAMETER, "the buffer has %zu bytes, %zu are needed",
                        size, modulus);
    hsm = ska_key_hsm(cipher->key);
    return hsm != NULL && read_encryption(cipher, &how) &&
           backend_key_decrypt(hsm, &how, ska_span(input, input_length), out, length, errors);
}

static int cipher_decrypt(void *vcipher, unsigned char *out, size_t *length, size_t size,
                          const unsigned char *input, size_t input_length)
{
    const struct cipher *cipher = vcipher;

    if (cipher->on_token)
        return decrypt_on_token(cipher, out, length, size, input, input_length);
    *length = size;
    return EVP_PKEY_decrypt(cipher->software, out, length, input, input_length);
}

static int cipher_set_params(void *vcipher, const OSSL_PARAM params[])
{
    const struct cipher *cipher = vcipher;
    bool oaep = false;

    if (params == NULL || params->key == NULL)
        return 1;
    return EVP_PKEY_CTX_set_params(cipher->software, params) > 0 &&
           (!cipher->on_token || check_padding(cipher, &oaep));
}

static int cipher_get_params(void *vcipher, OSSL_PARAM params[])
{
    const struct cipher *cipher = vcipher;

    return params == NULL || EVP_PKEY_CTX_get_params(cipher->software, params) > 0;
}

static const OSSL_PARAM settable_params[] = {
    OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST_PROPS, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST_PROPS, NULL, 0),
    OSSL_PARAM_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, NULL, 0),
    OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, NULL),
    OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, NULL),
    OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_IMPLICIT_REJECTION, NULL),
    OSSL_PARAM_END,
};
SKA_CONTEXT_PARAMS(cipher_settable, settable_params)

static const OSSL_PARAM gettable_params[] = {
    OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, NULL, 0),
    OSSL_PARAM_octet_ptr(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, NULL, 0),
    OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, NULL),
    OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, NULL),
    OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_IMPLICIT_REJECTION, NULL),
    OSSL_PARAM_END,
};
SKA_CONTEXT_PARAMS(cipher_gettable, gettable_params)

static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_ASYM_CIPHER_NEWCTX, (void (*)(void))cipher_new},
    {OSSL_FUNC_ASYM_CIPHER_FREECTX, (void (*)(void))cipher_free},
    {OSSL_FUNC_ASYM_CIPHER_DUPCTX, (void (*)(void))cipher_dup},
    {OSSL_FUNC_ASYM_CIPHER_ENCRYPT_INIT, (void (*)(void))cipher_encrypt_init},
    {OSSL_FUNC_ASYM_CIPHER_ENCRYPT, (void (*)(void))cipher_encrypt},
    {OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, (void (*)(void))cipher_decrypt_init},
    {OSSL_FUNC_ASYM_CIPHER_DECRYPT, (void (*)(void))cipher_decrypt},
    {OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS, (void (*)(void))cipher_set_params},
    {OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))cipher_settable},
    {OSSL_FUNC_ASYM_CIPHER_GET_CTX_PARAMS, (void (*)(void))cipher_get_params},
    {OSSL_FUNC_ASYM_CIPHER_GETTABLE_CTX_PARAMS, (void (*)(void))cipher_gettable},
    {0, NULL},
};

const OSSL_ALGORITHM ska_asym_cipher_algorithms[] = {
    {SKA_NAMES_RSA, SKA_PROPERTIES, functions, "RSA encryption with keys on a PKCS#11 token"},
    {NULL, NULL, NULL, NULL},
};
