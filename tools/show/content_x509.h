/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is signed of a certificate, of a request for one, and of a CRL.
 */
#ifndef SKA_TOOLS_SHOW_CONTENT_X509_H
#define SKA_TOOLS_SHOW_CONTENT_X509_H

#include "provider/request/signed_content.h"
#include "tools/show/content_rows.h"

/* False, without an error raised: it cannot be read, or memory ran out. */
bool content_read_x509(OSSL_LIB_CTX *libctx, enum ska_content_kind kind, struct ska_span content,
                       const struct content_listener *listener) SKA_MUST_CHECK;

#endif
