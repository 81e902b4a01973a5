/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed attributes of CMS, which is what CAdES, S/MIME and most PDF signatures sign.
 */
#ifndef SKA_TOOLS_SHOW_CONTENT_ATTRIBUTES_H
#define SKA_TOOLS_SHOW_CONTENT_ATTRIBUTES_H

#include "provider/request/signed_content.h"
#include "tools/show/content_rows.h"

/* The rows that a signature of a document usually has, and that six lines leave out or sum up. */
#define CONTENT_SIGNING_TIME "signing time, by the computer that asks"
#define CONTENT_DOCUMENT "fingerprint of the document"
#define CONTENT_CERTIFICATE "fingerprint of the signer's certificate" /* " (SHA512)" */
#define CONTENT_ISSUER "issuer of the signer's certificate"
#define CONTENT_SERIAL "serial number of the signer's certificate"
#define CONTENT_CAPABILITIES "ciphers of the signer's mail program"

/* False, without an error raised: an attribute cannot be read, or memory ran out. */
bool content_read_attributes(struct ska_span content,
                             const struct content_listener *listener) SKA_MUST_CHECK;

#endif
