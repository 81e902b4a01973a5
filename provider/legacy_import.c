/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that give out legacy objects are deprecated; only their asking for a key is wanted.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "provider/legacy_import.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

/* By enum ska_key_type; NULL: not known, or there is none. Written once. */
static OSSL_CALLBACK *imports[SKA_KEY_ED448 + 1];
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

/* ---- A provider whose keys are empty, and only tell to what they are exported ---------------- */

static OSSL_FUNC_keymgmt_new_fn probe_new;
static OSSL_FUNC_keymgmt_free_fn probe_free;
static OSSL_FUNC_keymgmt_has_fn probe_has;
static OSSL_FUNC_keymgmt_import_fn probe_import;
static OSSL_FUNC_keymgmt_export_fn probe_export;
static OSSL_FUNC_keymgmt_export_types_fn probe_types;
static OSSL_FUNC_provider_query_operation_fn probe_query;
static OSSL_provider_init_fn probe_init;

/* What a key was exported to; NULL: to nothing yet. */
struct probe_key {
    OSSL_CALLBACK *callback;
};

/* Of the one key that is there at a time: libcrypto does not hand it out. */
static struct probe_key *probed;

static void *probe_new(void *provider)
{
    (void)provider;
    probed = calloc(1, sizeof(*probed));
    return probed;
}

static void probe_free(void *key)
{
    free(key);
}

static int probe_has(const void *key, int selection)
{
    (void)key;
    (void)selection;
    return 1;
}

static int probe_import(void *key, int selection, const OSSL_PARAM params[])
{
    (void)key;
    (void)selection;
    (void)params;
    return 1;
}

static int probe_export(void *key, int selection, OSSL_CALLBACK *callback, void *arg)
{
    (void)selection;
    (void)arg;
    ((struct probe_key *)key)->callback = callback;
    return 0;
}

static const OSSL_PARAM *probe_types(int selection)
{
    static const OSSL_PARAM params[] = {OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
                                        OSSL_PARAM_END};

    (void)selection;
    return params;
}

static const OSSL_DISPATCH probe_functions[] = {
    {OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))probe_new},
    {OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))probe_free},
    {OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))probe_has},
    {OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))probe_import},
    {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))probe_types},
    {OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void))probe_export},
    {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))probe_types},
    {0, NULL},
};

#define PROBE_NAME "ska-probe"

static const OSSL_ALGORITHM probe_algorithms[] = {
    {"RSA:rsaEncryption", "provider=" PROBE_NAME, probe_functions, NULL},
    {"RSA-PSS:RSASSA-PSS", "provider=" PROBE_NAME, probe_functions, NULL},
    {"EC:id-ecPublicKey", "provider=" PROBE_NAME, probe_functions, NULL},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *probe_query(void *provider, int operation, int *no_cache)
{
    (void)provider;
    *no_cache = 0;
    return operation == OSSL_OP_KEYMGMT ? probe_algorithms : NULL;
}

static int probe_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
                      const OSSL_DISPATCH **out, void **context)
{
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))probe_query},
        {0, NULL},
    };

    (void)in;
    *out = functions;
    *context = (void *)(uintptr_t)core;
    return 1;
}

/* ---- Learning -------------------------------------------------------------------------------- */

/* NULL: libcrypto did not ask for the key. */
static OSSL_CALLBACK *learn_import(OSSL_LIB_CTX *libctx, const char *name)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(libctx, name, NULL);
    OSSL_PARAM nothing[] = {OSSL_PARAM_END};
    EVP_PKEY *key = NULL;
    OSSL_CALLBACK *callback = NULL;

    if (context != NULL && EVP_PKEY_fromdata_init(context) > 0 &&
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, nothing) > 0) {
#ifndef OPENSSL_NO_DEPRECATED_3_0
        (void)EVP_PKEY_get0_RSA(key);
        (void)EVP_PKEY_get0_EC_KEY(key);
#endif
        callback = probed->callback;
    }
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(context);
    return callback;
}

static void learn_imports(void)
{
    OSSL_LIB_CTX *libctx = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *provider = NULL;

    ERR_set_mark();
    if (libctx != NULL && OSSL_PROVIDER_add_builtin(libctx, PROBE_NAME, probe_init))
        provider = OSSL_PROVIDER_load(libctx, PROBE_NAME);
    if (provider != NULL) {
        imports[SKA_KEY_RSA] = learn_import(libctx, "RSA");
        imports[SKA_KEY_RSA_PSS] = learn_import(libctx, "RSA-PSS");
        imports[SKA_KEY_EC] = learn_import(libctx, "EC");
        OSSL_PROVIDER_unload(provider);
    }
    OSSL_LIB_CTX_free(libctx);
    ERR_pop_to_mark();
}

/* The next question of this thread for everything is about an operation. */
static _Thread_local bool operation_named;

void ska_legacy_operation_named(void)
{
    operation_named = true;
}

void ska_legacy_operation_begun(void)
{
    operation_named = false;
}

bool ska_is_legacy_import(enum ska_key_type type, OSSL_CALLBACK *callback)
{
    const bool of_operation = operation_named;

    operation_named = false;
    if (of_operation || type == SKA_KEY_ED25519 || type == SKA_KEY_ED448)
        return false;
    return callback != NULL && CRYPTO_THREAD_run_once(&once, learn_imports) &&
           callback == imports[type];
}
