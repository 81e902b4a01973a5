/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library context of this process for whatever we and the modules of HSMs have libcrypto
 * compute: with the default provider only, where our own algorithms cannot be fetched again, and
 * out of reach of the application's settings. There is one, made when it is first needed: each
 * costs the names of all algorithms and, where anything random is wanted, a generator of its own.
 */
#ifndef SKA_BASE_PRIVATE_LIBCTX_H
#define SKA_BASE_PRIVATE_LIBCTX_H

#include <openssl/types.h>

#include "provider/base/error.h"
#include "provider/base/mechanism.h"

/* Makes it, unless it is there. */
bool ska_private_libctx_make(const struct ska_errors *errors) SKA_MUST_CHECK;

/* NULL until it has been made. Never freed, see the source. */
OSSL_LIB_CTX *ska_private_libctx(void);

/* Kept from the first use on. NULL, in silence: out of memory. Only after
 * ska_private_libctx_make(). */
const EVP_MD *ska_private_digest(enum ska_digest digest);

#endif
