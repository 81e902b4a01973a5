/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the provider offers: one table of each of the files keymgmt.c, signature.c, store.c,
 * encoder.c and decoder.c, which have nothing else to declare.
 */
#ifndef SKA_PROVIDER_ALGORITHMS_H
#define SKA_PROVIDER_ALGORITHMS_H

#include <openssl/core.h>

extern const OSSL_ALGORITHM ska_keymgmt_algorithms[];
extern const OSSL_ALGORITHM ska_signature_algorithms[];
extern const OSSL_ALGORITHM ska_store_algorithms[];
extern const OSSL_ALGORITHM ska_encoder_algorithms[];
extern const OSSL_ALGORITHM ska_decoder_algorithms[];

/* The property definition of everything that we offer. */
#define SKA_PROPERTIES "provider=ska"

#endif
