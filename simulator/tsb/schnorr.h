/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BIP-340, Schnorr signatures on secp256k1, for derived keys, which are here anyway: SoftHSM does
 * not have them.
 */
#ifndef SKATSB_SCHNORR_H
#define SKATSB_SCHNORR_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

#define TSB_SCHNORR_LENGTH 64
#define TSB_SCHNORR_RANDOM 32

/* `scalar` and `random` have 32 bytes. */
bool tsb_schnorr_sign(OSSL_LIB_CTX *libctx, struct ska_span scalar, struct ska_span random,
                      struct ska_span message, struct ska_bytes *signature) SKA_MUST_CHECK;

/* `point` is the public key, uncompressed. */
bool tsb_schnorr_verify(OSSL_LIB_CTX *libctx, struct ska_span point, struct ska_span message,
                        struct ska_span signature);

#endif
