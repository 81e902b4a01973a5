/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request shows of what would be signed (provider/request/signed_content.h), taken apart for
 * people. Nothing is left out: what is not known here is named by its object identifier and its
 * length.
 */
#ifndef SKA_TOOLS_SHOW_CONTENT_H
#define SKA_TOOLS_SHOW_CONTENT_H

#include "provider/request/signed_content.h"
#include "tools/show/content_rows.h"

/* "a certificate", "a list of revoked certificates (CRL)"; NULL: SKA_CONTENT_OTHER. */
const char *content_kind_text(enum ska_content_kind kind);

/*
 * False, without an error raised: it cannot be read as what it seems to be, or memory ran out; what
 * the listener got is then not all. libcrypto's error queue stays as it was.
 */
bool content_read(OSSL_LIB_CTX *libctx, struct ska_span content,
                  const struct content_listener *listener) SKA_MUST_CHECK;
/* All of it on lines indented as a value (text.h), what is of an unknown kind in hexadecimal. */
void content_text(OSSL_LIB_CTX *libctx, struct ska_span content, struct ska_buffer *text);

#endif
