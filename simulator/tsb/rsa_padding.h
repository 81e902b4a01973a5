/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypting to RSA keys, which needs no HSM, and OAEP's padding taken off: SoftHSM knows it with
 * SHA-1 only.
 */
#ifndef SKATSB_RSA_PADDING_H
#define SKATSB_RSA_PADDING_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

enum tsb_rsa_padding { TSB_RSA_PKCS1, TSB_RSA_OAEP, TSB_RSA_NONE };

/* `digest` of OAEP and its MGF1. Without padding what is short gets zeros in front. */
bool tsb_rsa_encrypt(OSSL_LIB_CTX *libctx, struct ska_span spki, enum tsb_rsa_padding padding,
                     const char *digest, struct ska_span data,
                     struct ska_bytes *encrypted) SKA_MUST_CHECK;

/* `block` is what a raw decryption gave. False, in silence, for whatever is wrong. */
bool tsb_oaep_remove(OSSL_LIB_CTX *libctx, const char *digest, struct ska_span block,
                     struct ska_bytes *plain) SKA_MUST_CHECK;

#endif
