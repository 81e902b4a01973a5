/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoders for private keys exist to say why there is nothing to write: without them libcrypto
 * would only know that it found none. What is public is written by the default provider.
 */
#include "key.h"

#include <openssl/core_names.h>

static OSSL_FUNC_encoder_newctx_fn newctx;
static OSSL_FUNC_encoder_freectx_fn freectx;
static OSSL_FUNC_encoder_does_selection_fn does_selection;
static OSSL_FUNC_encoder_encode_fn encode;

static void *newctx(void *provider)
{
    return provider;
}

static void freectx(void *provider)
{
    (void)provider;
}

static int does_selection(void *provider, int selection)
{
    (void)provider;
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

static int encode(void *vprovider, OSSL_CORE_BIO *out, const void *vkey,
                  const OSSL_PARAM abstract[], int selection, OSSL_PASSPHRASE_CALLBACK *callback,
                  void *arg)
{
    const struct ska_provider *provider = vprovider;
    const struct ska_key *key = vkey;

    (void)out;
    (void)abstract;
    (void)selection;
    (void)callback;
    (void)arg;
    return ska_fail(&provider->errors, SKA_R_NOT_EXPORTABLE,
                    "key '%s': only its public key can be written (-pubout)",
                    key != NULL && key->hsm != NULL ? hsm_key_label(key->hsm) : "");
}

static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_ENCODER_NEWCTX, (void (*)(void))newctx},
    {OSSL_FUNC_ENCODER_FREECTX, (void (*)(void))freectx},
    {OSSL_FUNC_ENCODER_DOES_SELECTION, (void (*)(void))does_selection},
    {OSSL_FUNC_ENCODER_ENCODE, (void (*)(void))encode},
    {0, NULL},
};

#define SKA_ENCODER(names, output, structure)                                                      \
    {                                                                                              \
        names, SKA_PROPERTIES ",output=" output ",structure=" structure, functions,                \
            "refuses to write private keys of a token"                                             \
    }
#define SKA_ENCODERS(names)                                                                        \
    SKA_ENCODER(names, "pem", "PrivateKeyInfo"), SKA_ENCODER(names, "der", "PrivateKeyInfo"),      \
        SKA_ENCODER(names, "pem", "EncryptedPrivateKeyInfo"),                                      \
        SKA_ENCODER(names, "der", "EncryptedPrivateKeyInfo"),                                      \
        SKA_ENCODER(names, "pem", "type-specific"), SKA_ENCODER(names, "der", "type-specific")

const OSSL_ALGORITHM ska_encoder_algorithms[] = {
    SKA_ENCODERS("RSA:rsaEncryption:1.2.840.113549.1.1.1"),
    SKA_ENCODERS("RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10"),
    SKA_ENCODERS("EC:id-ecPublicKey:1.2.840.10045.2.1"),
    SKA_ENCODERS("ED25519:1.3.101.112"),
    SKA_ENCODERS("ED448:1.3.101.113"),
    {NULL, NULL, NULL, NULL},
};
