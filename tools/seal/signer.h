/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who seals: a certificate, the chain that goes into the seal with it, and how its key signs.
 */
#ifndef SKA_TOOLS_SEAL_SIGNER_H
#define SKA_TOOLS_SEAL_SIGNER_H

#include "provider/hsm/key.h"
#include "tools/tool.h"

/* More certificates are not put into a seal. */
#define SEAL_CERTIFICATES_MOST 16

/* Starts as {0}; free with seal_signer_clear(). */
struct seal_signer {
    struct ska_bytes certificates[SEAL_CERTIFICATES_MOST]; /* DER; the first one is the signer's */
    size_t certificate_count;
    struct ska_bytes issuer; /* of the signer's certificate: Name, and */
    struct ska_bytes serial; /* INTEGER, both in DER */
    struct ska_bytes public_key;
    int64_t valid_from; /* of the certificate: seconds since the epoch, both included */
    int64_t valid_until;
    enum ska_digest digest; /* of documents */
    struct ska_mechanism mechanism;
};

/*
 * Reads the files, PEM or DER: `path` with the certificate, which must be valid now (and further
 * ones behind it), `chain_path` (NULL: none) with others, each of which has issued the signer's or
 * one above it.
 */
bool seal_signer_read(struct tool *tool, const char *path, const char *chain_path,
                      struct seal_signer *signer) SKA_MUST_CHECK;

/* That the key is the certificate's, and how it signs; `digest` by name (NULL: SHA256). */
bool seal_signer_take_key(struct tool *tool, const struct backend_key *key, struct ska_span spki,
                          const char *digest, struct seal_signer *signer) SKA_MUST_CHECK;

void seal_signer_clear(struct seal_signer *signer);

#endif
