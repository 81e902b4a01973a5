/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys between libcrypto and DER.
 */
#ifndef SKA_TOOLS_PUBLIC_KEY_H
#define SKA_TOOLS_PUBLIC_KEY_H

#include <openssl/types.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

/* One SubjectPublicKeyInfo, nothing behind it. NULL, without an error raised, for anything else. */
EVP_PKEY *public_key_decode(OSSL_LIB_CTX *libctx, struct ska_span spki);

bool public_key_encode(const EVP_PKEY *key, struct ska_bytes *spki,
                       const struct ska_errors *errors) SKA_MUST_CHECK;

/* False for a key of none of our types. */
bool public_key_type(const EVP_PKEY *key, enum ska_key_type *type) SKA_MUST_CHECK;

/* Whether both are the same key, however each is encoded. */
bool public_key_equal(OSSL_LIB_CTX *libctx, struct ska_span a, struct ska_span b);

#endif
