/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deriving keys by SLIP-10, of which BIP-32 is the part with secp256k1. SoftHSM knows neither, so
 * it is done here.
 */
#ifndef SKATSB_DERIVATION_H
#define SKATSB_DERIVATION_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

#define TSB_NODE_LENGTH 32

/* A private key and what others are derived from it with. Wiped by whoever has it. */
struct tsb_node {
    int curve; /* libcrypto's number: NID_secp256k1, NID_X9_62_prime256v1, NID_ED25519 */
    uint8_t key[TSB_NODE_LENGTH];
    uint8_t chain[TSB_NODE_LENGTH];
};

/* From a seed of 16 to 64 bytes. False also for a curve that SLIP-10 does not have. */
bool tsb_node_from_seed(OSSL_LIB_CTX *libctx, int curve, struct ska_span seed,
                        struct tsb_node *node) SKA_MUST_CHECK;

/*
 * By a path, "44'/0'/0'/0"; what is marked is hardened. False: no path, or one that the curve does
 * not go: on Ed25519 all is hardened.
 */
bool tsb_node_derive(OSSL_LIB_CTX *libctx, const char *path, struct tsb_node *node) SKA_MUST_CHECK;

/* As a key of libcrypto; NULL: out of memory. */
EVP_PKEY *tsb_node_key(OSSL_LIB_CTX *libctx, const struct tsb_node *node);

#endif
