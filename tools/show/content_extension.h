/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extensions of certificates, of requests for them, of CRLs and of OCSP responses.
 */
#ifndef SKA_TOOLS_SHOW_CONTENT_EXTENSION_H
#define SKA_TOOLS_SHOW_CONTENT_EXTENSION_H

#include <openssl/x509.h>

#include "tools/show/content_rows.h"

/* NULL: none. False, without an error raised: memory ran out, or a name is too long. */
bool content_rows_extensions(const struct content_listener *listener,
                             const STACK_OF(X509_EXTENSION) * extensions) SKA_MUST_CHECK;
/* The same of them in DER, whole. */
bool content_rows_extensions_der(const struct content_listener *listener,
                                 struct ska_span der) SKA_MUST_CHECK;

#endif
