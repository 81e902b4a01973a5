/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate_on_token URI: an application makes an EC key on a token and signs with it at once;
 * without a URI it gets keys as from everybody else.
 */
#include "application.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "ska/provider.h"

static int signs(EVP_PKEY *key)
{
    static const unsigned char message[] = "message";
    unsigned char signature[256];
    size_t length = sizeof(signature);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    int good = EVP_DigestSignInit_ex(md, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
               EVP_DigestSign(md, signature, &length, message, sizeof(message)) == 1;

    EVP_MD_CTX_free(md);
    md = EVP_MD_CTX_new();
    good = good && EVP_DigestVerifyInit_ex(md, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
           EVP_DigestVerify(md, signature, length, message, sizeof(message)) == 1;
    EVP_MD_CTX_free(md);
    return good;
}

static int has_private_number(EVP_PKEY *key)
{
    BIGNUM *number = NULL;
    int has = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number);

    BN_clear_free(number);
    ERR_clear_error();
    return has;
}

static EVP_PKEY *generate(char *uri, char *curve)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", "provider=ska");
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(SKA_PARAM_URI, uri, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *key = NULL;

    must(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1);
    must(EVP_PKEY_CTX_set_params(ctx, params) == 1);
    must(EVP_PKEY_generate(ctx, &key) == 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

int main(int argc, char **argv)
{
    char curve[] = "P-256";
    EVP_PKEY *key = NULL;

    must(argc == 2);
    key = generate(argv[1], curve);
    must(EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) == 256);
    must(signs(key));
    must(!has_private_number(key));
    EVP_PKEY_free(key);
    key = EVP_PKEY_Q_keygen(NULL, "provider=ska", "EC", curve);
    must(key != NULL && signs(key));
    EVP_PKEY_free(key);
    must(ERR_peek_error() == 0);
    return 0;
}
