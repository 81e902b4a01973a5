/* SPDX-License-Identifier: Apache-2.0 */
/*
 * provider_list.c: what the provider tells libcrypto of itself: which operations it has and which
 * not, with which properties, its parameters, the texts of its errors.
 */
#include "application.h"

#include <stddef.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "ska/provider.h"

static OSSL_PROVIDER *provider;

/* ---- Operations ------------------------------------------------------------------------------ */

/* All others are left to other providers: digests, ciphers, randomness. */
static int is_ours(int operation)
{
    return operation == OSSL_OP_KEYMGMT || operation == OSSL_OP_SIGNATURE ||
           operation == OSSL_OP_ASYM_CIPHER || operation == OSSL_OP_KEYEXCH ||
           operation == OSSL_OP_STORE || operation == OSSL_OP_ENCODER ||
           operation == OSSL_OP_DECODER;
}

static void check_algorithm(const OSSL_ALGORITHM *algorithm)
{
    static const char property[] = "provider=ska";
    const char *properties = algorithm->property_definition;

    must(strncmp(properties, property, strlen(property)) == 0);
    must(properties[strlen(property)] == 0 || properties[strlen(property)] == ',');
    must(strstr(properties, "fips") == NULL);
    must(algorithm->implementation != NULL && algorithm->implementation->function_id != 0);
    must(algorithm->algorithm_description != NULL);
}

static void operations(void)
{
    for (int i = 0; i <= OSSL_OP__HIGHEST; i++) {
        int no_cache = 1;
        const OSSL_ALGORITHM *algorithm = OSSL_PROVIDER_query_operation(provider, i, &no_cache);

        must(no_cache == 0);
        must((algorithm != NULL) == is_ours(i));
        for (; algorithm != NULL && algorithm->algorithm_names != NULL; algorithm++)
            check_algorithm(algorithm);
    }
}

/* Neither groups nor signature algorithms of TLS: libssl knows those of our keys. */
static int unwanted(const OSSL_PARAM params[], void *arg)
{
    (void)params;
    ++*(int *)arg;
    return 1;
}

static void capabilities(void)
{
    int count = 0;

    OSSL_PROVIDER_get_capabilities(provider, "TLS-GROUP", unwanted, &count);
    OSSL_PROVIDER_get_capabilities(provider, "TLS-SIGALG", unwanted, &count);
    must(count == 0);
}

/* ---- Parameters ------------------------------------------------------------------------------ */

/* Each that is declared can be had. */
static void parameters(void)
{
    const OSSL_PARAM *declared = OSSL_PROVIDER_gettable_params(provider);
    size_t count = 0;

    for (; declared[count].key != NULL; count++) {
        const char *text = NULL;
        unsigned int number = 0;
        OSSL_PARAM params[] = {declared[count], OSSL_PARAM_END};

        params[0].data = declared[count].data_type == OSSL_PARAM_UTF8_PTR ? (void *)&text : &number;
        params[0].data_size = sizeof(number);
        must(OSSL_PROVIDER_get_params(provider, params) == 1);
        must(OSSL_PARAM_modified(&params[0]));
        must(number == 1 || (text != NULL && text[0] != 0));
    }
    must(count == 4);
    must(OSSL_PROVIDER_self_test(provider) == 1);
}

/* ---- Reasons --------------------------------------------------------------------------------- */

static const OSSL_ITEM *reason_strings(void)
{
    const OSSL_DISPATCH *function = OSSL_PROVIDER_get0_dispatch(provider);

    while (function->function_id != 0 &&
           function->function_id != OSSL_FUNC_PROVIDER_GET_REASON_STRINGS)
        function++;
    must(function->function_id != 0);
    return OSSL_FUNC_provider_get_reason_strings(function)(
        OSSL_PROVIDER_get0_provider_ctx(provider));
}

static int times(const OSSL_ITEM *items, unsigned int id)
{
    int count = 0;

    for (; items->id != 0; items++)
        if (items->id == id) {
            must(items->ptr != NULL && *(const char *)items->ptr != 0);
            count++;
        }
    return count;
}

/* Each reason has its words, once. */
static void reasons(void)
{
    static const unsigned int last[] = {SKA_R_REQUEST_NOT_OPEN, SKA_R_DOCUMENT_NOT_CONFIRMED,
                                        SKA_R_ACCESS_REFUSED, SKA_R_BAD_REFERENCE};
    const OSSL_ITEM *items = reason_strings();

    for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++) {
        for (unsigned int id = last[i] / 100 * 100; id <= last[i]; id++)
            must(times(items, id) == 1);
        must(times(items, last[i] + 1) == 0);
    }
}

int main(void)
{
    OSSL_LIB_CTX *libctx = new_context();

    provider = OSSL_PROVIDER_load(libctx, "ska");
    must(provider != NULL);
    operations();
    capabilities();
    parameters();
    reasons();
    must(ERR_peek_error() == 0);
    OSSL_PROVIDER_unload(provider);
    OSSL_LIB_CTX_free(libctx);
    return 0;
}
