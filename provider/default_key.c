/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "provider/algorithms.h"
#include "ska/provider.h"

struct generation {
    struct ska_provider *provider;
    enum ska_key_type type;
    bool parameters_only;
    EVP_PKEY_CTX *ctx; /* of the default provider */
    struct ska_token_generation token;
};

static struct ska_key *hold_software_key(const struct ska_provider *provider,
                                         enum ska_key_type type, EVP_PKEY *software,
                                         bool parameters_only)
{
    struct ska_key *key = software == NULL ? NULL : ska_key_new(provider, type);

    if (key == NULL) {
        EVP_PKEY_free(software);
        return NULL;
    }
    ska_key_set_public(key, software);
    key->software_public = !parameters_only;
    key->software_private = !parameters_only;
    return key;
}

struct ska_key *ska_software_dup(const struct ska_key *key)
{
    struct ska_key *copy = NULL;

    if (key->software == NULL)
        return ska_key_new(key->provider, key->type);
    copy = hold_software_key(key->provider, key->type, EVP_PKEY_dup(key->software), false);
    if (copy != NULL) {
        copy->software_public = key->software_public;
        copy->software_private = key->software_private;
    }
    return copy;
}

/*
 * A token's key is what it is: parameters are taken only where they ask for what holds already (the
 * openssl ec command sets them before it writes the public key).
 */
static bool holds_already(const OSSL_PARAM params[])
{
    for (; params->key != NULL; params++) {
        if (strcmp(params->key, OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC) == 0)
            continue;
        if (params->data_type != OSSL_PARAM_UTF8_STRING || params->data == NULL)
            return false;
        if (strcmp(params->key, OSSL_PKEY_PARAM_EC_ENCODING) == 0
                ? strcmp(params->data, OSSL_PKEY_EC_ENCODING_GROUP) != 0
                : strcmp(params->key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT) != 0 ||
                      strcmp(params->data, OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) != 0)
            return false;
    }
    return true;
}

/* A peer's key is given its public point this way. */
int ska_software_set_params(void *vkey, const OSSL_PARAM params[])
{
    struct ska_key *key = vkey;
    OSSL_PARAM *copy = NULL; /* EVP_PKEY_set_params() takes no const */
    int done = 0;

    if (params == NULL || params->key == NULL)
        return 1;
    if (key->on_token)
        return holds_already(params) || ska_fail(&key->provider->errors, SKA_R_UNSUPPORTED,
                                                 "a key on a token takes no parameters: its point "
                                                 "is written uncompressed, its curve by name");
    if (key->software == NULL)
        return 0;
    copy = OSSL_PARAM_dup(params);
    done = copy != NULL && EVP_PKEY_set_params(key->software, copy) == 1;
    if (done && OSSL_PARAM_locate(copy, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY) != NULL)
        key->software_public = true;
    OSSL_PARAM_free(copy);
    return done;
}

static const OSSL_PARAM settable_params[] = {
    OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0),
    OSSL_PARAM_int(OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, NULL),
    OSSL_PARAM_END,
};
SKA_PARAMS(ska_software_settable_params, settable_params)

static bool generation_begin(struct generation *generation)
{
    if (generation->ctx == NULL)
        return false;
    return generation->parameters_only ? EVP_PKEY_paramgen_init(generation->ctx) > 0
                                       : EVP_PKEY_keygen_init(generation->ctx) > 0;
}

void *ska_generation_new(struct ska_provider *provider, enum ska_key_type type, int selection,
                         const OSSL_PARAM params[])
{
    struct generation *generation = calloc(1, sizeof(*generation));

    if (generation == NULL)
        return NULL;
    generation->provider = provider;
    generation->type = type;
    generation->parameters_only = (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0;
    generation->ctx =
        EVP_PKEY_CTX_new_from_name(ska_private_libctx(), ska_key_type_name(type), NULL);
    if (!generation_begin(generation) || !ska_generation_set_params(generation, params)) {
        ska_generation_free(generation);
        return NULL;
    }
    return generation;
}

int ska_generation_set_template(void *vgeneration, void *vkey)
{
    struct generation *generation = vgeneration;
    const struct ska_key *key = vkey;

    if (key == NULL || key->software == NULL)
        return 0;
    (void)EVP_PKEY_get_group_name(key->software, generation->token.curve,
                                  sizeof(generation->token.curve), NULL);
    EVP_PKEY_CTX_free(generation->ctx);
    generation->ctx = EVP_PKEY_CTX_new_from_pkey(ska_private_libctx(), key->software, NULL);
    return generation_begin(generation);
}

int ska_generation_set_params(void *vgeneration, const OSSL_PARAM params[])
{
    struct generation *generation = vgeneration;

    return params == NULL || params->key == NULL ||
           (ska_token_generation_set(&generation->token, generation->provider, params) &&
            EVP_PKEY_CTX_set_params(generation->ctx, params) > 0);
}

#define SETTABLE_TOKEN                                                                             \
    OSSL_PARAM_utf8_string(SKA_PARAM_URI, NULL, 0),                                                \
        OSSL_PARAM_utf8_string(SKA_PARAM_KEY_USAGE, NULL, 0)

static const OSSL_PARAM settable_rsa_params[] = {
    SETTABLE_TOKEN,
    OSSL_PARAM_size_t(OSSL_PKEY_PARAM_RSA_BITS, NULL),
    OSSL_PARAM_size_t(OSSL_PKEY_PARAM_RSA_PRIMES, NULL),
    OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_DIGEST, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_MGF1_DIGEST, NULL, 0),
    OSSL_PARAM_int(OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, NULL),
    OSSL_PARAM_END,
};
SKA_CONTEXT_PARAMS(ska_generation_settable_rsa, settable_rsa_params)

static const OSSL_PARAM settable_ec_params[] = {
    SETTABLE_TOKEN,
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0),
    OSSL_PARAM_int(OSSL_PKEY_PARAM_USE_COFACTOR_ECDH, NULL),
    OSSL_PARAM_END,
};
SKA_CONTEXT_PARAMS(ska_generation_settable_ec, settable_ec_params)

static const OSSL_PARAM settable_edwards_params[] = {SETTABLE_TOKEN, OSSL_PARAM_END};
SKA_CONTEXT_PARAMS(ska_generation_settable_edwards, settable_edwards_params)

void *ska_generation_run(void *vgeneration, OSSL_CALLBACK *progress, void *arg)
{
    struct generation *generation = vgeneration;
    EVP_PKEY *software = NULL;

    (void)progress; /* has no meaning for whoever calls */
    (void)arg;
    if (!generation->parameters_only && ska_token_generation_is_wanted(&generation->token))
        return ska_token_generation_run(&generation->token, generation->provider, generation->type);
    if (EVP_PKEY_generate(generation->ctx, &software) <= 0)
        return NULL;
    return hold_software_key(generation->provider, generation->type, software,
                             generation->parameters_only);
}

void ska_generation_free(void *vgeneration)
{
    struct generation *generation = vgeneration;

    if (generation == NULL)
        return;
    EVP_PKEY_CTX_free(generation->ctx);
    ska_token_generation_clear(&generation->token);
    free(generation);
}
