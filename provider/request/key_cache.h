/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of approvers as libcrypto has them, kept from one signature to the next: opening one takes a
 * third of the time of a verification. For all threads of a process.
 */
#ifndef SKA_REQUEST_KEY_CACHE_H
#define SKA_REQUEST_KEY_CACHE_H

#include <openssl/evp.h>

#include "provider/base/bytes.h"

struct ska_approver_keys;

bool ska_approver_keys_new(struct ska_approver_keys **keys,
                           const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_approver_keys_free(struct ska_approver_keys *keys); /* NULL is fine */

/*
 * The key of a SubjectPublicKeyInfo, to be freed by the caller; NULL, with nothing raised, when it
 * is none that ska_evp_open() opens. The library context is the same for all keys of one cache, and
 * lives longer.
 */
EVP_PKEY *ska_approver_keys_open(struct ska_approver_keys *keys, OSSL_LIB_CTX *libctx,
                                 struct ska_span spki);

#endif
