/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDH. With keys that were never on a token it is the default provider's. With a token's key, its
 * context holds peer and parameters, the token makes the secret, and where a key derivation
 * function was asked for (CMS) it runs here, since tokens that have it are few.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "provider/algorithms.h"
#include "provider/binding.h"
#include "provider/key.h"
#include "provider/legacy_import.h"

static OSSL_FUNC_keyexch_newctx_fn exchange_new;
static OSSL_FUNC_keyexch_freectx_fn exchange_free;
static OSSL_FUNC_keyexch_dupctx_fn exchange_dup;
static OSSL_FUNC_keyexch_init_fn exchange_init;
static OSSL_FUNC_keyexch_set_peer_fn exchange_set_peer;
static OSSL_FUNC_keyexch_derive_fn exchange_derive;
static OSSL_FUNC_keyexch_set_ctx_params_fn exchange_set_params;
static OSSL_FUNC_keyexch_get_ctx_params_fn exchange_get_params;
static OSSL_FUNC_keyexch_settable_ctx_params_fn exchange_settable;
static OSSL_FUNC_keyexch_gettable_ctx_params_fn exchange_gettable;

struct exchange {
    const struct ska_provider *provider;
    struct ska_key *key;
    struct ska_key *peer;
    EVP_PKEY_CTX *software; /* with a token's key it is without the private one */
    bool on_token;
};

static void *exchange_new(void *provider)
{
    struct exchange *exchange = calloc(1, sizeof(*exchange));

    if (exchange != NULL)
        exchange->provider = provider;
    return exchange;
}

static void exchange_free(void *vexchange)
{
    struct exchange *exchange = vexchange;

    if (exchange == NULL)
        return;
    EVP_PKEY_CTX_free(exchange->software);
    ska_key_free(exchange->key);
    ska_key_free(exchange->peer);
    free(exchange);
}

static void *exchange_dup(void *vfrom)
{
    const struct exchange *from = vfrom;
    struct exchange *to = exchange_new((void *)(uintptr_t)from->provider);

    if (to == NULL)
        return NULL;
    to->on_token = from->on_token;
    if (from->key != NULL)
        to->key = ska_key_up_ref(from->key);
    if (from->peer != NULL)
        to->peer = ska_key_up_ref(from->peer);
    if (from->software != NULL && (to->software = EVP_PKEY_CTX_dup(from->software)) == NULL) {
        exchange_free(to);
        return NULL;
    }
    return to;
}

static bool may_derive_on_token(const struct exchange *exchange)
{
    const struct backend_key *hsm = ska_key_hsm(exchange->key);

    return hsm != NULL && backend_key_may_derive(hsm, &exchange->key->errors);
}

static int exchange_init(void *vexchange, void *vkey, const OSSL_PARAM params[])
{
    struct exchange *exchange = vexchange;
    struct ska_key *key = vkey;

    ska_legacy_operation_begun();
    if (key != NULL) {
        ska_key_up_ref(key);
        ska_key_free(exchange->key);
        exchange->key = key;
    }
    key = exchange->key;
    if (key == NULL || key->software == NULL)
        return ska_fail(&exchange->provider->errors, SKA_R_INTERNAL, "no key");
    exchange->on_token = key->on_token;
    if (exchange->on_token && !may_derive_on_token(exchange))
        return 0;
    ska_key_free(exchange->peer);
    exchange->peer = NULL;
    EVP_PKEY_CTX_free(exchange->software);
    exchange->software = EVP_PKEY_CTX_new_from_pkey(ska_private_libctx(), key->software, NULL);
    return exchange->software != NULL && EVP_PKEY_derive_init(exchange->software) > 0 &&
           exchange_set_params(exchange, params);
}

/*
 * Software keys' peers are checked by whoever calls us, as far as he wants it. What goes to a token
 * is on the curve: an answer over another one would tell of the private key.
 */
static int exchange_set_peer(void *vexchange, void *vpeer)
{
    struct exchange *exchange = vexchange;
    struct ska_key *peer = vpeer;

    if (peer == NULL || peer->software == NULL || exchange->software == NULL ||
        EVP_PKEY_derive_set_peer_ex(exchange->software, peer->software, exchange->on_token) <= 0)
        return 0;
    ska_key_up_ref(peer);
    ska_key_free(exchange->peer);
    exchange->peer = peer;
    return 1;
}

static int exchange_set_params(void *vexchange, const OSSL_PARAM params[])
{
    const struct exchange *exchange = vexchange;

    return params == NULL || params->key == NULL ||
           EVP_PKEY_CTX_set_params(exchange->software, params) > 0;
}

static int exchange_get_params(void *vexchange, OSSL_PARAM params[])
{
    const struct exchange *exchange = vexchange;

    return params == NULL || EVP_PKEY_CTX_get_params(exchange->software, params) > 0;
}

/* ---- On a token ------------------------------------------------------------------------------ */

#define POINT_LIMIT (1 + 2 * BACKEND_SECRET_LIMIT)

static size_t field_length(const struct exchange *exchange)
{
    BIGNUM *prime = NULL;
    size_t length = 0;

    if (EVP_PKEY_get_bn_param(exchange->key->software, OSSL_PKEY_PARAM_EC_P, &prime))
        length = (size_t)BN_num_bytes(prime);
    BN_free(prime);
    return length;
}

static bool coordinate(const EVP_PKEY *key, const char *name, uint8_t *to, size_t length)
{
    BIGNUM *number = NULL;
    bool done = EVP_PKEY_get_bn_param(key, name, &number) &&
                BN_bn2binpad(number, to, (int)length) == (int)length;

    BN_free(number);
    return done;
}

/* However the peer's point was encoded. */
static bool peer_point(const struct exchange *exchange, uint8_t point[POINT_LIMIT],
                       struct ska_span *made)
{
    const struct ska_errors *errors = &exchange->provider->errors;
    const size_t field = field_length(exchange);

    if (exchange->peer == NULL)
        return ska_fail(errors, SKA_R_WRONG_USE, "no key of a peer");
    if (field == 0 || field > BACKEND_SECRET_LIMIT)
        return ska_fail(errors, SKA_R_UNSUPPORTED, "ECDH on this curve");
    point[0] = POINT_CONVERSION_UNCOMPRESSED;
    *made = ska_span(point, 1 + 2 * field);
    return (coordinate(exchange->peer->software, OSSL_PKEY_PARAM_EC_PUB_X, point + 1, field) &&
            coordinate(exchange->peer->software, OSSL_PKEY_PARAM_EC_PUB_Y, point + 1 + field,
                       field)) ||
           ska_fail(errors, SKA_R_BAD_KEY, "the peer's key");
}

/* What is made of the secret. */
struct derivation {
    char function[32]; /* "": the secret itself is wanted */
    char digest[64];
    size_t length;
    int cofactor_mode;
    unsigned char *shared; /* the context's */
    size_t shared_length;
};

/* Without one both modes are the same; a curve of which it is not known is taken to have one. */
static bool has_cofactor(const EVP_PKEY *key)
{
    BIGNUM *cofactor = NULL;
    bool has =
        !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_COFACTOR, &cofactor) || !BN_is_one(cofactor);

    BN_free(cofactor);
    return has;
}

static bool read_derivation(const struct exchange *exchange, struct derivation *derivation)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, derivation->function,
                                         sizeof(derivation->function)),
        OSSL_PARAM_construct_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, derivation->digest,
                                         sizeof(derivation->digest)),
        OSSL_PARAM_construct_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, &derivation->length),
        OSSL_PARAM_construct_octet_ptr(OSSL_EXCHANGE_PARAM_KDF_UKM, (void **)&derivation->shared,
                                       0),
        OSSL_PARAM_construct_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE,
                                 &derivation->cofactor_mode),
        OSSL_PARAM_construct_end(),
    };

    memset(derivation, 0, sizeof(*derivation));
    if (EVP_PKEY_CTX_get_params(exchange->software, params) <= 0)
        return ska_fail(&exchange->provider->errors, SKA_R_INTERNAL, "parameters of ECDH");
    derivation->shared_length = params[3].return_size;
    if (derivation->cofactor_mode == 1 && has_cofactor(exchange->key->software))
        return ska_fail(&exchange->provider->errors, SKA_R_UNSUPPORTED,
                        "ECDH with a cofactor, with a key of a token");
    if (derivation->function[0] == 0 || strcmp(derivation->function, "X963KDF") == 0)
        return true;
    return ska_fail(&exchange->provider->errors, SKA_R_UNSUPPORTED, "key derivation function '%s'",
                    derivation->function);
}

static bool derive_further(struct derivation *derivation, struct ska_span secret,
                           unsigned char *out)
{
    EVP_KDF *kdf = EVP_KDF_fetch(ska_private_libctx(), derivation->function, NULL);
    EVP_KDF_CTX *context = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, derivation->digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret.data,
                                          secret.length),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, derivation->shared,
                                          derivation->shared_length),
        OSSL_PARAM_construct_end(),
    };
    bool done = context != NULL && EVP_KDF_derive(context, out, derivation->length, params) > 0;

    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done;
}

static int derive_on_token(const struct exchange *exchange, unsigned char *out, size_t *length,
                           size_t size)
{
    const struct ska_errors *errors = &exchange->key->errors;
    struct backend_key *hsm = ska_key_hsm(exchange->key);
    struct derivation derivation;
    uint8_t point[POINT_LIMIT];
    uint8_t secret[BACKEND_SECRET_LIMIT];
    size_t secret_length = sizeof(secret);
    struct ska_span peer = {NULL, 0};
    bool done = false;

    if (hsm == NULL || !peer_point(exchange, point, &peer) ||
        !read_derivation(exchange, &derivation))
        return 0;
    *length = derivation.function[0] == 0 ? (peer.length - 1) / 2 : derivation.length;
    if (out == NULL)
        return 1;
    if (size < *length)
        return ska_fail(errors, SKA_R_BAD_PARAMETER, "the buffer has %zu bytes, %zu are needed",
                        size, *length);
    done = backend_key_derive(hsm, peer, secret, &secret_length, errors);
    if (done && derivation.function[0] == 0)
        memcpy(out, secret, *length);
    else if (done)
        done = derive_further(&derivation, ska_span(secret, secret_length), out);
    OPENSSL_cleanse(secret, sizeof(secret));
    return done;
}

static int exchange_derive(void *vexchange, unsigned char *out, size_t *length, size_t size)
{
    const struct exchange *exchange = vexchange;

    if (exchange->on_token)
        return derive_on_token(exchange, out, length, size);
    *length = size;
    return EVP_PKEY_derive(exchange->software, out, length);
}

/* ---- What it offers -------------------------------------------------------------------------- */

static const OSSL_PARAM settable_params[] = {
    OSSL_PARAM_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, NULL),
    OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST_PROPS, NULL, 0),
    OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, NULL),
    OSSL_PARAM_octet_string(OSSL_EXCHANGE_PARAM_KDF_UKM, NULL, 0),
    OSSL_PARAM_END,
};
SKA_CONTEXT_PARAMS(exchange_settable, settable_params)

static const OSSL_PARAM gettable_params[] = {
    OSSL_PARAM_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, NULL),
    OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, NULL, 0),
    OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, NULL),
    OSSL_PARAM_octet_ptr(OSSL_EXCHANGE_PARAM_KDF_UKM, NULL, 0),
    OSSL_PARAM_END,
};
SKA_CONTEXT_PARAMS(exchange_gettable, gettable_params)

static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_KEYEXCH_NEWCTX, (void (*)(void))exchange_new},
    {OSSL_FUNC_KEYEXCH_FREECTX, (void (*)(void))exchange_free},
    {OSSL_FUNC_KEYEXCH_DUPCTX, (void (*)(void))exchange_dup},
    {OSSL_FUNC_KEYEXCH_INIT, (void (*)(void))exchange_init},
    {OSSL_FUNC_KEYEXCH_SET_PEER, (void (*)(void))exchange_set_peer},
    {OSSL_FUNC_KEYEXCH_DERIVE, (void (*)(void))exchange_derive},
    {OSSL_FUNC_KEYEXCH_SET_CTX_PARAMS, (void (*)(void))exchange_set_params},
    {OSSL_FUNC_KEYEXCH_SETTABLE_CTX_PARAMS, (void (*)(void))exchange_settable},
    {OSSL_FUNC_KEYEXCH_GET_CTX_PARAMS, (void (*)(void))exchange_get_params},
    {OSSL_FUNC_KEYEXCH_GETTABLE_CTX_PARAMS, (void (*)(void))exchange_gettable},
    {0, NULL},
};

const OSSL_ALGORITHM ska_key_exchange_algorithms[] = {
    {"ECDH", SKA_PROPERTIES, functions, "ECDH with keys on a PKCS#11 token"},
    {NULL, NULL, NULL, NULL},
};
