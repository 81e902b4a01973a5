/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key management. What is public is answered by the software key inside; what is private never
 * leaves. Import exists because libcrypto copies other providers' public keys to us to compare
 * them.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "provider/algorithms.h"
#include "provider/key.h"
#include "provider/legacy_import.h"
#include "provider/legacy_method.h"

static OSSL_FUNC_keymgmt_load_fn keymgmt_load;
static OSSL_FUNC_keymgmt_free_fn keymgmt_free;
static OSSL_FUNC_keymgmt_has_fn keymgmt_has;
static OSSL_FUNC_keymgmt_match_fn keymgmt_match;
static OSSL_FUNC_keymgmt_import_fn keymgmt_import;
static OSSL_FUNC_keymgmt_import_types_fn types_rsa, types_ec, types_edwards;
static OSSL_FUNC_keymgmt_export_fn keymgmt_export;
static OSSL_FUNC_keymgmt_validate_fn keymgmt_validate;
static OSSL_FUNC_keymgmt_dup_fn keymgmt_dup;
static OSSL_FUNC_keymgmt_get_params_fn keymgmt_get_params;
static OSSL_FUNC_keymgmt_gettable_params_fn gettable_rsa, gettable_ec, gettable_edwards;
static OSSL_FUNC_keymgmt_query_operation_name_fn name_rsa, name_ec;

/* The reference is a pointer to our key; emptying the caller's slot takes the key over. */
static void *keymgmt_load(const void *reference, size_t size)
{
    struct ska_key *key = NULL;

    if (size != sizeof(key))
        return NULL;
    memcpy(&key, reference, sizeof(key));
    /* OSSL_FUNC_keymgmt_load() declares it const, provider-keymgmt(7) demands this write. */
    memset((void *)(uintptr_t)reference, 0, sizeof(key));
    return key;
}

static void keymgmt_free(void *key)
{
    ska_key_free(key);
}

static int keymgmt_has(const void *vkey, int selection)
{
    const struct ska_key *key = vkey;

    if (key == NULL)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && !key->on_token &&
        !key->software_private)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0)
        return key->software_public;
    if ((selection & OSSL_KEYMGMT_SELECT_ALL_PARAMETERS) != 0)
        return key->software != NULL;
    return 1;
}

/* Private parts cannot be compared: the public ones stand for them. */
static int keymgmt_match(const void *va, const void *vb, int selection)
{
    const struct ska_key *a = va;
    const struct ska_key *b = vb;

    if (a->software == NULL || b->software == NULL)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0)
        return EVP_PKEY_eq(a->software, b->software) == 1;
    if ((selection & OSSL_KEYMGMT_SELECT_ALL_PARAMETERS) != 0)
        return EVP_PKEY_parameters_eq(a->software, b->software) == 1;
    return 1;
}

/* The selections of EVP_PKEY_fromdata() and its kin. */
static int selection_for(int selection)
{
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0)
        return EVP_PKEY_KEYPAIR;
    if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0)
        return EVP_PKEY_PUBLIC_KEY;
    return EVP_PKEY_KEY_PARAMETERS;
}

static bool keymgmt_holds(const OSSL_PARAM params[], const char *rsa_name, const char *name)
{
    return OSSL_PARAM_locate_const(params, rsa_name) != NULL ||
           OSSL_PARAM_locate_const(params, name) != NULL;
}

/* OSSL_PARAM_clear_free() came with OpenSSL 3.2. */
static void wipe_and_free(OSSL_PARAM *params)
{
    for (OSSL_PARAM *param = params; param != NULL && param->key != NULL; param++)
        OPENSSL_cleanse(param->data, param->data_size);
    OSSL_PARAM_free(params);
}

static int keymgmt_import(void *vkey, int selection, const OSSL_PARAM params[])
{
    struct ska_key *key = vkey;
    EVP_PKEY_CTX *ctx = NULL;
    EVP_PKEY *software = NULL;
    OSSL_PARAM *copy = NULL; /* EVP_PKEY_fromdata() takes no const */

    if (key == NULL || key->software != NULL)
        return 0;
    copy = OSSL_PARAM_dup(params);
    ctx = EVP_PKEY_CTX_new_from_name(ska_private_libctx(), ska_key_type_name(key->type), NULL);
    if (copy != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) > 0 &&
        EVP_PKEY_fromdata(ctx, &software, selection_for(selection), copy) > 0) {
        ska_key_set_public(key, software);
        key->software_private =
            keymgmt_holds(params, OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_PRIV_KEY);
        key->software_public = key->software_private || keymgmt_holds(params, OSSL_PKEY_PARAM_RSA_N,
                                                                      OSSL_PKEY_PARAM_PUB_KEY);
    }
    wipe_and_free(copy);
    EVP_PKEY_CTX_free(ctx);
    return software != NULL;
}

/* Where libcrypto makes a legacy object for the program it gets the public part. */
static bool export_to_legacy_object(struct ska_key *key, OSSL_CALLBACK *callback, void *arg)
{
    if (!ska_is_legacy_import(key->type, callback) ||
        !EVP_PKEY_export(key->software, EVP_PKEY_PUBLIC_KEY, callback, arg))
        return false;
    ska_legacy_method_give(key, arg);
    return true;
}

/*
 * The private bit of a token's key is refused at once and without an error: libcrypto asks for
 * everything on purpose before each operation, to learn whether another provider could do it.
 */
static int keymgmt_export(void *vkey, int selection, OSSL_CALLBACK *callback, void *arg)
{
    struct ska_key *key = vkey;

    if (key == NULL || key->software == NULL)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && key->on_token)
        return export_to_legacy_object(key, callback, arg);
    /* RSA has no parameters without a key: libcrypto's printing goes by a "yes" and crashes. */
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0 && ska_key_is_rsa(key))
        return 0;
    return EVP_PKEY_export(key->software, selection, callback, arg);
}

/* Without the private key: what libcrypto does to make a peer's key of the same parameters. */
static struct ska_key *copy_public(const struct ska_key *key, int selection)
{
    struct ska_key *copy = ska_key_new(key->provider, key->type);
    OSSL_PARAM *params = NULL;

    if (copy != NULL && key->software != NULL &&
        (EVP_PKEY_todata(key->software, selection_for(selection), &params) != 1 ||
         !keymgmt_import(copy, selection, params))) {
        ska_key_free(copy);
        copy = NULL;
    }
    OSSL_PARAM_free(params);
    return copy;
}

static void *keymgmt_dup(const void *vkey, int selection)
{
    struct ska_key *key = (struct ska_key *)(uintptr_t)vkey;

    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0)
        return copy_public(key, selection);
    if (key->on_token)
        return ska_key_up_ref(key);
    return ska_software_dup(key);
}

static int check_public(EVP_PKEY_CTX *ctx, int type)
{
    return type == OSSL_KEYMGMT_VALIDATE_QUICK_CHECK ? EVP_PKEY_public_check_quick(ctx)
                                                     : EVP_PKEY_public_check(ctx);
}

/*
 * Without this libcrypto calls every key valid. Nobody can look at a private key on a token: the
 * public key stands for it.
 */
static int keymgmt_validate(const void *vkey, int selection, int type)
{
    const struct ska_key *key = vkey;
    EVP_PKEY_CTX *ctx = NULL;
    int valid = 0;

    if (!keymgmt_has(key, selection) || key->software == NULL)
        return 0;
    ctx = EVP_PKEY_CTX_new_from_pkey(ska_private_libctx(), key->software, NULL);
    if (ctx == NULL)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        valid = EVP_PKEY_param_check(ctx);
    else if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || key->on_token)
        valid = check_public(ctx, type);
    else if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0)
        valid = EVP_PKEY_private_check(ctx);
    else
        valid = EVP_PKEY_pairwise_check(ctx);
    EVP_PKEY_CTX_free(ctx);
    return valid == 1;
}

static int keymgmt_get_params(void *vkey, OSSL_PARAM params[])
{
    const struct ska_key *key = vkey;

    return key->software != NULL && EVP_PKEY_get_params(key->software, params);
}

/* Parts that travel. */
static const OSSL_PARAM *types_rsa(int selection)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_D, NULL, 0),
        OSSL_PARAM_END,
    };

    return (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 ? params : NULL;
}

static const OSSL_PARAM *types_ec(int selection)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
        OSSL_PARAM_END,
    };

    return (selection & OSSL_KEYMGMT_SELECT_ALL) != 0 ? params : NULL;
}

static const OSSL_PARAM *types_edwards(int selection)
{
    static const OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
        OSSL_PARAM_END,
    };

    return (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 ? params : NULL;
}

#define SKA_COMMON_GETTABLE                                                                        \
    OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),                                                    \
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),                                       \
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL)

static const OSSL_PARAM gettable_rsa_params[] = {
    SKA_COMMON_GETTABLE,
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
    OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
    OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
    OSSL_PARAM_END,
};
SKA_PARAMS(gettable_rsa, gettable_rsa_params)

static const OSSL_PARAM gettable_ec_params[] = {
    SKA_COMMON_GETTABLE,
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
    OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
    OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
    OSSL_PARAM_BN(OSSL_PKEY_PARAM_EC_PUB_X, NULL, 0),
    OSSL_PARAM_BN(OSSL_PKEY_PARAM_EC_PUB_Y, NULL, 0),
    OSSL_PARAM_END,
};
SKA_PARAMS(gettable_ec, gettable_ec_params)

static const OSSL_PARAM gettable_edwards_params[] = {
    SKA_COMMON_GETTABLE,
    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
    OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
    OSSL_PARAM_END,
};
SKA_PARAMS(gettable_edwards, gettable_edwards_params)

/* What libcrypto calls for one type of key, and does not say for which. */
#define SKA_FUNCTIONS_FOR(name, type)                                                              \
    static void *keymgmt_new_##name(void *provider)                                                \
    {                                                                                              \
        return ska_key_new(provider, type);                                                        \
    }                                                                                              \
    static void *generate_##name(void *provider, int selection, const OSSL_PARAM params[])         \
    {                                                                                              \
        return ska_generation_new(provider, type, selection, params);                              \
    }

SKA_FUNCTIONS_FOR(rsa, SKA_KEY_RSA)
SKA_FUNCTIONS_FOR(rsa_pss, SKA_KEY_RSA_PSS)
SKA_FUNCTIONS_FOR(ec, SKA_KEY_EC)
SKA_FUNCTIONS_FOR(ed25519, SKA_KEY_ED25519)
SKA_FUNCTIONS_FOR(ed448, SKA_KEY_ED448)

/* Where an algorithm is not called like its keys. */
static const char *name_rsa(int operation)
{
    ska_legacy_operation_named();
    return operation == OSSL_OP_SIGNATURE ? "RSA" : NULL;
}

static const char *name_ec(int operation)
{
    ska_legacy_operation_named();
    return operation == OSSL_OP_SIGNATURE ? "ECDSA" : operation == OSSL_OP_KEYEXCH ? "ECDH" : NULL;
}

/* `parameters`: whose they are, where types of keys have the same. */
#define SKA_KEYMGMT_FUNCTIONS(name, parameters)                                                    \
    {OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))keymgmt_new_##name},                                   \
        {OSSL_FUNC_KEYMGMT_LOAD, (void (*)(void))keymgmt_load},                                    \
        {OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))keymgmt_free},                                    \
        {OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))keymgmt_has},                                      \
        {OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))keymgmt_match},                                  \
        {OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))keymgmt_import},                                \
        {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))types_##parameters},                      \
        {OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void))keymgmt_export},                                \
        {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))types_##parameters},                      \
        {OSSL_FUNC_KEYMGMT_VALIDATE, (void (*)(void))keymgmt_validate},                            \
        {OSSL_FUNC_KEYMGMT_DUP, (void (*)(void))keymgmt_dup},                                      \
        {OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))keymgmt_get_params},                        \
        {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))gettable_##parameters},                \
        {OSSL_FUNC_KEYMGMT_GEN_INIT, (void (*)(void))generate_##name},                             \
        {OSSL_FUNC_KEYMGMT_GEN_SET_TEMPLATE, (void (*)(void))ska_generation_set_template},         \
        {OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, (void (*)(void))ska_generation_set_params},             \
        {OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS,                                                    \
         (void (*)(void))ska_generation_settable_##parameters},                                    \
        {OSSL_FUNC_KEYMGMT_GEN, (void (*)(void))ska_generation_run},                               \
    {                                                                                              \
        OSSL_FUNC_KEYMGMT_GEN_CLEANUP, (void (*)(void))ska_generation_free                         \
    }

static const OSSL_DISPATCH rsa_functions[] = {
    SKA_KEYMGMT_FUNCTIONS(rsa, rsa),
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))name_rsa},
    {0, NULL},
};

static const OSSL_DISPATCH rsa_pss_functions[] = {
    SKA_KEYMGMT_FUNCTIONS(rsa_pss, rsa),
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))name_rsa},
    {0, NULL},
};

static const OSSL_DISPATCH ec_functions[] = {
    SKA_KEYMGMT_FUNCTIONS(ec, ec),
    {OSSL_FUNC_KEYMGMT_SET_PARAMS, (void (*)(void))ska_software_set_params},
    {OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, (void (*)(void))ska_software_settable_params},
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))name_ec},
    {0, NULL},
};

static const OSSL_DISPATCH ed25519_functions[] = {
    SKA_KEYMGMT_FUNCTIONS(ed25519, edwards),
    {OSSL_FUNC_KEYMGMT_SET_PARAMS, (void (*)(void))ska_software_set_params},
    {OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, (void (*)(void))ska_software_settable_params},
    {0, NULL},
};

static const OSSL_DISPATCH ed448_functions[] = {
    SKA_KEYMGMT_FUNCTIONS(ed448, edwards),
    {OSSL_FUNC_KEYMGMT_SET_PARAMS, (void (*)(void))ska_software_set_params},
    {OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, (void (*)(void))ska_software_settable_params},
    {0, NULL},
};

const OSSL_ALGORITHM ska_keymgmt_algorithms[] = {
    {SKA_NAMES_RSA, SKA_PROPERTIES, rsa_functions, "RSA keys on a PKCS#11 token"},
    {SKA_NAMES_RSA_PSS, SKA_PROPERTIES, rsa_pss_functions, "RSA-PSS keys on a PKCS#11 token"},
    {SKA_NAMES_EC, SKA_PROPERTIES, ec_functions, "EC keys on a PKCS#11 token"},
    {SKA_NAMES_ED25519, SKA_PROPERTIES, ed25519_functions, "Ed25519 keys on a PKCS#11 token"},
    {SKA_NAMES_ED448, SKA_PROPERTIES, ed448_functions, "Ed448 keys on a PKCS#11 token"},
    {NULL, NULL, NULL, NULL},
};
