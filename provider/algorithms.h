/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the provider offers: one table of each of the files keymgmt.c, signature.c, asym_cipher.c,
 * key_exchange.c, store.c, encoder.c and decoder.c, which have nothing else to declare.
 */
#ifndef SKA_PROVIDER_ALGORITHMS_H
#define SKA_PROVIDER_ALGORITHMS_H

#include <openssl/core_dispatch.h>
#include <openssl/params.h>

extern const OSSL_ALGORITHM ska_keymgmt_algorithms[];
extern const OSSL_ALGORITHM ska_signature_algorithms[];
extern const OSSL_ALGORITHM ska_asym_cipher_algorithms[];
extern const OSSL_ALGORITHM ska_key_exchange_algorithms[];
extern const OSSL_ALGORITHM ska_store_algorithms[];
extern const OSSL_ALGORITHM ska_encoder_algorithms[];
extern const OSSL_ALGORITHM ska_decoder_algorithms[];

/* The property definition of everything that we offer. */
#define SKA_PROPERTIES "provider=ska"

/* libcrypto's names of the types of keys. */
#define SKA_NAMES_RSA "RSA:rsaEncryption:1.2.840.113549.1.1.1"
#define SKA_NAMES_RSA_PSS "RSA-PSS:RSASSA-PSS:1.2.840.113549.1.1.10"
#define SKA_NAMES_EC "EC:id-ecPublicKey:1.2.840.10045.2.1"
#define SKA_NAMES_ED25519 "ED25519:1.3.101.112"
#define SKA_NAMES_ED448 "ED448:1.3.101.113"

/* Define a function, declared before, that answers with a fixed list: of a provider, of a context.
 */
#define SKA_PARAMS(function, params)                                                               \
    const OSSL_PARAM *function(void *provider)                                                     \
    {                                                                                              \
        (void)provider;                                                                            \
        return params;                                                                             \
    }
#define SKA_CONTEXT_PARAMS(function, params)                                                       \
    const OSSL_PARAM *function(void *context, void *provider)                                      \
    {                                                                                              \
        (void)context;                                                                             \
        (void)provider;                                                                            \
        return params;                                                                             \
    }

#endif
