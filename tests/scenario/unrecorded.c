/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs the content of a file in each of the ways that an application has, and looks at its buffer
 * when that fails: unrecorded URI BUNDLE FILE. Status 0: all ways signed; 2: all failed, and no
 * byte of any buffer was touched.
 */
#include "application.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/params.h>

#include "ska/provider.h"

#define UNTOUCHED 0xA5

static EVP_PKEY *key;
static char *bundle;
static unsigned char document[4096];
static size_t document_length;
static unsigned char buffer[2048];
static size_t length;

static void name_bundle(EVP_PKEY_CTX *ctx)
{
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVALS_FILE, bundle, 0),
        OSSL_PARAM_construct_end()};

    must(EVP_PKEY_CTX_set_params(ctx, params) == 1);
}

static EVP_MD_CTX *begin(void)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL;

    must(md != NULL && EVP_DigestSignInit_ex(md, &ctx, "SHA256", NULL, NULL, key, NULL) == 1);
    name_bundle(ctx);
    return md;
}

static int by_one_call(void)
{
    EVP_MD_CTX *md = begin();
    int result = EVP_DigestSign(md, buffer, &length, document, document_length);

    EVP_MD_CTX_free(md);
    return result;
}

static int in_pieces(void)
{
    EVP_MD_CTX *md = begin();
    size_t needed = 0;
    int result = 0;

    must(EVP_DigestSignUpdate(md, document, document_length) == 1);
    must(EVP_DigestSignFinal(md, NULL, &needed) == 1);
    must(needed > 0 && needed <= sizeof(buffer));
    result = EVP_DigestSignFinal(md, buffer, &length);
    EVP_MD_CTX_free(md);
    return result;
}

static int of_a_digest(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    unsigned char digest[32];
    int result = 0;

    must(EVP_Q_digest(NULL, "SHA256", NULL, document, document_length, digest, NULL) == 1);
    must(ctx != NULL && EVP_PKEY_sign_init(ctx) == 1);
    must(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1);
    name_bundle(ctx);
    result = EVP_PKEY_sign(ctx, buffer, &length, digest, sizeof(digest));
    EVP_PKEY_CTX_free(ctx);
    return result;
}

int main(int argc, char **argv)
{
    static int (*const ways[])(void) = {by_one_call, in_pieces, of_a_digest};
    size_t signatures = 0;
    FILE *file = NULL;

    must(argc == 4);
    key = load_key(NULL, argv[1]);
    bundle = argv[2];
    must((file = fopen(argv[3], "rb")) != NULL);
    document_length = fread(document, 1, sizeof(document), file);
    fclose(file);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        memset(buffer, UNTOUCHED, sizeof(buffer));
        length = sizeof(buffer);
        if (ways[i]() == 1) {
            signatures++;
            continue;
        }
        ERR_print_errors_fp(stderr);
        for (size_t j = 0; j < sizeof(buffer); j++)
            must(buffer[j] == UNTOUCHED);
    }
    EVP_PKEY_free(key);
    must(signatures == 0 || signatures == sizeof(ways) / sizeof(ways[0]));
    return signatures == 0 ? 2 : 0;
}
