/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed attributes of a CAdES baseline signature (ETSI EN 319 122-1, 6.3, level B-B), which
 * are what is approved and signed: contentType, messageDigest, signingTime and
 * signing-certificate-v2, no more and no less, as a SET OF Attribute in DER.
 */
#ifndef SKA_TOOLS_SEAL_SIGNED_ATTRIBUTES_H
#define SKA_TOOLS_SEAL_SIGNED_ATTRIBUTES_H

#include <time.h>

#include "tools/seal/signer.h"

/* More are not read. */
#define SEAL_ATTRIBUTES_LIMIT ((size_t)64 * 1024)

/* For this document's digest and this time. */
bool seal_attributes_make(OSSL_LIB_CTX *libctx, const struct seal_signer *signer,
                          struct ska_span document_digest, time_t when,
                          struct ska_bytes *attributes,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Whether attributes of anybody's are to the last byte those that would be made now, but for the
 * time, which is not in the future, and within that of the certificate. *difference (a literal)
 * says in which way they are not.
 */
bool seal_attributes_compare(OSSL_LIB_CTX *libctx, const struct seal_signer *signer,
                             struct ska_span document_digest, struct ska_span attributes,
                             const char **difference) SKA_MUST_CHECK;

#endif
