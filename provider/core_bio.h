/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libcrypto hands over to decoders and encoders, as a BIO. BIO_new_from_core_bio() wants a
 * library context for each libcrypto that has loaded us, and in one process there may be several: a
 * Python wheel brings its own.
 */
#ifndef SKA_PROVIDER_CORE_BIO_H
#define SKA_PROVIDER_CORE_BIO_H

#include <openssl/bio.h>

#include "provider/provider_context.h"

/* Borrows both. NULL, in silence: out of memory. Free with BIO_free(), which leaves `core`. */
BIO *ska_core_bio(const struct ska_provider *provider, OSSL_CORE_BIO *core);

#endif
