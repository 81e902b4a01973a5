/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seal as a file: detached SignedData of CMS (RFC 5652), in DER, with one signer, the
 * certificates and at most a time-stamp.
 */
#ifndef SKA_TOOLS_SEAL_CMS_H
#define SKA_TOOLS_SEAL_CMS_H

#include "tools/seal/signer.h"

/* A longer file is no seal. */
#define SEAL_CMS_LIMIT ((size_t)1024 * 1024)

/* What makes it up besides the signer. Borrowed; where it was read, from what was read. */
struct seal_parts {
    struct ska_span attributes; /* SET OF Attribute in DER */
    struct ska_span signature;
    struct ska_span timestamp; /* TimeStampToken in DER; empty: none */
};

bool seal_cms_write(const struct seal_signer *signer, const struct seal_parts *parts,
                    struct ska_bytes *der, const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Takes apart what seal_cms_write() would write for this signer with these parts, to the last byte
 * but for certificates besides the signer's; `attributes` (to be freed) is what parts->attributes
 * points to. False, in silence: anything else.
 */
bool seal_cms_read(const struct seal_signer *signer, struct ska_span der, struct seal_parts *parts,
                   struct ska_bytes *attributes) SKA_MUST_CHECK;

#endif
