/* SPDX-License-Identifier: Apache-2.0 */
/* The provider object: made by OSSL_provider_init(), the only symbol that the module exports. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "provider/algorithms.h"
#include "provider/early_load.h"
#include "provider/provider_context.h"
#include "version.h"

static OSSL_FUNC_provider_teardown_fn provider_teardown;
static OSSL_FUNC_provider_gettable_params_fn provider_gettable_params;
static OSSL_FUNC_provider_get_params_fn provider_get_params;
static OSSL_FUNC_provider_query_operation_fn provider_query_operation;
static OSSL_FUNC_provider_get_reason_strings_fn provider_get_reason_strings;

static void provider_teardown(void *provider)
{
    ska_provider_free(provider);
}

static const OSSL_PARAM gettable_params[] = {
    OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
    OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
    OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, NULL, 0),
    OSSL_PARAM_uint(OSSL_PROV_PARAM_STATUS, NULL),
    OSSL_PARAM_END,
};
SKA_PARAMS(provider_gettable_params, gettable_params)

static int provider_set_text(OSSL_PARAM params[], const char *name, const char *value)
{
    OSSL_PARAM *param = OSSL_PARAM_locate(params, name);

    return param == NULL || OSSL_PARAM_set_utf8_ptr(param, value);
}

static int provider_get_params(void *provider, OSSL_PARAM params[])
{
    OSSL_PARAM *status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);

    (void)provider;
    return provider_set_text(params, OSSL_PROV_PARAM_NAME, "Smart Key Attributes provider") &&
           provider_set_text(params, OSSL_PROV_PARAM_VERSION, SKA_VERSION) &&
           provider_set_text(params, OSSL_PROV_PARAM_BUILDINFO, SKA_BUILDINFO) &&
           (status == NULL || OSSL_PARAM_set_uint(status, 1));
}

static const OSSL_ALGORITHM *provider_query_operation(void *provider, int operation, int *no_cache)
{
    (void)provider;
    *no_cache = 0;
    switch (operation) {
    case OSSL_OP_KEYMGMT:
        return ska_keymgmt_algorithms;
    case OSSL_OP_SIGNATURE:
        return ska_signature_algorithms;
    case OSSL_OP_ASYM_CIPHER:
        return ska_asym_cipher_algorithms;
    case OSSL_OP_KEYEXCH:
        return ska_key_exchange_algorithms;
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

static const OSSL_ITEM *provider_get_reason_strings(void *vprovider)
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
    {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))provider_teardown},
    {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))provider_gettable_params},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))provider_get_params},
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))provider_query_operation},
    {OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, (void (*)(void))provider_get_reason_strings},
    {0, NULL},
};

OSSL_provider_init_fn OSSL_provider_init;

__attribute__((visibility("default"))) int OSSL_provider_init(const OSSL_CORE_HANDLE *core,
                                                              const OSSL_DISPATCH *in,
                                                              const OSSL_DISPATCH **out,
                                                              void **provctx)
{
    struct ska_provider *provider = ska_provider_new(core, in);

    if (provider == NULL)
        return 0;
    ska_early_load(provider);
    *out = functions;
    *provctx = provider;
    return 1;
}
