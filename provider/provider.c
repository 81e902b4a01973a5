/* SPDX-License-Identifier: Apache-2.0 */
/* The provider object: made by OSSL_provider_init(), the only symbol that the module exports. */
#include "provider/provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "provider/request/key_cache.h"
#include "provider/base/bytes.h"
#include "version.h"

static OSSL_FUNC_provider_teardown_fn teardown;
static OSSL_FUNC_provider_gettable_params_fn gettable_params;
static OSSL_FUNC_provider_get_params_fn get_params;
static OSSL_FUNC_provider_query_operation_fn query_operation;
static OSSL_FUNC_provider_get_reason_strings_fn get_reason_strings;

/* libcrypto drops the whole text of an error that is longer than its buffer of 1024 bytes. */
#define ERROR_TEXT_SIZE 1000

static void set_error(const struct ska_provider *provider, enum ska_reason reason,
                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    provider->core_vset_error(provider->core, reason, format, args);
    va_end(args);
}

static void raise_error(void *arg, enum ska_reason reason, const char *file, int line,
                        const char *function, const char *format, va_list args)
{
    const struct ska_provider *provider = arg;
    char text[ERROR_TEXT_SIZE];
    char *harmless = NULL;

    /* Labels, paths and names of others are in it: nothing of them reaches a terminal raw. */
    vsnprintf(text, sizeof(text), format, args);
    harmless = ska_printable(ska_span_text(text), sizeof(text));
    provider->core_new_error(provider->core);
    provider->core_set_error_debug(provider->core, file, line, function);
    set_error(provider, reason, "%.*s", ERROR_TEXT_SIZE, harmless == NULL ? "" : harmless);
    free(harmless);
}

static bool take_upcalls(struct ska_provider *provider, const OSSL_DISPATCH *in)
{
    for (; in->function_id != 0; in++) {
        switch (in->function_id) {
        case OSSL_FUNC_CORE_GET_PARAMS:
            provider->core_get_params = OSSL_FUNC_core_get_params(in);
            break;
        case OSSL_FUNC_CORE_NEW_ERROR:
            provider->core_new_error = OSSL_FUNC_core_new_error(in);
            break;
        case OSSL_FUNC_CORE_SET_ERROR_DEBUG:
            provider->core_set_error_debug = OSSL_FUNC_core_set_error_debug(in);
            break;
        case OSSL_FUNC_CORE_VSET_ERROR:
            provider->core_vset_error = OSSL_FUNC_core_vset_error(in);
            break;
        default:
            break;
        }
    }
    return provider->core_get_params != NULL && provider->core_new_error != NULL &&
           provider->core_set_error_debug != NULL && provider->core_vset_error != NULL;
}

static bool make_library_context(struct ska_provider *provider, const OSSL_DISPATCH *in)
{
    provider->libctx = OSSL_LIB_CTX_new_from_dispatch(provider->core, in);
    if (provider->libctx == NULL)
        return false;
    provider->default_provider = OSSL_PROVIDER_load(provider->libctx, "default");
    if (provider->default_provider == NULL)
        return false;
    for (int i = SKA_DIGEST_SHA1; i <= SKA_DIGEST_SHA512; i++) {
        const char *name = ska_digest_name((enum ska_digest)i);

        provider->digests[i] = EVP_MD_fetch(provider->libctx, name, NULL);
        if (provider->digests[i] == NULL)
            return false;
    }
    return ska_approver_keys_new(provider->libctx, &provider->approver_keys, &provider->errors);
}

static bool read_setting(const struct ska_provider *provider, const char *name,
                         struct ska_settings *settings, const struct ska_errors *errors)
{
    char *value = NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_utf8_ptr(name, &value, 0), OSSL_PARAM_END};

    if (!provider->core_get_params(provider->core, params) || value == NULL)
        return true;
    return ska_settings_set(settings, name, value, errors);
}

bool ska_provider_read_settings(const struct ska_provider *provider, struct ska_settings *settings,
                                const struct ska_errors *errors)
{
    for (size_t i = 0; ska_setting_names[i] != NULL; i++)
        if (!read_setting(provider, ska_setting_names[i], settings, errors))
            return false;
    return true;
}

bool ska_provider_configured(const struct ska_provider *provider)
{
    struct ska_settings settings = {0};
    bool good =
        provider->configured || ska_provider_read_settings(provider, &settings, &provider->errors);

    ska_settings_clear(&settings);
    return good;
}

static void teardown(void *vprovider)
{
    struct ska_provider *provider = vprovider;

    if (provider == NULL)
        return;
    for (int i = SKA_DIGEST_SHA1; i <= SKA_DIGEST_SHA512; i++)
        EVP_MD_free(provider->digests[i]);
    ska_approver_keys_free(provider->approver_keys);
    if (provider->default_provider != NULL)
        OSSL_PROVIDER_unload(provider->default_provider);
    OSSL_LIB_CTX_free(provider->libctx);
    ska_settings_clear(&provider->settings);
    free(provider);
}

static const OSSL_PARAM *gettable_params(void *provider)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
        OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, NULL, 0),
        OSSL_PARAM_uint(OSSL_PROV_PARAM_STATUS, NULL),
        OSSL_PARAM_END,
    };

    (void)provider;
    return params;
}

static int set_text(OSSL_PARAM params[], const char *name, const char *value)
{
    OSSL_PARAM *param = OSSL_PARAM_locate(params, name);

    return param == NULL || OSSL_PARAM_set_utf8_ptr(param, value);
}

static int get_params(void *provider, OSSL_PARAM params[])
{
    OSSL_PARAM *status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);

    (void)provider;
    return set_text(params, OSSL_PROV_PARAM_NAME, "Smart Key Attributes provider") &&
           set_text(params, OSSL_PROV_PARAM_VERSION, SKA_VERSION) &&
           set_text(params, OSSL_PROV_PARAM_BUILDINFO, SKA_BUILDINFO) &&
           (status == NULL || OSSL_PARAM_set_uint(status, 1));
}

static const OSSL_ALGORITHM *query_operation(void *provider, int operation, int *no_cache)
{
    (void)provider;
    *no_cache = 0;
    switch (operation) {
    case OSSL_OP_KEYMGMT:
        return ska_keymgmt_algorithms;
    case OSSL_OP_SIGNATURE:
        return ska_signature_algorithms;
    case OSSL_OP_STORE:
        return ska_store_algorithms;
    case OSSL_OP_ENCODER:
        return ska_encoder_algorithms;
    case OSSL_OP_DECODER:
        return ska_decoder_algorithms;
    default:
        return NULL;
    }
}

static const OSSL_ITEM *get_reason_strings(void *vprovider)
{
    struct ska_provider *provider = vprovider;

    for (size_t i = 0; i < SKA_REASON_LIMIT && ska_reason_texts[i].text != NULL; i++) {
        provider->reasons[i].id = ska_reason_texts[i].reason;
        /* OSSL_ITEM has no const; nobody writes to the text. */
        memcpy(&provider->reasons[i].ptr, &ska_reason_texts[i].text, sizeof(void *));
    }
    return provider->reasons;
}

/*
 * No self-test: all that computes here is the default provider's, and an HSM that cannot be reached
 * is no fault of ours (skatool check-config tells of it). No capabilities: libssl knows the groups
 * and signature algorithms of our keys.
 */
static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
    {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))gettable_params},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query_operation},
    {OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, (void (*)(void))get_reason_strings},
    {0, NULL},
};

OSSL_provider_init_fn OSSL_provider_init;

__attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *core,
                                                              const OSSL_DISPATCH *in,
                                                              const OSSL_DISPATCH **out,
                                                              void **provctx)
{
    struct ska_provider *provider = calloc(1, sizeof(*provider));

    if (provider == NULL)
        return 0;
    provider->core = core;
    provider->errors.raise = raise_error;
    provider->errors.arg = provider;
    if (!take_upcalls(provider, in) || !make_library_context(provider, in)) {
        teardown(provider);
        return 0;
    }
    /* A bad value is told at first use, see ska_provider_configured(). */
    provider->configured = ska_provider_read_settings(provider, &provider->settings, NULL);
    *out = functions;
    *provctx = provider;
    return 1;
}
