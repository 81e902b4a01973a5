/* SPDX-License-Identifier: Apache-2.0 */
/*
 * application.c: see application.h.
 */
#include "application.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/store.h>

#include "ska/provider.h"

void must_at(int done, const char *what, const char *file, int line)
{
    if (done)
        return;
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    ERR_print_errors_fp(stderr);
    /*
     * Not by exit(): a module's exit handler, SoftHSM's above all, would take away what other
     * threads are using, and a crash of theirs would be all that is seen.
     */
    fflush(stdout);
    _exit(1);
}

OSSL_LIB_CTX *new_context(void)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();

    must(libctx != NULL);
    must(OSSL_LIB_CTX_load_config(libctx, getenv("OPENSSL_CONF")));
    return libctx;
}

EVP_PKEY *load_key(OSSL_LIB_CTX *libctx, const char *uri)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, libctx, NULL, NULL, NULL, NULL, NULL, NULL);
    OSSL_STORE_INFO *info;
    EVP_PKEY *key;

    must(store != NULL);
    must(OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY));
    info = OSSL_STORE_load(store);
    must(info != NULL);
    key = OSSL_STORE_INFO_get1_PKEY(info);
    must(key != NULL);
    OSSL_STORE_INFO_free(info);
    must(OSSL_STORE_close(store));
    return key;
}

EVP_PKEY *public_copy(OSSL_LIB_CTX *libctx, EVP_PKEY *key)
{
    EVP_PKEY_CTX *context =
        EVP_PKEY_CTX_new_from_name(libctx, EVP_PKEY_get0_type_name(key), "provider=default");
    OSSL_PARAM *params = NULL;
    EVP_PKEY *copy = NULL;

    must(context != NULL);
    must(EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &params));
    must(EVP_PKEY_fromdata_init(context) > 0);
    must(EVP_PKEY_fromdata(context, &copy, EVP_PKEY_PUBLIC_KEY, params) > 0);
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(context);
    return copy;
}

static void set_approvals(EVP_PKEY_CTX *context, const char *path)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(SKA_PARAM_APPROVALS_FILE, (char *)(uintptr_t)path, 0),
        OSSL_PARAM_construct_end()};

    must(EVP_PKEY_CTX_set_params(context, params) > 0);
}

void sign_and_verify_by(OSSL_LIB_CTX *libctx, EVP_PKEY *key, EVP_PKEY *copy, const char *message,
                        const char *approvals)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_MD_CTX *duplicate = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    unsigned char signature[1024];
    size_t length = 0;

    must(context != NULL && duplicate != NULL);
    must(EVP_DigestSignInit_ex(context, &parameters, "SHA256", libctx, NULL, key, NULL) > 0);
    if (approvals != NULL)
        set_approvals(parameters, approvals);
    must(EVP_DigestSignUpdate(context, message, strlen(message)) > 0);
    must(EVP_MD_CTX_copy_ex(duplicate, context) > 0);
    EVP_MD_CTX_free(context);
    must(EVP_DigestSignFinal(duplicate, NULL, &length) > 0);
    must(length > 0 && length <= sizeof(signature));
    must(EVP_DigestSignFinal(duplicate, signature, &length) > 0);

    must(EVP_MD_CTX_reset(duplicate));
    must(EVP_DigestVerifyInit_ex(duplicate, NULL, "SHA256", libctx, NULL, copy, NULL) > 0);
    must(EVP_DigestVerify(duplicate, signature, length, (const unsigned char *)message,
                          strlen(message)) == 1);
    must(ERR_peek_error() == 0);
    EVP_MD_CTX_free(duplicate);
}

void sign_and_verify(OSSL_LIB_CTX *libctx, EVP_PKEY *key, const char *message,
                     const char *approvals)
{
    EVP_PKEY *copy = public_copy(libctx, key);

    sign_and_verify_by(libctx, key, copy, message, approvals);
    EVP_PKEY_free(copy);
}
