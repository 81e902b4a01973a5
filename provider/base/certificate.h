/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is needed of an X.509 certificate. d2i_X509() would decode the key at once, by decoders
 * fetched from the default library context, whose configuration may name this very provider.
 *
 * False or NULL, without an error raised: exactly one certificate expected (or memory runs out).
 */
#ifndef SKA_BASE_CERTIFICATE_H
#define SKA_BASE_CERTIFICATE_H

#include <openssl/types.h>

#include "provider/base/bytes.h"

/* Its SubjectPublicKeyInfo, of any algorithm. */
bool ska_certificate_key(struct ska_span certificate, struct ska_bytes *spki) SKA_MUST_CHECK;

/* Its subject, to be freed by the caller. */
X509_NAME *ska_certificate_subject(struct ska_span certificate);

#endif
